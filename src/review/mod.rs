//! What was done, told from the records of runs: one value, and its forms for people, tickets and programs.
//!
//! Pure: it reads no file, no clock, no terminal. `cli` gives it records that may be shown and prints what comes of them;
//! the wizard draws the same value.

mod build;
mod markdown;
mod model;
mod only;
mod text;
mod words;

pub use build::{Source, SourceRun};
pub use markdown::markdown;
pub use model::{
    Exchange, Left, Operation, QuestionReview, RedoReview, Remark, Review, RunReview, StageReview,
    StepReview, Try, Waited,
};
pub use only::Only;
pub use text::{Detail, text};
pub use words::{ended, span};

#[cfg(test)]
mod tests;
