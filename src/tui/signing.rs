//! Signing in as the wizard shows it: the ways there are, a person's part while it goes on, who is signed in. Pure.

use jiff::Timestamp;

use crate::domain::{Answers, Fault, RunKind};

use super::app::Page;
use super::using::Candidate;

/// A way to sign in, or an account that is signed in already.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignInWay {
    /// By which it is chosen.
    pub id: String,
    /// What is there: `az: signed in as ada@contoso.com`.
    pub what: String,
    pub usable: bool,
    /// Why it is not usable; for a usable one, what could not be found out.
    pub why_not: Option<String>,
    /// True for the one that is taken when nobody says otherwise.
    pub usual: bool,
}

/// What a person has to do for a sign-in that is under way. None of it is secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SignInPrompt {
    /// Open `url` in a browser of this machine; `opened` tells whether that was done.
    Browser { url: String, opened: bool },
    /// Open `url` in any browser and enter `code` within `seconds`.
    Code { code: String, url: String, seconds: u64 },
}

/// Who is signed in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedIn {
    /// For the header: a sign-in name, or the end of an id.
    pub account: String,
    /// The tenant that it is signed in to.
    pub tenant: Option<String>,
    /// The tenants that the account sees: `id` is the tenant, `hint` its domain.
    pub tenants: Vec<Candidate>,
}

/// What is done once somebody is signed in.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Then {
    /// Back to where it was asked for.
    Nothing,
    Form,
    Launch(Box<Answers>, RunKind),
    WayBack(Box<Answers>),
    /// The question of that number, which asked for it, is answered.
    Answer(u64),
}

/// A sign-in that is under way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Attempt {
    /// What is tried.
    pub what: String,
    pub since: Timestamp,
    pub prompt: Option<SignInPrompt>,
}

/// The page of sign-in.
#[derive(Clone, Debug)]
pub(crate) struct SigningIn {
    /// When the ways were asked for.
    pub since: Timestamp,
    pub ways: Option<Result<Vec<SignInWay>, Box<Fault>>>,
    /// The way, or the tenant, of the cursor.
    pub at: usize,
    pub attempt: Option<Attempt>,
    /// Why the last attempt came to nothing.
    pub fault: Option<Fault>,
    /// Who is signed in, while the tenant is being chosen.
    pub choosing: Option<SignedIn>,
    pub then: Then,
    /// The page that it was opened from.
    pub from: Box<Page>,
}

impl SigningIn {
    /// A page opened from `from`, its ways asked for at `since`.
    pub(crate) fn new(from: Page, then: Then, since: Timestamp) -> Self {
        Self {
            since,
            ways: None,
            at: 0,
            attempt: None,
            fault: None,
            choosing: None,
            then,
            from: Box::new(from),
        }
    }

    /// The ways that were found.
    pub(crate) fn ways(&self) -> &[SignInWay] {
        self.ways.as_ref().and_then(|ways| ways.as_ref().ok()).map_or(&[], Vec::as_slice)
    }

    /// How many lines the cursor can stand on.
    pub(crate) fn lines(&self) -> usize {
        self.choosing.as_ref().map_or(self.ways().len(), |known| known.tenants.len())
    }

    /// The way of the cursor, when it can be taken.
    pub(crate) fn way(&self) -> Option<&SignInWay> {
        self.ways().get(self.at).filter(|way| way.usable && self.choosing.is_none())
    }

    /// Takes the ways in, the cursor on the usual one.
    pub(crate) fn take(&mut self, ways: Result<Vec<SignInWay>, Box<Fault>>) {
        self.ways = Some(ways);
        let ways = self.ways();
        let usual = ways.iter().position(|way| way.usual && way.usable);
        self.at = usual.or_else(|| ways.iter().position(|way| way.usable)).unwrap_or(0);
    }
}
