//! Requests that are accepted, and whose operation then does not succeed.
//!
//! The request is carried out up to its acceptance, so that what was asked for is there and ends as the operation does.
//! What has no operation of its own gets one that is about nothing. `operations` ends what is marked here.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::action::Ending;
use super::answers::{self, Work};
use super::entry::Fault;
use crate::sandbox::clock::Now;
use crate::sandbox::operations::{self, Failure, Order, Style};
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::request::Request;
use crate::sandbox::world::World;

/// How an operation will end.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Doom {
    pub(crate) ending: Ending,
    pub(crate) failure: Failure,
}

impl Doom {
    fn of(fault: &Fault) -> Self {
        let (status, code, message) = answers::usual(fault.action).unwrap_or((400, "", ""));
        let code = if code.is_empty() { "InternalServerError" } else { code };
        Self {
            ending: fault.ends,
            failure: Failure {
                status: fault.status.unwrap_or(status),
                code: fault.code.clone().unwrap_or_else(|| code.to_owned()),
                message: fault.message.clone().unwrap_or_else(|| message.to_owned()),
            },
        }
    }
}

/// Accepts a request whose operation is to end as the entry says.
///
/// # Errors
/// What the service refuses by itself is refused.
pub(super) fn accept(
    fault: &Fault,
    world: &mut World,
    request: &Request,
    now: &Now,
    work: Work,
) -> Result<Reply, Refusal> {
    let before = world.clone();
    let reply = work(world, request, now)?;
    let doom = Doom::of(fault);
    let known: BTreeSet<String> = before.operations.keys().cloned().collect();
    if mark(world, &known, &doom) {
        return Ok(reply);
    }
    // It was done at once: it is undone, and an operation stands for it.
    *world = before;
    let segments = request.segments();
    let after = |word: &str| {
        let at = segments.iter().rposition(|segment| segment.eq_ignore_ascii_case(word))?;
        segments.get(at + 1).cloned()
    };
    let Some(subscription) = after("subscriptions") else {
        let Failure { status, code, message } = doom.failure;
        return Err(Refusal::arm(status, &code, message));
    };
    let order = Order {
        work: operations::Work::Create,
        style: Style::AsyncOperation,
        provider: &after("providers").unwrap_or_else(|| "Microsoft.Resources".to_owned()),
        subscription: &subscription,
        location: "eastus2",
        resource: &request.path,
        api_version: &request.query_value("api-version").unwrap_or_default(),
        seconds: world.settings.latency.update,
    };
    let reply = operations::accept(world, request, now, &order, Reply::empty(202));
    mark(world, &known, &doom);
    Ok(reply)
}

/// Dooms every operation that was not known before; whether there was one.
fn mark(world: &mut World, known: &BTreeSet<String>, doom: &Doom) -> bool {
    let mut marked = false;
    for (_, operation) in world.operations.iter_mut().filter(|(id, _)| !known.contains(*id)) {
        operation.doom = Some(doom.clone());
        marked = true;
    }
    marked
}
