//! What a binding is, and the bindings that several pages share.

use crate::tui::msg::Key;

/// What a key does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Action {
    // Everywhere.
    Help,
    Back,
    Leave,
    LeaveAnyway,
    Suspend,
    Mouse,
    Scroll(Scroll),
    Copy,
    // The welcome.
    ChoiceUp,
    ChoiceDown,
    Choice,
    // The sign-in.
    WayUp,
    WayDown,
    TakeWay,
    OpenLink,
    SignInAgain,
    // The checks.
    Go,
    CheckAgain,
    HandOver,
    WaitForRights,
    GoWithout,
    Plan,
    // The form.
    Keep,
    NextField,
    PreviousField,
    CycleForward,
    CycleBackward,
    TakeSuggestion,
    ClearField,
    List,
    Take,
    Launch,
    // The setup.
    Confirm,
    OpenDetail,
    ToggleDetail,
    Fold,
    Unfold,
    CursorUp,
    CursorDown,
    CursorFirst,
    CursorLast,
    ToTrouble,
    Skip,
    SkipNow,
    TakeUp,
    All,
    AllNow,
    Retry,
    KeepTrying,
    Cancel,
    Requests,
    AzCommand,
    Why,
    Finish,
    Answer,
    Choose(usize),
    DropQueued,
    SwitchFocus,
    // The review.
    Review,
    ReviewUp,
    ReviewDown,
    ReviewFirst,
    ReviewLast,
    Deeper,
    Filter,
    Export,
    ExportMarkdown,
    ExportJson,
    // The way back.
    TakeDown,
    Agree,
    // Using what exists.
    UseExisting,
    PickUp,
    PickDown,
    LookAgain,
    UseNow,
    // The log.
    Find,
    ClearSearch,
    Log(Scroll),
    Search,
    NextMatch,
    PreviousMatch,
    OpenLine,
    StopSearch,
    ThisRow,
    NextLevel,
    FilterText,
    ClearFilter,
    Wrap,
    Times,
    ShiftLeft,
    ShiftRight,
    TakeOut,
    TakeOutNow(Taking),
    CallBefore,
    CallAfter,
}

/// What is taken out of the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Taking {
    CopyLine,
    CopyStep,
    CopyExchange,
    CopyShown,
    SaveShown,
    SaveAll,
}

/// A way through a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scroll {
    LineUp,
    LineDown,
    PageUp,
    PageDown,
    Top,
    Bottom,
}

/// Where a key is told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Place {
    /// In the footer.
    Main,
    /// In the footer if there is room: it acts on this row.
    Row,
    /// In the help only.
    Help,
}

/// One or more keys with what they do now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Binding {
    pub keys: &'static [Key],
    /// How the keys are written.
    pub name: &'static str,
    /// The short word of the footer.
    pub word: String,
    /// The sentence of the help.
    pub help: String,
    pub action: Action,
    pub place: Place,
}

/// A list of bindings in the making.
#[derive(Default)]
pub(super) struct Bindings(pub(super) Vec<Binding>);

impl Bindings {
    pub(super) fn add(
        &mut self,
        keys: &'static [Key],
        name: &'static str,
        word: &str,
        help: &str,
        action: Action,
    ) -> &mut Self {
        self.0.push(Binding {
            keys,
            name,
            word: word.to_owned(),
            help: help.to_owned(),
            action,
            place: Place::Help,
        });
        self
    }

    /// The binding added last goes to `place`.
    pub(super) fn at(&mut self, place: Place) {
        if let Some(last) = self.0.last_mut() {
            last.place = place;
        }
    }

    pub(super) fn help_and_suspend(&mut self) {
        self.add(&[Key::Char('?')], "?", "help", "this list", Action::Help).at(Place::Main);
        let help = "heed the mouse (wheel, a click on a row), or leave it to the terminal for selecting";
        self.add(&[Key::Ctrl('o')], "Ctrl+O", "mouse", help, Action::Mouse);
        if cfg!(unix) {
            let help = "back to the shell, `fg` returns; hubup stands still, Azure goes on";
            self.add(&[Key::Ctrl('z')], "Ctrl+Z", "suspend", help, Action::Suspend);
        }
    }

    /// Keys that scroll a text which is `overflow` lines too long and scrolled by `scroll`.
    pub(super) fn scrolling(&mut self, scroll: usize, overflow: usize, lines: bool) {
        if scroll > 0 {
            if lines {
                self.add(
                    &[Key::Up, Key::Char('k')],
                    "↑ k",
                    "up",
                    "one line up",
                    Action::Scroll(Scroll::LineUp),
                );
                self.add(
                    &[Key::Home, Key::Char('g')],
                    "Home g",
                    "top",
                    "to the top",
                    Action::Scroll(Scroll::Top),
                );
            }
            self.add(&[Key::PageUp], "PgUp", "up", "one page up", Action::Scroll(Scroll::PageUp));
        }
        if scroll < overflow {
            if lines {
                self.add(
                    &[Key::Down, Key::Char('j')],
                    "↓ j",
                    "down",
                    "one line down",
                    Action::Scroll(Scroll::LineDown),
                );
                self.add(
                    &[Key::End, Key::Char('G')],
                    "End G",
                    "end",
                    "to the end",
                    Action::Scroll(Scroll::Bottom),
                );
            }
            self.add(&[Key::PageDown], "PgDn", "more", "one page down", Action::Scroll(Scroll::PageDown))
                .at(Place::Row);
        }
    }
}
