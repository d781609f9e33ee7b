//! What is said: whole lines, and prompts without a line break. Nothing else ever goes out.

use std::io;

use crate::tui::drive::Surface;
use crate::tui::paper::Paper;
use crate::tui::start::ScreenOptions;
use crate::tui::text::safe;
use crate::tui::view::theme::ascii;

use super::block::of_fault;

/// The mouth.
pub(super) struct Talk {
    out: Box<dyn FnMut(&str) + Send>,
    ascii: bool,
    /// True while a prompt is the last that was said.
    stands: bool,
}

impl Talk {
    pub(super) fn new(out: Box<dyn FnMut(&str) + Send>, options: ScreenOptions) -> Self {
        Self { out, ascii: options.ascii, stands: false }
    }

    /// Says one line, below a prompt that stands.
    pub(super) fn say(&mut self, text: &str) {
        let text = text.replace(" · ", ", ").replace('…', "...");
        let text = self.shown(&text);
        self.end();
        (self.out)(&format!("{text}\n"));
    }

    /// Says every line of `paper`.
    pub(super) fn read(&mut self, paper: &Paper) {
        for line in paper.spoken() {
            self.say(&line);
        }
    }

    /// Says what went wrong, under the heading `what`.
    pub(super) fn fault(&mut self, what: &str, fault: &crate::domain::Fault) {
        self.say(what);
        for line in of_fault(fault) {
            self.say(&line);
        }
    }

    /// Asks: what follows is typed behind it.
    pub(super) fn ask(&mut self, prompt: &str) {
        self.end();
        let prompt = self.shown(prompt);
        (self.out)(&format!("{prompt} > "));
        self.stands = true;
    }

    /// Repeats what came in behind the prompt, where no terminal has shown it.
    pub(super) fn repeat(&mut self, text: &str) {
        let text = self.shown(text);
        (self.out)(&format!("{text}\n"));
        self.stands = false;
    }

    /// Notes that a person ended the line of the prompt.
    pub(super) fn typed(&mut self) {
        self.stands = false;
    }

    /// True while a prompt is the last that was said.
    pub(super) fn stands(&self) -> bool {
        self.stands
    }

    /// Ends the line of a prompt that stands.
    pub(super) fn end(&mut self) {
        if std::mem::take(&mut self.stands) {
            (self.out)("\n");
        }
    }

    /// `text` as one line that does no harm, with ASCII alone where that is wished.
    pub(super) fn shown(&self, text: &str) -> String {
        let text = safe(text);
        if !self.ascii || text.is_ascii() {
            return text;
        }
        let mut shown = String::new();
        for c in text.chars() {
            match c {
                '…' => shown.push_str("..."),
                c if c.is_ascii() => shown.push(c),
                c => shown.push_str(ascii(c.encode_utf8(&mut [0; 4]))),
            }
        }
        shown
    }
}

impl Surface for Talk {
    /// There is nothing to copy from: what was said stays.
    fn copy(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn heed_mouse(&mut self, _: bool) -> io::Result<()> {
        Ok(())
    }

    fn ring(&mut self) -> io::Result<()> {
        (self.out)("\x07");
        Ok(())
    }
}
