//! What the wizard costs: first frame, frames, keys, memory, idling. `cargo bench --bench wizard` prints the table that the
//! README shows. It asserts nothing: figures depend on the machine.

use std::io::{Read, Write};
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use hubup::tui::rig::Rig;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

const LINES: usize = 1_000_000;
const SIZES: [(u16, u16); 3] = [(80, 24), (200, 50), (300, 100)];
/// The largest, at which keys are timed.
const LARGEST: (u16, u16) = SIZES[2];
const EVENTS_A_SECOND: u32 = 1_000;
const STARTS: usize = 20;
const IDLE: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    // Cargo passes `--bench`; anything else is a filter, of which there is none.
    match report() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn report() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "| what | p50 | p99 |\n|---|---|---|")?;
    let started = (0..STARTS).map(|_| first_frame()).collect::<Result<Vec<_>, _>>()?;
    row(&mut out, "first frame after the program is started", started)?;
    for (width, height) in SIZES {
        let mut rig = Rig::new(width, height, LINES)?;
        let mut taken = Vec::new();
        let mut bytes = 0;
        for _ in 0..500 {
            rig.event();
            let begun = Instant::now();
            bytes += rig.frame()?;
            taken.push(begun.elapsed());
        }
        let name =
            format!("frame at {width}x{height}, {LINES} lines, a new line each ({} bytes)", bytes / 500);
        row(&mut out, &name, taken)?;
    }
    let name = format!(
        "key to painted frame at {}x{}, {LINES} lines, {EVENTS_A_SECOND} events a second",
        LARGEST.0, LARGEST.1
    );
    row(&mut out, &name, keys()?)?;
    let before = resident();
    let rig = Rig::new(LARGEST.0, LARGEST.1, LINES)?;
    if let (Some(before), Some(after)) = (before, resident()) {
        writeln!(
            out,
            "| resident memory with {LINES} lines (MiB; without the wizard: {}) | {} | |",
            before / 1024,
            after / 1024
        )?;
    }
    drop(rig);
    if let Some((share, switches)) = idle()? {
        writeln!(
            out,
            "| idle on the welcome page for {} s: CPU ({switches} context switches) | {share:.3} % | |",
            IDLE.as_secs()
        )?;
    }
    Ok(())
}

fn row(out: &mut impl Write, name: &str, mut taken: Vec<Duration>) -> std::io::Result<()> {
    taken.sort_unstable();
    let at = |share: usize| taken.get((taken.len() * share / 100).min(taken.len().saturating_sub(1)));
    let told = |time: Option<&Duration>| {
        time.map_or_else(String::new, |time| format!("{:.2} ms", time.as_secs_f64() * 1_000.0))
    };
    writeln!(out, "| {name} | {} | {} |", told(at(50)), told(at(99)))
}

/// Events come at their rate, frames at most each 33 ms, a key now and then: as the loop of the wizard has it. A key waits
/// for what is under way, and is painted at once.
fn keys() -> std::io::Result<Vec<Duration>> {
    const FRAME: Duration = Duration::from_millis(33);
    let mut rig = Rig::new(LARGEST.0, LARGEST.1, LINES)?;
    let (event, key) = (Duration::from_secs(1) / EVENTS_A_SECOND, Duration::from_millis(47));
    let begun = Instant::now();
    let (mut next_event, mut next_key, mut painted) = (begun, begun + key, begun);
    let mut taken = Vec::new();
    let mut dirty = false;
    while taken.len() < 200 {
        let now = Instant::now();
        if now >= next_key {
            rig.key();
            rig.frame()?;
            painted = Instant::now();
            taken.push(painted - next_key);
            next_key += key;
            dirty = false;
        } else if dirty && now >= painted + FRAME {
            rig.frame()?;
            painted = Instant::now();
            dirty = false;
        } else if now >= next_event {
            rig.event();
            next_event += event;
            dirty = true;
        } else {
            std::thread::yield_now();
        }
    }
    Ok(taken)
}

struct Running {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    bytes: mpsc::Receiver<Vec<u8>>,
    keys: Box<dyn Write + Send>,
    /// It is there as long as the program.
    _folder: tempfile::TempDir,
}

impl Running {
    fn start() -> Result<(Self, Instant), Box<dyn std::error::Error>> {
        let pair =
            native_pty_system().openpty(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 })?;
        let folder = tempfile::tempdir()?;
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_hubup"));
        command.args(["--sandbox", "--state-folder"]);
        command.arg(folder.path().join("state"));
        command.cwd(folder.path());
        command.env("TERM", "xterm-256color");
        let begun = Instant::now();
        let child = pair.slave.spawn_command(command)?;
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader()?;
        let keys = pair.master.take_writer()?;
        let (told, bytes) = mpsc::channel();
        std::thread::spawn(move || {
            let _master = pair.master;
            let mut buffer = vec![0; 65_536];
            while let Ok(count) = reader.read(&mut buffer) {
                let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else { break };
                if told.send(read.to_vec()).is_err() {
                    break;
                }
            }
        });
        Ok((Self { child, bytes, keys, _folder: folder }, begun))
    }

    /// Waits until `text` was written.
    fn wait_for(&mut self, text: &str) -> Result<(), Box<dyn std::error::Error>> {
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains(text) {
            seen.extend(self.bytes.recv_timeout(Duration::from_secs(30))?);
            if seen.windows(3).any(|three| three == b"\x1b[c") {
                self.keys.write_all(b"\x1b[?62;22c")?;
            }
        }
        Ok(())
    }

    fn end(mut self) -> Result<(), Box<dyn std::error::Error>> {
        self.keys.write_all(b"\x03")?;
        self.child.wait()?;
        Ok(())
    }
}

/// From the start of the program to its first frame.
fn first_frame() -> Result<Duration, Box<dyn std::error::Error>> {
    let (mut running, begun) = Running::start()?;
    running.wait_for("Welcome")?;
    let taken = begun.elapsed();
    running.end()?;
    Ok(taken)
}

#[expect(clippy::disallowed_methods, reason = "what is measured is that nothing happens meanwhile")]
fn rest(span: Duration) {
    std::thread::sleep(span);
}

/// The share of one processor that the program takes while nothing happens, and how often it was scheduled.
fn idle() -> Result<Option<(f64, u64)>, Box<dyn std::error::Error>> {
    let (mut running, _) = Running::start()?;
    running.wait_for("Welcome")?;
    rest(Duration::from_secs(2));
    let used = |running: &Running| ticks(running.child.process_id()?);
    let before = used(&running);
    rest(IDLE);
    let after = used(&running);
    running.end()?;
    Ok(match (before, after) {
        (Some((before, first)), Some((after, last))) => {
            // A tick of Linux is a hundredth of a second.
            let seconds = f64::from(u32::try_from(after - before)?) / 100.0;
            // Threads that rested long enough end, and take their counts along.
            Some((seconds / IDLE.as_secs_f64() * 100.0, last.saturating_sub(first)))
        }
        _ => None,
    })
}

/// Processor time of a process in ticks, and its context switches; only Linux tells.
fn ticks(process: u32) -> Option<(u64, u64)> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let time = |at: usize| fields.get(at)?.parse::<u64>().ok();
    let mut switches = 0;
    for task in std::fs::read_dir(format!("/proc/{process}/task")).ok()?.flatten() {
        let status = std::fs::read_to_string(task.path().join("status")).ok()?;
        let counts = status.lines().filter(|line| line.contains("ctxt_switches"));
        switches +=
            counts.filter_map(|line| line.split_whitespace().last()?.parse::<u64>().ok()).sum::<u64>();
    }
    Some((time(11)? + time(12)?, switches))
}

/// Resident memory of this process in KiB; only Linux tells.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
