//! Where a setup is made, what is known of the setups there, and what can be practised. Plain values that `cli` gives.

use std::fmt;

use crate::domain::{Answers, Field};

use super::start::Banner;
use super::welcome::Resume;

/// An Azure that a setup can be made in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    Azure,
    /// The one inside hubup.
    Sandbox,
}

/// A place, and what is known of the setups there.
#[derive(Clone)]
pub struct Ground {
    pub place: Place,
    /// What the form is filled with at first.
    pub answers: Answers,
    /// Those for one more setup beside the ones that are known.
    pub another: Answers,
    /// What is known from before of the setup that has these answers.
    pub resume: Option<Resume>,
    /// Other setups of that place that runs are on record of, the newest first; each is a choice.
    pub others: Vec<Resume>,
    /// The fields of the form under their headings, in the order of the screen.
    pub fields: Vec<(&'static str, Vec<Field>)>,
    pub banner: Banner,
    /// How many times faster than the clock Azure's times pass there: the sandbox's speed, 1 on Azure.
    pub scale: f64,
    /// True where a person says how to sign in before anything of Azure is asked.
    pub asks_who: bool,
    /// True for answers that nobody gave: they are proposed anew once somebody is signed in.
    pub proposes: bool,
}

impl fmt::Debug for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ground")
            .field("place", &self.place)
            .field("answers", &self.answers)
            .finish_non_exhaustive()
    }
}

/// What can go wrong in the sandbox for practice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rehearsal {
    pub name: String,
    /// What a person meets there, one line.
    pub about: String,
}
