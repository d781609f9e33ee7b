//! What becomes of an answer on its way: headers of waiting and of status, its delivery, and what it made.
//!
//! Called by the step with every answer of a request that an entry was due for, refused or carried out.

use std::time::Duration;

use super::action::{Action, RetryForm};
use super::answers::ELSEWHERE;
use super::entry::Fault;
use super::veils;
use crate::sandbox::clock::{Now, rfc1123};
use crate::sandbox::reply::{Delivery, Refusal, Reply};
use crate::sandbox::request::Request;
use crate::sandbox::world::World;

const MEGABYTE: u64 = 1024 * 1024;
/// How much `huge` adds where nothing is said.
const USUAL_MEGABYTES: u32 = 64;
/// How long `slow` takes where nothing is said.
const USUAL_SLOWNESS: f64 = 3.0;
/// How often something is hidden where nothing is said.
const USUAL_TIMES: u32 = 2;

/// The headers that lead to an operation.
const STATUS_HEADERS: [&str; 2] = ["azure-asyncoperation", "location"];

/// Changes an answer as the entry says.
pub(crate) fn alter(fault: &Fault, world: &mut World, request: &Request, reply: &mut Reply, now: &Now) {
    tell_wait(fault, reply, now);
    match fault.action {
        Action::Lost => reply.delivery = Delivery::Never,
        Action::Torn => reply.delivery = Delivery::Half,
        Action::HangAfter => reply.delivery = Delivery::Hang,
        Action::Slow => {
            let seconds = if fault.seconds > 0.0 { fault.seconds } else { USUAL_SLOWNESS };
            reply.delivery =
                Delivery::Slow(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(3)));
        }
        Action::Huge => {
            let size = u64::from(fault.megabytes.unwrap_or(USUAL_MEGABYTES));
            reply.delivery = Delivery::Padded(size.saturating_mul(MEGABYTE));
        }
        Action::RelativeStatus => each_status(reply, |url| path_of(url).to_owned()),
        Action::ForeignStatus => {
            let to = fault.to.as_deref().unwrap_or(ELSEWHERE).trim_end_matches('/').to_owned();
            each_status(reply, |url| format!("{to}{}", path_of(url)));
        }
        Action::NoStatus => drop_headers(reply, &STATUS_HEADERS),
        Action::NoRetryAfter => drop_headers(reply, &["retry-after", "retry-after-ms"]),
        Action::StatusGone | Action::StatusLate => {
            let times = (fault.action == Action::StatusLate).then(|| fault.times.unwrap_or(USUAL_TIMES));
            for url in status_urls(reply) {
                let path = path_of(&url);
                let path = path.split('?').next().unwrap_or_default();
                veils::lay(world, path, missing(fault, "The operation was not found."), times);
            }
        }
        Action::Hidden if reply.status < 300 => {
            let times = fault.times.unwrap_or(USUAL_TIMES);
            veils::lay(world, &request.path, missing(fault, "The resource was not found."), Some(times));
        }
        Action::Skewed => {
            // Whole milliseconds, within the bounds that were checked when the script was read.
            let off = Duration::try_from_secs_f64(fault.seconds.abs()).unwrap_or_default().as_millis();
            let off = i64::try_from(off).unwrap_or(0);
            let off = if fault.seconds < 0.0 { -off } else { off };
            drop_headers(reply, &["date"]);
            reply.headers.push(("Date".to_owned(), rfc1123(now.real_ms.saturating_add(off))));
        }
        _ => {}
    }
}

/// 404 unless the entry says otherwise.
fn missing(fault: &Fault, message: &str) -> Refusal {
    let code = fault.code.as_deref().unwrap_or("ResourceNotFound");
    let message = fault.message.clone().unwrap_or_else(|| message.to_owned());
    Refusal::arm(fault.status.unwrap_or(404), code, message)
}

/// `Retry-After` as the entry wants it; simulated seconds, so that at speed 0 the wait is none.
fn tell_wait(fault: &Fault, reply: &mut Reply, now: &Now) {
    let always = matches!(fault.action, Action::Throttle | Action::Unavailable);
    let elsewhere = matches!(fault.action, Action::Slow | Action::Skewed);
    if elsewhere || !(always || fault.seconds > 0.0) {
        return;
    }
    drop_headers(reply, &["retry-after", "retry-after-ms"]);
    let wait = now.real_wait_ms(fault.seconds);
    let seconds = wait.div_ceil(1000);
    let mut tell = |name: &str, value: String| reply.headers.push((name.to_owned(), value));
    let form = if fault.retry_after_date { RetryForm::Date } else { fault.retry_after_as };
    if matches!(form, RetryForm::Both | RetryForm::Milliseconds) {
        tell("retry-after-ms", wait.to_string());
    }
    if matches!(form, RetryForm::Both | RetryForm::Seconds) {
        tell("Retry-After", seconds.to_string());
    }
    if form == RetryForm::Date {
        // Dates have whole seconds: rounded up, so that nobody comes too early.
        let at = now.real_ms.saturating_add(i64::try_from(wait).unwrap_or(0)).saturating_add(999);
        tell("Retry-After", rfc1123(at));
    }
}

fn drop_headers(reply: &mut Reply, names: &[&str]) {
    reply.headers.retain(|(name, _)| !names.iter().any(|dropped| name.eq_ignore_ascii_case(dropped)));
}

fn is_status(name: &str) -> bool {
    STATUS_HEADERS.iter().any(|known| name.eq_ignore_ascii_case(known))
}

fn status_urls(reply: &Reply) -> Vec<String> {
    reply.headers.iter().filter(|(name, _)| is_status(name)).map(|(_, url)| url.clone()).collect()
}

fn each_status(reply: &mut Reply, change: impl Fn(&str) -> String) {
    for (_, url) in reply.headers.iter_mut().filter(|(name, _)| is_status(name)) {
        *url = change(url);
    }
}

/// Path and query of a URL.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
}
