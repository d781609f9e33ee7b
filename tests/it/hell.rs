//! Answers from hell: what a network, a disk and a person's hands can do to the program, and what it must say then.
//!
//! Each row of a table is one mishap, met by the program itself. Whatever happens: no panic, no byte that moves a
//! terminal, the exit code that fits, a text that says what happened and what to do, and a journal that can be read.
//! Setup files are looked at more closely in `hell_config.rs`, a terminal of 20x5 in the wizard's own tests.

mod disk;
mod network;
mod setup_files;
mod support;
