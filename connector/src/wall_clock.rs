//! The time of day, for what other machines wrote down: dates and ages.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_smithy_async::time::TimeSource;

/// Tells the time of day. Deadlines never rest on it, and it may jump.
#[derive(Clone, Default)]
pub struct WallClock(Option<Arc<dyn Fn() -> SystemTime + Send + Sync>>);

impl WallClock {
    /// A clock that stands still, for tests.
    pub fn fixed(at: SystemTime) -> Self {
        Self::told_by(move || at)
    }

    /// A clock that asks this function.
    pub fn told_by(tell: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }

    /// The time of day.
    pub fn now(&self) -> SystemTime {
        self.0.as_ref().map_or_else(SystemTime::now, |tell| tell())
    }

    /// How long ago an instant of another machine was, in milliseconds since 1970.
    pub fn age(&self, millis: u64) -> Duration {
        let then = SystemTime::UNIX_EPOCH + Duration::from_millis(millis.min(1 << 53));
        self.now().duration_since(then).unwrap_or(Duration::ZERO)
    }
}

impl fmt::Debug for WallClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WallClock")
    }
}

/// The seam of the AWS SDK, which signs with the time of day.
impl TimeSource for WallClock {
    fn now(&self) -> SystemTime {
        self.now()
    }
}
