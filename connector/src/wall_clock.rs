//! The time of day, for what other machines wrote down: dates and ages.

use std::time::{Duration, SystemTime};

/// Tells the time of day. Deadlines never rest on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct WallClock(Option<SystemTime>);

impl WallClock {
    /// A clock that stands still, for tests.
    pub fn fixed(at: SystemTime) -> Self {
        Self(Some(at))
    }

    /// The time of day.
    pub fn now(&self) -> SystemTime {
        self.0.unwrap_or_else(SystemTime::now)
    }

    /// How long ago an instant of another machine was, in milliseconds since 1970.
    pub fn age(&self, millis: u64) -> Duration {
        let then = SystemTime::UNIX_EPOCH + Duration::from_millis(millis.min(1 << 53));
        self.now().duration_since(then).unwrap_or(Duration::ZERO)
    }
}
