//! The world's time: simulated seconds that run on while no server does.
//!
//! Simulated time is a ruler for due times only. Everything a client can see (dates in bodies, token lifetimes,
//! certificate validity, the `Date` header) is real time, because clients compare it with their own clock.
//! Used by the step; the real clock is read in one place here and handed in as a value.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The moment of one request: real milliseconds since 1970, simulated milliseconds, and how fast the latter run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) real_ms: i64,
    pub(crate) sim_ms: i64,
    /// Simulated seconds per real second; 0 means that nothing waits.
    pub(crate) speed: f64,
}

/// Where simulated time started, and its speed since then.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Epoch {
    real_ms: i64,
    sim_ms: i64,
    speed: f64,
}

impl Epoch {
    pub(crate) fn starting(real_ms: i64, speed: f64) -> Self {
        Self { real_ms, sim_ms: real_ms, speed }
    }

    /// The simulated moment of a real one. A real clock that was set back never takes the world back.
    pub(crate) fn now(&self, real_ms: i64) -> Now {
        let elapsed = u64::try_from(real_ms.saturating_sub(self.real_ms)).unwrap_or(0);
        let factor = if self.speed > 0.0 { self.speed } else { 1.0 };
        let passed = Duration::from_millis(elapsed).as_secs_f64() * factor;
        let passed = Duration::try_from_secs_f64(passed).unwrap_or(Duration::MAX).as_millis();
        let sim_ms = self.sim_ms.saturating_add(i64::try_from(passed).unwrap_or(i64::MAX));
        Now { real_ms, sim_ms, speed: self.speed }
    }

    /// Goes on from this moment at another speed.
    pub(crate) fn rebase(&mut self, real_ms: i64, speed: f64) {
        let now = self.now(real_ms);
        *self = Self { real_ms, sim_ms: now.sim_ms, speed };
    }
}

impl Now {
    /// This moment by clocks that go before the machine's, or behind it.
    pub(crate) fn ahead(&self, seconds: i32) -> Self {
        Self { real_ms: self.real_ms.saturating_add(i64::from(seconds).saturating_mul(1000)), ..*self }
    }

    /// Simulated seconds as real milliseconds, rounded up: what a client has to wait.
    pub(crate) fn real_wait_ms(&self, seconds: f64) -> u64 {
        if self.speed <= 0.0 || seconds <= 0.0 {
            return 0;
        }
        let wait = Duration::try_from_secs_f64(seconds / self.speed).unwrap_or(Duration::ZERO);
        u64::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)
    }

    /// An earlier simulated moment, with the real moment that it was.
    pub(crate) fn back_at(&self, sim_ms: i64) -> Self {
        let sim_ms = sim_ms.clamp(0, self.sim_ms.max(0));
        let ago = Duration::from_millis(u64::try_from(self.sim_ms.saturating_sub(sim_ms)).unwrap_or(0));
        let ago = i64::try_from(self.real_wait_ms(ago.as_secs_f64())).unwrap_or(0);
        Self { real_ms: self.real_ms.saturating_sub(ago), sim_ms, speed: self.speed }
    }

    /// ISO 8601 of the real moment.
    pub(crate) fn iso(&self) -> String {
        iso(self.real_ms)
    }

    /// RFC 1123 of the real moment.
    pub(crate) fn rfc1123(&self) -> String {
        rfc1123(self.real_ms)
    }
}

/// ISO 8601 of real milliseconds since 1970.
pub(crate) fn iso(real_ms: i64) -> String {
    Timestamp::from_millisecond(real_ms).unwrap_or_default().to_string()
}

/// RFC 1123 of real milliseconds since 1970, as in an HTTP `Date`.
pub(crate) fn rfc1123(real_ms: i64) -> String {
    Timestamp::from_millisecond(real_ms).unwrap_or_default().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// When something becomes true. With speed 0 it becomes true at the second look instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Due {
    at_ms: i64,
    looks: u32,
}

impl Due {
    /// Due so many simulated seconds from now; zero seconds is true at once, at any speed. It has its moment even so:
    /// what follows from it is reckoned from there.
    pub(crate) fn after(now: &Now, seconds: f64) -> Self {
        if seconds <= 0.0 {
            return Self { at_ms: now.sim_ms, looks: 0 };
        }
        let wait = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO).as_millis();
        Self { at_ms: now.sim_ms.saturating_add(i64::try_from(wait).unwrap_or(i64::MAX)), looks: 1 }
    }

    pub(crate) fn already() -> Self {
        Self { at_ms: i64::MIN, looks: 0 }
    }

    pub(crate) fn reached(&self, now: &Now) -> bool {
        self.looks == 0 || (now.speed > 0.0 && now.sim_ms >= self.at_ms)
    }

    /// Like `reached`, and uses up a look when nothing waits for time.
    pub(crate) fn look(&mut self, now: &Now) -> bool {
        let reached = self.reached(now);
        if now.speed <= 0.0 {
            self.looks = self.looks.saturating_sub(1);
        }
        reached
    }

    /// The simulated moment, for doing overdue things in order.
    pub(crate) fn at_ms(&self) -> i64 {
        self.at_ms
    }
}

/// Real milliseconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox's one real clock; everything else gets the time as a value"
)]
pub(crate) fn real_now_ms() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .ok()
        .and_then(|elapsed| i64::try_from(elapsed.as_millis()).ok())
        .unwrap_or(0)
}
