//! Looks made before there is a run: what the subscription offers. They change nothing and stand in no journal.

use std::time::Duration;

use crate::azure::{Azure, Caller, Vault};
use crate::domain::{CallId, Outputs, Reply, Request, ServiceError};

use super::clock::Clock;
use super::retry::{Again, judge, judge_sign_in};

/// Makes one look, again as often as the retry layer allows.
pub async fn lookup(azure: &Azure, clock: Clock, request: &Request) -> Result<Reply, ServiceError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let result = azure.call(CallId::fresh(), request, &Outputs::default(), &Vault::default()).await;
        let Err(error) = result else { return result };
        match judge(request, &error, tries, 0.5) {
            Again::No => return Err(error),
            Again::After { wait, .. } => pause(clock, &error, wait).await,
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
            Again::After { wait, .. } => pause(clock, &error, wait).await,
        }
    }
}

/// What the service says about waiting comes in wall time; what we choose, in service time.
async fn pause(clock: Clock, error: &ServiceError, chosen: Duration) {
    let stated = error.retry_after.map(|wall| clock.service_time(wall));
    clock.sleep(stated.unwrap_or(chosen)).await;
}
