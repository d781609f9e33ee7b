//! The answers of requests that are not carried out, and who decides that one is.
//!
//! Most actions are a refusal with usual words that an entry may replace. Codes and shapes: contract, sections 1.2 and 1.3.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::action::{Action, Voice};
use super::doom;
use super::entry::Fault;
use crate::sandbox::clock::Now;
use crate::sandbox::reply::{Delivery, Refusal, Reply, Shape, status_name};
use crate::sandbox::request::Request;
use crate::sandbox::world::World;

/// No Azure host, and nobody's (RFC 2606).
pub(super) const ELSEWHERE: &str = "https://elsewhere.example";

/// Clears the screen, colours, moves, sets a title and the clipboard, rings, and turns the direction of text.
const ESCAPES: &str = "The name \u{1b}[2J\u{1b}[1;1H\u{1b}[31mis\u{1b}[0m \u{1b}]0;taken\u{7}\u{1b}]52;c;c2FuZGJveA==\u{7}not\r\u{8}\u{9b}5n\u{202e}valid\u{2066}.\n";

/// A service that carries requests out.
pub(crate) type Work = fn(&mut World, &Request, &Now) -> Result<Reply, Refusal>;

/// Answers a request that an entry is due for; `work` carries it out, where it is.
pub(crate) fn outcome(
    fault: &Fault,
    world: &mut World,
    request: &Request,
    now: &Now,
    work: Work,
) -> Result<Reply, Refusal> {
    match fault.action {
        Action::Html => {
            let page = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>";
            Ok(Reply::json(fault.status.unwrap_or(502), json!(page)).with("content-type", "text/html"))
        }
        Action::Redirect => {
            let to = fault.to.as_deref().unwrap_or(ELSEWHERE);
            let link = format!("{}{}", to.trim_end_matches('/'), request.path_and_query());
            Ok(Reply::empty(fault.status.unwrap_or(307)).with("Location", link))
        }
        Action::Reset => Ok(undelivered(Delivery::Never)),
        Action::Hang => Ok(undelivered(Delivery::Hang)),
        Action::Expired if fault.claims => {
            let refusal =
                refusal(fault, request, 401, "ExpiredAuthenticationToken", "The access token has expired.");
            let wanted = json!({"access_token": {"nbf": {"essential": true, "value": now.real_ms.div_euclid(1000).to_string()}}});
            let challenge = format!(
                "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", error=\"insufficient_claims\", claims=\"{}\"",
                STANDARD.encode(wanted.to_string())
            );
            Ok(refusal.into_reply(now, "").with("WWW-Authenticate", challenge))
        }
        _ => match usual(fault.action) {
            Some(_) if fault.shape == Some(Voice::Async) => doom::accept(fault, world, request, now, work),
            Some((status, ..)) if fault.body.is_some() => {
                Ok(Reply::json(fault.status.unwrap_or(status), fault.body.clone().unwrap_or_default()))
            }
            Some((status, code, message)) => Err(refusal(fault, request, status, code, message)),
            None => work(world, request, now),
        },
    }
}

fn undelivered(delivery: Delivery) -> Reply {
    let mut reply = Reply::empty(500);
    reply.delivery = delivery;
    reply
}

/// Status, code and message of an action that refuses, where the entry does not say others.
pub(super) fn usual(action: Action) -> Option<(u16, &'static str, &'static str)> {
    Some(match action {
        Action::Refuse => (400, "", "The request was refused by a fault script."),
        Action::Forbidden => (
            403,
            "AuthorizationFailed",
            "The client does not have authorization to perform the action over the scope.",
        ),
        Action::Locked => (
            409,
            "ScopeLocked",
            "The scope cannot perform delete operation because following scope(s) are locked. Please remove the lock and try again.",
        ),
        Action::Throttle => (429, "TooManyRequests", "The request is being throttled."),
        Action::Conflict => (
            409,
            "AnotherOperationInProgress",
            "Another operation on this or dependent resource is in progress.",
        ),
        Action::Unavailable => (503, "ServiceUnavailable", "The service is unavailable."),
        Action::Broken => (500, "InternalServerError", "The server encountered an internal error."),
        Action::TimedOut => (408, "RequestTimeout", "The request was not completed in time."),
        Action::BadGateway => (502, "BadGateway", "The gateway received no valid answer."),
        Action::GatewayTimeout => {
            (504, "GatewayTimeout", "The gateway did not receive a response from the provider in time.")
        }
        Action::Expired => (401, "ExpiredAuthenticationToken", "The access token has expired."),
        Action::Escapes => (400, "InvalidResourceName", ESCAPES),
        _ => return None,
    })
}

/// The refusal of an entry, in the shape that it names or that its host has.
fn refusal(fault: &Fault, request: &Request, status: u16, code: &str, message: &str) -> Refusal {
    let status = fault.status.unwrap_or(status);
    let message = fault.message.clone().unwrap_or_else(|| message.to_owned());
    let usual = if code.is_empty() { status_name(status) } else { code };
    let code = fault.code.clone().unwrap_or_else(|| usual.to_owned());
    let mut refusal = Refusal::arm(status, &code, message.clone());
    refusal.shape = match fault.shape.unwrap_or_else(|| voice_of(&request.host)) {
        Voice::Arm | Voice::Async => Shape::Arm,
        Voice::Flat if code.parse::<u32>().is_ok() => Shape::ProvisioningService,
        Voice::Flat => Shape::Hub,
        Voice::Graph => Shape::Graph,
        Voice::Dps => {
            if code.parse::<u32>().is_err() {
                // The service's numbers begin with the status.
                refusal.code = (u32::from(status) * 1000 + 1).to_string();
            }
            Shape::DataPlane
        }
        Voice::SignIn => return sign_in(fault, status, &code, &message),
    };
    refusal
}

/// A code is a number of Entra, or the OAuth error itself, as `authorization_pending` is.
fn sign_in(fault: &Fault, status: u16, code: &str, message: &str) -> Refusal {
    let digits = code.strip_prefix("AADSTS").unwrap_or(code);
    if let Ok(number) = digits.parse() {
        Refusal::sign_in(status, fault.error.as_deref().unwrap_or("invalid_grant"), number, message)
    } else {
        let mut refusal = Refusal::sign_in(status, code, 0, message);
        message.clone_into(&mut refusal.message);
        refusal
    }
}

fn voice_of(host: &str) -> Voice {
    match host {
        "login.microsoftonline.com" => Voice::SignIn,
        "graph.microsoft.com" => Voice::Graph,
        _ if host.ends_with(".azure-devices-provisioning.net") => Voice::Dps,
        _ => Voice::Arm,
    }
}
