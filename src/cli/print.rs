//! The one place that prints: lines to standard output, troubles to standard error.

use std::io::{self, Write as _};
use std::time::Duration;

use super::failure::Failure;
use crate::domain::{Exit, brief};

/// Prints a line. One that nobody reads is dropped: what is being done goes on without its reader.
pub fn out(text: &str) {
    let _ = whole(text);
}

/// Prints text as it is, such as a prompt that is typed behind. What nobody reads is dropped.
pub fn piece(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Prints what a command is there for. A reader that goes away early, as with `| head`, has read enough; a disk that
/// takes no more is an error.
pub fn whole(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

/// Prints `text`, which a command is there for; `what` is it, for the failure of a disk that takes no more.
pub fn in_full(what: &str, text: &str) -> Result<(), Failure> {
    whole(text).map_err(|error| {
        let text =
            format!("error: {what} could not be printed in full: {error}\n  do:      print it elsewhere");
        Failure::new(Exit::State, text)
    })
}

/// Tells of a wait before there is a run, on standard error: standard output is for the plan or the records.
pub fn waiting(why: &str, wait: Duration) {
    let wait = brief(wait.as_millis().try_into().unwrap_or(u64::MAX));
    trouble(&format!("{why}; looking again in {wait}"));
}

/// Prints a trouble. One that cannot be told anywhere is dropped.
pub fn trouble(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
