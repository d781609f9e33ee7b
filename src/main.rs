//! The binary: parses, calls the library, returns an exit code.

fn main() {}
