//! What the wizard is given and what it gives back. `cli` builds the one and prints the other.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::BoxFuture;
use thiserror::Error;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::domain::{Answers, Exit, Fault, Field, LogSource, Plan, Progress, Record, RunKind, StepId};
use crate::engine::Handle;

use super::review::{Form, Reviewed};
use super::teardown::WayBack;
use super::using::Candidate;
use super::welcome::Resume;

/// All that the wizard needs to begin.
pub struct Start {
    /// What the form is filled with at first.
    pub answers: Answers,
    /// What is known of this setup from before; then the wizard opens on what can be done about it.
    pub resume: Option<Resume>,
    /// The fields of the form under their headings, in the order of the screen.
    pub fields: Vec<(&'static str, Vec<Field>)>,
    pub banner: Banner,
    pub launcher: Arc<dyn Launch>,
    pub options: ScreenOptions,
    /// How many times faster than the clock Azure's times pass here: the sandbox's speed, 1 on Azure.
    pub scale: f64,
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
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ScreenOptions {
    /// Draw with ASCII alone.
    pub ascii: bool,
    /// Draw without colours; words and symbols say everything.
    pub no_colour: bool,
    /// Launch at once; the form comes up only when that fails.
    pub skip_form: bool,
}

/// Turns answers into a run: sign-in, look-ups, plan, engine. Given by `cli`.
#[async_trait]
pub trait Launch: Send + Sync {
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
