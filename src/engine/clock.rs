//! The one clock: every wait of the client goes through it.
//!
//! Steps reason in the service's time. On Azure that is the wall's; in a sandbox, or against a stand-in, it passes
//! `scale` times faster. What a service itself says about waiting comes in wall time and is never cut short.

use std::time::Duration;

use jiff::Timestamp;

/// Tells the time and waits.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Clock {
    scale: f64,
}

/// Fast enough that no wait of ours is felt.
const AT_ONCE: f64 = 1e6;

impl Clock {
    /// The clock of Azure.
    pub const fn real() -> Self {
        Self { scale: 1.0 }
    }

    /// A clock whose service time passes `scale` times faster than the wall's. 0 means that waits take no time.
    pub fn scaled(scale: f64) -> Self {
        Self { scale: if scale > 0.0 { scale.clamp(1.0, AT_ONCE) } else { AT_ONCE } }
    }

    /// How much faster service time passes.
    pub fn scale(self) -> f64 {
        self.scale
    }

    /// Wall time.
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else asks")]
    pub fn now(self) -> Timestamp {
        Timestamp::try_from(std::time::SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// A span of wall time, as service time: rounded up, so that turning it back never gives less.
    pub fn service_time(self, wall: Duration) -> Duration {
        // "At once" stays at once.
        if self.scale <= 1.0 || wall.is_zero() {
            return wall;
        }
        Duration::try_from_secs_f64(wall.as_secs_f64() * self.scale)
            .map_or(Duration::MAX, |time| time.saturating_add(Duration::from_micros(1)))
    }

    /// A span of service time, as wall time.
    pub fn wall_time(self, service: Duration) -> Duration {
        if self.scale <= 1.0 {
            return service;
        }
        Duration::try_from_secs_f64(service.as_secs_f64() / self.scale).unwrap_or(Duration::MAX)
    }

    /// Waits a span of service time.
    pub async fn sleep(self, service: Duration) {
        tokio::time::sleep(self.wall_time(service)).await;
    }
}
