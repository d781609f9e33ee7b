//! What a setup's runs did, step by step: one value made of their records, and the forms in which it is told.
//!
//! Pure, over `domain` alone. Records must be fit to leave the journal before they come here (`cli` sees to it).

mod build;
mod gather;
mod markdown;
mod text;
mod value;

#[cfg(test)]
mod tests;

pub use markdown::markdown;
pub use text::{run_line, text};
pub use value::{
    Exchange, Only, Operation, QuestionReview, Redo, Remark, Review, RunReview, StageReview, StepReview,
    Tally, Try, Waited,
};
