//! When credentials are fetched again, with the time passed in.
//!
//! | State | What follows |
//! |---|---|
//! | none yet | fetched by whoever needs them first |
//! | they have a lifetime | fetched anew at three quarters of it, at the latest five minutes before its end |
//! | they say no end, as keys in a file | read anew every 15 minutes, since the file may have changed |
//! | their end is in the past already | our clock is ahead, or theirs behind: used, and fetched anew every minute |
//! | AWS refused them | fetched anew at once; where that was the reason of the last fetch too, ten seconds after it |
//! | a fetch failed | again after 1 s, 2 s, 4 s up to a minute |
//!
//! What is there is used until something newer is: whether credentials have expired is for SQS to
//! say, whose clock counts. Renewing rests on how long they were to live when they came, not on the
//! time of day, so that a clock that is set right does not matter.

use std::time::Duration;

use tokio::time::Instant;

/// How long before their end credentials are fetched anew, at the latest.
const AHEAD: Duration = Duration::from_secs(5 * 60);
/// How often credentials without an end are read anew.
const UNENDING: Duration = Duration::from_secs(15 * 60);
/// How often credentials are fetched anew whose end is past.
const PAST: Duration = Duration::from_secs(60);
/// How long fetches for refusals are apart.
const REFUSED_AGAIN: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How long credentials have to live when they are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lifetime {
    /// They say no end.
    Unending,
    /// So long.
    For(Duration),
    /// Their end is past.
    Past,
}

/// What is held of one account: what was fetched last, and how the last fetch went.
#[derive(Debug)]
pub(super) struct Session<T, E> {
    kept: Option<Kept<T>>,
    failed: Option<Failed<E>>,
    generation: u64,
}

#[derive(Debug)]
struct Kept<T> {
    value: T,
    fetched: Instant,
    renew: Instant,
    /// AWS refused them.
    refused: bool,
    /// They were fetched because others had been refused.
    for_refusal: bool,
}

#[derive(Debug)]
struct Failed<E> {
    error: E,
    until: Instant,
    pause: Duration,
}

impl<T, E> Default for Session<T, E> {
    fn default() -> Self {
        Self {
            kept: None,
            failed: None,
            generation: 0,
        }
    }
}

impl<T: Clone, E: Clone> Session<T, E> {
    /// What to use now: what is kept; else why there is nothing, while it is too early to try again;
    /// else `None`, and it is to be fetched.
    pub(super) fn now(&self, now: Instant) -> Option<Result<T, E>> {
        if let Some(kept) = &self.kept {
            return Some(Ok(kept.value.clone()));
        }
        let failed = self.failed.as_ref().filter(|failed| now < failed.until)?;
        Some(Err(failed.error.clone()))
    }

    /// The number of what is kept; it grows with every fetch that brought something.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// When to fetch next without being asked; it may be past.
    pub(super) fn due(&self, now: Instant) -> Instant {
        let renew = self.kept.as_ref().map_or(now, |kept| kept.renew);
        let pause = self.failed.as_ref().map_or(renew, |failed| failed.until);
        renew.max(pause)
    }

    /// A fetch brought this.
    pub(super) fn fetched(&mut self, value: T, lifetime: Lifetime, now: Instant) {
        let after = match lifetime {
            Lifetime::Unending => UNENDING,
            Lifetime::Past => PAST,
            Lifetime::For(life) => (life - AHEAD.min(life / 4)).max(FIRST_PAUSE),
        };
        self.kept = Some(Kept {
            value,
            fetched: now,
            renew: now + after,
            refused: false,
            for_refusal: self.kept.as_ref().is_some_and(|kept| kept.refused),
        });
        self.generation += 1;
        self.failed = None;
    }

    /// A fetch failed. What is kept is kept.
    pub(super) fn failed(&mut self, error: E, now: Instant) {
        let before = self.failed.as_ref().map(|failed| failed.pause);
        let pause = before.map_or(FIRST_PAUSE, |pause| (pause * 2).min(LONGEST_PAUSE));
        self.failed = Some(Failed {
            error,
            until: now + pause,
            pause,
        });
    }

    /// AWS refused what was kept under this number. `true` where it is to be fetched anew for that;
    /// what came since has not been refused.
    pub(super) fn refused(&mut self, generation: u64, now: Instant) -> bool {
        let Some(kept) =
            (self.kept.as_mut()).filter(|kept| generation == self.generation && !kept.refused)
        else {
            return false;
        };
        kept.refused = true;
        let earliest = if kept.for_refusal {
            kept.fetched + REFUSED_AGAIN
        } else {
            now
        };
        kept.renew = kept.renew.min(earliest.max(now));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Keys = Session<&'static str, &'static str>;

    fn with(lifetime: Lifetime, now: Instant) -> Keys {
        let mut session = Keys::default();
        session.fetched("keys", lifetime, now);
        session
    }

    #[test]
    fn credentials_are_renewed_five_minutes_before_their_end_or_at_three_quarters_of_a_short_life()
    {
        let now = Instant::now();
        for (lifetime, after) in [
            (Lifetime::For(Duration::from_secs(3600)), 3300),
            (Lifetime::For(Duration::from_secs(900)), 675),
            (Lifetime::For(Duration::from_secs(8)), 6),
            (Lifetime::For(Duration::ZERO), 1),
            (Lifetime::Unending, 900),
            (Lifetime::Past, 60),
        ] {
            let due = with(lifetime, now).due(now) - now;
            assert_eq!(due.as_secs(), after, "{lifetime:?}");
        }
    }

    #[test]
    fn what_is_kept_is_used_while_renewing_fails_and_after() {
        let now = Instant::now();
        let mut session = with(Lifetime::For(Duration::from_secs(60)), now);
        let late = now + Duration::from_secs(3600);
        session.failed("denied", late);
        assert_eq!(session.now(late), Some(Ok("keys")));
        assert_eq!(session.due(late), late + FIRST_PAUSE);
        session.fetched("new keys", Lifetime::Unending, late);
        assert_eq!(session.now(late), Some(Ok("new keys")));
    }

    #[test]
    fn while_there_is_nothing_the_last_failure_answers_until_its_pause_is_over() {
        let now = Instant::now();
        let mut session = Keys::default();
        assert_eq!(session.now(now), None);
        assert_eq!(session.due(now), now);
        session.failed("denied", now);
        assert_eq!(session.now(now), Some(Err("denied")));
        assert_eq!(session.now(now + FIRST_PAUSE), None);
    }

    #[test]
    fn failures_pause_longer_and_longer_up_to_a_minute() {
        let now = Instant::now();
        let mut session = Keys::default();
        let pauses: Vec<u64> = (0..8)
            .map(|_| {
                session.failed("denied", now);
                (session.due(now) - now).as_secs()
            })
            .collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        session.fetched("keys", Lifetime::Unending, now);
        session.failed("denied", now);
        assert_eq!(session.failed.as_ref().unwrap().pause, FIRST_PAUSE);
    }

    #[test]
    fn a_refusal_renews_at_once_and_another_one_ten_seconds_later() {
        let now = Instant::now();
        let mut session = with(Lifetime::For(Duration::from_secs(3600)), now);
        assert!(session.refused(1, now));
        assert!(!session.refused(1, now), "it is on its way already");
        assert_eq!(session.due(now), now);
        assert_eq!(
            session.now(now),
            Some(Ok("keys")),
            "others may be granted what one was not"
        );
        session.fetched("new keys", Lifetime::Unending, now);
        assert!(
            !session.refused(1, now),
            "the answer to a request of before"
        );
        assert!(session.refused(2, now));
        assert_eq!(session.due(now), now + REFUSED_AGAIN);
        let later = now + REFUSED_AGAIN;
        session.fetched("newest keys", Lifetime::Unending, later);
        let much_later = later + Duration::from_secs(600);
        assert!(session.refused(3, much_later));
        assert_eq!(session.due(much_later), much_later);
    }

    proptest! {
        #[test]
        fn a_session_is_renewed_before_its_end_whatever_its_length(seconds in 2..500_000_u64) {
            let now = Instant::now();
            let life = Duration::from_secs(seconds);
            let due = with(Lifetime::For(life), now).due(now);
            prop_assert!(due > now && due < now + life);
            prop_assert!(now + life - due <= AHEAD);
        }
    }
}
