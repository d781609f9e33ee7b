//! The wizard without a terminal, for the benches alone: the real state, update and view, drawn into memory.
//!
//! Nothing of hubup calls it.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use uuid::Uuid;

use super::app::{App, Page};
use super::ground::{Ground, Place};
use super::log::HELD;
use super::msg::{Key, Msg, Opened, Painted};
use super::start::{Banner, ScreenOptions};
use super::update::update;
use super::view::view;
use crate::domain::{
    Answers, Auth, CallId, CallRecord, Method, Next, Outcome, Plan, PlannedStage, Progress, Purpose, Record,
    ReplyRecord, Request, RunEvent, StageId, Step, StepId, StepOutputs,
};

const STEP: StepId = StepId::new("hub.create");
const PATH: &str = "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg/providers/Microsoft.Devices/IotHubs/factory-hub";

/// Counts what is written to it.
struct Counter(Arc<AtomicUsize>);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.fetch_add(bytes.len(), Ordering::Relaxed);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A wizard on the page of the stages, with a log.
pub struct Rig {
    app: App,
    terminal: Terminal<CrosstermBackend<Counter>>,
    written: Arc<AtomicUsize>,
    number: u128,
    millis: i64,
}

impl Rig {
    /// A wizard of that size whose log has so many lines, the newest in memory as ever.
    pub fn new(width: u16, height: u16, lines: usize) -> io::Result<Self> {
        let mut app = App::begin(
            ground(),
            ScreenOptions::default(),
            Timestamp::UNIX_EPOCH,
            TimeZone::UTC,
            (width, height),
        );
        let older = lines.saturating_sub(HELD);
        app.open(Opened {
            flags: String::new(),
            plan: plan()?,
            account: "ada@contoso.example".into(),
            why: String::new(),
            older,
            earlier: Progress::default(),
            stays: Vec::new(),
        });
        app.turn(Page::Setup);
        let written = Arc::new(AtomicUsize::new(0));
        let area = Rect { x: 0, y: 0, width, height };
        let terminal = Terminal::with_options(
            CrosstermBackend::new(Counter(written.clone())),
            TerminalOptions { viewport: Viewport::Fixed(area) },
        )?;
        let mut rig = Self { app, terminal, written, number: 0, millis: 0 };
        rig.feed(RunEvent::StepStarted { step: STEP, look: false });
        for _ in older..lines {
            rig.event();
        }
        rig.frame()?;
        Ok(rig)
    }

    /// One event of a run: a call is answered, and the next is sent.
    pub fn event(&mut self) {
        let before = CallId(Uuid::from_u128(self.number));
        self.number += 1;
        let call = CallId(Uuid::from_u128(self.number));
        if self.number.is_multiple_of(2) {
            self.feed(RunEvent::CallFinished(Box::new(ReplyRecord {
                call: before,
                step: Some(STEP),
                method: Method::Get,
                target: "IotHubs/factory-hub".into(),
                status: Some(200),
                millis: 41,
                error: None,
                code: None,
                message: None,
                state: Some("Activating".into()),
                request_id: None,
                correlation_id: None,
                retry_after: None,
                body: None,
            })));
        }
        let request =
            Request::new(Method::Get, Auth::ResourceManager, "management.azure.com", PATH, "a-version");
        self.feed(RunEvent::CallStarted(Box::new(CallRecord {
            call,
            step: Some(STEP),
            purpose: Purpose::Prove,
            shown: request.shown(&crate::domain::Outputs::default()),
            retry_of: None,
        })));
    }

    fn feed(&mut self, event: RunEvent) {
        self.millis += 1;
        let at = Timestamp::from_millisecond(self.millis).unwrap_or(Timestamp::UNIX_EPOCH);
        update(&mut self.app, Msg::Run(Record { at, seq: 0, event }));
    }

    /// A key that moves the cursor of the stages.
    pub fn key(&mut self) {
        let down = self.millis % 2 == 0;
        self.millis += 1;
        update(&mut self.app, Msg::Key(if down { Key::Down } else { Key::Up }));
    }

    /// Draws a frame as the wizard does; gives how many bytes went to the terminal.
    pub fn frame(&mut self) -> io::Result<usize> {
        let before = self.written.load(Ordering::Relaxed);
        let mut painted = Painted::default();
        let app = &self.app;
        self.terminal.draw(|frame| painted = view(app, frame))?;
        self.app.dirty = false;
        update(&mut self.app, Msg::Painted(painted));
        Ok(self.written.load(Ordering::Relaxed) - before)
    }
}

fn ground() -> Ground {
    let answers = Answers::fresh("factory", "11111111-1111-4111-8111-111111111111", "rg", "eastus2");
    Ground {
        place: Place::Sandbox,
        another: answers.clone(),
        answers,
        resume: None,
        others: Vec::new(),
        fields: Vec::new(),
        banner: Banner { cloud: "SANDBOX x60".into(), detail: String::new() },
        scale: 60.0,
        asks_who: false,
        proposes: false,
    }
}

/// Seven stages of three steps.
fn plan() -> io::Result<Plan> {
    let step = |id: String| {
        let done = |_: &Answers, _: &crate::domain::Outputs, _: &mut crate::domain::Replay<'_>| {
            Ok(Next::Done { outcome: Outcome::Done, note: None, outputs: StepOutputs::new() })
        };
        Step::new(StepId::from(id.clone()), format!("Make {id}"), done).because("So that something is there.")
    };
    let stages = (1..=7).map(|stage| PlannedStage {
        id: StageId::from(format!("stage-{stage}")),
        heading: format!("Stage {stage}"),
        steps: (1..=3)
            .map(|number| {
                let first = (stage, number) == (1, 1);
                step(if first { STEP.to_string() } else { format!("stage-{stage}.step-{number}") })
            })
            .collect(),
    });
    Plan::new(stages.collect()).map_err(io::Error::other)
}
