//! What would stop a run, as the wizard shows it before its first change: the findings, and the ways on. Pure.

use jiff::Timestamp;

use crate::domain::{Answers, Fault, Plan, StepId};
use crate::stages::preflight::{Finding, FindingState, HandOff};

/// How long the page waits before it looks again whether rights were given, in milliseconds.
pub(super) const AGAIN_MILLIS: i64 = 30_000;

/// All checks of a plan, made.
#[derive(Clone, Debug)]
pub struct Checkup {
    pub answers: Answers,
    pub plan: Plan,
    /// What is spoken and why, one sentence.
    pub why: String,
    pub findings: Vec<Finding>,
    /// The steps without which the run can begin although rights are missing; empty where nothing is won by that.
    pub skips: Vec<StepId>,
    /// What cannot run then either.
    pub blocked: Vec<StepId>,
    /// What an administrator needs who gives the missing rights.
    pub hand_off: Option<HandOff>,
}

impl Checkup {
    /// How many findings are in `state`.
    pub(crate) fn count(&self, state: FindingState) -> usize {
        self.findings.iter().filter(|finding| finding.state == state).count()
    }

    /// True when something would stop the run.
    pub(crate) fn stops(&self) -> bool {
        self.count(FindingState::Stops) > 0
    }

    /// The findings, what stops first.
    pub(crate) fn in_order(&self) -> Vec<&Finding> {
        let mut findings: Vec<&Finding> = self.findings.iter().collect();
        findings.sort_by_key(|finding| match finding.state {
            FindingState::Stops => 0,
            FindingState::Warned => 1,
            FindingState::NotChecked => 2,
            FindingState::Passed => 3,
        });
        findings
    }
}

/// The page of the checks.
#[derive(Clone, Debug)]
pub(crate) struct Preflight {
    /// When they were asked for.
    pub since: Timestamp,
    pub answers: Answers,
    pub found: Option<Result<Box<Checkup>, Box<Fault>>>,
    /// What was found before the checks were asked for again; it stands until they are made.
    pub before: Option<Box<Checkup>>,
    /// The files that were written for an administrator, or why they could not be.
    pub handed: Option<Result<String, Box<Fault>>>,
    /// When it looks again by itself for rights that somebody gives.
    pub again_at: Option<Timestamp>,
}

impl Preflight {
    /// A page whose checks were asked for at `since`.
    pub(crate) fn new(answers: Answers, since: Timestamp) -> Self {
        Self { since, answers, found: None, before: None, handed: None, again_at: None }
    }

    /// The checks, once they are made.
    pub(crate) fn checkup(&self) -> Option<&Checkup> {
        self.found.as_ref()?.as_deref().ok()
    }

    /// True when nothing stops the run.
    pub(crate) fn may_go(&self) -> bool {
        self.checkup().is_some_and(|checkup| !checkup.stops())
    }
}
