//! One entry of a fault script: what it fits, when it is due, and the values of its action.
//!
//! Each entry counts the requests it fits, in the world, so that a restart does not start it over. Chance is a function of
//! the script's seed, the entry and that count: the same requests in the same order meet the same faults.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::action::{Action, Ending, RetryForm, Voice};
use crate::sandbox::permissions::matches;
use crate::sandbox::request::Request;
use crate::sandbox::world::World;

/// Longest answer of `huge`.
const MOST_MEGABYTES: u32 = 4096;

/// One entry of a fault script.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// Any method when absent.
    #[serde(default)]
    pub(super) method: Option<String>,
    /// With `*` wildcards, without case.
    #[serde(default = "anything")]
    pub(super) host: String,
    /// Of the path without its query; with `*` wildcards, without case.
    #[serde(default = "anything")]
    pub(super) path: String,
    /// Which of the fitting requests, counted from 1; all of them when empty.
    #[serde(default)]
    pub(super) nth: Vec<u32>,
    /// So many fitting requests pass before it begins.
    #[serde(default)]
    pub(super) after: u32,
    /// Of the fitting requests that are left, only so many of the first.
    #[serde(default)]
    pub(super) first: Option<u32>,
    /// Chance of each request that could be hit, from 0 to 1.
    #[serde(default)]
    pub(super) probability: Option<f64>,
    /// It acts no more than so often.
    #[serde(default)]
    pub(super) at_most: Option<u32>,
    pub(super) action: Action,
    /// Simulated seconds of `Retry-After`, where one is sent; wall seconds of `slow` and `skewed`.
    #[serde(default, alias = "retry_after")]
    pub(super) seconds: f64,
    #[serde(default)]
    pub(super) retry_after_date: bool,
    #[serde(default)]
    pub(super) retry_after_as: RetryForm,
    #[serde(default)]
    pub(super) status: Option<u16>,
    #[serde(default)]
    pub(super) code: Option<String>,
    #[serde(default)]
    pub(super) message: Option<String>,
    /// The whole JSON body of an action that answers, in place of code and message.
    #[serde(default)]
    pub(super) body: Option<Value>,
    #[serde(default)]
    pub(super) shape: Option<Voice>,
    /// The OAuth error of a `sign-in` refusal whose code is a number.
    #[serde(default)]
    pub(super) error: Option<String>,
    /// How the operation of an `async` refusal ends.
    #[serde(default)]
    pub(super) ends: Ending,
    /// Whether `expired` asks for claims.
    #[serde(default)]
    pub(super) claims: bool,
    /// Scheme and host of `redirect` and `foreign-status`.
    #[serde(default)]
    pub(super) to: Option<String>,
    /// How often `hidden` and `status-late` hide.
    #[serde(default)]
    pub(super) times: Option<u32>,
    /// How much `huge` adds.
    #[serde(default)]
    pub(super) megabytes: Option<u32>,
}

fn anything() -> String {
    "*".to_owned()
}

impl Fault {
    /// What is wrong with the entry, as a sentence; `number` counts from 1.
    pub(crate) fn check(&self, number: usize) -> Result<(), String> {
        let wrong = |why: &str| Err(format!("faults, entry {number}: {why}"));
        if self.nth.contains(&0) {
            return wrong("nth counts from 1");
        }
        if self.probability.is_some_and(|chance| !(0.0..=1.0).contains(&chance)) {
            return wrong("probability must lie between 0 and 1");
        }
        if self.status.is_some_and(|status| !(200..=599).contains(&status)) {
            return wrong("status must lie between 200 and 599");
        }
        let fits = match self.action {
            Action::Skewed => (-1_000_000.0..=1_000_000.0).contains(&self.seconds),
            _ => (0.0..=1_000_000.0).contains(&self.seconds),
        };
        if !fits {
            return wrong("seconds must lie between 0 and 1000000");
        }
        if self.shape == Some(Voice::Dps)
            && self.code.as_ref().is_some_and(|code| code.parse::<u32>().is_err())
        {
            return wrong("the code of the shape dps is a number, such as \"429001\"");
        }
        if self.megabytes.is_some_and(|size| size > MOST_MEGABYTES) {
            return wrong("megabytes must not be more than 4096");
        }
        Ok(())
    }

    fn fits(&self, request: &Request) -> bool {
        self.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(&request.method))
            && matches(&self.host, &request.host)
            && matches(&self.path, &request.path)
    }

    /// Whether the fitting request of this count is hit.
    fn due(&self, hits: u32, acts: u32, chance: impl FnOnce() -> f64) -> bool {
        let Some(count) = hits.checked_sub(self.after).filter(|count| *count > 0) else { return false };
        (self.nth.is_empty() || self.nth.contains(&count))
            && self.first.is_none_or(|first| count <= first)
            && self.at_most.is_none_or(|most| acts < most)
            && self.probability.is_none_or(|probability| chance() < probability)
    }
}

/// What the script has for a request; every fitting entry counts it, the first that is due acts.
pub(crate) fn pick(world: &mut World, request: &Request) -> Option<Fault> {
    let World { settings, fault_hits, fault_acts, .. } = world;
    fault_hits.resize(settings.faults.len(), 0);
    fault_acts.resize(settings.faults.len(), 0);
    let mut picked = None;
    let counts = fault_hits.iter_mut().zip(fault_acts.iter_mut());
    for (entry, (fault, (hits, acts))) in settings.faults.iter().zip(counts).enumerate() {
        if fault.fits(request) {
            *hits = hits.saturating_add(1);
            if picked.is_none() && fault.due(*hits, *acts, || chance(settings.seed, entry, *hits)) {
                *acts = acts.saturating_add(1);
                picked = Some(fault.clone());
            }
        }
    }
    picked
}

/// A number from 0 to 1 that is the same for the same seed, entry and count.
fn chance(seed: u64, entry: usize, count: u32) -> f64 {
    let digest = Sha256::digest(format!("{seed}|{entry}|{count}"));
    let drawn = digest.iter().take(4).fold(0_u32, |drawn, byte| (drawn << 8) | u32::from(*byte));
    f64::from(drawn) / f64::from(u32::MAX)
}
