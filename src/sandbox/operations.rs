//! Long-running operations: accepted now, finished when due.
//!
//! Nothing runs in between. Each request first settles what is overdue, in order, each at its own due moment. With speed
//! 0 time finishes nothing; an operation ends at the second poll, or its resource at the second read.

use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::clock::{Due, Now, iso};
use super::faults::Doom;
use super::providers;
use super::reply::{Refusal, Reply};
use super::request::Request;
use super::target::covers;
use super::world::World;

/// Operations that are remembered, so that the world does not grow for ever.
const KEPT: usize = 300;

/// What ending the operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Work {
    Create,
    Update,
    Delete,
    Synchronize,
    /// Settles the links of a namespace.
    Link,
    /// Brings a half-settled namespace to rest.
    Heal,
    /// Tells a provisioning service's data plane of its namespace.
    Push,
    /// Lets a new hub or service show what comes late.
    FillIn,
    /// Takes the chain of a certificate authority with an external issuer, or makes a new one.
    Renew,
}

/// How its status is told (contract, section 1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Style {
    /// `Azure-AsyncOperation`: 200 with a status document.
    AsyncOperation,
    /// `Location`: 202 until done.
    Location,
    /// Both headers; either may be polled.
    Both,
    /// No status URL: the resource's own state is all there is.
    ResourceOnly,
}

/// How it ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct End {
    pub(crate) at_real_ms: i64,
    /// `None` when it succeeded.
    pub(crate) failure: Option<Failure>,
    /// How the status document spells a failure, when not `Failed`.
    #[serde(default)]
    word: Option<String>,
}

/// Why it failed; `status` is what a `Location` poll answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

/// One accepted operation.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) work: Work,
    pub(crate) style: Style,
    /// Id of the resource, as written.
    pub(crate) resource: String,
    /// Path and query of both status URLs up to their long tail, which is worked out anew each time: a world that kept it
    /// would write megabytes with every change.
    status_path: String,
    result_path: String,
    started_real_ms: i64,
    due: Due,
    polls: u32,
    reads: u32,
    pub(crate) end: Option<End>,
    /// How a fault script lets it end.
    #[serde(default)]
    pub(crate) doom: Option<Doom>,
}

/// The type words of the two status URLs.
const STATUS: &str = "operationStatuses";
const RESULT: &str = "operationResults";

impl Operation {
    fn status_url(&self) -> String {
        self.whole(&self.status_path, STATUS)
    }

    fn result_url(&self) -> String {
        self.whole(&self.result_path, RESULT)
    }

    /// A status URL with its tail. A world of an earlier program kept it whole.
    fn whole(&self, kept: &str, kind: &str) -> String {
        if kept.contains("&c=") {
            return kept.to_owned();
        }
        let mark = hex(&Sha256::digest(format!("{}{kind}", self.id).as_bytes()));
        format!("{kept}&c={}&s={mark}&h", certificate_text(&self.id, kind))
    }
}

/// What an accepted operation is about.
pub(crate) struct Order<'order> {
    pub(crate) work: Work,
    pub(crate) style: Style,
    /// Resource provider namespace.
    pub(crate) provider: &'order str,
    pub(crate) subscription: &'order str,
    pub(crate) location: &'order str,
    pub(crate) resource: &'order str,
    pub(crate) api_version: &'order str,
    /// Simulated seconds.
    pub(crate) seconds: f64,
}

/// Accepts an operation and puts its headers on the reply.
pub(crate) fn accept(
    world: &mut World,
    request: &Request,
    now: &Now,
    order: &Order<'_>,
    reply: Reply,
) -> Reply {
    let id = format!("{}*{}", Uuid::new_v4(), hex(&Sha256::digest(order.resource.as_bytes())));
    let path = |kind: &str| {
        format!(
            "/subscriptions/{}/providers/{}/locations/{}/{kind}/{id}?api-version={}&t={}",
            order.subscription, order.provider, order.location, order.api_version, now.real_ms,
        )
    };
    let operation = Operation {
        id: id.clone(),
        work: order.work,
        style: order.style,
        resource: order.resource.to_owned(),
        status_path: path(STATUS),
        result_path: path(RESULT),
        started_real_ms: now.real_ms,
        due: Due::after(now, order.seconds),
        polls: 0,
        reads: 0,
        end: None,
        doom: None,
    };
    let base = request.link_base();
    let poll = world.settings.latency.poll;
    let mut reply = reply;
    if matches!(order.style, Style::AsyncOperation | Style::Both) {
        reply = reply.with("Azure-AsyncOperation", format!("{base}{}", operation.status_url()));
    }
    if matches!(order.style, Style::Location | Style::Both) {
        reply = reply.with("Location", format!("{base}{}", operation.result_url()));
    }
    if order.style != Style::ResourceOnly {
        reply = reply.with_retry_after(now, poll);
    }
    forget_old(world);
    world.operations.insert(id, operation);
    reply
}

/// Something that happens by itself after a while: no client is told of it.
pub(crate) fn schedule(world: &mut World, now: &Now, work: Work, resource: &str, seconds: f64) {
    let id = Uuid::new_v4().to_string();
    let operation = Operation {
        id: id.clone(),
        work,
        style: Style::ResourceOnly,
        resource: resource.to_owned(),
        status_path: String::new(),
        result_path: String::new(),
        started_real_ms: now.real_ms,
        due: Due::after(now, seconds),
        polls: 0,
        reads: 0,
        end: None,
        doom: None,
    };
    forget_old(world);
    world.operations.insert(id, operation);
}

/// Drops the oldest operations that have ended once there are very many. Of those that have not, a resource at rest can
/// have any number only where the operation leaves it at rest, so that these go too.
fn forget_old(world: &mut World) {
    while world.operations.len() >= KEPT {
        let spare =
            |known: &&Operation| known.end.is_some() || matches!(known.work, Work::Synchronize | Work::Push);
        let oldest = world
            .operations
            .values()
            .filter(spare)
            .min_by_key(|known| (known.end.is_none(), known.started_real_ms));
        let Some(id) = oldest.map(|known| known.id.clone()) else { return };
        world.operations.remove(&id);
    }
}

/// Real status URLs carry a signed certificate of some 4 kB; clients have been seen to cut them.
fn certificate_text(id: &str, kind: &str) -> String {
    (0_u8..64).map(|round| hex(&Sha256::digest(format!("{id}|{kind}|{round}").as_bytes()))).collect()
}

/// Lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for half in [byte >> 4, byte & 0x0f] {
            text.extend(char::from_digit(u32::from(half), 16));
        }
        text
    })
}

/// Ends every overdue operation, the longest overdue first, each at its own moment.
pub(crate) fn settle(world: &mut World, now: &Now) {
    if now.speed <= 0.0 {
        return;
    }
    let mut overdue: Vec<(i64, String)> = world
        .operations
        .values()
        .filter(|operation| operation.end.is_none() && operation.due.reached(now))
        .map(|operation| (operation.due.at_ms(), operation.id.clone()))
        .collect();
    overdue.sort();
    for (at, id) in overdue {
        finish(world, &id, &now.back_at(at));
    }
}

/// Counts a read of a resource under way; with speed 0 the second one finds it done.
pub(crate) fn note_read(world: &mut World, resource: &str, now: &Now) {
    if now.speed > 0.0 {
        return;
    }
    let found = world
        .operations
        .values_mut()
        .find(|operation| operation.end.is_none() && operation.resource.eq_ignore_ascii_case(resource));
    if let Some(operation) = found {
        operation.reads += 1;
        if operation.reads >= 2 {
            let id = operation.id.clone();
            finish(world, &id, now);
        }
    }
}

fn finish(world: &mut World, id: &str, now: &Now) {
    let Some(operation) = world.operations.get(id).cloned() else { return };
    let (failure, word) = match &operation.doom {
        Some(Doom { ending, failure }) => {
            providers::spoil(world, &operation, failure, ending.word());
            (Some(failure.clone()), Some(ending.word().to_owned()))
        }
        None => (providers::finish(world, &operation, now).err(), None),
    };
    if let Some(operation) = world.operations.get_mut(id) {
        operation.end = Some(End { at_real_ms: now.real_ms, failure, word });
    }
}

/// Ends what else is under way at or below a resource that a deletion has removed: whatever comes under the same name
/// later is none of its business.
pub(crate) fn abandon(world: &mut World, deletion: &Operation, now: &Now) {
    let at_real_ms = now.real_ms;
    let below = |other: &&mut Operation| {
        other.end.is_none() && other.id != deletion.id && covers(&deletion.resource, &other.resource)
    };
    for other in world.operations.values_mut().filter(below) {
        let failure = (other.work != Work::Delete).then(providers::gone);
        other.end = Some(End { at_real_ms, failure, word: None });
    }
}

/// The status URL of a deletion that is under way.
pub(crate) fn deletion(world: &World, request: &Request, now: &Now, resource: &str) -> Option<Reply> {
    let under_way = world.operations.values().find(|known| {
        known.work == Work::Delete && known.end.is_none() && known.resource.eq_ignore_ascii_case(resource)
    })?;
    let url = format!("{}{}", request.link_base(), under_way.result_url());
    let wait = world.settings.latency.poll;
    Some(Reply::empty(202).with("Location", url).with_retry_after(now, wait))
}

/// Answers a poll.
///
/// # Errors
/// 404 for an unknown operation; 400 when the URL did not come back byte for byte.
pub(crate) fn poll(world: &mut World, request: &Request, now: &Now, id: &str) -> Result<Reply, Refusal> {
    let given = request.path_and_query();
    let Some(operation) = world.operations.get_mut(id) else {
        return Err(Refusal::arm(404, "ResourceNotFound", "The operation was not found.".to_owned()));
    };
    let by_status = given == operation.status_url();
    if request.method != "GET" {
        return Err(Refusal::arm(405, "MethodNotAllowed", "A status URL is read with GET.".to_owned()));
    }
    if !by_status && given != operation.result_url() {
        let message = "The signature of the status URL does not match: replay it exactly as it was given.";
        return Err(Refusal::arm(400, "InvalidOperationStatusUrl", message.to_owned()));
    }
    operation.polls += 1;
    if now.speed <= 0.0 && operation.end.is_none() && operation.polls >= 2 {
        finish(world, id, now);
    }
    let wait = world.settings.latency.poll;
    let Some(operation) = world.operations.get(id) else {
        return Err(Refusal::arm(404, "ResourceNotFound", "The operation was not found.".to_owned()));
    };
    Ok(if by_status {
        status_document(operation, now, wait)
    } else {
        result(world, operation, now, wait, request)
    })
}

/// IoT services say a word and nothing else, while it goes well (recorded from the live services by az's tests).
fn status_word(operation: &Operation, now: &Now, wait: f64) -> Option<Reply> {
    if !operation.resource.to_ascii_lowercase().contains("/providers/microsoft.devices/") {
        return None;
    }
    match &operation.end {
        None => Some(Reply::json(200, json!({"status": "Running"})).with_retry_after(now, wait)),
        Some(End { failure: None, .. }) => Some(Reply::json(200, json!({"status": "Succeeded"}))),
        Some(_) => None,
    }
}

fn status_document(operation: &Operation, now: &Now, wait: f64) -> Reply {
    if let Some(reply) = status_word(operation, now, wait) {
        return reply;
    }
    let started = iso(operation.started_real_ms);
    let id = operation.status_path.split('?').next().unwrap_or_default();
    match &operation.end {
        None => Reply::json(
            200,
            json!({"id": id, "name": operation.id, "status": "Running", "startTime": started}),
        )
        .with_retry_after(now, wait),
        Some(end) => match &end.failure {
            None => Reply::json(
                200,
                json!({
                    "id": id, "name": operation.id, "resourceId": operation.resource, "status": "Succeeded",
                    "startTime": started, "endTime": iso(end.at_real_ms), "percentComplete": 100,
                }),
            ),
            Some(failure) => Reply::json(
                200,
                json!({
                    "id": id, "name": operation.id, "status": end.word.as_deref().unwrap_or("Failed"), "startTime": started,
                    "endTime": iso(end.at_real_ms), "error": {"code": failure.code, "message": failure.message},
                }),
            ),
        },
    }
}

fn result(world: &World, operation: &Operation, now: &Now, wait: f64, request: &Request) -> Reply {
    match &operation.end {
        None => Reply::empty(202)
            .with("Location", format!("{}{}", request.link_base(), operation.result_url()))
            .with_retry_after(now, wait),
        Some(End { failure: Some(failure), .. }) => {
            Reply::json(failure.status, json!({"error": {"code": failure.code, "message": failure.message}}))
        }
        Some(_) => match (operation.work, world.resource(&operation.resource)) {
            (Work::Delete, _) | (_, None) => Reply::empty(204),
            (Work::Synchronize | Work::Renew, _) => Reply::empty(200),
            (_, Some(resource)) => {
                let version = request.query_value("api-version").unwrap_or_default();
                Reply::json(200, providers::view(world, resource, &version))
            }
        },
    }
}
