//! What happened (`Msg`) and what is to be done (`Effect`). Both are plain values: `update` takes the one and gives
//! the other, `drive` makes the one and performs the other.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::{Answers, CallId, Exchanged, Fault, Line, Plan, Progress, Record, RunKind, StepId};
use crate::engine::Command;
use crate::stages::preflight::HandOff;

use super::form::Verdict;
use super::ground::{Ground, Place};
use super::log::{Anchor, Seek, Sift, Take};
use super::preflight::Checkup;
use super::review::{Form, Reviewed};
use super::session::Usual;
use super::signing::{SignInPrompt, SignInWay, SignedIn};
use super::start::End;
use super::teardown::WayBack;
use super::using::Candidate;

/// A key, whatever terminal it came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Key {
    Char(char),
    Ctrl(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    Backspace,
    Delete,
}

/// What the mouse did, where it is heeded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mouse {
    /// The wheel, towards older lines or the top.
    Up,
    Down,
    /// The left button.
    Press,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) enum Msg {
    Key(Key),
    /// The mouse, at a column and a row of the screen.
    Mouse(Mouse, u16, u16),
    /// Text pasted by the terminal.
    Paste(String),
    /// The terminal's new width and height.
    Resize(u16, u16),
    /// The time.
    Tick(Timestamp),
    /// Where a person chose to go.
    Entered(Result<Box<Ground>, Box<Fault>>),
    /// The ways there are to sign in.
    Ways(Result<Vec<SignInWay>, Box<Fault>>),
    /// What a person has to do for the sign-in that is under way.
    Prompted(SignInPrompt),
    SignedIn(Result<SignedIn, Box<Fault>>),
    /// Answers that fit the subscription.
    Proposed(Result<Box<Answers>, Box<Fault>>),
    /// Whether the text in the field of that key is free.
    Judged(&'static str, String, Result<Option<Verdict>, Box<Fault>>),
    /// What would stop a run.
    Checked(Result<Box<Checkup>, Box<Fault>>),
    /// The files that were written for an administrator.
    Handed(Result<String, Box<Fault>>),
    /// The setup file that the answers were written to.
    Kept(Result<String, Box<Fault>>),
    Launched(Box<Result<Opened, Fault>>),
    /// What was found that may be answered to the field of that key.
    Choices(&'static str, Result<Vec<Candidate>, Box<Fault>>),
    /// What was found that can be used for that step.
    Candidates(StepId, Result<Vec<Candidate>, Box<Fault>>),
    /// What the journals say of a setup.
    Reviewed(Result<Box<Reviewed>, Box<Fault>>),
    /// The file that the review was written to.
    Exported(Result<String, Box<Fault>>),
    /// What taking the setup down comes to.
    WayBack(Result<Box<WayBack>, Box<Fault>>),
    /// How long steps usually take here.
    Usual(BTreeMap<StepId, Usual>),
    Run(Record),
    /// The engine has ended, by itself or for that reason: nothing can be told to it any more.
    RunClosed(Option<Box<Fault>>),
    /// Older lines were read, each with its number; `shift` is how far our numbers were from the journal's.
    Older {
        shift: isize,
        lines: Vec<(usize, Line)>,
    },
    /// What a search of the journal came to.
    Sought {
        token: u64,
        shift: isize,
        hit: Option<usize>,
    },
    /// The older lines that pass the filter.
    Sifted {
        token: u64,
        shift: isize,
        numbers: Vec<usize>,
    },
    /// A call with its reply was looked up, to be shown or to be copied.
    Exchanged {
        call: CallId,
        copy: bool,
        found: Option<Box<Exchanged>>,
    },
    /// Lines for the clipboard: the text, and what to tell of it.
    Taken {
        text: String,
        told: String,
    },
    /// The file that lines were saved to, and how many.
    Saved(Result<(String, usize), Box<Fault>>),
    /// A frame is on the screen.
    Painted(Painted),
}

/// A launched run, as far as the state of the screen holds it.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    /// How the command line names the setup again.
    pub flags: String,
    pub plan: Plan,
    pub account: String,
    pub why: String,
    /// How many lines the journal held before.
    pub older: usize,
    /// Where earlier runs left the setup.
    pub earlier: Progress,
    /// What stays whatever the run does, each with the reason.
    pub stays: Vec<(String, String)>,
}

/// What stands on the screen since the last frame: keys are judged by what the person saw when pressing them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Painted {
    /// The question whose choices are shown and can be answered.
    pub question: Option<u64>,
    /// True when the finish page is shown.
    pub finish: bool,
    /// How far the text in the pane, page or help can be scrolled.
    pub overflow: usize,
    /// How many lines of such a text are shown.
    pub rows: usize,
    /// How many rows the log has, and how many lines of it they show.
    pub log_rows: usize,
    pub log_lines: usize,
    /// How many cells of the longest line do not show.
    pub log_beyond: usize,
    /// How many candidates for a step stand to be chosen.
    pub candidates: usize,
    /// Where the rows of the stages stand: left, top, width, height.
    pub stages: (u16, u16, u16, u16),
}

/// Something that we want done.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Effect {
    /// Go to that place, to a fresh setup in which something goes wrong when it is named.
    Enter(Place, Option<String>),
    /// Find out in which ways somebody can sign in.
    Ways,
    /// Sign in by the way of that id.
    SignIn(String),
    /// Go on in that tenant.
    TakeTenant(String),
    /// Drop the sign-in that is under way.
    StopSignIn,
    /// Open that address in a browser.
    OpenLink(String),
    /// Make these answers fit the subscription.
    Propose(Box<Answers>),
    /// Find out whether the text of that field is free.
    Judge(&'static str, String, Box<Answers>),
    /// Look for everything that would stop a setup of these answers.
    Check(Box<Answers>),
    /// Write what an administrator needs.
    HandOver(Box<HandOff>),
    /// Write a setup file.
    Keep(Box<Answers>),
    Launch(Box<Answers>, RunKind),
    /// Find out how long steps usually take here.
    Usual,
    /// Look for what can be used for that step.
    Candidates(StepId),
    /// Look for what may be answered to the field of that key.
    Choices(&'static str, Box<Answers>),
    /// Read what the journals say of the setup of these answers.
    Review(Box<Answers>),
    /// Write that to a file.
    Export(Box<Answers>, Form),
    /// Find out what taking the setup of these answers down comes to.
    WayBack(Box<Answers>),
    /// Drop the launch that is under way.
    StopLaunch,
    Send(Command),
    /// Put this on the clipboard of the terminal.
    Copy(String),
    /// Read the lines of these numbers.
    Older {
        numbers: Vec<usize>,
        anchor: Box<Anchor>,
    },
    /// Heed the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Ring the terminal's bell.
    Bell,
    /// Search the journal.
    Seek(Box<Seek>),
    /// Look through the journal for what passes a filter.
    Sift(Box<Sift>),
    /// Stop the search or the look through the journal that has this token.
    StopLog(u64),
    /// Look a call up, to show it or to copy it.
    Exchange {
        call: CallId,
        copy: bool,
    },
    /// Copy or save lines of the log.
    Take(Box<Take>),
    Suspend,
    End(End),
}
