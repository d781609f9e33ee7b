//! When something is asked, and that it is said once: the part of the conversation that a person waits for.

use tokio::time::Instant;

use super::super::block::{block, of_answer, of_entry, told_page};
use super::super::rest::{awaited, moves, runs};
use super::{Conversation, UNHEARD};
use crate::tui::app::Page;
use crate::tui::drive::Then;
use crate::tui::msg::{Key, Msg, Painted};
use crate::tui::session::{Panel, Session};
use crate::tui::start::TuiError;
use crate::tui::terminal;

impl Conversation {
    /// Asks what is to be asked, as soon as nothing more is under way.
    pub(super) fn attend(&mut self) -> Result<Then, TuiError> {
        // What is told and asks nothing leads back by itself.
        while let Some((heading, lines)) = told_page(self.app()) {
            self.say(&heading);
            for line in lines {
                self.say(&line);
            }
            self.asked = None;
            if let then @ Then::End(_) = self.step(Msg::Key(Key::Esc))? {
                return Ok(then);
            }
        }
        let of = std::mem::discriminant(&self.app().page);
        if self.of != Some(of) {
            (self.of, self.whole, self.asked, self.editing) = (Some(of), true, None, false);
        }
        if let (Page::Form, false) = (&self.driver.app.page, self.editing) {
            let form = &mut self.driver.app.form;
            if form.picking.is_none() {
                // Enter starts.
                form.at = form.entries.len();
            }
        }
        if matches!(self.app().page, Page::Form) && self.app().can_ask() && self.app().form.wonders() {
            self.step(Msg::Tick(terminal::now()))?;
        }
        if let Page::Setup = self.app().page {
            if !self.answers_first() {
                return Ok(Then::GoOn);
            }
        } else if let Some(what) = awaited(self.app()).or((self.errands > 0).then_some(self.errand)) {
            if self.awaited != Some(what) {
                self.awaited = Some(what);
                self.say(what);
            }
            self.asked = None;
            return Ok(Then::GoOn);
        }
        self.awaited = None;
        self.judged();
        self.ask()?;
        Ok(Then::GoOn)
    }

    /// On the stages: opens a question that waits, or waits until nothing moves. True when a person can be asked.
    fn answers_first(&mut self) -> bool {
        if let Some(what) = awaited(self.app()) {
            if self.awaited != Some(what) {
                self.awaited = Some(what);
                self.say(what);
            }
            self.asked = None;
            return false;
        }
        let Some(session) = &self.driver.app.session else { return true };
        if session.panel != Panel::Detail {
            return true;
        }
        let waits = |session: &Session| {
            let mut questions = session.progress.questions.iter();
            let new = questions.find(|question| {
                !self.later.contains(&question.number) && !self.orders.contains(&question.step)
            });
            new.map(|question| question.number)
        };
        if let Some(number) = waits(session).filter(|_| session.open) {
            // The panel of the question, as the key for it opens it.
            if let Some(session) = &mut self.driver.app.session {
                session.show(Panel::Question(number));
            }
            self.asked = None;
            return true;
        }
        let unheard = self.heard.elapsed() >= UNHEARD;
        if moves(session, &self.orders) && (runs(session) || !unheard) {
            // A prompt that stands goes on standing: what is typed is heard at any time.
            if self.asked.is_some() && self.piped {
                self.asked = None;
            }
            if !self.piped && !self.taught && runs(session) {
                self.taught = true;
                self.say(
                    "The run goes on and is told here. You can type at any time: q leaves, ? tells everything else.",
                );
            }
            return false;
        }
        if std::mem::take(&mut self.ran) {
            self.orders.clear();
            self.asked = None;
            if let Some(session) = &mut self.driver.app.session {
                // Where a person is needed next.
                session.place();
            }
        }
        true
    }

    /// Tells what became of an answer; one that does not fit is asked for again.
    fn judged(&mut self) {
        if !std::mem::take(&mut self.answered) {
            return;
        }
        self.asked = None;
        let form = &mut self.driver.app.form;
        form.follow();
        let fits = form.entry().is_none_or(|entry| entry.finding().is_none());
        let now: Vec<String> = form.entries.iter().map(of_entry).collect();
        let before = std::mem::replace(&mut self.before, now.clone());
        let at = form.at;
        self.editing = !fits;
        for (index, told) in now.iter().enumerate() {
            // One that does not fit is told with its question.
            if (index == at && fits) || (index != at && before.get(index) != Some(told)) {
                self.say(&format!("{told}."));
            }
        }
        if fits {
            let form = &mut self.driver.app.form;
            form.at = form.entries.len();
        }
    }

    /// Tells the question unless it stands already.
    pub(super) fn ask(&mut self) -> Result<(), TuiError> {
        // What is told counts as seen: only what was seen can be answered.
        let session = self.app().session.as_ref();
        let (question, candidates) = match session.map(|session| &session.panel) {
            Some(Panel::Question(number)) => (Some(*number), 0),
            Some(Panel::Use(using)) => (None, using.candidates().len()),
            _ => (None, 0),
        };
        let finish = matches!(self.app().page, Page::Finish { .. });
        self.step(Msg::Painted(Painted { question, finish, candidates, rows: 1, ..Painted::default() }))?;
        let asked = if self.editing && self.app().form.picking.is_none() && !self.app().form.leaving {
            of_answer(self.app())
        } else {
            block(self.app(), self.whole)
        };
        if let Some(before) = &self.asked
            && before.prompt == asked.prompt
            && (self.whole_before() || before.repeats(&asked))
        {
            return Ok(());
        }
        for line in asked.lines() {
            self.say(&line);
        }
        self.prompted = Instant::now();
        self.talk.ask(&asked.prompt);
        self.said = Instant::now();
        self.whole = false;
        self.asked = Some(asked);
        Ok(())
    }

    /// True when the question that stands was told whole, and so says other than a shorter one.
    fn whole_before(&self) -> bool {
        !self.whole && matches!(self.app().page, Page::Form | Page::Setup | Page::Teardown)
    }
}
