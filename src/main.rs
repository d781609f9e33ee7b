//! The binary: calls the library and returns an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    hubup::cli::main()
}
