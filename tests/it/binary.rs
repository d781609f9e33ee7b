//! Starts the program itself: nothing of this process's environment, a home folder of its own, no network.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use hubup::cli::config::Config;
use hubup::domain::{Record, SetupId};
use hubup::journal::{self, Journal, StateFolder};
use hubup::sandbox::SignIn;

/// No command of the tests takes near as long; what does hangs.
pub const BOUND: Duration = Duration::from_mins(1);

/// The account that a program runs under: home, working folder, environment.
pub struct Account {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// A program that has ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Account {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("home")).unwrap();
        std::fs::create_dir(folder.path().join("work")).unwrap();
        Self { folder, variables: Vec::new() }
    }

    /// This account with the service principal of a sandbox in its environment.
    pub fn signed_in(mut self, sign_in: &SignIn) -> Self {
        for (name, value) in [
            ("AZURE_TENANT_ID", &sign_in.tenant),
            ("AZURE_CLIENT_ID", &sign_in.client_id),
            ("AZURE_CLIENT_SECRET", &sign_in.client_secret),
        ] {
            self.set(name, value);
        }
        self
    }

    /// Sets a variable of the environment.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// The working folder.
    pub fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Where state lives when nothing else is said.
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("home/.local/state/hubup")
    }

    /// Writes a file into the working folder.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.work().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The command with arguments, not yet started.
    pub fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        self.other(env!("CARGO_BIN_EXE_hubup"), arguments)
    }

    /// Another program in the same surroundings.
    pub fn other<A: AsRef<OsStr>>(&self, program: &str, arguments: &[A]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.folder.path().join("home"))
            // `az` of the machine is none of the tests' business.
            .env("PATH", self.folder.path())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.work());
        command
    }

    /// Runs it to its end.
    #[track_caller]
    pub fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Ran {
        Ran::of(self.command(arguments))
    }

    /// Starts it with its output to be read while it runs.
    pub fn start<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Started {
        Started::of(self.command(arguments))
    }

    /// The journals of the setup of `config`, oldest first, all of which must be readable.
    pub fn journals(&self, config: &Config) -> Vec<Journal> {
        let state = StateFolder::new(self.state());
        let runs = state.runs(config.answers.setup_id()).unwrap();
        runs.iter().map(|file| journal::read(&file.path).unwrap()).collect()
    }
}

impl Ran {
    /// Runs a command that reads nothing from a terminal.
    #[track_caller]
    pub fn of(command: Command) -> Self {
        Self::fed(command, "")
    }

    /// Runs a command that reads `input` and then its end.
    #[track_caller]
    pub fn fed(command: Command, input: &str) -> Self {
        let mut command = assert_cmd::Command::from_std(command);
        let output = command.timeout(BOUND).write_stdin(input).output().unwrap();
        let ran = Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("what is printed is UTF-8"),
            err: String::from_utf8(output.stderr).expect("what is printed is UTF-8"),
        };
        ran.behaved()
    }

    /// What no output may ever hold: a panic, or bytes that move a terminal.
    #[track_caller]
    fn behaved(self) -> Self {
        for text in [&self.out, &self.err] {
            assert!(!text.contains("panicked at") && !text.contains("RUST_BACKTRACE"), "{self}");
            let control = |c: char| c.is_control() && c != '\n';
            assert!(!text.contains(control), "{self:?}");
        }
        self
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Each fragment stands in what was printed, on either stream.
    #[track_caller]
    pub fn tells(self, fragments: &[&str]) -> Self {
        for fragment in fragments {
            assert!(self.out.contains(fragment) || self.err.contains(fragment), "no `{fragment}`: {self}");
        }
        self
    }

    /// No fragment stands there.
    #[track_caller]
    pub fn hides(self, fragments: &[&str]) -> Self {
        for fragment in fragments {
            assert!(!self.out.contains(fragment) && !self.err.contains(fragment), "`{fragment}`: {self}");
        }
        self
    }

    /// The records of `--output json`; each line must be one.
    #[track_caller]
    pub fn records(&self) -> Vec<Record> {
        self.out.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let cut = |text: &str| text.chars().take(8_000).collect::<String>();
        write!(f, "exit {:?}\n[stdout]\n{}\n[stderr]\n{}", self.code, cut(&self.out), cut(&self.err))
    }
}

/// A program that runs; it does not outlive a test that fails.
pub struct Started {
    child: Child,
    lines: Option<BufReader<ChildStdout>>,
    /// What was read so far.
    pub out: String,
    /// Its end calls off the thread that stops a program which hangs.
    _watched: std::sync::mpsc::Sender<()>,
}

impl Started {
    pub fn of(mut command: Command) -> Self {
        command.stdin(Stdio::null());
        Self::with_its_input(command)
    }

    /// One that is told more while it runs.
    pub fn listening(mut command: Command) -> (Self, ChildStdin) {
        command.stdin(Stdio::piped());
        let mut started = Self::with_its_input(command);
        let input = started.child.stdin.take().unwrap();
        (started, input)
    }

    fn with_its_input(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = child.stdout.take().map(BufReader::new);
        let (watched, end) = std::sync::mpsc::channel();
        let id = child.id();
        std::thread::spawn(move || {
            if end.recv_timeout(BOUND) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                kill(id, rustix::process::Signal::KILL);
            }
        });
        Self { child, lines, out: String::new(), _watched: watched }
    }

    /// Reads lines until one that holds `wanted`, which is given back.
    #[track_caller]
    pub fn until(&mut self, wanted: &str) -> String {
        loop {
            let mut line = String::new();
            let length = self.lines.as_mut().unwrap().read_line(&mut line).unwrap();
            self.out.push_str(&line);
            if length == 0 {
                let mut err = String::new();
                self.child.stderr.as_mut().unwrap().read_to_string(&mut err).unwrap();
                panic!("it ended without saying `{wanted}`:\n{}\n{err}", self.out);
            }
            if line.contains(wanted) {
                return line;
            }
        }
    }

    /// Reads standard error until a line that holds `wanted`.
    #[track_caller]
    pub fn until_trouble(&mut self, wanted: &str) {
        let mut read = Vec::new();
        let mut byte = [0];
        let err = self.child.stderr.as_mut().unwrap();
        while !(byte == *b"\n" && String::from_utf8_lossy(&read).contains(wanted)) {
            let length = err.read(&mut byte).unwrap();
            assert_eq!(length, 1, "it ended without saying `{wanted}`: {}", String::from_utf8_lossy(&read));
            read.push(byte[0]);
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        kill(self.child.id(), signal);
    }

    /// Reads no more, and waits for the end.
    pub fn unread(mut self) -> (ExitStatus, String) {
        drop(self.lines.take());
        let mut err = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        (self.child.wait().unwrap(), err)
    }

    /// Reads to the end.
    #[track_caller]
    pub fn end(mut self) -> Ran {
        self.lines.take().unwrap().read_to_string(&mut self.out).unwrap();
        let mut err = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        let code = self.child.wait().unwrap().code();
        Ran { code, out: std::mem::take(&mut self.out), err }.behaved()
    }
}

fn kill(id: u32, signal: rustix::process::Signal) {
    let id = rustix::process::Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
    rustix::process::kill_process(id, signal).unwrap();
}

impl Drop for Started {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// A setup file with the three needed keys and all hosts routed as `routes` says.
pub fn setup_file(routes: &[(String, String)], time_scale: f64) -> String {
    let mut text = "name = \"plant\"\nsubscription = \"11111111-1111-4111-8111-111111111111\"\n\
                    resource_group = \"rg-plant\"\nlocation = \"eastus2\"\n[network.routes]\n"
        .to_owned();
    for (host, base) in routes {
        text.push_str(&format!("\"{host}\" = \"{base}\"\n"));
    }
    text.push_str(&format!("[engine]\ntime_scale = {time_scale:?}\n"));
    text
}

/// The setup file of that name, as hubup reads it.
pub fn config(path: &Path) -> Config {
    hubup::cli::config::load(path).unwrap()
}

/// The setup that `--sandbox` runs without a file.
pub fn rehearsal() -> SetupId {
    Config::example().answers.rehearsed().setup_id()
}
