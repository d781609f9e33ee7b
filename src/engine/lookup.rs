//! Looks made before there is a run: what the subscription offers. They change nothing and stand in no journal.

use std::time::Duration;

use crate::azure::{Azure, Caller, Vault};
use crate::domain::{CallId, Outputs, Reply, Request, ServiceError};

use super::clock::Clock;
use super::retry::{Again, LONGEST_WAIT, judge, judge_sign_in};

/// Makes one look, again as often as the retry layer allows.
pub async fn lookup(azure: &Azure, clock: Clock, request: &Request) -> Result<Reply, ServiceError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let result = azure.call(CallId::fresh(), request, &Outputs::default(), &Vault::default()).await;
        let Err(error) = result else { return result };
        match judge(request, &error, tries, 0.5) {
            Again::No => return Err(error),
            Again::After { wait, .. } => pause(clock, error, wait).await?,
        }
    }
}

/// Signs in, again as often as the retry layer allows.
pub async fn sign_in(azure: &Azure, clock: Clock) -> Result<Caller, ServiceError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let error = match azure.sign_in().await {
            Ok(caller) => return Ok(caller),
            Err(error) => error,
        };
        match judge_sign_in(&error, tries) {
            Again::No => return Err(error),
            Again::After { wait, .. } => pause(clock, error, wait).await?,
        }
    }
}

/// Waits before the next try; gives the error back when the service asks for more than anybody would sit through. What
/// it says about waiting comes in wall time; what we choose, in service time.
async fn pause(clock: Clock, error: ServiceError, chosen: Duration) -> Result<(), ServiceError> {
    let wait = error.retry_after.map_or(chosen, |wall| clock.service_time(wall));
    if clock.wall_time(wait) > LONGEST_WAIT {
        return Err(error);
    }
    clock.sleep(wait).await;
    Ok(())
}
