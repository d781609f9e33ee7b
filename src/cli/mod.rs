//! The command line: the only part that reads environment and files and builds everything else.

pub mod config;
pub mod init;
