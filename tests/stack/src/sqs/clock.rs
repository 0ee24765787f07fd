//! The one place where the server reads the time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use super::model::message::Millis;

/// The time of day, as tokio's clock moves it on: with that clock paused, it stands still too.
#[derive(Debug, Clone)]
pub struct Clock {
    at_origin: Millis,
    origin: Instant,
}

impl Clock {
    /// Starts at the system's time.
    pub fn system() -> Self {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self::starting_at(since_epoch)
    }

    /// Starts at this time since 1970.
    pub fn starting_at(since_epoch: Duration) -> Self {
        Self {
            at_origin: millis(since_epoch),
            origin: Instant::now(),
        }
    }

    pub(crate) fn now(&self) -> Millis {
        self.at_origin + millis(self.origin.elapsed())
    }
}

fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}
