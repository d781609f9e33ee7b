//! Tokens by scope: kept, refreshed in time, and fetched once for all who wait.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use azure_core::credentials::{AccessToken, Secret};
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use jiff::Timestamp;

use super::clock::Clock;
use crate::domain::ServiceError;

/// Fetches a token for a scope.
pub(super) type Fetch = dyn Fn(String) -> BoxFuture<'static, Result<AccessToken, ServiceError>> + Send + Sync;

type Flight = Shared<BoxFuture<'static, Result<Kept, ServiceError>>>;

/// All tokens of a client.
pub(super) struct Tokens {
    fetch: Box<Fetch>,
    clock: Clock,
    slots: Mutex<HashMap<String, Slot>>,
}

#[derive(Default)]
struct Slot {
    kept: Option<Kept>,
    /// The acquisition under way, which every caller joins.
    flight: Option<Flight>,
    /// The next token is had for a right that the former one lacked.
    for_rights: bool,
}

/// A token, and when it was had.
#[derive(Clone)]
pub(super) struct Kept {
    pub secret: Secret,
    pub had: Timestamp,
    expires: Timestamp,
    /// It was had because another one lacked a right: what it lacks, no newer one has.
    for_rights: bool,
}

impl Kept {
    fn of(token: AccessToken, had: Timestamp) -> Self {
        let expires = Timestamp::from_second(token.expires_on.unix_timestamp()).unwrap_or(had);
        Self { secret: token.token, had, expires, for_rights: false }
    }

    /// True when less than the smaller of five minutes and a quarter of its life is left.
    fn is_stale(&self, now: Timestamp) -> bool {
        let margin = (span(self.had, self.expires) / 4).min(Duration::from_mins(5));
        span(now, self.expires) < margin
    }

    /// True while Azure still takes it, with something to spare for the way there.
    fn still_holds(&self, now: Timestamp) -> bool {
        span(now, self.expires) > Duration::from_secs(30)
    }
}

impl Tokens {
    /// Tokens got by `fetch`.
    pub fn new(fetch: Box<Fetch>, clock: Clock) -> Self {
        Self { fetch, clock, slots: Mutex::default() }
    }

    /// The token for `scope`: the one that is kept, else a new one.
    pub async fn get(&self, scope: &str) -> Result<Kept, ServiceError> {
        let flight = {
            let mut slots = self.lock();
            let slot = slots.entry(scope.to_owned()).or_default();
            let now = self.clock.now();
            match (&slot.kept, &slot.flight) {
                (Some(kept), _) if !kept.is_stale(now) => return Ok(kept.clone()),
                (_, Some(flight)) => flight.clone(),
                _ => slot.flight.insert(self.acquire(scope)).clone(),
            }
        };
        let got = flight.clone().await;
        let mut slots = self.lock();
        let slot = slots.entry(scope.to_owned()).or_default();
        if slot.flight.as_ref().is_some_and(|current| current.ptr_eq(&flight)) {
            slot.flight = None;
            if let Ok(kept) = &got {
                let for_rights = std::mem::take(&mut slot.for_rights);
                slot.kept = Some(Kept { for_rights, ..kept.clone() });
            }
        }
        match got {
            Ok(kept) => Ok(kept),
            // A refresh ahead of time that fails costs nothing yet.
            Err(error) => match &slot.kept {
                Some(kept) if kept.still_holds(self.clock.now()) => Ok(kept.clone()),
                _ => Err(error),
            },
        }
    }

    /// Drops the token for `scope` if it is still `refused`: another caller may have got a newer one meanwhile.
    pub fn drop_refused(&self, scope: &str, refused: &Secret) {
        if let Some(slot) = self.lock().get_mut(scope) {
            slot.kept.take_if(|kept| kept.secret == *refused);
        }
    }

    /// Drops the token for `scope`, which `lacks` a right, if it is still that one: it may be older than a grant (contract
    /// preview-2025, 1.3: refresh once). False when a newer one was had for that already.
    pub fn drop_for_rights(&self, scope: &str, lacks: &Secret) -> bool {
        let mut slots = self.lock();
        let Some(slot) = slots.get_mut(scope) else { return false };
        match &slot.kept {
            Some(kept) if kept.secret == *lacks && kept.for_rights => false,
            Some(kept) if kept.secret == *lacks => {
                (slot.kept, slot.for_rights) = (None, true);
                true
            }
            _ => true,
        }
    }

    /// Every token that is kept, to be masked where a service echoes it.
    pub fn kept(&self) -> Vec<Secret> {
        self.lock().values().filter_map(|slot| slot.kept.as_ref()).map(|kept| kept.secret.clone()).collect()
    }

    /// Forgets every token and keeps `token` for `scope`: somebody signed in anew. What is under way for the former sign-in
    /// is not kept when it comes.
    pub fn replace(&self, scope: &str, token: AccessToken) {
        let kept = Kept::of(token, self.clock.now());
        let mut slots = self.lock();
        slots.clear();
        slots.insert(scope.to_owned(), Slot { kept: Some(kept), ..Slot::default() });
    }

    fn acquire(&self, scope: &str) -> Flight {
        let clock = self.clock.clone();
        let fetching = (self.fetch)(scope.to_owned());
        async move {
            let token = fetching.await?;
            Ok(Kept::of(token, clock.now()))
        }
        .boxed()
        .shared()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Slot>> {
        // Nothing in here panics between two changes that belong together.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

/// From `from` to `to`, zero when that is past.
fn span(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}
