//! The only layer that sends a request again: when, how often, after how long.
//!
//! It sends again only what cannot have been carried out, or what does no harm when carried out twice. Everything
//! else goes back to the step, which looks first (design, section 5).

use std::time::Duration;

use crate::domain::{ErrorKind, Request, ServiceError};

/// Tries of one request in all, the first included.
const MOST_TRIES: u32 = 6;

/// Tries when Azure asks to slow down: it is alive and says when to come back.
const MOST_THROTTLED: u32 = 30;

/// The longest wait that a service may ask for, in wall time. One that asks for more has its reply handed on: sending
/// earlier would be wrong, and nobody sits in front of a run for longer.
pub const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// What to do about a failed sign-in: asked again while sign-in is out of reach or out of breath.
pub fn judge_sign_in(error: &ServiceError, tries: u32) -> Again {
    let passing = matches!(error.kind, ErrorKind::NotSent | ErrorKind::Throttled | ErrorKind::Service);
    if !passing || tries >= 4 {
        return Again::No;
    }
    let wait = error.retry_after.unwrap_or_else(|| backoff(tries, 0.5));
    Again::After { wait, why: "sign-in did not answer" }
}

/// What to do about a failed call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Again {
    /// Not again: the step decides.
    No,
    /// Again after this long, in service time.
    After { wait: Duration, why: &'static str },
}

/// Judges try number `tries` (from 1) of `request`, which ended in `error`. `jitter` is from 0 to 1.
pub fn judge(request: &Request, error: &ServiceError, tries: u32, jitter: f64) -> Again {
    let read = request.is_read();
    let why = match error.kind {
        ErrorKind::Throttled if tries < MOST_THROTTLED => "Azure asks to slow down",
        // It never left: even a change is safe to send again.
        ErrorKind::NotSent if tries < 4 => "the host was not reached",
        ErrorKind::Lost if read && tries < MOST_TRIES => "the reply was lost",
        ErrorKind::Service if read && tries < MOST_TRIES => "Azure could not answer",
        // It was not taken up, and a new token may be taken.
        _ if token_was_refused(error) && tries < 2 => "the token was refused; asking with a new one",
        _ => return Again::No,
    };
    let wait = error.retry_after.unwrap_or_else(|| match error.kind {
        ErrorKind::Throttled => Duration::from_secs(10),
        _ => backoff(tries, jitter),
    });
    Again::After { wait, why }
}

/// True when the service refused the token, which was dropped: the next call gets a new one.
pub fn token_was_refused(error: &ServiceError) -> bool {
    error.kind == ErrorKind::Auth && error.retry_after == Some(Duration::ZERO)
}

/// 1, 2, 4, 8, then 16 s, each lengthened by up to a half.
fn backoff(tries: u32, jitter: f64) -> Duration {
    let base = Duration::from_secs(1 << tries.saturating_sub(1).min(4));
    base + base.mul_f64(jitter.clamp(0.0, 1.0) / 2.0)
}
