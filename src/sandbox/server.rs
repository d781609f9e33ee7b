//! The loopback server: bytes to a request, one step under a lock, a reply to bytes.
//!
//! It decides nothing. A reply leaves only after the world it came from is on disk; if that fails, the change is taken
//! back and the client gets a 503.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{Request as HttpRequest, Response};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::clock::real_now_ms;
use super::connection::{Doorway, Way};
use super::delivery;
use super::desk::Desk;
use super::faults::{self, FaultScript};
use super::front::{self, Front};
use super::labels;
use super::providers::admit;
use super::record::Recorder;
use super::reply::{Delivery, Refusal, Reply};
use super::request::Request;
use super::step::{BODY_LIMIT, step};
use super::store::Store;
use super::world::World;

/// The path that tells one server from another; no Azure service has it.
pub(crate) const IDENTITY_PATH: &str = "/.sandbox";

/// Below it, a PUT adds a subscription to the world.
pub(crate) const SUBSCRIPTIONS_PATH: &str = "/.sandbox/subscriptions/";

/// Where the fault script in force is read (GET) and replaced (PUT).
pub(crate) const FAULTS_PATH: &str = "/.sandbox/faults";

/// World and file, together in the hands of one thread.
pub(crate) struct Served {
    pub(crate) world: World,
    pub(crate) store: Store,
    /// Random for each start, so that a joining process knows whom it reached.
    pub(crate) instance: String,
}

/// What every answer shares: where the world is worked on, and the word to stop, which ends answers that would never come.
#[derive(Clone)]
struct Shared {
    desk: Desk,
    stop: CancellationToken,
}

/// Serves until the token is cancelled; open requests are answered first. With a front it speaks TLS on the same port, with a
/// recorder it keeps what is said.
pub(crate) async fn serve(
    listener: TcpListener,
    front: Option<Front>,
    mut recorder: Option<Recorder>,
    mut served: Served,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let address = listener.local_addr()?;
    let doorway = match front {
        None => Doorway::Open(listener),
        Some(front) => Doorway::Sorted(front::sort(listener, front, stop.clone()), address),
    };
    let desk = Desk::open(move |request| work(&mut served, recorder.as_mut(), request))?;
    let shared = Shared { desk, stop: stop.clone() };
    let router =
        Router::new().fallback(answer).with_state(shared).into_make_service_with_connect_info::<Way>();
    axum::serve(doorway, router).with_graceful_shutdown(stop.cancelled_owned()).await
}

/// Binds loopback only.
pub(crate) async fn bind(port: u16) -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

async fn answer(
    State(shared): State<Shared>,
    ConnectInfo(way): ConnectInfo<Way>,
    incoming: HttpRequest<Body>,
) -> Response<Body> {
    let (parts, body) = incoming.into_parts();
    let authority = parts
        .headers
        .get("host")
        .and_then(|value| value.to_str().ok())
        .or_else(|| parts.uri.authority().map(axum::http::uri::Authority::as_str))
        .unwrap_or_default()
        .to_ascii_lowercase();
    let mut request = Request {
        method: parts.method.as_str().to_ascii_uppercase(),
        host: host_of(&authority).to_owned(),
        authority,
        secure: way.secure,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().map(str::to_owned),
        headers: parts
            .headers
            .iter()
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect(),
        body: Vec::new(),
    };
    let whole = to_bytes(body, BODY_LIMIT).await;
    let Shared { desk, stop } = shared;
    let reply = if let Ok(bytes) = whole {
        request.body = bytes.to_vec();
        match desk.ask(request).await {
            Some(reply) => reply,
            // The server ends: the connection closes, and the client cannot tell.
            None => Reply { delivery: Delivery::Never, ..Reply::empty(503) },
        }
    } else {
        let message = format!("The request body is larger than {BODY_LIMIT} bytes, or broke off.");
        plain_refusal(&request, Refusal::arm(413, "RequestContentTooLarge", message))
    };
    if reply.delivery == Delivery::Hang {
        // A client that gives up takes this future with it.
        stop.cancelled().await;
    }
    if matches!(reply.delivery, Delivery::Never | Delivery::Hang) {
        way.scissors.cut();
    }
    delivery::to_http(&reply)
}

/// One request: its step, and its line in the record.
fn work(served: &mut Served, recorder: Option<&mut Recorder>, request: &Request) -> Reply {
    let reply = catch_unwind(AssertUnwindSafe(|| turn(served, request))).unwrap_or_else(|_| {
        undo(served);
        plain_refusal(request, Refusal::arm(500, "InternalServerError", "The step failed.".to_owned()))
    });
    match recorder {
        // What processes of hubup say to each other is nobody's traffic.
        Some(recorder) if !request.path.starts_with(IDENTITY_PATH) => recorded(recorder, request, reply),
        _ => reply,
    }
}

/// Takes a change back: what was durable before is what stands, also for this server.
fn undo(served: &mut Served) {
    if let Some(before) = served.store.last() {
        served.world = before;
    }
}

/// The reply once it stands in the record; a refusal where it does not, so that no record lacks a line in silence.
fn recorded(recorder: &mut Recorder, request: &Request, reply: Reply) -> Reply {
    match recorder.keep(request, &reply) {
        Ok(()) => reply,
        Err(error) => {
            let message = format!("The sandbox did this, but could not keep its record of it: {error}");
            plain_refusal(request, Refusal::arm(503, "ServiceUnavailable", message))
        }
    }
}

/// One step, durable before it is answered.
fn turn(served: &mut Served, request: &Request) -> Reply {
    if request.to_loopback() && request.path == IDENTITY_PATH {
        return Reply::json(200, serde_json::json!({"instance": served.instance}));
    }
    let now = served.world.epoch.now(real_now_ms());
    let admitted = request.path.strip_prefix(SUBSCRIPTIONS_PATH).filter(|_| request.to_loopback());
    let reply = match admitted.map(uuid::Uuid::try_parse) {
        Some(Ok(id)) => match admit(&mut served.world, &now, &id.to_string()) {
            Ok(()) => Reply::json(200, serde_json::json!({"subscription": id.to_string()})),
            Err(message) => plain_refusal(request, Refusal::arm(400, "InvalidWorld", message)),
        },
        Some(Err(_)) => {
            plain_refusal(request, Refusal::arm(400, "InvalidSubscriptionId", "Not a GUID.".to_owned()))
        }
        None if request.to_loopback() && request.path == FAULTS_PATH => script(&mut served.world, request),
        None => step(&mut served.world, request, &now),
    };
    match served.store.save(&served.world) {
        Ok(()) => reply,
        Err(error) => {
            undo(served);
            let message = format!("The sandbox could not keep its world, so nothing was changed: {error}");
            plain_refusal(request, Refusal::arm(503, "ServiceUnavailable", message))
        }
    }
}

/// Tells or replaces the fault script in force.
fn script(world: &mut World, request: &Request) -> Reply {
    if request.method == "PUT" {
        let read = serde_json::from_slice::<FaultScript>(&request.body).map_err(|error| error.to_string());
        if let Err(message) = read.and_then(|script| faults::rehearse(world, &script)) {
            return plain_refusal(request, Refusal::arm(400, "InvalidFaultScript", message));
        }
    }
    let name = world.rehearsal.as_ref().map(|rehearsal| rehearsal.name.as_str());
    Reply::json(200, serde_json::json!({"name": name}))
}

/// What never became a step, with the ids that every answer has.
fn plain_refusal(request: &Request, refusal: Refusal) -> Reply {
    let now = super::clock::Now { real_ms: real_now_ms(), sim_ms: 0, speed: 0.0 };
    let request_id = uuid::Uuid::new_v4().to_string();
    labels::put(refusal.into_reply(&now, &request_id), request, &now, &request_id)
}

/// The host without its port; the brackets of an IPv6 address stay.
fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !host.is_empty() => host,
        _ => authority,
    }
}
