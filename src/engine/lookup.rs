//! Looks made before there is a run: what the subscription offers. They change nothing and stand in no journal.

use std::time::Duration;

use crate::azure::{Azure, Caller, Vault};
use crate::domain::{CallId, Outputs, Reply, Request, ServiceError};

use super::clock::Clock;
use super::retry::{Again, LONGEST_WAIT, Tries, judge_sign_in};

/// Makes one look, again as often as the retry layer allows. Each wait is told before it begins: why, and how long by the
/// wall.
pub async fn lookup(
    azure: &Azure,
    clock: Clock,
    request: &Request,
    tell: &(dyn Fn(&str, Duration) + Sync),
) -> Result<Reply, ServiceError> {
    look(azure, clock, request, &Vault::default(), tell).await
}

/// [`lookup`] with a vault that outlives it: for the keys that one look fetches and the next is signed with.
pub(super) async fn look(
    azure: &Azure,
    clock: Clock,
    request: &Request,
    vault: &Vault,
    tell: &(dyn Fn(&str, Duration) + Sync),
) -> Result<Reply, ServiceError> {
    let mut tries = Tries::default();
    loop {
        let result = azure.call(CallId::fresh(), request, &Outputs::default(), vault).await;
        let Err(mut error) = result else { return result };
        // What it says about waiting comes in wall time; what we choose, in service time.
        error.retry_after = error.retry_after.map(|wall| clock.service_time(wall));
        match tries.judge(request, &error, 0.5, clock.service_time(LONGEST_WAIT)) {
            Again::No => return Err(error),
            Again::After { wait, why, .. } => {
                // A new token is no wait.
                if !wait.is_zero() {
                    tell(why, clock.wall_time(wait));
                }
                clock.sleep(wait).await;
            }
        }
    }
}

/// Signs in, again as often as the retry layer allows; each wait is told as by [`lookup`].
pub async fn sign_in(
    azure: &Azure,
    clock: Clock,
    tell: &(dyn Fn(&str, Duration) + Sync),
) -> Result<Caller, ServiceError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let error = match azure.sign_in().await {
            Ok(caller) => return Ok(caller),
            Err(error) => error,
        };
        match judge_sign_in(&error, tries) {
            Again::No => return Err(error),
            Again::After { wait, why, .. } => pause(clock, error, wait, &|wait| tell(why, wait)).await?,
        }
    }
}

/// Waits before the next try; gives the error back when the service asks for more than anybody would sit through. What
/// it says about waiting comes in wall time; what we choose, in service time.
async fn pause(
    clock: Clock,
    error: ServiceError,
    chosen: Duration,
    tell: &(dyn Fn(Duration) + Sync),
) -> Result<(), ServiceError> {
    let wait = error.retry_after.map_or(chosen, |wall| clock.service_time(wall));
    if clock.wall_time(wait) > LONGEST_WAIT {
        return Err(error);
    }
    tell(clock.wall_time(wait));
    clock.sleep(wait).await;
    Ok(())
}
