//! The terminal, the clock and the signals: the only file of the wizard that touches any of them. Called by `drive`.
//!
//! The screen comes back by one function, `leave`, whatever ends the wizard: a return, an error, a panic, a signal.

use std::cell::Cell;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::style::Print;
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, SetTitle, disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::backend::CrosstermBackend;
use ratatui::{Frame, Terminal};

use super::drive::Surface;

/// Keeps the title that the terminal has (xterm, window operations); `RESTORE_TITLE` brings it back.
const KEEP_TITLE: &str = "\x1b[22;2t";
const RESTORE_TITLE: &str = "\x1b[23;2t";

/// True while the terminal is ours.
static ENTERED: AtomicBool = AtomicBool::new(false);
/// True while the terminal tells of the mouse.
static MOUSE: AtomicBool = AtomicBool::new(false);
/// What panicked elsewhere while the terminal was ours; told when it no longer is.
static HELD_BACK: Mutex<Vec<String>> = Mutex::new(Vec::new());
static HOOK: Once = Once::new();

thread_local! {
    /// True while this thread runs the wizard's own code.
    static OURS: Cell<bool> = const { Cell::new(false) };
}

/// The time.
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

/// The time zone of this machine.
pub(super) fn zone() -> TimeZone {
    TimeZone::system()
}

/// True when both ends of the terminal are there.
pub(super) fn is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Runs the wizard's own code: a panic in it brings the terminal back before it is told.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> T {
    OURS.set(true);
    let value = work();
    OURS.set(false);
    value
}

/// Gathers a frame and sends it in one write. What was gathered when the terminal is given back is dropped.
#[derive(Default)]
pub(super) struct Output(Vec<u8>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.0);
        if ENTERED.load(Ordering::SeqCst) {
            let mut stdout = io::stdout().lock();
            stdout.write_all(&bytes)?;
            stdout.flush()?;
        }
        Ok(())
    }
}

/// The terminal while it is ours; gives it back when dropped.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Output>>,
    title: String,
}

impl Screen {
    /// Takes the terminal.
    pub(super) fn enter() -> io::Result<Self> {
        HOOK.call_once(install_hook);
        // NO_COLOR is heeded by the theme; the library's own way of heeding it would also drop bold.
        crossterm::style::force_color_output(true);
        take()?;
        match Terminal::new(CrosstermBackend::new(Output::default())) {
            Ok(terminal) => Ok(Self { terminal, title: String::new() }),
            Err(error) => {
                leave();
                Err(error)
            }
        }
    }

    /// Width and height in cells.
    pub(super) fn size(&self) -> (u16, u16) {
        self.terminal.size().map_or((80, 24), |size| (size.width, size.height))
    }

    /// Draws one frame, shown at once and whole by terminals that can.
    pub(super) fn draw(&mut self, title: &str, view: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        if self.title != title {
            title.clone_into(&mut self.title);
            queue!(self.terminal.backend_mut(), SetTitle(title))?;
        }
        let drawn = self.terminal.draw(view).map(|_| ());
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        drawn
    }

    /// Takes the terminal again after somebody else had it, and forgets what stood there.
    pub(super) fn renew(&mut self) -> io::Result<()> {
        if ENTERED.load(Ordering::SeqCst) {
            // The shell may have set the terminal to its own mode, which the library does not know of.
            disable_raw_mode()?;
        }
        take()?;
        // Not `Terminal::clear`: it asks the terminal where the cursor is and waits for the answer.
        execute!(io::stdout(), Clear(ClearType::All))?;
        self.terminal = Terminal::new(CrosstermBackend::new(Output::default()))?;
        self.title.clear();
        Ok(())
    }
}

impl Surface for Screen {
    /// The clipboard of the terminal, also through ssh (OSC 52). Whether it took it is not told.
    fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), CopyToClipboard::to_clipboard_from(text))
    }

    fn heed_mouse(&mut self, on: bool) -> io::Result<()> {
        if on {
            MOUSE.store(true, Ordering::SeqCst);
            execute!(self.terminal.backend_mut(), EnableMouseCapture)
        } else if MOUSE.swap(false, Ordering::SeqCst) {
            execute!(self.terminal.backend_mut(), DisableMouseCapture)
        } else {
            Ok(())
        }
    }

    fn ring(&mut self) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), Print('\x07'))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    // The terminal keeps a stack of titles: what is ours already is not kept again.
    let keep = if ENTERED.swap(true, Ordering::SeqCst) { "" } else { KEEP_TITLE };
    let taken = execute!(io::stdout(), Print(keep), EnterAlternateScreen, EnableBracketedPaste, Hide);
    if taken.is_err() {
        leave();
    }
    taken
}

/// Gives the terminal back; does nothing when it is not ours. Every part is tried, whatever the others did.
fn leave() {
    if !ENTERED.swap(false, Ordering::SeqCst) {
        return;
    }
    let _ = disable_raw_mode();
    if MOUSE.swap(false, Ordering::SeqCst) {
        let _ = execute!(io::stdout(), DisableMouseCapture);
    }
    let _ = execute!(
        io::stdout(),
        EndSynchronizedUpdate,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show,
        Print(RESTORE_TITLE)
    );
    let held = std::mem::take(&mut *HELD_BACK.lock().unwrap_or_else(PoisonError::into_inner));
    for text in held {
        let _ = writeln!(io::stderr(), "{text}");
    }
}

fn install_hook() {
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if OURS.get() {
            leave();
            OURS.set(false);
        }
        if ENTERED.load(Ordering::SeqCst) {
            // A task's panic comes back through its handle; told now it would stand across the screen.
            HELD_BACK.lock().unwrap_or_else(PoisonError::into_inner).push(panic.to_string());
        } else {
            previous(panic);
        }
    }));
}

/// What a signal asks for.
pub(super) enum Signalled {
    /// End, as by that signal.
    End(i32),
    /// The process goes on after it was stopped: the terminal was somebody else's meanwhile.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only Unix stops a process and has it go on"))]
    Continued,
}

#[cfg(unix)]
pub(super) use unix::{Signals, suspend};

#[cfg(unix)]
mod unix {
    use std::io;
    use std::time::Duration;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    use super::{Screen, Signalled, leave};

    /// Longer than any delivery of a signal; only a group that cannot be stopped comes to it.
    const NOT_STOPPED: Duration = Duration::from_millis(500);

    /// The signals that the wizard heeds.
    pub(in crate::tui) struct Signals {
        interrupt: Signal,
        terminate: Signal,
        hangup: Signal,
        go_on: Signal,
    }

    impl Signals {
        pub(in crate::tui) fn new() -> io::Result<Self> {
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
                hangup: signal(SignalKind::hangup())?,
                go_on: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
            })
        }

        /// The next signal.
        pub(in crate::tui) async fn next(&mut self) -> Signalled {
            tokio::select! {
                _ = self.hangup.recv() => Signalled::End(SignalKind::hangup().as_raw_value()),
                _ = self.terminate.recv() => Signalled::End(SignalKind::terminate().as_raw_value()),
                _ = self.interrupt.recv() => Signalled::End(SignalKind::interrupt().as_raw_value()),
                _ = self.go_on.recv() => Signalled::Continued,
            }
        }
    }

    /// Gives the terminal back, stops, and takes it again once continued. The whole group stops, so that a shell
    /// also comes back when another program, such as `cargo run`, stands between.
    pub(in crate::tui) async fn suspend(screen: &mut Screen, signals: &mut Signals) -> io::Result<()> {
        leave();
        let stopped = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP);
        if stopped.is_ok() {
            // A group without a shell is not stopped by this, and then nothing continues it.
            let _ = tokio::time::timeout(NOT_STOPPED, signals.go_on.recv()).await;
        }
        screen.renew()
    }
}

#[cfg(not(unix))]
pub(super) use elsewhere::{Signals, suspend};

#[cfg(not(unix))]
mod elsewhere {
    use std::io;

    use super::{Screen, Signalled};

    /// Ctrl+Break and the like; Ctrl+C is a key here.
    pub(in crate::tui) struct Signals;

    impl Signals {
        pub(in crate::tui) fn new() -> io::Result<Self> {
            Ok(Self)
        }

        pub(in crate::tui) async fn next(&mut self) -> Signalled {
            match tokio::signal::ctrl_c().await {
                Ok(()) => Signalled::End(2),
                Err(_) => std::future::pending().await,
            }
        }
    }

    /// There is no stopping here.
    pub(in crate::tui) async fn suspend(screen: &mut Screen, _: &mut Signals) -> io::Result<()> {
        screen.renew()
    }
}
