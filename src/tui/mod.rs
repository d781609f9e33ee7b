//! The wizard; for now only the text that a run leaves behind.
mod summary;
mod text;
pub use summary::summary;
