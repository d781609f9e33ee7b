//! The conversation: waits until there is something to ask, asks it as one block, takes the next line, goes on.
//!
//! It owns state and engine through [`Driver`], and decides nothing of what a line does: that is `hear` and `update`.

mod asking;

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep_until};

use crate::domain::{Level, Record, RunEvent, StepId, line};
use crate::tui::app::{App, Page};
use crate::tui::drive::{Driver, Then};
use crate::tui::keymap::{Action, page_bindings};
use crate::tui::msg::{Effect, Key, Msg};
use crate::tui::session::Panel;
use crate::tui::start::{End, TuiError};
use crate::tui::summary::counted;
use crate::tui::terminal::{self, Signalled, Signals};
use crate::tui::update::update;

use super::block::{Block, block, of_entry, of_reviewed_step, of_row};
use super::hear::{self, Heard, hear};
use super::rest::{moves, still};
use super::talk::Talk;
use super::words::{enter, ways};

/// After so long without a line it is told what is still under way.
const SILENCE: Duration = Duration::from_secs(30);
/// An order that the engine has nothing to say to is not waited for any longer.
const UNHEARD: Duration = Duration::from_secs(2);
/// A prompt that lines were told below stands again when nothing more was told for so long.
const PAUSE: Duration = Duration::from_secs(1);
/// And at the latest after so long, however much is told.
const REMINDED: Duration = Duration::from_secs(10);
const SECOND: Duration = Duration::from_secs(1);
const BATCH: usize = 512;
const KNOWN: usize = 8;

/// The conversation.
#[expect(clippy::struct_excessive_bools, reason = "independent facts about what was said")]
pub(super) struct Conversation {
    driver: Driver,
    talk: Talk,
    typed: Receiver<String>,
    piped: bool,
    signals: Signals,
    /// True while an answer of the form is asked for; `before` are all of them as they were.
    editing: bool,
    before: Vec<String>,
    /// True once the answer was given that is being judged.
    answered: bool,
    /// Questions that the person wants to answer later.
    later: BTreeSet<u64>,
    /// The steps that were told something and have not answered.
    orders: BTreeSet<StepId>,
    /// Things asked for beside the page, such as whether a name is free.
    errands: usize,
    errand: &'static str,
    /// The question that was told last; none while one has to be told.
    asked: Option<Block>,
    /// The page that it was of.
    of: Option<std::mem::Discriminant<Page>>,
    /// True when it has to be told whole.
    whole: bool,
    /// What was told to be under way.
    awaited: Option<&'static str>,
    /// True once it was told how to type while the run goes on.
    taught: bool,
    /// True while the run has moved since a person was asked.
    ran: bool,
    /// What was said of a step that only waits: it is not said again while it stays so.
    known: BTreeMap<StepId, Vec<String>>,
    /// When something was said, when the prompt was, when something was last heard of the run or told to it, and when the
    /// time was told.
    said: Instant,
    prompted: Instant,
    heard: Instant,
    ticked: Instant,
}

impl Conversation {
    pub(super) fn new(
        driver: Driver,
        talk: Talk,
        typed: Receiver<String>,
        piped: bool,
        signals: Signals,
    ) -> Self {
        let now = Instant::now();
        Self {
            driver,
            talk,
            typed,
            piped,
            signals,
            editing: false,
            before: Vec::new(),
            answered: false,
            later: BTreeSet::new(),
            orders: BTreeSet::new(),
            errands: 0,
            errand: "",
            asked: None,
            of: None,
            whole: true,
            awaited: None,
            taught: false,
            ran: false,
            known: BTreeMap::new(),
            said: now,
            prompted: now,
            heard: now,
            ticked: now,
        }
    }

    /// What is left of it.
    pub(super) fn apart(self) -> (Driver, Talk) {
        (self.driver, self.talk)
    }

    /// Holds it to its end.
    pub(super) async fn hold(&mut self) -> Result<End, TuiError> {
        let mut batch: Vec<Record> = Vec::with_capacity(BATCH);
        loop {
            if let Then::End(end) = self.attend()? {
                return Ok(end);
            }
            let listens = !self.piped || self.asked.is_some();
            let wakes = self.wakes();
            let mut then = Then::GoOn;
            tokio::select! {
                biased;
                signalled = self.signals.next() => match signalled {
                    // Ctrl+C is a key of the wizard, also where the terminal makes a signal of it.
                    Signalled::End(number) if number == INTERRUPT => then = self.step(Msg::Key(Key::Ctrl('c')))?,
                    Signalled::End(number) => return Ok(End::Signal(number)),
                    Signalled::Continued => self.asked = None,
                },
                happened = self.driver.happens(&mut batch) => {
                    self.step(Msg::Tick(terminal::now()))?;
                    match happened {
                        None => for record in std::mem::take(&mut batch) {
                            self.record(record)?;
                        },
                        Some(message) => then = self.step(message)?,
                    }
                }
                line = self.typed.recv(), if listens => {
                    self.step(Msg::Tick(terminal::now()))?;
                    then = match line {
                        Some(line) => self.hear(&line)?,
                        None => return self.input_ended(),
                    };
                }
                () = wake(wakes) => then = self.tick()?,
            }
            if let Then::End(end) = then {
                return Ok(end);
            }
        }
    }

    fn app(&self) -> &App {
        &self.driver.app
    }

    fn say(&mut self, text: &str) {
        self.said = Instant::now();
        self.talk.say(text);
    }

    /// Takes a message in, and performs what comes of it.
    fn step(&mut self, message: Msg) -> Result<Then, TuiError> {
        if matches!(message, Msg::Judged(..) | Msg::Kept(_) | Msg::Handed(_) | Msg::Exported(_)) {
            self.errands = self.errands.saturating_sub(1);
        }
        let prompted = matches!(message, Msg::Prompted(_));
        if matches!(message, Msg::Launched(_)) {
            // Its first record is on its way.
            self.heard = Instant::now();
        }
        let effects = update(&mut self.driver.app, message);
        for effect in &effects {
            match effect {
                Effect::Judge(..) => {
                    (self.errands, self.errand) = (self.errands + 1, "Asking whether the names are free.");
                }
                Effect::Keep(_) | Effect::HandOver(_) | Effect::Export(..) => {
                    (self.errands, self.errand) = (self.errands + 1, "Writing the file.");
                }
                Effect::Send(command) => {
                    self.heard = Instant::now();
                    self.ran = true;
                    let told =
                        self.driver.app.session.as_ref().map(|session| hear::told_to(session, command));
                    self.orders.extend(told.unwrap_or_default());
                }
                Effect::Launch(..) => {
                    self.later.clear();
                    self.orders.clear();
                    self.ran = true;
                }
                _ => {}
            }
        }
        let then = self.driver.perform(effects, &mut self.talk)?;
        self.notes();
        if prompted {
            // What a person has to do for the sign-in is told at once; it goes on by itself.
            for line in block(self.app(), true).lines() {
                self.say(&line);
            }
        }
        Ok(then)
    }

    /// Tells what the screen would show for a while.
    fn notes(&mut self) {
        if let Some(note) = self.driver.app.note.take() {
            self.say(&format!("{}.", note.text.trim_end_matches('.')));
        }
        let page = matches!(
            self.app().page,
            Page::Welcome | Page::Form | Page::Preflight | Page::Teardown | Page::Starting { .. }
        );
        if page && let Some(fault) = self.driver.app.fault.take() {
            self.said = Instant::now();
            self.talk.fault("It could not be done.", &fault);
            self.asked = None;
        }
    }

    /// Takes a record of the run in and tells it.
    fn record(&mut self, record: Record) -> Result<(), TuiError> {
        self.heard = Instant::now();
        self.ran = true;
        if let Some(step) = record.event.step() {
            self.orders.remove(step);
        }
        let told = line(&record).filter(|line| line.level != Level::Detail && self.is_news(&record));
        let asks = matches!(record.event, RunEvent::Asked(_));
        self.step(Msg::Run(record))?;
        if let Some(line) = told {
            let text = line.text.split_whitespace().collect::<Vec<_>>().join(" ");
            let step = if line.step.is_empty() { String::new() } else { format!("{}: ", line.step) };
            // The question itself is told as one block.
            if !asks {
                self.say(&format!("{step}{text}"));
            }
        }
        Ok(())
    }

    /// False for a look or a wait that came to the same as the one before: that is what `still` tells now and then.
    fn is_news(&mut self, record: &Record) -> bool {
        let Some(step) = record.event.step() else { return true };
        let says = match &record.event {
            RunEvent::StepWaiting { why, .. } => why.clone(),
            RunEvent::CallFinished(reply) if reply.method.is_read() => {
                format!(
                    "{} {} {:?} {:?} {:?}",
                    reply.method, reply.target, reply.status, reply.state, reply.code
                )
            }
            _ => {
                self.known.remove(step);
                return true;
            }
        };
        let known = self.known.entry(step.clone()).or_default();
        let news = !known.contains(&says);
        known.push(says);
        // Nothing takes turns among more than a few.
        known.drain(..known.len().saturating_sub(KNOWN));
        news
    }

    /// Takes a typed line in.
    fn hear(&mut self, typed: &str) -> Result<Then, TuiError> {
        if self.piped {
            self.talk.repeat(typed.trim());
        } else {
            self.talk.typed();
        }
        self.said = Instant::now();
        let editing = self.editing && self.app().form.picking.is_none() && !self.app().form.leaving;
        let app = &mut self.driver.app;
        let later = match app.session.as_ref().map(|session| &session.panel) {
            Some(Panel::Question(number)) => Some(*number),
            _ => None,
        };
        let picking = app.form.picking.is_some();
        let heard = if editing { hear::answer(app, typed) } else { hear(app, typed) };
        let standing = self.asked.take();
        match heard {
            Heard::Do(messages) => {
                for message in messages {
                    if let then @ Then::End(_) = self.step(message)? {
                        return Ok(then);
                    }
                }
            }
            Heard::Answered(messages) => {
                self.answered = true;
                for message in messages {
                    self.step(message)?;
                }
            }
            Heard::Say(text) => {
                self.say(&text);
                self.stand(standing);
            }
            Heard::Edit => {
                self.editing = true;
                self.before = self.app().form.entries.iter().map(of_entry).collect();
            }
            Heard::Went => {
                let session = self.app().session.as_ref();
                let told = session.filter(|session| moves(session, &self.orders));
                // Where nothing moves, it is told with the question.
                for line in told.map(|session| of_row(self.app(), session)).unwrap_or_default() {
                    self.say(&line);
                }
            }
            Heard::Settled => {
                self.editing = false;
                let form = &mut self.driver.app.form;
                form.at = form.entries.len();
            }
            Heard::Again => self.whole = true,
            Heard::Help => {
                self.help();
                self.stand(standing);
            }
            Heard::Row => {
                let told = self.app().session.as_ref().map(|session| of_row(self.app(), session));
                for line in told.unwrap_or_default() {
                    self.say(&line);
                }
                self.stand(standing);
            }
            Heard::Reviewed => {
                let told = self.app().review.as_ref().map(of_reviewed_step);
                self.said = Instant::now();
                if let Some(paper) = told {
                    self.talk.read(&paper);
                }
                match enter(self.app()).map(|binding| binding.action) {
                    Some(Action::Deeper) => return self.step(Msg::Key(Key::Enter)),
                    _ => self.stand(standing),
                }
            }
        }
        // One that was put off is asked about again by its key alone.
        let open = self.app().session.as_ref().map(|session| &session.panel);
        if let (Some(number), Some(Panel::Detail)) = (later, open) {
            self.later.insert(number);
        }
        // An answer that was taken from a list is judged like one that was typed.
        if picking && self.app().form.picking.is_none() && self.editing {
            self.answered = true;
        }
        // What does not fit yet was gone to: it is asked for.
        let form = &self.driver.app.form;
        if matches!(self.app().page, Page::Form) && !self.editing && form.at < form.entries.len() && !picking
        {
            let wrong = form.first_wrong() == Some(form.at);
            if wrong && !form.leaving {
                self.editing = true;
                self.before = form.entries.iter().map(of_entry).collect();
            }
        }
        Ok(Then::GoOn)
    }

    /// Has the question that was told stand again, by its prompt alone.
    fn stand(&mut self, standing: Option<Block>) {
        if let Some(asked) = standing {
            self.prompted = Instant::now();
            self.talk.ask(&asked.prompt);
            self.asked = Some(asked);
        }
    }

    /// Everything that can be typed, in the sentences of the screen's help.
    fn help(&mut self) {
        for way in ways(self.app()) {
            let digit = way.letter.is_some_and(|letter| letter.is_ascii_digit());
            if !digit && way.key != Key::Enter {
                self.say(&format!("{}: {}.", way.name(), way.help));
            }
        }
        let enter = page_bindings(self.app()).into_iter().find(|binding| binding.keys.contains(&Key::Enter));
        if let Some(binding) = enter.filter(|binding| binding.action != Action::NextField) {
            self.say(&format!("Enter alone: {}.", binding.help));
        }
        if matches!(self.app().page, Page::Setup | Page::Form) {
            self.say("list: tells everything there is here again, with its numbers.");
        }
        self.say("A letter can be typed as its word, too. Every line ends with Enter. ?: this list.");
    }

    /// Nobody can say anything more: as Ctrl+C, and what that asks is answered by leaving.
    fn input_ended(&mut self) -> Result<End, TuiError> {
        self.say("The input has ended: hubup leaves.");
        for _ in 0..2 {
            if let Then::End(end) = self.step(Msg::Key(Key::Ctrl('c')))? {
                return Ok(end);
            }
        }
        Ok(self.app().end())
    }

    /// When there is something to do although nothing happens.
    fn wakes(&self) -> Option<Instant> {
        let now = Instant::now();
        let busy = self.asked.is_none() || self.app().ticking();
        busy.then(|| (self.ticked + SECOND).max(now))
    }

    /// Tells the time, what is still under way, and the prompt that other lines were told below.
    fn tick(&mut self) -> Result<Then, TuiError> {
        self.ticked = Instant::now();
        let then = self.step(Msg::Tick(terminal::now()))?;
        if (self.said.elapsed() >= PAUSE || self.prompted.elapsed() >= REMINDED)
            && !self.talk.stands()
            && let Some(asked) = self.asked.take()
        {
            let about = self.waiting_for();
            if let Some(about) = about {
                self.say(&about);
            }
            self.stand(Some(asked));
        }
        if self.said.elapsed() >= SILENCE {
            let moves = self.app().session.as_ref().is_some_and(|session| moves(session, &self.orders));
            if self.asked.is_none() || moves {
                for line in still(self.app(), &self.orders) {
                    self.say(&line);
                }
            }
        }
        Ok(then)
    }

    /// What the prompt asks that stands again.
    fn waiting_for(&self) -> Option<String> {
        let session = self.app().session.as_ref()?;
        match session.panel {
            Panel::Question(number) => {
                let question = session.question(number)?;
                let choices = question.ask.choices.iter().enumerate();
                let choices: Vec<String> =
                    choices.map(|(index, (_, label))| format!("{} {label}", index + 1)).collect();
                Some(format!(
                    "{} still asks you: {} {}.",
                    session.title(&question.step),
                    question.ask.question,
                    choices.join("; ")
                ))
            }
            _ => Some(format!("{}.", counted(session.counts()))),
        }
    }
}

/// The number of the signal that Ctrl+C makes.
const INTERRUPT: i32 = 2;

async fn wake(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => pending().await,
    }
}
