//! Looks made before there is a run: what the subscription offers. They change nothing and stand in no journal.

use std::time::Duration;

use crate::azure::{Azure, Vault};
use crate::domain::{CallId, Outputs, Reply, Request, ServiceError};

use super::clock::Clock;
use super::retry::{Again, LONGEST_WAIT, judge};

/// Makes one look, again as often as the retry layer allows, waiting in silence.
pub async fn lookup(azure: &Azure, clock: Clock, request: &Request) -> Result<Reply, ServiceError> {
    lookup_telling(azure, clock, request, &|_, _| {}).await
}

/// As [`lookup`]; each wait is told before it begins: why, and how long by the wall.
pub async fn lookup_telling(
    azure: &Azure,
    clock: Clock,
    request: &Request,
    tell: &(dyn Fn(&str, Duration) + Sync),
) -> Result<Reply, ServiceError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let result = azure.call(CallId::fresh(), request, &Outputs::default(), &Vault::default()).await;
        let Err(error) = result else { return result };
        match judge(request, &error, tries, 0.5) {
            Again::No => return Err(error),
            // What the service says comes in wall time; what we choose, in service time.
            Again::After { wait, why } => {
                let stated = error.retry_after.map(|wall| clock.service_time(wall));
                let wait = stated.unwrap_or(wait);
                if clock.wall_time(wait) > LONGEST_WAIT {
                    return Err(error);
                }
                tell(why, clock.wall_time(wait));
                clock.sleep(wait).await;
            }
        }
    }
}
