//! A pseudo-terminal with a screen, and a program in it. Used by the tests of this folder only.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use vt100::{Parser, Screen};

/// Long enough for any machine; a test that comes to it has failed.
const PATIENCE: Duration = Duration::from_mins(1);

pub const ENTER: &str = "\r";
pub const ESC: &str = "\x1b";
pub const CTRL_C: &str = "\x03";
pub const CTRL_G: &str = "\x07";
pub const CTRL_L: &str = "\x0c";
pub const CTRL_T: &str = "\x14";
pub const CTRL_U: &str = "\x15";
pub const CTRL_Z: &str = "\x1a";
pub const UP: &str = "\x1b[A";
pub const DOWN: &str = "\x1b[B";
pub const PAGE_DOWN: &str = "\x1b[6~";

/// What was written to the terminal so far.
struct Seen {
    parser: Parser,
    raw: Vec<u8>,
    /// So many bytes of `raw` were looked through for questions to the terminal.
    answered: usize,
    closed: bool,
}

/// A terminal in which one program runs.
pub struct Terminal {
    seen: Arc<(Mutex<Seen>, Condvar)>,
    master: Box<dyn MasterPty + Send>,
    keys: Arc<Mutex<Box<dyn Write + Send>>>,
    child: Box<dyn Child + Send + Sync>,
    /// How the terminal was set before the program started.
    before: String,
    columns: u16,
    /// Where the program runs; it is there as long as the terminal.
    _folder: Arc<TempDir>,
}

/// How a program left its terminal.
pub struct Left {
    pub code: u32,
    /// All that stands on the primary screen, scrollback included.
    pub text: String,
}

/// The wizard, its state in a folder of its own.
pub struct Wizard {
    folder: Arc<TempDir>,
    arguments: Vec<String>,
    variables: Vec<(&'static str, &'static str)>,
    size: (u16, u16),
}

impl Wizard {
    /// The wizard in a sandbox that waits for nothing, at 80x24.
    pub fn new() -> Self {
        Self {
            folder: Arc::new(tempfile::tempdir().unwrap()),
            arguments: ["--sandbox", "--sandbox-speed", "0"].map(str::to_owned).to_vec(),
            variables: Vec::new(),
            size: (80, 24),
        }
    }

    /// The wizard as it is started where nobody has said anything yet.
    pub fn on_azure() -> Self {
        Self { arguments: Vec::new(), ..Self::new() }
    }

    /// In a sandbox that takes as long as Azure does: what was begun goes on for minutes.
    pub fn slow() -> Self {
        let mut wizard = Self::new();
        wizard.arguments = ["--sandbox", "--sandbox-speed", "1"].map(str::to_owned).to_vec();
        wizard
    }

    /// The same wizard over the same state, in a sandbox that waits for nothing any more.
    pub fn at_once(&self) -> Self {
        let arguments = self.arguments.iter().map(|argument| match argument.as_str() {
            "1" => "0".to_owned(),
            _ => argument.clone(),
        });
        Self {
            folder: self.folder.clone(),
            arguments: arguments.collect(),
            variables: self.variables.clone(),
            size: self.size,
        }
    }

    /// The folder that it is started in.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    pub fn with(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        self
    }

    pub fn variable(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    pub fn sized(mut self, columns: u16, rows: u16) -> Self {
        self.size = (columns, rows);
        self
    }

    /// In a world that differs from the usual one by the TOML text `world`.
    pub fn in_world(self, world: &str) -> Self {
        let path = self.folder.path().join("world.toml");
        std::fs::write(&path, world).unwrap();
        let path = path.to_str().unwrap().to_owned();
        self.with(&["--sandbox-world", &path])
    }

    /// The program and its arguments, for a shell to run.
    pub fn command_line(&self) -> String {
        let mut line = format!("'{}'", env!("CARGO_BIN_EXE_hubup"));
        for argument in &self.arguments {
            write!(line, " '{argument}'").unwrap();
        }
        write!(line, " --state-folder '{}'", self.state().display()).unwrap();
        line
    }

    /// Its state folder.
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Starts it.
    pub fn open(&self) -> Terminal {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_hubup"));
        command.args(&self.arguments);
        command.arg("--state-folder");
        command.arg(self.state());
        self.start(command)
    }

    /// Starts a shell script, in which [`Wizard::command_line`] may stand.
    pub fn open_in_shell(&self, script: &str) -> Terminal {
        let mut command = CommandBuilder::new("/bin/sh");
        command.args(["-c", script]);
        self.start(command)
    }

    fn start(&self, command: CommandBuilder) -> Terminal {
        Terminal::start(command, self.folder.clone(), &self.variables, self.size)
    }

    /// Starts it and launches what the form holds: the setup page, its keys awake.
    pub fn open_at_stages(&self) -> Terminal {
        let mut terminal = self.open_at_form();
        terminal.go_to_stages();
        terminal
    }

    /// Starts it and goes to the form.
    pub fn open_at_form(&self) -> Terminal {
        let mut terminal = self.open();
        terminal.go_to_form();
        terminal
    }
}

impl Terminal {
    /// Starts `command` in `folder`, with no variables but the few that any login has, and `variables`.
    pub fn start(
        mut command: CommandBuilder,
        folder: Arc<TempDir>,
        variables: &[(&str, &str)],
        (columns, rows): (u16, u16),
    ) -> Self {
        command.env_clear();
        for (name, value) in [("PATH", "/usr/bin:/bin"), ("TERM", "xterm-256color"), ("RUST_BACKTRACE", "0")]
        {
            command.env(name, value);
        }
        command.env("HOME", folder.path());
        for (name, value) in variables {
            command.env(name, value);
        }
        command.cwd(folder.path());
        let pty = native_pty_system().openpty(size(columns, rows)).unwrap();
        let before = format!("{:?}", pty.master.get_termios());
        let mut reader = pty.master.try_clone_reader().unwrap();
        let keys = Arc::new(Mutex::new(pty.master.take_writer().unwrap()));
        let child = pty.slave.spawn_command(command).unwrap();
        // The terminal ends with its program only when nobody else holds it.
        drop(pty.slave);
        let seen =
            Seen { parser: Parser::new(rows, columns, 0), raw: Vec::new(), answered: 0, closed: false };
        let seen = Arc::new((Mutex::new(seen), Condvar::new()));
        let (sink, answers) = (seen.clone(), keys.clone());
        std::thread::spawn(move || {
            let mut bytes = vec![0; 65_536];
            // Linux reports the end of a pseudo-terminal as an error.
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                let mut seen = sink.0.lock().unwrap();
                seen.parser.process(&bytes[..count]);
                seen.raw.extend_from_slice(&bytes[..count]);
                answer(&mut seen, &answers);
                sink.1.notify_all();
            }
            sink.0.lock().unwrap().closed = true;
            sink.1.notify_all();
        });
        Self { seen, master: pty.master, keys, child, before, columns, _folder: folder }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.0.lock().unwrap()
    }

    /// Waits until `wanted` holds.
    fn wait(&self, what: &str, wanted: impl Fn(&Seen) -> bool) {
        let (seen, timed_out) = self
            .seen
            .1
            .wait_timeout_while(self.seen(), PATIENCE, |seen| !seen.closed && !wanted(seen))
            .unwrap();
        let screen = seen.parser.screen().contents();
        assert!(!timed_out.timed_out(), "waited in vain for {what}:\n{screen}");
        assert!(wanted(&seen), "the program ended before {what}:\n{screen}");
    }

    /// Waits until `text` stands on the screen.
    pub fn wait_for(&self, text: &str) {
        self.wait(&format!("`{text}`"), |seen| seen.parser.screen().contents().contains(text));
    }

    /// Waits until `text` no longer stands on the screen.
    pub fn wait_until_gone(&self, text: &str) {
        self.wait(&format!("`{text}` to go"), |seen| !seen.parser.screen().contents().contains(text));
    }

    /// Waits until the screen satisfies `wanted`.
    pub fn wait_until(&self, what: &str, wanted: impl Fn(&Screen) -> bool) {
        self.wait(what, |seen| wanted(seen.parser.screen()));
    }

    /// Waits until the footer offers Enter with `word`, not dimmed: from then on it acts.
    pub fn wait_for_enter(&self, word: &str) {
        let wanted = format!(" Enter {word}");
        self.wait_until(&format!("Enter to mean `{word}`"), |screen| {
            let (rows, _) = screen.size();
            screen.rows(0, screen.size().1).last().is_some_and(|footer| footer.starts_with(&wanted))
                && screen.cell(rows - 1, 1).is_some_and(|cell| cell.bold() && !cell.dim())
        });
    }

    /// From the welcome to the form.
    pub fn go_to_form(&mut self) {
        self.wait_for_enter("begin");
        self.press(ENTER);
        self.wait_for("Ctrl+G start");
    }

    /// From the form over the checks to the stages.
    pub fn go_to_stages(&mut self) {
        self.press(CTRL_G);
        self.wait_for_enter("to the stages");
        self.press(ENTER);
        self.wait_for_enter("go");
    }

    /// Waits until `bytes` were written after what stands there `since`.
    pub fn wait_for_bytes(&self, since: usize, bytes: &[u8]) {
        self.wait("a sequence of the terminal", |seen| find(&seen.raw[since..], bytes).is_some());
    }

    /// How many bytes were written so far.
    pub fn written(&self) -> usize {
        self.seen().raw.len()
    }

    /// Types.
    pub fn press(&mut self, keys: &str) {
        let mut writer = self.keys.lock().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// Types, unless the program has just ended.
    pub fn try_press(&mut self, keys: &str) {
        if self.is_open() {
            let mut writer = self.keys.lock().unwrap();
            // A program that has just left takes no more keys.
            let _ = writer.write_all(keys.as_bytes()).and_then(|()| writer.flush());
        }
    }

    /// True while the program runs.
    pub fn is_open(&self) -> bool {
        !self.seen().closed
    }

    /// Waits until the last row names a way out, whatever page that is, or the program has ended.
    pub fn wait_for_footer(&mut self, what: &str) {
        let patience = self.seen.1.wait_timeout_while(self.seen(), PATIENCE, |seen| {
            let screen = seen.parser.screen();
            let (_, columns) = screen.size();
            let footer = screen.rows(0, columns).last().unwrap_or_default();
            !seen.closed && !footer.contains("Ctrl+C") && !footer.contains("Esc")
        });
        let (seen, timed_out) = patience.unwrap();
        let screen = seen.parser.screen().contents();
        assert!(!timed_out.timed_out(), "no footer after {what}:\n{screen}");
    }

    /// Presses `key` until the program ends, and waits for that.
    pub fn leave_by(mut self, key: &str) -> Left {
        for _ in 0..3 {
            self.try_press(key);
            let deadline = std::time::Duration::from_secs(2);
            let (seen, changed) = &*self.seen;
            let seen = seen.lock().unwrap();
            let _ = changed.wait_timeout_while(seen, deadline, |seen| !seen.closed).unwrap();
        }
        self.leave()
    }

    /// What stands on the screen.
    pub fn shown(&self) -> String {
        self.seen().parser.screen().contents()
    }

    pub fn on_alternate_screen(&self) -> bool {
        self.seen().parser.screen().alternate_screen()
    }

    pub fn cursor_hidden(&self) -> bool {
        self.seen().parser.screen().hide_cursor()
    }

    /// True when the terminal is set as it was before the program started.
    pub fn is_set_as_before(&self) -> bool {
        format!("{:?}", self.master.get_termios()) == self.before
    }

    /// Gives the window another size, as a window manager does.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.seen().parser.screen_mut().set_size(rows, columns);
        self.columns = columns;
        self.master.resize(size(columns, rows)).unwrap();
    }

    /// Gives the window a size that the screen of these tests does not follow: it is made for windows of some size.
    pub fn squeeze(&mut self, columns: u16, rows: u16) {
        self.master.resize(size(columns, rows)).unwrap();
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: Signal) {
        let id = self.child.process_id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        kill_process(id.unwrap(), signal).unwrap();
    }

    /// Waits for the end of a program that was killed: the terminal is left as it was.
    pub fn killed(mut self) {
        self.wait("the end", |seen| seen.closed);
        self.child.wait().unwrap();
    }

    /// Waits for the end of the program, and asserts that the terminal is as it was found.
    pub fn leave(mut self) -> Left {
        self.wait("the end", |seen| seen.closed);
        let code = self.child.wait().unwrap().exit_code();
        assert!(!self.on_alternate_screen(), "the alternate screen was not left");
        assert!(!self.cursor_hidden(), "the cursor is hidden");
        assert!(!self.seen().parser.screen().bracketed_paste(), "pastes are still bracketed");
        assert!(self.is_set_as_before(), "the terminal is set otherwise: {:?}", self.master.get_termios());
        // The same bytes on a taller screen, so that nothing has scrolled away.
        let mut tall = Parser::new(4000, self.columns, 0);
        tall.process(&self.seen().raw);
        Left { code, text: tall.screen().contents() }
    }

    /// The numbers of all SGR sequences that were written, one list each.
    pub fn styles(&self) -> Vec<Vec<u16>> {
        let seen = self.seen();
        let text = String::from_utf8_lossy(&seen.raw);
        let mut styles = Vec::new();
        for sequence in text.split("\x1b[").skip(1) {
            let end = sequence.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(sequence.len());
            if sequence[end..].starts_with('m') {
                styles.push(sequence[..end].split(';').map(|number| number.parse().unwrap_or(0)).collect());
            }
        }
        styles
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A test that failed leaves nothing running.
        let _ = self.child.kill();
    }
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

/// Answers the question which terminal this is, as terminals do; a program may wait for it.
fn answer(seen: &mut Seen, keys: &Mutex<Box<dyn Write + Send>>) {
    const QUESTION: &[u8] = b"\x1b[c";
    while let Some(at) = find(&seen.raw[seen.answered..], QUESTION) {
        keys.lock().unwrap().write_all(b"\x1b[?62;22c").unwrap();
        seen.answered += at + QUESTION.len();
    }
    // A question may come in two parts.
    seen.answered = seen.answered.max(seen.raw.len().saturating_sub(QUESTION.len() - 1));
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
