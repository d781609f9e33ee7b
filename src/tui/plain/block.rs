//! One question as it is told: what is asked, the numbered choices, what else can be typed, what Enter does. The texts are
//! those of the screen. Pure.

use crate::domain::{Fault, target};
use crate::tui::app::{App, Page};
use crate::tui::form::Entry;
use crate::tui::keymap::Action;
use crate::tui::paper::{Paper, Tone, unmarked};
use crate::tui::review::{Depth, Reviewing};
use crate::tui::rows::{Row, RowState};
use crate::tui::session::{Panel, Session};
use crate::tui::summary::{counted, fault_items};
use crate::tui::text::{clock, time_of_day};
use crate::tui::view::{form, pages, panel, preflight, review, signing, teardown, using, welcome};
use crate::tui::{az, exchange, plan, requests, why};

use super::words::{enter, ways};

/// A question.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Block {
    pub told: Vec<String>,
    /// What a number chooses, from 1.
    pub numbered: Vec<String>,
    /// What else can be typed.
    pub more: Vec<String>,
    /// What Enter alone does.
    pub default: Option<String>,
    pub prompt: String,
}

impl Block {
    fn told(&mut self, line: impl Into<String>) {
        self.told.push(line.into());
    }

    fn asks(&mut self, prompt: &str) {
        prompt.clone_into(&mut self.prompt);
    }

    fn read(&mut self, paper: &Paper) {
        self.told.extend(paper.spoken());
    }

    /// The lines, in the order in which they are said.
    pub(super) fn lines(&self) -> Vec<String> {
        let numbered = self.numbered.iter().enumerate().map(|(index, text)| format!("{}. {text}", index + 1));
        let default = match &self.default {
            Some(does) => format!("Enter alone: {does}"),
            None => "Enter alone does nothing here.".to_owned(),
        };
        let told = self.told.iter().cloned().chain(numbered).chain(self.more.iter().cloned());
        told.chain([default]).collect()
    }

    /// True when `other` says the same. What counts down is no difference.
    pub(super) fn repeats(&self, other: &Self) -> bool {
        let lasting = |block: &Self| {
            let told = block.told.iter().filter(|line| !line.starts_with("Checks again in"));
            told.cloned().collect::<Vec<_>>()
        };
        lasting(self) == lasting(other)
            && self.numbered == other.numbered
            && self.more == other.more
            && self.default == other.default
    }
}

/// The question of the page; `whole` with what stood there already when it was asked before.
pub(super) fn block(app: &App, whole: bool) -> Block {
    let mut block = Block { prompt: "Your choice".to_owned(), ..Block::default() };
    match (&app.page, &app.session) {
        (Page::Welcome, _) => of_welcome(&mut block, app),
        (Page::SignIn, _) => of_sign_in(&mut block, app),
        (Page::Form, _) => of_form(&mut block, app, whole),
        (Page::Preflight, _) => {
            if let Some(page) = &app.preflight {
                // What it comes to is heard before the list, what can be done about it after that.
                let comes_to = preflight::verdict(app, page).spoken();
                block.told.extend(comes_to.first().cloned());
                block.read(&preflight::found(app, page));
                block.told.extend(comes_to.into_iter().skip(1));
            }
        }
        (Page::Review, _) => of_review(&mut block, app),
        (Page::Teardown, _) => {
            let Some(page) = &app.teardown else { return block };
            if whole {
                block.read(&teardown::told(app, page));
            }
            if let Some(way) = page.way_back() {
                block.told(teardown::question(way));
                block.told(teardown::OTHERWISE);
                block.asks("Name of the setup");
            }
        }
        (Page::Finish { .. }, Some(session)) => {
            block.read(&pages::finished(app, session));
            for (what, why) in &session.stays {
                block.told(format!("Stays: {what}: {why}"));
            }
        }
        (Page::Setup, Some(session)) => of_setup(&mut block, app, session, whole),
        _ => {}
    }
    if block.default.is_none() {
        block.default = default(app, &block);
    }
    if block.more.is_empty() {
        block.more = ways(app).into_iter().filter_map(|way| sentence(&way)).collect();
    }
    block
}

/// A way in a sentence of its own; digits are told with what they choose.
fn sentence(way: &super::words::Way) -> Option<String> {
    let digit = way.letter.is_some_and(|letter| letter.is_ascii_digit());
    (way.told && !digit && way.key != crate::tui::msg::Key::Enter)
        .then(|| format!("{}: {}.", way.name(), way.help.trim_end_matches('.')))
}

/// What Enter does: on a list that is what the number of the cursor does.
fn default(app: &App, block: &Block) -> Option<String> {
    let binding = enter(app)?;
    let at = match (binding.action, &app.page) {
        (Action::Choice, _) => {
            let welcome = app.welcome.as_ref()?;
            Some(welcome.practising.unwrap_or(welcome.at))
        }
        (Action::TakeWay, _) => Some(app.signing.as_ref()?.at),
        (Action::Take, _) => Some(app.form.picking.as_ref()?.at),
        (Action::Deeper, _) => {
            let review = app.review.as_ref()?;
            Some(match review.depth {
                Depth::Exchanges(at) => at,
                _ => review.at,
            })
        }
        (Action::OpenDetail | Action::NextField | Action::Agree | Action::UseNow, _) => return None,
        _ => None,
    };
    match at.and_then(|at| Some((at + 1, block.numbered.get(at)?))) {
        Some((number, text)) => Some(format!("{number}, {text}")),
        None => Some(format!("{}.", binding.help.trim_end_matches('.'))),
    }
}

fn of_welcome(block: &mut Block, app: &App) {
    let Some(page) = &app.welcome else { return };
    if page.practising.is_some() {
        block.told("Practise in the sandbox. What shall go wrong?");
        block.numbered = page.rehearsals.iter().map(|one| format!("{}: {}.", one.name, one.about)).collect();
        block.asks("Number");
        return;
    }
    block.told(welcome::head(app, page));
    if let Some(resume) = &page.resume {
        let mut paper = Paper::default();
        welcome::known(&mut paper, resume);
        block.read(&paper);
        for change in &resume.changes {
            block.told(format!("Your setup file says other than the last run did: {}", change.told()));
            block.told.extend(change.refused.iter().map(|why| format!("that cannot follow: {why}")));
        }
    }
    block.told("What do you want to do?");
    for choice in app.choices() {
        let (label, hint) = welcome::label(app, page, choice);
        let hint = hint.trim();
        block.numbered.push(if hint.is_empty() { format!("{label}.") } else { format!("{label}: {hint}.") });
    }
    block.asks("Number");
}

fn of_sign_in(block: &mut Block, app: &App) {
    let Some(page) = &app.signing else { return };
    if let Some(attempt) = &page.attempt {
        block.read(&signing::under_way(app, attempt));
        return;
    }
    block.asks("Number");
    if let Some(fault) = &page.fault {
        block.told(format!("It did not work: {}", fault.says));
    }
    block.read(&signing::told(app, page));
    if let Some(known) = &page.choosing {
        block.told(format!("Signed in as {}. In which tenant?", known.account));
        block.numbered =
            known.tenants.iter().map(|tenant| format!("{}: {}", tenant.name, tenant.hint)).collect();
        return;
    }
    block.told("How do you want to sign in?");
    for way in page.ways() {
        let why = way.why_not.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        let here = if way.usable { "" } else { ", not here" };
        block.numbered.push(format!("{}{here}{why}", way.what));
    }
    if let Some(Err(fault)) = &page.ways {
        block.told.extend(of_fault(fault));
    }
}

/// What went wrong, a line for each thing to know of it.
pub(super) fn of_fault(fault: &Fault) -> impl Iterator<Item = String> {
    fault_items(fault).into_iter().map(|(label, text)| format!("{label}: {text}"))
}

/// An answer, and what is said of it: `IoT hub: contoso-hub, free`.
pub(super) fn of_entry(entry: &Entry) -> String {
    let (tone, says) = form::says(entry, usize::MAX);
    let says = match (tone, unmarked(&says)) {
        (Tone::Bad, says) => format!(", does not fit: {says}"),
        (_, "✔" | "") => String::new(),
        (_, says) => format!(", {says}"),
    };
    match entry.input.text() {
        "" => format!("{}: nothing{says}", entry.field.label),
        text => format!("{}: {text}{says}", entry.field.label),
    }
}

fn of_form(block: &mut Block, app: &App, whole: bool) {
    let page = &app.form;
    if page.leaving || page.picking.is_some() {
        if page.leaving {
            block.read(&form::told(app));
        }
        if let Some(picking) = &page.picking {
            let label = page.entry().map(|entry| entry.field.label).unwrap_or_default();
            match (&picking.found, picking.candidates()) {
                (Some(Ok(_)), [_, ..]) => block.told(format!("{label}: which one?")),
                _ => block.read(&form::told(app)),
            }
            for candidate in picking.candidates() {
                let parts = [&*candidate.name, &*candidate.location, &*candidate.hint];
                let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                block.numbered.push(parts.join(", "));
            }
            block.asks("Number");
        }
        return;
    }
    if whole {
        block.told("The answers of the setup:");
        let mut heading = "";
        for (index, entry) in page.entries.iter().enumerate() {
            if entry.heading != heading {
                heading = entry.heading;
                block.told(format!("{heading}:"));
            }
            block.told(format!("{}. {}", index + 1, of_entry(entry)));
        }
    }
    let (_, says) = form::comes_to(page);
    block.told(format!("{}.", capital(unmarked(&says))));
    let ways = ways(app);
    let ways = ways
        .iter()
        .filter(|way| !matches!(way.action, Action::Launch | Action::List | Action::TakeSuggestion));
    if whole {
        block.more.push(format!("1 to {}: change that answer.", page.entries.len()));
        block.more.push("list: tell all answers again.".to_owned());
        block.more.extend(ways.filter_map(sentence));
        block.more.push("?: what else can be typed.".to_owned());
    } else {
        let short: Vec<String> = ways.filter(|way| way.told).map(super::words::Way::short).collect();
        let count = page.entries.len();
        block.more.push(format!(
            "1 to {count}: change that answer. Or: {}; list of the answers; ? help.",
            short.join("; ")
        ));
    }
}

/// The question for one answer.
pub(super) fn of_answer(app: &App) -> Block {
    let mut block = Block::default();
    let Some(entry) = app.form.entry() else { return block };
    block.told(format!("{}.", of_entry(entry)));
    block.told(entry.field.hint);
    if let Some(finding) = entry.finding() {
        block.told(format!("Rule: {}", finding.rule));
    }
    if let Some(words) = entry.words() {
        block.numbered = words.iter().map(|word| (*word).to_owned()).collect();
    }
    block.more = ways(app)
        .iter()
        .filter(|way| matches!(way.action, Action::List | Action::TakeSuggestion | Action::ClearField))
        .map(|way| match (way.action, entry.finding().and_then(|finding| finding.suggestion)) {
            (Action::TakeSuggestion, Some(suggestion)) => format!("take: takes {suggestion}."),
            _ => format!("{}: {}.", way.word, way.help),
        })
        .collect();
    block.default = Some("keep it as it is.".to_owned());
    entry.field.label.clone_into(&mut block.prompt);
    block
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

fn of_review(block: &mut Block, app: &App) {
    let Some(page) = &app.review else { return };
    let Some(reviewed) = page.reviewed() else {
        if let Some(Err(fault)) = &page.found {
            block.told.extend(of_fault(fault));
        }
        return;
    };
    if page.exporting || page.exported.is_some() {
        let (_, paper) = review::below_list(page);
        block.read(&paper);
        if page.exporting {
            return;
        }
    }
    match page.depth {
        Depth::Steps => {
            let mut paper = Paper::default();
            review::heading(&mut paper, app, reviewed);
            block.read(&paper);
            block.told(format!("Steps, {}: a number tells more of one.", page.filter.word()));
            for step in page.steps() {
                let (_, word) = review::state(step);
                let took = step.seconds.map(|took| format!(", {}", clock(took))).unwrap_or_default();
                block.numbered.push(format!("{}: {word}{took}", step.title));
            }
            if block.numbered.is_empty() {
                let (_, paper) = review::below_list(page);
                block.read(&paper);
            }
            // Enter opens what the cursor stands on, which nobody sees here.
            block.default = Some("back.".to_owned());
        }
        Depth::Exchanges(_) | Depth::Exchange(_) => {
            let title = page.step().map(|step| step.title.clone()).unwrap_or_default();
            block.told(format!("Requests of {title}: a number tells one whole."));
            for exchange in page.exchanges() {
                let (_, status) = exchange::status(exchange);
                let status = status.replace("  ", ", ");
                let again = if exchange.retry_of.is_some() { ", again" } else { "" };
                block.numbered.push(format!(
                    "{} {} {}{again}, {status}",
                    time_of_day(exchange.at, &app.zone),
                    exchange.method,
                    target(&exchange.url)
                ));
            }
            block.default = Some("back.".to_owned());
        }
    }
    block.asks("Number");
}

/// What the review says of the step of its cursor.
pub(super) fn of_reviewed_step(page: &Reviewing) -> Paper {
    let mut paper = Paper::default();
    if let Some(step) = page.step() {
        paper.text(Tone::Strong, &step.title);
        review::of_step(&mut paper, step);
    }
    paper
}

/// A page that only tells: its heading and lines.
pub(super) fn told_page(app: &App) -> Option<(String, Vec<String>)> {
    if let (Page::Az, Some(session)) = (&app.page, &app.session) {
        // Commands are for a shell as much as for an ear: nothing of them is left out.
        let commands = az::commands(session).plain();
        let lines = commands.lines().filter(|line| !line.is_empty()).map(ToOwned::to_owned);
        return Some(("The az commands.".to_owned(), lines.collect()));
    }
    let (heading, paper) = match (&app.page, &app.session) {
        (Page::Why, Some(session)) => Some(("Why.".to_owned(), why::why(session))),
        (Page::Plan(_), _) => Some(("The plan.".to_owned(), plan::paper(app)?)),
        (Page::Requests, Some(session)) => {
            Some(("The requests.".to_owned(), requests::requests(session, &app.zone)))
        }
        (Page::Review, _) => {
            let page = app.review.as_ref()?;
            let Depth::Exchange(at) = page.depth else { return None };
            let told = exchange::paper(page.exchanges().get(at)?, &app.zone);
            Some((format!("Request {} of {}.", at + 1, page.exchanges().len()), told))
        }
        _ => None,
    }?;
    Some((heading, paper.spoken()))
}

/// The stages with how they stand, each behind its number.
fn stages(session: &Session) -> Vec<String> {
    let told = session.outline.iter().enumerate();
    told.map(|(index, stage)| {
        format!("{}. {}: {}", index + 1, stage.heading, session.row_state(Row::Stage(index)).word())
    })
    .collect()
}

/// The row of the cursor: which it is, how it stands, and the pane that tells of it.
pub(super) fn of_row(app: &App, session: &Session) -> Vec<String> {
    let row = session.cursor;
    let count = session.outline.len();
    let mut told = Vec::new();
    let (title, paper) = panel::paper(app, session);
    let heading = session.stage(row).map(|stage| stage.heading.as_str()).unwrap_or_default();
    let word = RowState::word(session.row_state(row));
    match (row, session.step_of(row)) {
        (Row::Step(stage, index), Some(step)) => {
            told.push(format!("At step {}.{}, {}: {word}.", stage + 1, index + 1, step.title));
        }
        _ => told.push(format!("At stage {} of {count}, {heading}: {word}.", row.stage() + 1)),
    }
    if title != heading && session.step_of(row).is_none_or(|step| step.title != title) {
        told.push(format!("{title}:"));
    }
    told.extend(paper.spoken());
    told
}

fn of_setup(block: &mut Block, app: &App, session: &Session, whole: bool) {
    if session.panel != Panel::Detail {
        return of_panel(block, app, session);
    }
    block.told(format!("{}.", counted(session.counts())));
    if whole {
        block.told("The stages:");
        block.told.extend(stages(session));
    }
    let mut row = of_row(app, session);
    if !whole {
        row.retain(|line| *line != session.why);
    }
    // What the screen says of Enter stands where that is asked.
    if let Some(line) = row.iter_mut().find(|line| line.starts_with("Enter does ")) {
        let does = std::mem::replace(line, "What that sends:".to_owned());
        block.default = does.strip_prefix("Enter ").map(ToOwned::to_owned);
    }
    block.told.extend(row);
    let mut short = Vec::new();
    let ways = ways(app);
    // What mends is told in sentences, what is there every time in words.
    let mends = ways.iter().any(|way| way.action == Action::Retry);
    for way in ways.iter().filter(|way| way.told) {
        match way.action {
            Action::Skip if mends => block.more.extend(sentence(way)),
            Action::Retry | Action::KeepTrying | Action::TakeUp | Action::Answer | Action::UseExisting => {
                block.more.extend(sentence(way));
            }
            _ => short.push(way.short()),
        }
    }
    short.push("list of the stages".to_owned());
    short.push("? help".to_owned());
    block.more.push(format!(
        "1 to {}: go to that stage; 1.1 and so on: to a step of it.",
        session.outline.len().max(1)
    ));
    block.more.push(format!("Or: {}.", short.join("; ")));
}

fn of_panel(block: &mut Block, app: &App, session: &Session) {
    let (title, paper) = panel::paper(app, session);
    block.told(if title.ends_with('?') { title } else { format!("{title}:") });
    if let Panel::Use(choice) = &session.panel {
        match &choice.found {
            Some(Ok(_)) if !choice.candidates().is_empty() => {
                block.told("It is looked at and judged first, and never changed by this.");
                block.numbered = choice.candidates().iter().map(using::of_candidate).collect();
            }
            _ => block.told.extend(paper.spoken().into_iter().filter(|line| !line.starts_with("Id"))),
        }
        block.more.push("Or type the id of one, which begins with /subscriptions/.".to_owned());
        block.more.extend(ways(app).iter().filter_map(sentence));
        block.asks("Number or id");
        return;
    }
    block.told.extend(paper.spoken());
    if matches!(session.panel, Panel::Question(_) | Panel::Abort) {
        block.asks("Number");
    }
}
