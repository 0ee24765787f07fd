//! How long a message stays away before it is delivered again.

use std::time::Duration;

use crate::lease::MAX_HELD;

/// Bounds of the exponential pause between two deliveries of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The bound after the first delivery.
    pub min: Duration,
    /// The bound that later deliveries do not exceed.
    pub max: Duration,
}

impl Backoff {
    /// The pause after delivery number `receive_count`, which starts at 1.
    ///
    /// Exponential with full jitter: drawn from `0..=min·2^(n−1)`, capped at `max`. `random` is a
    /// number from 0 up to 1. Full jitter spreads the retries of an outage best.
    pub fn delay(&self, receive_count: u32, random: f64) -> Duration {
        self.bound(receive_count).mul_f64(random.clamp(0.0, 1.0))
    }

    /// The upper bound of [`delay`](Self::delay).
    pub fn bound(&self, receive_count: u32) -> Duration {
        let doublings = receive_count.saturating_sub(1).min(31);
        self.min.saturating_mul(1 << doublings).min(self.max)
    }
}

/// A pause as SQS takes it: whole seconds, at least one so that nothing is retried hot, and no more
/// than what is left of the 12 hours that a message may be held in all since it was received.
pub fn visibility_seconds(pause: Duration, held: Duration) -> u32 {
    let left = MAX_HELD.saturating_sub(held).as_secs();
    let wanted = pause.as_secs() + u64::from(pause.subsec_nanos() > 0);
    u32::try_from(wanted.max(1).min(left)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BACKOFF: Backoff = Backoff {
        min: Duration::from_secs(1),
        max: Duration::from_secs(300),
    };

    #[test]
    fn the_bound_doubles_until_the_maximum() {
        let bounds: Vec<u64> = (1..=11).map(|n| BACKOFF.bound(n).as_secs()).collect();
        assert_eq!(bounds, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    }

    #[test]
    fn no_retry_is_hot_and_none_outlives_the_twelve_hours() {
        assert_eq!(visibility_seconds(Duration::ZERO, Duration::ZERO), 1);
        assert_eq!(
            visibility_seconds(Duration::from_millis(1500), Duration::ZERO),
            2
        );
        let nearly_over = MAX_HELD - Duration::from_secs(5);
        assert_eq!(visibility_seconds(Duration::from_secs(300), nearly_over), 5);
        assert_eq!(
            visibility_seconds(Duration::from_secs(300), MAX_HELD * 2),
            0
        );
    }

    proptest! {
        #[test]
        fn a_delay_stays_within_its_bounds(
            min in 0..10_000_u64, more in 0..1_000_000_u64, count in any::<u32>(), random in 0.0..1.0_f64,
        ) {
            let backoff = Backoff {
                min: Duration::from_millis(min),
                max: Duration::from_millis(min + more),
            };
            let delay = backoff.delay(count, random);
            prop_assert!(delay <= backoff.bound(count));
            prop_assert!(backoff.bound(count) <= backoff.max);
            prop_assert!(backoff.bound(count) >= backoff.min);
        }

        #[test]
        fn a_pause_never_exceeds_what_sqs_takes(pause in any::<u64>(), held in any::<u64>()) {
            let seconds = visibility_seconds(Duration::from_millis(pause), Duration::from_millis(held));
            prop_assert!(seconds <= 43_200);
        }
    }
}
