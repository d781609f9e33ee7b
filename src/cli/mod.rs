//! The command line: the only part that reads environment and files and builds everything else.

mod apply;
mod args;
mod bundle;
mod candidates;
mod check;
pub mod config;
mod destroy;
mod environment;
mod explain;
mod export;
mod failure;
mod follow;
pub mod init;
mod past;
mod person;
mod plan;
mod print;
mod recall;
mod review;
mod run;
mod runs;
mod sandbox;
mod signals;
mod status;
mod usual;
mod which;
mod wire;
mod wizard;

pub use past::Past;
pub use run::main;
