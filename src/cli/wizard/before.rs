//! What the wizard asks Azure before there is a run: answers that fit, names that are free, what would stop it.

use std::path::Path;

use serde_json::Value;

use super::launcher::Launcher;
use super::standing::{Standing, USUAL_REGION};
use crate::cli::candidates::answers_to;
use crate::cli::check::{Checked, prepared, write_hand_off};
use crate::cli::config::Config;
use crate::cli::failure::Failure;
use crate::cli::init::{self, Overwrite, render_toml};
use crate::cli::past::Past;
use crate::cli::wire::Connected;
use crate::domain::{Answers, Choices, Exit, Fault, derived_uuid};
use crate::stages::preflight::{HandOff, names};
use crate::stages::{self, DIALECTS, Offers, read_all, subscriptions};
use crate::tui::{Checkup, Place, Verdict};

/// Where a hand-off is written to.
const FOLDER: &str = "hubup-hand-off";
/// Names that are tried before a person has to find one.
const TRIES: u32 = 5;

impl Launcher {
    /// The answers with a subscription that the account sees, a region that is offered, and names that are free.
    pub(super) async fn proposed(&self, answers: Answers) -> Result<Answers, Failure> {
        let standing = self.here()?;
        let connected = standing.connected().await?;
        let mut answers = standing.settled(answers);
        if standing.place == Place::Azure {
            answers.subscription = subscription(&standing, &connected, &answers).await?;
        }
        let connected = standing.connected_for(&answers).await?;
        let offers = standing.offers(&connected, &answers).await?;
        let regions = stages::regions(DIALECTS, &answers, &offers);
        if !regions.contains(&answers.location) {
            let usual = regions.iter().find(|region| *region == USUAL_REGION);
            if let Some(region) = usual.or(regions.first()) {
                (answers.location, answers.hub_location) = (region.clone(), region.clone());
            }
        }
        let base = answers.name.clone();
        for attempt in 0..TRIES {
            if attempt > 0 {
                // The same proposals each time for the same account.
                let seed = format!("{}|{base}|{attempt}", answers.subscription);
                let mut tail = derived_uuid(&seed).simple().to_string();
                tail.truncate(4);
                answers.rename(&format!("{base}-{tail}"));
            }
            let mut free = true;
            for key in ["hub.name", "dps.name"] {
                let name = named(&answers, key);
                free &= is_free(&standing, &connected, &answers, &offers, key, &name).await? != Some(false);
            }
            if free {
                break;
            }
        }
        Ok(answers)
    }

    /// Whether the name in the field `key` is free.
    pub(super) async fn judged(
        &self,
        answers: &Answers,
        key: &'static str,
    ) -> Result<Option<Verdict>, Failure> {
        let Some(field) = stages::field(DIALECTS, answers, key) else { return Ok(None) };
        let Some(choices @ Choices::Listed { .. }) = field.choices else { return Ok(None) };
        let standing = self.here()?;
        let connected = standing.connected_for(answers).await?;
        let name = (field.get)(answers);
        // A group that is not there has nothing in it.
        let listed = answers_to(&standing.start, &connected, answers, choices).await.unwrap_or_default();
        if let Some(known) = listed.iter().find(|known| known.name.eq_ignore_ascii_case(&name)) {
            let hint = if known.hint.is_empty() { "looked at, and used if it fits" } else { &known.hint };
            return Ok(Some(Verdict::There(format!("there: {hint}"))));
        }
        if !names::is_global(key) {
            return Ok(Some(Verdict::New));
        }
        let offers = standing.offers(&connected, answers).await?;
        Ok(match is_free(&standing, &connected, answers, &offers, key, &name).await? {
            Some(true) => Some(Verdict::Free),
            Some(false) => {
                let other = names::another(&answers.subscription, key, &name);
                let free = is_free(&standing, &connected, answers, &offers, key, &other).await? == Some(true);
                Some(Verdict::Taken(free.then_some(other)))
            }
            None => None,
        })
    }

    /// Makes all checks of a setup with these answers.
    pub(super) async fn checked(&self, answers: Answers) -> Result<Checkup, Failure> {
        let standing = self.here()?;
        let start = &standing.start;
        let answers = standing.settled(answers);
        let connected = standing.connected_for(&answers).await?;
        let past = Past::read(&start.state, answers.setup_id())?;
        let quiet = &|_: &str, _| {};
        let prepared = prepared(start, &connected, answers, &past, quiet).await?;
        past.check_changes(prepared.selection.dialect, &prepared.answers)?;
        let confirmed = prepared.plan.ids();
        let checked = Checked::make(start, &connected, &past, &prepared, confirmed, quiet).await;
        let (skips, blocked) = checked.without_rights().unwrap_or_default();
        Ok(Checkup {
            answers: prepared.answers.clone(),
            why: prepared.selection.because.clone(),
            hand_off: checked.hand_off(),
            findings: checked.findings.clone(),
            skips,
            blocked,
            plan: prepared.plan.clone(),
        })
    }

    /// Writes what an administrator needs.
    pub(super) fn handed_over(hand_off: &HandOff) -> Result<String, Failure> {
        Ok(write_hand_off(hand_off, Path::new(FOLDER))?.told)
    }

    /// Writes a new setup file.
    pub(super) fn kept(&self, answers: Answers) -> Result<String, Failure> {
        let standing = self.here()?;
        let answers = standing.settled(answers);
        let path = Standing::free_path(&answers);
        let config = Config { answers, ..standing.start.config.clone() };
        let written = init::write(Path::new(&path), Overwrite::Never, &render_toml(&config));
        written.map_err(|error| Failure::new(Exit::Usage, format!("error: {error}")))?;
        Ok(path)
    }
}

/// The subscription of `answers` if the account sees it, else the first that can be used.
async fn subscription(
    standing: &Standing,
    connected: &Connected,
    answers: &Answers,
) -> Result<String, Failure> {
    let list = subscriptions(answers);
    let found =
        standing.start.read_through(connected, &|_, _| {}, |replay| read_all(replay, &list)).await??;
    let text =
        |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let ids: Vec<String> = found
        .iter()
        .filter(|entry| !matches!(text(entry, "state").as_str(), "disabled" | "deleted"))
        .map(|entry| text(entry, "subscriptionId"))
        .collect();
    if ids.contains(&answers.subscription) {
        return Ok(answers.subscription.clone());
    }
    ids.into_iter().find(|id| !id.is_empty()).ok_or_else(|| {
        let says = format!("{} sees no subscription that can be used", connected.account);
        let remedy = "sign in as somebody else, or choose another tenant; or ask for the role Reader or more on a subscription";
        Fault::new(says, remedy).exiting(Exit::NotPermitted).into()
    })
}

fn named(answers: &Answers, key: &str) -> String {
    if key == "hub.name" { answers.hub.clone() } else { answers.dps.clone() }
}

/// Whether nobody in all of Azure has `name`; `None` where that is not told.
async fn is_free(
    standing: &Standing,
    connected: &Connected,
    answers: &Answers,
    offers: &Offers,
    key: &str,
    name: &str,
) -> Result<Option<bool>, Failure> {
    let Some(request) = names::question(DIALECTS, offers, answers, key, name) else { return Ok(None) };
    let asked = standing.start.read_through(connected, &|_, _| {}, |replay| {
        Ok(replay.read(&request)?.map(names::is_free).unwrap_or_default())
    });
    asked.await
}

impl Standing {
    /// The answers with the tenant that was chosen at the sign-in.
    pub fn settled(&self, answers: Answers) -> Answers {
        match self.tenant() {
            Some(tenant) => Answers { tenant: Some(tenant), ..answers },
            None => answers,
        }
    }
}
