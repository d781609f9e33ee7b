//! The one place that prints: lines to standard output, troubles to standard error.

use std::io::Write as _;

/// Prints a line. False when nobody reads any more, as with `| head`.
pub fn out(text: &str) -> bool {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{text}").and_then(|()| stdout.flush()).is_ok()
}

/// Prints a trouble. One that cannot be told anywhere is dropped.
pub fn trouble(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
