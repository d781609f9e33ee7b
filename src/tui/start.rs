//! What the wizard is given and what it gives back. `cli` builds the one and prints the other.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::BoxFuture;
use thiserror::Error;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::domain::{Answers, Exit, Fault, LogSource, Plan, Progress, Record, RunKind, StepId};
use crate::engine::Handle;
use crate::stages::preflight::HandOff;

use super::form::Verdict;
use super::ground::{Ground, Place, Rehearsal};
use super::preflight::Checkup;
use super::review::{Form, Reviewed};
use super::session::Usual;
use super::signing::{SignInPrompt, SignInWay, SignedIn};
use super::teardown::WayBack;
use super::theme::Theme;
use super::using::Candidate;

/// All that the wizard needs to begin.
pub struct Start {
    /// Where it begins.
    pub ground: Ground,
    /// Where else it can go.
    pub elsewhere: Vec<Place>,
    /// What can be practised in the sandbox.
    pub rehearsals: Vec<Rehearsal>,
    pub launcher: Arc<dyn Launch>,
    pub options: ScreenOptions,
}

/// Which Azure it is, for the header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Banner {
    /// `SANDBOX x60` or `AZURE`. What begins with `SANDBOX` costs nothing, so it is not asked about.
    pub cloud: String,
    /// Shown after it until the account is known.
    pub detail: String,
}

/// How the screen may look.
#[expect(clippy::struct_excessive_bools, reason = "independent wishes of a person")]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ScreenOptions {
    /// Draw with ASCII alone.
    pub ascii: bool,
    /// Draw without colours; words and symbols say everything.
    pub no_colour: bool,
    /// Nothing turns; what is told with time changes once a second.
    pub still: bool,
    /// Ring the terminal's bell when a person is needed.
    pub bell: bool,
    /// Told in lines, not drawn: no symbols, and nothing has to stand for a while to be seen.
    pub plain: bool,
    pub theme: Theme,
}

/// Who is told what a person has to do while a sign-in is under way.
pub type TellPrompt = Box<dyn Fn(SignInPrompt) + Send + Sync>;

/// What the wizard has done for it: places, sign-in, look-ups, checks, plan, engine. Given by `cli`. Whatever is under way
/// is dropped when the person goes back before it is done.
#[async_trait]
pub trait Launch: Send + Sync {
    /// Goes to `place`; with a rehearsal, to a fresh setup in which that goes wrong.
    async fn enter(&self, place: Place, rehearsal: Option<String>) -> Result<Ground, Fault>;

    /// The ways in which somebody can sign in here, and the accounts that are signed in.
    async fn ways(&self) -> Result<Vec<SignInWay>, Fault>;

    /// Signs in by one of [`Launch::ways`]; also while a run waits for it. Whoever was signed in before stays when it fails.
    async fn sign_in(&self, way: String, tell: TellPrompt) -> Result<SignedIn, Fault>;

    /// Goes on in another tenant of the account.
    async fn take_tenant(&self, tenant: String) -> Result<SignedIn, Fault>;

    /// Opens an address in the person's browser; false where none could be started.
    fn open_link(&self, url: &str) -> bool;

    /// Makes answers that nobody gave fit the subscription: one that the account sees, a region that is offered, names that
    /// are free.
    async fn propose(&self, answers: Answers) -> Result<Answers, Fault>;

    /// Tells whether the name in the field of that key is free; `None` where that is no question.
    async fn verdict(&self, answers: Answers, key: &'static str) -> Result<Option<Verdict>, Fault>;

    /// Looks for everything that would stop a setup with these answers. Changes nothing.
    async fn check(&self, answers: Answers) -> Result<Checkup, Fault>;

    /// Writes what an administrator needs; gives what was written, in a sentence or two.
    async fn hand_over(&self, hand_off: HandOff) -> Result<String, Fault>;

    /// Writes the answers to a new setup file in the working folder; gives its path.
    async fn keep(&self, answers: Answers) -> Result<String, Fault>;

    /// Starts the engine; the one before has ended. Dropped when the person goes back before it is done.
    async fn launch(&self, answers: Answers, kind: RunKind) -> Result<Launched, Fault>;

    /// Reads what the journals say of the setup of `answers`. Touches nothing of Azure.
    async fn review(&self, answers: Answers) -> Result<Reviewed, Fault>;

    /// Writes that to a new file in the working folder; gives its path.
    async fn export(&self, answers: Answers, form: Form) -> Result<String, Fault>;

    /// Finds out what taking the setup of `answers` down comes to. Changes nothing.
    async fn way_back(&self, answers: Answers) -> Result<WayBack, Fault>;

    /// Looks for what may be answered to the field of that key: `name` is the answer. Signs in first.
    async fn choices(&self, answers: Answers, key: &'static str) -> Result<Vec<Candidate>, Fault>;

    /// How long the steps usually took in runs of this machine; nothing where none is on record.
    async fn usual(&self) -> BTreeMap<StepId, Usual>;
    /// Writes `lines` to a new file in the working folder whose name begins with `name`; gives its path and how many
    /// lines it holds. Called from a thread that may wait.
    fn save(
        &self,
        name: &str,
        lines: &mut dyn Iterator<Item = String>,
    ) -> Result<(String, usize), Box<Fault>>;

    /// Looks for resources that can be used for a step of the run that was launched last.
    async fn candidates(&self, step: StepId) -> Result<Vec<Candidate>, Fault>;
}

/// A run that was launched.
pub struct Launched {
    /// How the command line names the setup again: ` --sandbox --setup factory`.
    pub flags: String,
    pub plan: Plan,
    pub engine: Handle,
    /// Every record of the run, from its first.
    pub events: UnboundedReceiver<Record>,
    /// Resolves once the engine has ended: why, when it could not go on.
    pub ended: BoxFuture<'static, Option<Fault>>,
    /// Who is signed in, for the header: `Contoso IoT (…4f2a)`.
    pub account: String,
    /// What is spoken and why it was chosen, one sentence.
    pub why: String,
    /// The lines of the journal, oldest first: one a told record (`domain::line`), none merged. The first record of
    /// `events` stands at about `older.len()` as it is when this is made; the wizard finds the exact place itself.
    pub older: Arc<dyn LogSource>,
    /// Where earlier runs of the setup left it; nothing when there were none.
    pub earlier: Progress,
    /// What stays whatever the run does, each with the reason.
    pub stays: Vec<(String, String)>,
}

/// How the wizard ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// Every step ended well, or was skipped.
    Finished(Exit),
    /// The run was left with something to do or to mend.
    Left(Exit),
    /// Left before anything was launched.
    Quit,
    /// A signal ended it; its number.
    Signal(i32),
}

/// What the wizard leaves behind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    pub end: End,
    /// Plain text for the scrollback; empty when nothing was launched.
    pub summary: String,
}

/// Why the wizard could not go on.
#[derive(Debug, Error)]
pub enum TuiError {
    #[error("the wizard needs a terminal for its input and its output")]
    NoTerminal,
    #[error("the terminal could not be used: {0}")]
    Io(#[from] io::Error),
}
