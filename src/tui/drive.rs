//! The loop: one task that owns the terminal and the state, takes whatever happens in, and performs the effects.
//!
//! A key paints at once; records and ticks are held to one frame per 33 ms, so that a flood of them costs no more
//! than a trickle. It decides nothing: `update` does. `cli` calls [`run`].

use std::collections::HashMap;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::event::EventStream;
use futures::StreamExt;
use futures::future::BoxFuture;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::{Instant, sleep_until, timeout};

use crate::domain::{Answers, Fault, LogSource, Record, RunEvent, RunKind};
use crate::engine::{Command, Handle};

use super::app::App;
use super::log::{self, Seek, Sift, Take, To};
use super::msg::{Effect, Msg, Opened, Painted};
use super::signing::SignedIn;
use super::start::{End, Launch, Launched, Report, Start, TellPrompt, TuiError};
use super::summary::summary;
use super::terminal::{self, Screen, Signalled, Signals};
use super::{input, update, view};

const FRAME: Duration = Duration::from_millis(33);
/// How often time is told while something turns, and while only the clock goes on.
const TURNING: Duration = Duration::from_millis(100);
const RESTING: Duration = Duration::from_secs(1);
/// How many records are taken in between two looks at everything else.
const BATCH: usize = 512;
/// How long the engine gets to close its journal once it was told to leave.
const FAREWELL: Duration = Duration::from_secs(2);

/// Runs the wizard from its first page to its end. It owns the terminal meanwhile and has given it back when this
/// returns, fails, panics, or is dropped. The engine of a run has been told to leave by then.
pub async fn run(start: Start) -> Result<Report, TuiError> {
    if !terminal::is_there() {
        return Err(TuiError::NoTerminal);
    }
    let mut signals = Signals::new()?;
    let mut screen = Screen::enter()?;
    let mut app = App::begin(start.ground, start.options, terminal::now(), terminal::zone(), screen.size());
    app.offer(start.elsewhere, start.rehearsals);
    let mut driver = Driver::new(app, start.launcher);
    let ended = driver.drive(&mut screen, &mut signals).await;
    drop(screen);
    Box::pin(driver.report(ended)).await
}

/// What the loop does to the terminal beside drawing.
pub(super) trait Surface {
    /// Puts `text` on the clipboard.
    fn copy(&mut self, text: &str) -> io::Result<()>;
    /// Has the terminal tell of the mouse, or keep it for selecting.
    fn heed_mouse(&mut self, on: bool) -> io::Result<()>;
    /// Rings the bell.
    fn ring(&mut self) -> io::Result<()>;
}

/// The state, and the live ends of what it has under way.
pub(super) struct Driver {
    pub(super) app: App,
    launcher: Arc<dyn Launch>,
    launching: Option<JoinHandle<Result<Launched, Fault>>>,
    signing: Option<AbortHandle>,
    engine: Option<Handle>,
    events: Option<UnboundedReceiver<Record>>,
    ended: Option<BoxFuture<'static, Option<Fault>>>,
    older: Option<Arc<dyn LogSource>>,
    /// What stops looks through the journal that are under way.
    stops: HashMap<u64, Arc<AtomicBool>>,
    /// What tasks that were begun here come to.
    answers: (UnboundedSender<Msg>, UnboundedReceiver<Msg>),
}

/// What came of performing effects.
pub(super) enum Then {
    GoOn,
    Suspend,
    End(End),
}

impl Driver {
    pub(super) fn new(app: App, launcher: Arc<dyn Launch>) -> Self {
        Self {
            app,
            launcher,
            launching: None,
            signing: None,
            engine: None,
            events: None,
            ended: None,
            older: None,
            stops: HashMap::new(),
            answers: mpsc::unbounded_channel(),
        }
    }

    async fn drive(&mut self, screen: &mut Screen, signals: &mut Signals) -> Result<End, TuiError> {
        let mut keys = EventStream::new();
        let mut batch = Vec::with_capacity(BATCH);
        self.paint(screen)?;
        let mut painted = Instant::now();
        let mut ticked = painted;
        loop {
            let pause = if self.app.turns() { TURNING } else { RESTING };
            let mut then = Then::GoOn;
            tokio::select! {
                biased;
                signalled = signals.next() => match signalled {
                    Signalled::End(number) => return Ok(End::Signal(number)),
                    Signalled::Continued => {
                        screen.renew()?;
                        screen.heed_mouse(self.app.mouse)?;
                        self.app.dirty = true;
                    }
                },
                event = keys.next() => {
                    // The terminal is gone: the same as being hung up on.
                    let Some(Ok(event)) = event else { return Ok(End::Signal(1)) };
                    if let Some(message) = input::message(event) {
                        self.step(Msg::Tick(terminal::now()), screen)?;
                        then = self.step(message, screen)?;
                        if self.app.dirty && matches!(then, Then::GoOn) {
                            self.paint(screen)?;
                            painted = Instant::now();
                        }
                    }
                }
                () = sleep_until(painted + FRAME), if self.app.dirty => {
                    self.paint(screen)?;
                    painted = Instant::now();
                }
                happened = self.happens(&mut batch) => match happened {
                    None => for record in batch.drain(..) {
                        self.step(Msg::Run(record), screen)?;
                    },
                    Some(message) => {
                        self.step(Msg::Tick(terminal::now()), screen)?;
                        then = self.step(message, screen)?;
                    }
                },
                () = sleep_until(ticked + pause), if self.app.ticking() => {
                    ticked = Instant::now();
                    then = self.step(Msg::Tick(terminal::now()), screen)?;
                }
            }
            match then {
                Then::GoOn => {}
                Then::End(end) => return Ok(end),
                Then::Suspend => {
                    // Whoever has the terminal meanwhile must get its keys.
                    drop(keys);
                    terminal::suspend(screen, signals).await?;
                    keys = EventStream::new();
                    screen.heed_mouse(self.app.mouse)?;
                    self.app.dirty = true;
                }
            }
        }
    }

    /// What happens beside the terminal; `None` when records have come, which are in `batch` then. Nothing is lost when
    /// it is dropped before that.
    pub(super) async fn happens(&mut self, batch: &mut Vec<Record>) -> Option<Msg> {
        tokio::select! {
            biased;
            count = receive(&mut self.events, batch) => {
                if count == 0 {
                    self.events = None;
                }
                None
            }
            // After its last record, so that the reason stands where the person looks.
            why = ended(&mut self.ended), if self.events.is_none() => {
                self.ended = None;
                Some(Msg::RunClosed(why.map(Box::new)))
            }
            launched = launched(&mut self.launching) => {
                self.launching = None;
                let result = launched.map(|launched| self.opened(launched)).map_err(|fault| *fault);
                Some(Msg::Launched(Box::new(result)))
            }
            Some(answer) = self.answers.1.recv() => Some(answer),
        }
    }

    fn step(&mut self, message: Msg, screen: &mut Screen) -> Result<Then, TuiError> {
        let effects = terminal::guarded(|| update::update(&mut self.app, message));
        self.perform(effects, screen)
    }

    fn paint(&mut self, screen: &mut Screen) -> Result<(), TuiError> {
        let app = &self.app;
        let mut painted = Painted::default();
        terminal::guarded(|| screen.draw(&app.title(), |frame| painted = view::view(app, frame)))?;
        self.app.dirty = false;
        self.step(Msg::Painted(painted), screen)?;
        Ok(())
    }

    pub(super) fn perform(
        &mut self,
        effects: Vec<Effect>,
        screen: &mut impl Surface,
    ) -> Result<Then, TuiError> {
        let mut then = Then::GoOn;
        for effect in effects {
            match effect {
                Effect::Enter(place, rehearsal) => {
                    let launcher = Arc::clone(&self.launcher);
                    self.ask(
                        async move { launcher.enter(place, rehearsal).await.map(Box::new) },
                        Msg::Entered,
                    );
                }
                Effect::Ways => {
                    let launcher = Arc::clone(&self.launcher);
                    self.ask(async move { launcher.ways().await }, Msg::Ways);
                }
                Effect::SignIn(way) => {
                    let (launcher, answers) = (Arc::clone(&self.launcher), self.answers.0.clone());
                    let tell: TellPrompt = Box::new(move |prompt| {
                        // Nobody listens any more when the wizard has ended.
                        let _ = answers.send(Msg::Prompted(prompt));
                    });
                    self.signs_in(async move { launcher.sign_in(way, tell).await });
                }
                Effect::TakeTenant(tenant) => {
                    let launcher = Arc::clone(&self.launcher);
                    self.signs_in(async move { launcher.take_tenant(tenant).await });
                }
                Effect::StopSignIn => {
                    if let Some(signing) = self.signing.take() {
                        signing.abort();
                    }
                }
                Effect::OpenLink(url) => {
                    if !self.launcher.open_link(&url) {
                        self.app.tell("no browser could be opened: copy the address with y");
                        self.app.dirty = true;
                    }
                }
                Effect::Propose(answers) => {
                    let launcher = Arc::clone(&self.launcher);
                    self.ask(async move { launcher.propose(*answers).await.map(Box::new) }, Msg::Proposed);
                }
                Effect::Judge(key, text, answers) => {
                    let launcher = Arc::clone(&self.launcher);
                    let asked = async move { launcher.verdict(*answers, key).await };
                    self.ask(asked, move |verdict| Msg::Judged(key, text, verdict));
                }
                Effect::Check(answers) => {
                    let launcher = Arc::clone(&self.launcher);
                    self.ask(async move { launcher.check(*answers).await.map(Box::new) }, Msg::Checked);
                }
                Effect::HandOver(hand_off) => {
                    let launcher = Arc::clone(&self.launcher);
                    self.ask(async move { launcher.hand_over(*hand_off).await }, Msg::Handed);
                }
                Effect::Keep(answers) => {
                    let launcher = Arc::clone(&self.launcher);
                    self.ask(async move { launcher.keep(*answers).await }, Msg::Kept);
                }
                Effect::Launch(answers, kind) => self.launch(*answers, kind),
                Effect::Usual => {
                    let (launcher, answers) = (Arc::clone(&self.launcher), self.answers.0.clone());
                    tokio::spawn(async move {
                        // Nobody listens any more when the wizard has ended.
                        let _ = answers.send(Msg::Usual(launcher.usual().await));
                    });
                }
                Effect::Candidates(step) => {
                    let (launcher, of) = (Arc::clone(&self.launcher), step.clone());
                    let asked = async move { launcher.candidates(of).await };
                    self.ask(asked, |found| Msg::Candidates(step, found));
                }
                Effect::Choices(key, answers) => {
                    let launcher = Arc::clone(&self.launcher);
                    let asked = async move { launcher.choices(*answers, key).await };
                    self.ask(asked, move |found| Msg::Choices(key, found));
                }
                Effect::Review(answers) => {
                    let launcher = Arc::clone(&self.launcher);
                    self.ask(async move { launcher.review(*answers).await.map(Box::new) }, Msg::Reviewed);
                }
                Effect::Export(answers, form) => {
                    let launcher = Arc::clone(&self.launcher);
                    self.ask(async move { launcher.export(*answers, form).await }, Msg::Exported);
                }
                Effect::WayBack(answers) => {
                    let launcher = Arc::clone(&self.launcher);
                    self.ask(async move { launcher.way_back(*answers).await.map(Box::new) }, Msg::WayBack);
                }
                Effect::StopLaunch => {
                    if let Some(launching) = self.launching.take() {
                        launching.abort();
                    }
                }
                Effect::Send(command) => {
                    if let Some(engine) = &self.engine {
                        engine.send(command);
                    }
                }
                Effect::Copy(text) => screen.copy(&text)?,
                Effect::Bell => screen.ring()?,
                Effect::Mouse(on) => screen.heed_mouse(on)?,
                Effect::Older { numbers, anchor } => self.look(move |source| {
                    let shift = anchor.shift(source);
                    Some(Msg::Older { shift, lines: log::read(source, &numbers) })
                }),
                Effect::Seek(wanted) => self.seek(wanted),
                Effect::Sift(wanted) => self.sift(wanted),
                Effect::StopLog(token) => {
                    if let Some(stop) = self.stops.remove(&token) {
                        stop.store(true, Ordering::Relaxed);
                    }
                }
                Effect::Exchange { call, copy } => self.look(move |source| {
                    Some(Msg::Exchanged { call, copy, found: source.exchange(call).map(Box::new) })
                }),
                Effect::Take(take) => self.take(take),
                Effect::Suspend => then = Then::Suspend,
                Effect::End(end) => then = Then::End(end),
            }
        }
        Ok(then)
    }

    fn launch(&mut self, answers: Answers, kind: RunKind) {
        let launcher = Arc::clone(&self.launcher);
        // One run ends before the other begins; what it still says is told nowhere, and stands in its journal.
        if let Some(engine) = self.engine.take() {
            engine.send(Command::Leave);
        }
        let before = self.ended.take();
        self.events = None;
        let launching = tokio::spawn(async move {
            if let Some(before) = before {
                before.await;
            }
            launcher.launch(answers, kind).await
        });
        if let Some(before) = self.launching.replace(launching) {
            before.abort();
        }
    }

    /// Signs in beside the screen. One that is under way is dropped: what it was asked for is asked for no more.
    fn signs_in(&mut self, signed_in: impl Future<Output = Result<SignedIn, Fault>> + Send + 'static) {
        let signing = tokio::spawn(signed_in);
        let stop = signing.abort_handle();
        let answers = self.answers.0.clone();
        tokio::spawn(async move {
            let result = match signing.await {
                Ok(result) => result.map_err(Box::new),
                Err(error) if error.is_cancelled() => return,
                Err(_) => Err(Box::new(fell_over("while signing in"))),
            };
            // Nobody listens any more when the wizard has ended.
            let _ = answers.send(Msg::SignedIn(result));
        });
        if let Some(before) = self.signing.replace(stop) {
            before.abort();
        }
    }

    /// Has something done beside the screen; what comes of it arrives as the message that `told` makes.
    fn ask<T: Send + 'static>(
        &self,
        asked: impl Future<Output = Result<T, Fault>> + Send + 'static,
        told: impl FnOnce(Result<T, Box<Fault>>) -> Msg + Send + 'static,
    ) {
        let asked = tokio::spawn(asked);
        let answers = self.answers.0.clone();
        tokio::spawn(async move {
            let result = match asked.await {
                Ok(result) => result.map_err(Box::new),
                Err(_) => Err(Box::new(fell_over("at that"))),
            };
            // Nobody listens any more when the wizard has ended.
            let _ = answers.send(told(result));
        });
    }

    /// Keeps the live ends of what was launched, and gives the rest to the state.
    fn opened(&mut self, launched: Launched) -> Opened {
        let opened = Opened {
            plan: launched.plan,
            account: launched.account,
            why: launched.why,
            flags: launched.flags,
            older: launched.older.len(),
            earlier: launched.earlier,
            stays: launched.stays,
        };
        self.engine = Some(launched.engine);
        self.events = Some(launched.events);
        self.ended = Some(launched.ended);
        self.older = Some(launched.older);
        opened
    }

    /// Has something looked for in the journal; what comes of it arrives as a message. `None` says nothing.
    fn look(&self, looks: impl FnOnce(&dyn LogSource) -> Option<Msg> + Send + 'static) {
        let Some(source) = self.older.clone() else { return };
        let answer = self.answers.0.clone();
        tokio::task::spawn_blocking(move || {
            if let Some(message) = looks(source.as_ref()) {
                // Nobody listens any more when the wizard has ended.
                let _ = answer.send(message);
            }
        });
    }

    /// A mark that says when to stop the look through the journal of that token.
    fn stoppable(&mut self, token: u64) -> impl Fn() -> bool + Send + 'static {
        let stop = Arc::new(AtomicBool::new(false));
        self.stops.retain(|_, stop| Arc::strong_count(stop) > 1);
        self.stops.insert(token, Arc::clone(&stop));
        move || stop.load(Ordering::Relaxed)
    }

    fn seek(&mut self, wanted: Box<Seek>) {
        let stop = self.stoppable(wanted.token);
        self.look(move |source| {
            let hit = log::seek(source, &wanted, &stop);
            let shift = wanted.anchor.shift(source);
            (!stop()).then_some(Msg::Sought { token: wanted.token, shift, hit })
        });
    }

    fn sift(&mut self, wanted: Box<Sift>) {
        let stop = self.stoppable(wanted.token);
        self.look(move |source| {
            let shift = wanted.anchor.shift(source);
            let numbers = log::sift(source, &wanted, shift, &stop)?;
            Some(Msg::Sifted { token: wanted.token, shift, numbers })
        });
    }

    fn take(&self, take: Box<Take>) {
        let launcher = Arc::clone(&self.launcher);
        self.look(move |source| {
            Some(match &take.to {
                To::Clipboard(most) => {
                    let (text, count, all) = take.newest(source, *most);
                    Msg::Taken { text, told: take.copied(count, all) }
                }
                To::File(name) => Msg::Saved(launcher.save(name, &mut take.lines(source))),
            })
        });
    }

    /// Says farewell to the engine; gives what is left behind.
    pub(super) async fn report(mut self, ended: Result<End, TuiError>) -> Result<Report, TuiError> {
        self.farewell().await;
        let end = match ended? {
            End::Signal(number) => End::Signal(number),
            _ => self.app.end(),
        };
        let summary = self.app.session.as_ref().map_or_else(String::new, |session| {
            summary(&session.plan, &session.progress, &self.app.form.answers(), &session.flags)
        });
        Ok(Report { end, summary })
    }

    /// Tells the engine to leave and takes in what it still has to say, for the summary.
    async fn farewell(&mut self) {
        if let Some(launching) = self.launching.take() {
            launching.abort();
        }
        let Some(engine) = self.engine.take() else { return };
        engine.send(Command::Leave);
        drop(engine);
        let Some(mut events) = self.events.take() else { return };
        let app = &mut self.app;
        let last_words = async {
            while let Some(record) = events.recv().await {
                let over = matches!(record.event, RunEvent::RunFinished { .. });
                update::update(app, Msg::Run(record));
                if over {
                    break;
                }
            }
        };
        // An engine that hangs is no reason to keep the person waiting: the summary tells what is known.
        let _ = timeout(FAREWELL, last_words).await;
    }
}

async fn receive(events: &mut Option<UnboundedReceiver<Record>>, batch: &mut Vec<Record>) -> usize {
    match events {
        Some(events) => events.recv_many(batch, BATCH).await,
        None => pending().await,
    }
}

async fn ended(ended: &mut Option<BoxFuture<'static, Option<Fault>>>) -> Option<Fault> {
    match ended {
        Some(ended) => ended.await,
        None => pending().await,
    }
}

async fn launched(
    launching: &mut Option<JoinHandle<Result<Launched, Fault>>>,
) -> Result<Launched, Box<Fault>> {
    let Some(launching) = launching else { return pending().await };
    match launching.await {
        Ok(result) => result.map_err(Box::new),
        Err(_) => Err(Box::new(fell_over("while starting"))),
    }
}

/// A task that panicked. What the panic said stands in the terminal once the screen is left.
fn fell_over(when: &str) -> Fault {
    Fault::new(format!("hubup itself failed {when}"), "start it again; if it stays, report it")
}
