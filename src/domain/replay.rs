//! How a step is written as straight code and yet is pure: it runs over what was seen before, and the first
//! thing not seen yet is its next move.
//!
//! `replay.read(&request)?` gives the recorded reply, or leaves the function with `Next::Read(request)`.

use std::slice;
use std::time::Duration;

use super::earlier::Earlier;
use super::fault::Fault;
use super::ids::StepId;
use super::reply::{Reply, ServiceError};
use super::request::Request;
use super::step::{Ask, Next};

/// One thing that happened to a step.
#[derive(Clone, PartialEq, Debug)]
pub enum Turn {
    Read(Result<Reply, ServiceError>),
    /// The reply to a change; when Azure accepted it as an operation, how that operation ended.
    Wrote(Result<Reply, ServiceError>),
    /// It waited this long, in the service's time.
    Waited(Duration),
    Answered(String),
    Redone,
}

/// All that happened to a step since it was started.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Seen {
    pub turns: Vec<Turn>,
    /// How much longer than planned the person wants every wait to last.
    pub grace: Duration,
    /// What earlier runs left on record.
    pub earlier: Earlier,
}

/// Either the value of a move that was made, or the move to make.
pub type Moves<T> = Result<T, Box<Next>>;

/// The reading position in what was seen.
pub struct Replay<'a> {
    turns: slice::Iter<'a, Turn>,
    grace: Duration,
    earlier: &'a Earlier,
}

impl<'a> Replay<'a> {
    /// Starts at the beginning of `seen`.
    pub fn new(seen: &'a Seen) -> Self {
        Self { turns: seen.turns.iter(), grace: seen.grace, earlier: &seen.earlier }
    }

    /// Reads.
    pub fn read(&mut self, request: &Request) -> Moves<Result<&'a Reply, &'a ServiceError>> {
        match self.turns.next() {
            Some(Turn::Read(reply)) => Ok(reply.as_ref()),
            Some(_) => Err(lost_its_place()),
            None => Err(Box::new(Next::Read(request.clone()))),
        }
    }

    /// Changes.
    pub fn write(&mut self, request: &Request) -> Moves<Result<&'a Reply, &'a ServiceError>> {
        match self.turns.next() {
            Some(Turn::Wrote(reply)) => Ok(reply.as_ref()),
            Some(_) => Err(lost_its_place()),
            None => Err(Box::new(Next::Write(request.clone()))),
        }
    }

    /// Waits `every` if `patience` has that much left, and says whether it did. A wait that was given up before there
    /// was so much grace stays given up: what came after it was seen already.
    pub fn wait(&mut self, patience: &mut Patience, why: &str, every: Duration) -> Moves<bool> {
        let bound = patience.bound + self.grace;
        if patience.spent >= bound {
            return Ok(false);
        }
        match self.turns.as_slice().first() {
            Some(Turn::Waited(waited)) => {
                self.turns.next();
                patience.spent += *waited;
                Ok(true)
            }
            Some(_) => Ok(false),
            None => {
                let bound = patience.spent + whole(bound.saturating_sub(patience.spent), every);
                Err(Box::new(Next::Wait { why: why.to_owned(), every, bound }))
            }
        }
    }

    /// True when everything that was seen has been passed: what is judged now is how things are.
    pub fn is_at_end(&self) -> bool {
        self.turns.as_slice().is_empty()
    }

    /// What earlier runs left on record.
    pub fn earlier(&self) -> &'a Earlier {
        self.earlier
    }

    /// True when the person wants waits to last longer than planned.
    pub fn is_graced(&self) -> bool {
        !self.grace.is_zero()
    }

    /// Asks, and gives the key of the choice.
    pub fn ask(&mut self, ask: &Ask) -> Moves<&'a str> {
        match self.turns.next() {
            Some(Turn::Answered(choice)) => Ok(choice),
            Some(_) => Err(lost_its_place()),
            None => Err(Box::new(Next::Ask(ask.clone()))),
        }
    }

    /// Has `steps` run again where that is `wanted`, and says whether it had. What was seen already decides for itself:
    /// outputs by which `wanted` is judged may be others since.
    pub fn redo_when(&mut self, wanted: bool, steps: &[StepId], why: &str) -> Moves<bool> {
        match self.turns.as_slice().first() {
            Some(Turn::Redone) => {
                self.turns.next();
                Ok(true)
            }
            None if wanted => Err(Box::new(Next::Redo { steps: steps.to_vec(), why: why.to_owned() })),
            _ => Ok(false),
        }
    }

    /// Has `steps` run again.
    pub fn redo(&mut self, steps: &[StepId], why: &str) -> Moves<()> {
        match self.turns.next() {
            Some(Turn::Redone) => Ok(()),
            Some(_) => Err(lost_its_place()),
            None => Err(Box::new(Next::Redo { steps: steps.to_vec(), why: why.to_owned() })),
        }
    }
}

/// How long waits of `every` take that go on until `span` is over: the last one is not cut short.
fn whole(span: Duration, every: Duration) -> Duration {
    // As long as one is counted (engine/performer.rs).
    let every = every.max(Duration::from_secs(1));
    let waits = span.as_millis().div_ceil(every.as_millis().max(1));
    every.saturating_mul(u32::try_from(waits).unwrap_or(u32::MAX)).max(span)
}

/// What was seen does not fit the move that comes of it, as when an output of another step changed meanwhile. To make the
/// move all the same would make it again and again, since its reply would stand behind what does not fit.
fn lost_its_place() -> Box<Next> {
    let says = "what this step saw no longer fits what it would do now";
    Box::new(Next::Fail(Fault::new(says, "retry: the step looks afresh at what Azure holds")))
}

/// How long a step goes on waiting for one thing, in the service's time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Patience {
    bound: Duration,
    spent: Duration,
}

impl Patience {
    /// Waits for `bound` in all.
    pub const fn of(bound: Duration) -> Self {
        Self { bound, spent: Duration::ZERO }
    }

    /// What was waited so far.
    pub const fn spent(&self) -> Duration {
        self.spent
    }
}
