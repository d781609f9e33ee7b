//! The one place that prints: lines to standard output, troubles to standard error.

use std::io::{self, Write as _};

/// Prints a line. One that nobody reads is dropped: what is being done goes on without its reader.
pub fn out(text: &str) {
    let _ = whole(text);
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

/// Prints a trouble. One that cannot be told anywhere is dropped.
pub fn trouble(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
