//! The state of a launched run as the screen holds it: plan, progress, cursor, panes, log, requests as sent. Pure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::domain::{
    CallId, CallRecord, Counts, Fault, Outcome, Plan, Progress, Purpose, Question, Record, ReplyRecord,
    RunEvent, RunKind, SIGNED_IN_AGAIN, Shown, StageId, StageOutline, StepId, StepOutline, StepState, line,
};

use super::log::Log;
use super::msg::Opened;
use super::rows::Row;
use super::using::Using;

/// What the pane beside, or over, the log shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Panel {
    /// The row of the cursor.
    Detail,
    /// What skipping these would cost.
    SkipCost(Vec<StepId>),
    /// What confirming everything would make.
    All,
    /// What leaving means while something runs.
    Abort,
    /// The question of that number.
    Question(u64),
    /// The choice of something that exists for a step.
    Use(Box<Using>),
    /// What can be copied and saved of the log; what came of it the last time.
    TakeOut(Option<String>),
    /// Why the engine could not go on.
    Stopped(Box<Fault>),
}

/// What moves the cursor of the stages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lead {
    /// No key was pressed yet: it goes where a person is needed, as that comes to light.
    Need,
    Person,
}

/// Which pane the arrows move in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Focus {
    Stages,
    Log,
}

/// A call as it was sent. Looks that are repeated take the place of the earlier ones.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Sent {
    pub call: CallId,
    pub purpose: Purpose,
    pub shown: Shown,
    pub at: Timestamp,
    /// How many times this was sent.
    pub times: usize,
    pub reply: Option<SentReply>,
}

/// What is kept of a reply.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SentReply {
    pub status: Option<u16>,
    pub millis: u64,
    pub request_id: Option<String>,
}

/// How long a step usually takes here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Usual {
    pub seconds: u64,
    /// How often it was seen.
    pub times: usize,
}

/// A launched run.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub plan: Plan,
    pub outline: Vec<StageOutline>,
    pub progress: Progress,
    pub account: String,
    pub why: String,
    /// How the command line names the setup again.
    pub flags: String,
    /// What stays whatever the run does, each with the reason.
    pub stays: Vec<(String, String)>,
    /// Confirmed here and not yet told back by the engine.
    pub confirmed: BTreeSet<StepId>,
    pub cursor: Row,
    pub unfolded: BTreeSet<StageId>,
    pub focus: Focus,
    pub panel: Panel,
    /// True while the detail stands over the log.
    pub detail_open: bool,
    /// Lines scrolled past in the pane.
    pub scroll: usize,
    pub log: Log,
    pub sent: BTreeMap<StepId, Vec<Sent>>,
    /// When it came up on the screen.
    pub shown: Timestamp,
    /// True until the engine has ended.
    pub open: bool,
    /// True once the finish page has come up by itself.
    pub celebrated: bool,
    pub led_by: Lead,
    /// What the journals of this machine teach of the steps.
    pub usual: BTreeMap<StepId, Usual>,
}

impl Session {
    /// A run in which nothing happened yet, the cursor on the first stage that needs a person.
    pub(crate) fn new(opened: Opened, now: Timestamp) -> Self {
        let outline = opened.plan.outline();
        let mut progress = opened.earlier;
        progress.know(&outline);
        let goes_on = progress.header.is_some();
        // When it began and how it ended is to be told of this run.
        (progress.started, progress.ended, progress.exit) = (None, None, None);
        let mut session = Self {
            progress,
            plan: opened.plan,
            outline,
            account: opened.account,
            why: opened.why,
            flags: opened.flags,
            stays: opened.stays,
            confirmed: BTreeSet::new(),
            cursor: Row::Stage(0),
            unfolded: BTreeSet::new(),
            focus: Focus::Stages,
            panel: Panel::Detail,
            detail_open: false,
            scroll: 0,
            log: Log::new(opened.older),
            sent: BTreeMap::new(),
            shown: now,
            open: true,
            celebrated: false,
            led_by: if goes_on { Lead::Need } else { Lead::Person },
            usual: BTreeMap::new(),
        };
        session.place();
        session
    }

    /// Takes one record in: progress, log line, request as sent. Panes whose subject is gone close. True when that took
    /// the cursor elsewhere.
    pub(crate) fn take(&mut self, record: &Record) -> bool {
        self.progress.apply(record);
        match &record.event {
            RunEvent::StepQueued { step }
            | RunEvent::StepStarted { step, .. }
            | RunEvent::StepReset { step, .. }
            | RunEvent::StepFinished { step, .. } => {
                self.confirmed.remove(step);
            }
            RunEvent::CallStarted(call) => self.sent(record.at, call),
            RunEvent::CallFinished(reply) => self.replied(reply),
            RunEvent::RunFinished { .. } => {
                self.confirmed.clear();
                self.open = false;
            }
            _ => {}
        }
        if let Some(line) = line(record) {
            self.log.push(line, matches!(record.event, RunEvent::CallStarted(_)));
        }
        if let Panel::Question(number) = self.panel
            && self.question(number).is_none()
        {
            self.close_panel();
        }
        self.led_by == Lead::Need && self.place()
    }

    fn sent(&mut self, at: Timestamp, call: &CallRecord) {
        let Some(step) = &call.step else { return };
        let calls = self.sent.entry(step.clone()).or_default();
        let same = |sent: &&mut Sent| sent.shown == call.shown;
        if let Some(before) = calls.iter_mut().find(same) {
            before.call = call.call;
            before.at = at;
            before.times += 1;
            before.reply = None;
        } else {
            calls.push(Sent {
                call: call.call,
                purpose: call.purpose,
                shown: call.shown.clone(),
                at,
                times: 1,
                reply: None,
            });
        }
    }

    fn replied(&mut self, reply: &ReplyRecord) {
        let Some(calls) = reply.step.as_ref().and_then(|step| self.sent.get_mut(step)) else { return };
        if let Some(sent) = calls.iter_mut().find(|sent| sent.call == reply.call) {
            sent.reply = Some(SentReply {
                status: reply.status,
                millis: reply.millis,
                request_id: reply.request_id.clone(),
            });
        }
    }

    /// When the run began, where the log tells times since then.
    pub(crate) fn times_since(&self) -> Option<Timestamp> {
        self.progress.started.filter(|_| self.log.manner.since_start)
    }

    /// The question `number`, while it waits.
    pub(crate) fn question(&self, number: u64) -> Option<&Question> {
        self.progress.questions.iter().find(|question| question.number == number)
    }

    /// True when the question `number` asks for a sign-in.
    pub(crate) fn signs_in(&self, number: u64) -> bool {
        let asks = |question: &Question| question.ask.choices.iter().any(|(key, _)| key == SIGNED_IN_AGAIN);
        self.question(number).is_some_and(asks)
    }

    /// In what the resource of `step` differs from the answers: as it is asked about, or was.
    pub(crate) fn differs(&self, step: &StepId) -> Vec<String> {
        let asked = self.progress.questions.iter().find(|question| question.step == *step);
        match (asked, self.progress.step(step)) {
            (Some(question), _) if !question.ask.differs.is_empty() => question.ask.differs.clone(),
            // What was changed, or is looked at anew, no longer differs.
            (_, Some(known)) if self.progress.outcome(step) != Some(Outcome::Done) => {
                known.differed().to_vec()
            }
            _ => Vec::new(),
        }
    }

    /// The question of the cursor's row, else the oldest.
    pub(crate) fn next_question(&self) -> Option<&Question> {
        let here = self.steps_of(self.cursor);
        let questions = &self.progress.questions;
        questions
            .iter()
            .find(|question| here.iter().any(|step| step.id == question.step))
            .or(questions.first())
    }

    /// Shows `panel` from its top.
    pub(crate) fn show(&mut self, panel: Panel) {
        self.panel = panel;
        self.scroll = 0;
    }

    /// Back to the detail.
    pub(crate) fn close_panel(&mut self) {
        self.show(Panel::Detail);
    }

    /// The next stage after the cursor's in which something failed or asks, round the end; the cursor's own comes last.
    pub(crate) fn trouble(&self) -> Option<usize> {
        let needs = |step: &StepOutline| {
            matches!(self.state(step), StepState::AsksYou | StepState::Finished(Outcome::Failed))
        };
        let (count, here) = (self.outline.len(), self.cursor.stage());
        (1..=count)
            .map(|ahead| (here + ahead) % count)
            .find(|stage| self.outline.get(*stage).is_some_and(|stage| stage.steps.iter().any(needs)))
    }

    pub(crate) fn counts(&self) -> Counts {
        self.progress.counts(&self.outline)
    }

    /// True while something runs, waits or asks.
    pub(crate) fn busy(&self) -> bool {
        self.open && self.counts().running > 0
    }

    /// The confirmed steps that were not started.
    pub(crate) fn queued(&self) -> Vec<StepId> {
        let steps = self.outline.iter().flat_map(|stage| &stage.steps);
        steps.filter(|step| self.state(step) == StepState::Queued).map(|step| step.id.clone()).collect()
    }

    /// Every step that waits for the person's word.
    pub(crate) fn unconfirmed(&self) -> Vec<StepId> {
        (0..self.outline.len()).flat_map(|stage| self.confirmable(Row::Stage(stage))).collect()
    }

    /// True when every step ended, none of them badly.
    pub(crate) fn complete(&self) -> bool {
        let counts = self.counts();
        !self.is_old() && counts.all > 0 && counts.done + counts.skipped == counts.all
    }

    /// The title of a step of the plan, else its id.
    pub(crate) fn title(&self, id: &StepId) -> String {
        self.plan.step(id).map_or_else(|| id.to_string(), |step| step.title.clone())
    }

    /// Until when the run took: its end, or the end of its last step when there is nothing more to do.
    pub(crate) fn until(&self, now: Timestamp) -> Timestamp {
        let last = || {
            let steps = self.outline.iter().flat_map(|stage| &stage.steps);
            steps.filter_map(|step| self.progress.step(&step.id)?.ended).max()
        };
        let done = if self.complete() { last() } else { None };
        self.progress.ended.or(done).unwrap_or(now)
    }

    /// True until the run has said its first word: what is known is from an earlier one.
    pub(crate) fn is_old(&self) -> bool {
        self.progress.header.is_some() && self.progress.started.is_none()
    }

    /// True when the run takes the setup down.
    pub(crate) fn is_teardown(&self) -> bool {
        self.progress.header.as_ref().is_some_and(|header| header.kind == RunKind::Teardown)
    }

    /// True when the way back can be begun: this run is not it, and nothing of this run is under way.
    pub(crate) fn can_take_down(&self) -> bool {
        !self.busy() && !self.is_teardown() && self.progress.header.is_some()
    }

    /// True in the embedded Azure, where nothing costs anything.
    pub(crate) fn is_sandbox(&self, cloud: &str) -> bool {
        self.progress.header.as_ref().map_or(cloud.starts_with("SANDBOX"), |header| header.sandbox)
    }
}
