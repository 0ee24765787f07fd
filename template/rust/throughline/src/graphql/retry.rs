//! When an operation is tried again: after which pause, and whether there is time for it.

use std::time::Duration;

/// The longest first pause; it doubles with each further try.
const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(5);

/// How often an operation may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Retries {
    most: u32,
}

impl Retries {
    pub(super) const NONE: Self = Self { most: 0 };

    pub(super) fn up_to(most: u32) -> Self {
        Self { most }
    }

    pub(super) fn any(self) -> bool {
        self.most > 0
    }

    /// The pause before the next try, after `tried` of them. `None` where there is none left, or
    /// no time: a try that could not be answered before the deadline is no use.
    pub(super) fn pause(
        self,
        tried: u32,
        asked: Option<Duration>,
        left: Option<Duration>,
    ) -> Option<Duration> {
        self.pause_drawn(tried, asked, left, draw())
    }

    /// [`Retries::pause`], the lot drawn: a number from 0 to 1.
    fn pause_drawn(
        self,
        tried: u32,
        asked: Option<Duration>,
        left: Option<Duration>,
        drawn: f64,
    ) -> Option<Duration> {
        if tried >= self.most {
            return None;
        }
        let most = FIRST
            .saturating_mul(2_u32.saturating_pow(tried))
            .min(LONGEST);
        // Half of it is certain, so that a backend in trouble has some peace.
        let own = most / 2 + (most / 2).mul_f64(drawn);
        let pause = asked.map_or(own, |asked| asked.max(own));
        left.is_none_or(|left| pause < left).then_some(pause)
    }
}

fn draw() -> f64 {
    let bits = crate::chance::uuid_v4().as_u64_pair().1 & 0xffff_ffff;
    #[expect(clippy::cast_precision_loss, reason = "32 bits are exact in an f64")]
    let drawn = bits as f64 / f64::from(u32::MAX);
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn pauses_double_between_half_and_whole_up_to_the_longest() {
        let retries = Retries::up_to(40);
        let pauses = |tried, drawn| retries.pause_drawn(tried, None, None, drawn).unwrap();
        assert_eq!((pauses(0, 0.0), pauses(0, 1.0)), (FIRST / 2, FIRST));
        assert_eq!((pauses(1, 0.0), pauses(1, 1.0)), (FIRST, 2 * FIRST));
        assert_eq!(pauses(39, 1.0), LONGEST);
    }

    #[test]
    fn there_is_no_try_without_time_for_it() {
        let retries = Retries::up_to(2);
        assert_eq!(retries.pause_drawn(0, None, Some(FIRST), 1.0), None);
        assert_eq!(
            retries.pause_drawn(0, Some(9 * SECOND), Some(SECOND), 0.0),
            None
        );
        assert_eq!(
            retries.pause_drawn(0, Some(SECOND), None, 0.0),
            Some(SECOND)
        );
        assert_eq!(retries.pause_drawn(2, None, None, 0.0), None);
        assert_eq!(Retries::NONE.pause_drawn(0, None, None, 0.0), None);
    }

    proptest! {
        #[test]
        fn no_pause_reaches_the_deadline(tried in 0u32..100, left in 0u64..20_000, drawn in 0.0f64..=1.0) {
            let left = Duration::from_millis(left);
            if let Some(pause) = Retries::up_to(100).pause_drawn(tried, None, Some(left), drawn) {
                prop_assert!(pause < left);
                prop_assert!(pause >= FIRST / 2 && pause <= LONGEST);
            }
        }

        #[test]
        fn what_is_drawn_is_a_part(_ in 0..50u8) {
            prop_assert!((0.0..=1.0).contains(&draw()));
        }
    }
}
