//! All that the screen shows, in one value. `update` changes it, `view` borrows it, `drive` owns it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::exchange::Reading;
use super::form::{Form, Picking};
use super::ground::{Ground, Place, Rehearsal};
use super::log::{Job, Log};
use super::msg::{Msg, Opened, Painted};
use super::preflight::Preflight;
use super::review::Reviewing;
use super::session::{Panel, Session};
use super::signing::{SignedIn, SigningIn};
use super::start::{Banner, End, ScreenOptions};
use super::teardown::Teardown;
use super::using::Using;
use super::welcome::Welcome;
use crate::domain::{Answers, Fault, Line, StepId};

/// From this width on the detail stands beside the stages, below it over the log.
pub(super) const WIDE: u16 = 100;
/// How long a note stands in the footer, in milliseconds.
pub(super) const NOTE_MILLIS: i64 = 3_000;
/// A second press of the Enter that started the run comes within this time.
const SETTLES: i64 = 500;
/// An Enter that was meant for what stood before the finish page came within this time of it.
pub(super) const FINISH_SETTLES: i64 = 1_000;
/// A spinner comes up only for what takes longer than this, and then stays for at least `INDICATOR_STAYS`.
const INDICATOR_AFTER: i64 = 100;
const INDICATOR_STAYS: i64 = 1_000;

/// The page that fills the screen.
#[derive(Clone, Debug)]
pub(crate) enum Page {
    /// Where to go, and what can be done about a setup from before (`App::welcome`).
    Welcome,
    /// How to sign in (`App::signing`).
    SignIn,
    Form,
    /// What would stop the run (`App::preflight`).
    Preflight,
    /// Every request of the plan that is checked or run; the page that it was opened from.
    Plan(Box<Page>),
    /// A launch is under way, or came back while its indicator still has to stand.
    Starting {
        since: Timestamp,
        arrived: Option<Arrival>,
        /// Where it was launched from, and where a launch that failed is told.
        from: Box<Page>,
    },
    Setup,
    /// What was done, step by step (`App::review`).
    Review,
    /// What taking the setup down comes to (`App::teardown`).
    Teardown,
    /// Every request of the row of the cursor.
    Requests,
    /// The `az` commands of the row of the cursor.
    Az,
    /// Why the steps of the row of the cursor are there.
    Why,
    /// The call of a line of the log, with its reply.
    Exchange(Box<Reading>),
    /// One line of the log in full.
    LogLine(Box<Line>),
    /// Everything is finished; when that came up.
    Finish {
        since: Timestamp,
    },
}

/// How a launch came back.
#[derive(Clone, Debug)]
pub(crate) enum Arrival {
    /// The run is in `App::session`.
    Run,
    Failed(Box<Fault>),
}

/// Something to tell in the footer for a while.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Note {
    pub text: String,
    pub until: Timestamp,
}

/// The state of the screen.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about what is shown")]
pub(crate) struct App {
    pub now: Timestamp,
    pub zone: TimeZone,
    pub width: u16,
    pub height: u16,
    pub options: ScreenOptions,
    pub banner: Banner,
    pub scale: f64,
    pub place: Place,
    /// True where a person says how to sign in before anything of Azure is asked.
    pub asks_who: bool,
    /// True until answers that nobody gave were proposed anew.
    pub proposes: bool,
    /// Answers for one more setup.
    pub another: Option<Answers>,
    pub signed_in: Option<SignedIn>,
    /// The choices that it begins with; `None` where it goes straight to the form.
    pub welcome: Option<Welcome>,
    /// The sign-in, while its page stands.
    pub signing: Option<SigningIn>,
    /// The checks, while their page stands or a run that they were made for is launched.
    pub preflight: Option<Preflight>,
    /// The steps that are skipped as soon as the launched run is there.
    pub skips: Vec<StepId>,
    /// The review, while its page stands.
    pub review: Option<Reviewing>,
    /// The way back, while its page stands.
    pub teardown: Option<Teardown>,
    pub form: Form,
    /// Why the last launch failed.
    pub fault: Option<Fault>,
    pub page: Page,
    pub session: Option<Session>,
    pub note: Option<Note>,
    /// What came in while the indicator of its wait still had to stand.
    pub late: Vec<Msg>,
    /// True while the mouse is heeded.
    pub mouse: bool,
    /// True while the help stands over the page.
    pub help: bool,
    /// Lines scrolled past on the page or help that fills the screen.
    pub scroll: usize,
    /// What the last frame showed.
    pub painted: Painted,
    /// What the last frame showed of the help, while that stands over the page: what the page showed before still holds.
    pub painted_help: Painted,
    /// True when the screen no longer shows what is here.
    pub dirty: bool,
}

impl App {
    /// The first page. `size` is the terminal's width and height.
    pub(crate) fn new(
        form: Form,
        banner: Banner,
        options: ScreenOptions,
        scale: f64,
        now: Timestamp,
        zone: TimeZone,
        size: (u16, u16),
    ) -> Self {
        Self {
            now,
            zone,
            width: size.0,
            height: size.1,
            options,
            banner,
            scale: sound(scale),
            place: Place::Sandbox,
            asks_who: false,
            proposes: false,
            another: None,
            signed_in: None,
            welcome: None,
            signing: None,
            preflight: None,
            skips: Vec::new(),
            review: None,
            teardown: None,
            form,
            fault: None,
            page: Page::Form,
            session: None,
            note: None,
            late: Vec::new(),
            mouse: false,
            help: false,
            scroll: 0,
            painted: Painted::default(),
            painted_help: Painted::default(),
            dirty: true,
        }
    }

    /// The state on `ground`, before anything was offered.
    pub(crate) fn begin(
        ground: Ground,
        options: ScreenOptions,
        now: Timestamp,
        zone: TimeZone,
        size: (u16, u16),
    ) -> Self {
        // The form is filled where it stands on the ground.
        let form = Form::new(ground.answers.clone(), &[]);
        let mut app = Self::new(form, ground.banner.clone(), options, ground.scale, now, zone, size);
        app.welcome = Some(Welcome::new());
        app.place = ground.place;
        app.stand(ground);
        app.page = Page::Welcome;
        app
    }

    /// Offers other places and rehearsals on the welcome page.
    pub(crate) fn offer(&mut self, elsewhere: Vec<Place>, rehearsals: Vec<Rehearsal>) {
        if let Some(welcome) = &mut self.welcome {
            welcome.elsewhere = elsewhere;
            welcome.rehearsals = rehearsals;
        }
    }

    /// Stands on `ground`: its answers, its setups, its clock.
    pub(crate) fn stand(&mut self, ground: Ground) {
        self.form = Form::new(ground.answers, &ground.fields);
        self.another = Some(ground.another);
        self.banner = ground.banner;
        self.scale = sound(ground.scale);
        if self.place != ground.place {
            self.signed_in = None;
        }
        self.place = ground.place;
        self.asks_who = ground.asks_who;
        self.proposes = ground.proposes;
        self.fault = None;
        if let Some(welcome) = &mut self.welcome {
            welcome.resume = ground.resume;
            welcome.others = ground.others;
            welcome.at = 0;
        }
    }

    /// True when Azure can be asked without asking a person first who they are.
    pub(crate) fn can_ask(&self) -> bool {
        !self.asks_who || self.signed_in.is_some()
    }

    /// Shows that a launch is under way, begun on the page that is shown.
    pub(crate) fn starts(&mut self) {
        self.fault = None;
        self.note = None;
        let from = Box::new(self.page.clone());
        self.turn(Page::Starting { since: self.now, arrived: None, from });
    }

    /// Tells something in the footer for a few seconds.
    pub(crate) fn tell(&mut self, text: impl Into<String>) {
        let until = self.later(NOTE_MILLIS);
        self.note = Some(Note { text: text.into(), until });
    }

    fn later(&self, millis: i64) -> Timestamp {
        let millis = self.now.as_millisecond().saturating_add(millis);
        Timestamp::from_millisecond(millis).unwrap_or(self.now)
    }

    /// Goes to `page`, from its top.
    pub(crate) fn turn(&mut self, page: Page) {
        self.page = page;
        self.scroll = 0;
        self.help = false;
    }

    /// True when the starting page shows its spinner: only when the launch takes long enough to be noticed.
    pub(crate) fn indicator(&self, since: Timestamp) -> bool {
        self.now.as_millisecond() - since.as_millisecond() >= INDICATOR_AFTER
    }

    /// True when the indicator begun at `since` has stood long enough to be read, or never came up.
    pub(crate) fn indicator_may_go(&self, since: Timestamp) -> bool {
        let passed = self.now.as_millisecond() - since.as_millisecond();
        self.options.plain || !(INDICATOR_AFTER..INDICATOR_AFTER + INDICATOR_STAYS).contains(&passed)
    }

    /// True while something on the screen moves with time: a spinner, or the seconds of what runs.
    pub(crate) fn animated(&self) -> bool {
        match &self.page {
            Page::Starting { .. } => true,
            Page::Form => {
                self.form.proposing
                    || self.form.picking.as_ref().is_some_and(|picking| picking.found.is_none())
            }
            Page::Welcome => self.welcome.as_ref().is_some_and(|welcome| welcome.entering.is_some()),
            Page::SignIn => self.signing.as_ref().is_some_and(|signing| {
                signing.attempt.is_some() || (signing.ways.is_none() && signing.choosing.is_none())
            }),
            Page::Preflight => self.preflight.as_ref().is_some_and(|preflight| preflight.found.is_none()),
            page => {
                let asked = match page {
                    Page::Exchange(reading) => !reading.answered,
                    Page::Review => self.review.as_ref().is_some_and(|review| review.found.is_none()),
                    Page::Teardown => self.teardown.as_ref().is_some_and(|teardown| teardown.found.is_none()),
                    _ => self.using().is_some_and(|using| using.found.is_none()),
                };
                asked || self.session.as_ref().is_some_and(|session| session.busy() || session.log.looks())
            }
        }
    }

    /// True while something turns.
    pub(crate) fn turns(&self) -> bool {
        self.animated() && !self.options.still
    }

    /// The choice of something that exists, while its panel stands.
    fn using(&self) -> Option<&Using> {
        match self.session.as_ref().map(|session| &session.panel) {
            Some(Panel::Use(using)) => Some(using),
            _ => None,
        }
    }

    /// When that was asked for which `msg` answers, as long as it is waited for.
    pub(crate) fn asked_at(&self, msg: &Msg) -> Option<Timestamp> {
        match msg {
            Msg::Reviewed(_) => {
                self.review.as_ref().filter(|review| review.found.is_none()).map(|review| review.since)
            }
            Msg::WayBack(_) => {
                self.teardown.as_ref().filter(|page| page.found.is_none()).map(|page| page.since)
            }
            Msg::Choices(key, _) => {
                let waiting = |picking: &&Picking| picking.found.is_none() && picking.key == *key;
                self.form.picking.as_ref().filter(waiting).map(|picking| picking.since)
            }
            Msg::Entered(_) => self.welcome.as_ref().and_then(|welcome| welcome.entering),
            Msg::Ways(_) => {
                self.signing.as_ref().filter(|signing| signing.ways.is_none()).map(|signing| signing.since)
            }
            Msg::Checked(_) => self
                .preflight
                .as_ref()
                .filter(|preflight| preflight.found.is_none())
                .map(|preflight| preflight.since),
            Msg::Candidates(step, _) => self
                .using()
                .filter(|using| using.found.is_none() && using.step == *step)
                .map(|using| using.since),
            Msg::Sought { token, .. } => self.log_job(*token, |log| &log.seeking),
            Msg::Sifted { token, .. } => self.log_job(*token, |log| &log.sifting),
            Msg::Exchanged { call, copy: false, .. } => match &self.page {
                Page::Exchange(reading) if reading.call == *call => Some(reading.since),
                _ => None,
            },
            _ => None,
        }
    }

    /// Since when the look through the journal of that token is waited for.
    fn log_job(&self, token: u64, job: impl Fn(&Log) -> &Option<Job>) -> Option<Timestamp> {
        let job = job(&self.session.as_ref()?.log).as_ref()?;
        (job.token == token).then_some(job.since)
    }

    /// True when time has to be told to `update` at all.
    pub(crate) fn ticking(&self) -> bool {
        let wonders = matches!(self.page, Page::Form) && self.can_ask() && self.form.wonders();
        let waits = self.preflight.as_ref().is_some_and(|preflight| preflight.again_at.is_some());
        self.animated()
            || !self.late.is_empty()
            || wonders
            || waits
            || self.note.is_some()
            || self.counts_on()
    }

    /// True while the clock of the run goes on: once everything is done it stands, and so does the finish page as soon as
    /// Enter means it.
    fn counts_on(&self) -> bool {
        if let Page::Finish { since } = self.page
            && self.now.as_millisecond() - since.as_millisecond() < 2 * FINISH_SETTLES
        {
            return true;
        }
        self.session.as_ref().is_some_and(|session| !session.complete()) && !self.ended()
    }

    /// True once the run is over.
    pub(crate) fn ended(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.progress.ended.is_some())
    }

    /// Takes the launched run in.
    pub(crate) fn open(&mut self, opened: Opened) {
        self.session = Some(Session::new(opened, self.now));
    }

    /// True once the stages have stood on the screen long enough that an Enter is meant for them, not for the form.
    pub(crate) fn settled(&self, session: &Session) -> bool {
        self.options.plain || self.now.as_millisecond() - session.shown.as_millisecond() >= SETTLES
    }

    /// How leaving now would end.
    pub(crate) fn end(&self) -> End {
        match &self.session {
            None => End::Quit,
            Some(session) => {
                let exit = session.progress.exit.unwrap_or_else(|| session.progress.verdict());
                if session.complete() { End::Finished(exit) } else { End::Left(exit) }
            }
        }
    }

    /// What the terminal's title says.
    pub(crate) fn title(&self) -> String {
        let Some(session) = &self.session else { return "hubup".to_owned() };
        let counts = session.counts();
        let name = self.setup_name();
        let mut title = format!("hubup · {name} · {} of {} done", counts.done, counts.all);
        if !session.progress.questions.is_empty() {
            title.push_str(" · asks you");
        }
        if counts.failed > 0 {
            title.push_str(&format!(" · {} failed", counts.failed));
        }
        super::text::safe(&title)
    }

    /// The name of the setup.
    pub(crate) fn setup_name(&self) -> String {
        let header = self.session.as_ref().and_then(|session| session.progress.header.as_ref());
        header.map_or_else(|| self.form.answers().name, |header| header.answers.name.clone())
    }
}

/// A scale that times can be told in: 1 in place of what is none.
fn sound(scale: f64) -> f64 {
    if scale.is_finite() && scale > 0.0 { scale } else { 1.0 }
}
