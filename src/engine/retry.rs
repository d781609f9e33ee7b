//! The only layer that sends a request again: when, how often, after how long.
//!
//! It sends again only what cannot have been carried out, or what does no harm when carried out twice. Everything
//! else goes back to the step, which looks first (design, section 5).

use std::time::Duration;

use crate::domain::{Auth, ErrorKind, Request, ServiceError};

/// Tries of one request in all, the first included.
const MOST_TRIES: u32 = 6;

/// Tries when Azure asks to slow down: it is alive and says when to come back.
const MOST_THROTTLED: u32 = 30;

/// The wait where Azure asks to slow down and does not say how long (design, section 5).
const THROTTLED: Duration = Duration::from_secs(10);

/// The longest that a service may have one request wait, in wall time. Where it asks for more its reply is handed on: sending
/// earlier would be wrong, and nobody sits in front of a run for longer.
pub const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// What to do about a failed sign-in: asked again while sign-in is out of reach or out of breath.
pub fn judge_sign_in(error: &ServiceError, tries: u32) -> Again {
    let passing = matches!(error.kind, ErrorKind::NotSent | ErrorKind::Throttled | ErrorKind::Service);
    if !passing || tries >= 4 {
        return Again::No;
    }
    let wait = error.retry_after.unwrap_or_else(|| backoff(tries, 0.5));
    Again::After { wait, bound: wait, why: "sign-in did not answer" }
}

/// What to do about a failed call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Again {
    /// Not again: the step decides.
    No,
    /// Again after this long, in service time; all waits for this request together take `bound` at most, unless the service
    /// asks for more from one time to the next.
    After { wait: Duration, bound: Duration, why: &'static str },
}

/// The tries of one request so far. Each reason has its own count, so that one that passed takes nothing from another.
#[derive(Default, Debug)]
pub struct Tries {
    throttled: u32,
    unreached: u32,
    failed: u32,
    refused: u32,
    waited: Duration,
}

impl Tries {
    /// Judges a try of `request` that ended in `error`. `jitter` is from 0 to 1; `longest` is [`LONGEST_WAIT`] in service
    /// time, and as long as all waits for one request may take.
    pub fn judge(
        &mut self,
        request: &Request,
        error: &ServiceError,
        jitter: f64,
        longest: Duration,
    ) -> Again {
        let read = request.is_read();
        let (count, most, why) = match error.kind {
            ErrorKind::Throttled => (&mut self.throttled, MOST_THROTTLED, "Azure asks to slow down"),
            // It never left: even a change is safe to send again.
            ErrorKind::NotSent => (&mut self.unreached, 4, "the host was not reached"),
            ErrorKind::Lost if read => (&mut self.failed, MOST_TRIES, "the reply was lost"),
            ErrorKind::Service if read => (&mut self.failed, MOST_TRIES, "Azure could not answer"),
            // It was not taken up, and a new token may be taken.
            // A service plane is shown no token; it may ask to come back at once for reasons of its own.
            ErrorKind::Forbidden if matches!(request.auth, Auth::DpsSas { .. }) => return Again::No,
            ErrorKind::Forbidden if token_was_refused(error) => (
                &mut self.refused,
                2,
                "not permitted; the token may be older than a grant, asking with a new one",
            ),
            _ if token_was_refused(error) => {
                (&mut self.refused, 2, "the token was refused; asking with a new one")
            }
            _ => return Again::No,
        };
        *count += 1;
        if *count >= most {
            return Again::No;
        }
        let left = most - *count;
        let (wait, rest) = match (error.retry_after, error.kind) {
            (Some(wait), _) => (wait, wait.saturating_mul(left - 1)),
            (None, ErrorKind::Throttled) => (THROTTLED, THROTTLED.saturating_mul(left - 1)),
            (None, _) => {
                let later = (*count + 1..most).map(|tries| backoff(tries, 1.0));
                (backoff(*count, jitter), later.sum())
            }
        };
        if self.waited + wait > longest {
            return Again::No;
        }
        let bound = (self.waited + wait).saturating_add(rest).min(longest);
        self.waited += wait;
        Again::After { wait, bound, why }
    }
}

/// True when the service refused the token, or a right that a newer one may carry, and it was dropped: the next call gets a
/// new one.
pub fn token_was_refused(error: &ServiceError) -> bool {
    matches!(error.kind, ErrorKind::Auth | ErrorKind::Forbidden) && error.retry_after == Some(Duration::ZERO)
}

/// 1, 2, 4, 8, then 16 s, each lengthened by up to a half.
fn backoff(tries: u32, jitter: f64) -> Duration {
    let base = Duration::from_secs(1 << tries.saturating_sub(1).min(4));
    base + base.mul_f64(jitter.clamp(0.0, 1.0) / 2.0)
}
