//! The judgement on a message over all of its functions.

use std::time::Duration;

use crate::verdict::Verdict;

/// What one function's part in a delivery came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Its outcome decides.
    Judged(Verdict),
    /// It is out, and the message is not held until it is back.
    Out,
    /// The process stops before it was called.
    Stopping,
    /// Too little is left of the time that SQS lets the message be held.
    WornOut,
}

/// What is to become of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Never [`Verdict::Pause`].
    pub verdict: Verdict,
    /// Where it is given back: how long it stays away.
    pub away: Duration,
    /// Which part decided.
    pub decisive: Option<usize>,
}

/// Weighs all parts; with none every function has succeeded before.
///
/// What asks for the most patience wins: a message is neither deleted nor dead-lettered while a
/// function may still succeed. One that is given back stays away for `away`, and for as long as the
/// functions that failed ask; where the process stops, it is for others at once.
pub fn weigh<'a>(parts: impl IntoIterator<Item = &'a Part>, away: Duration) -> Judgement {
    let mut whole = Judgement {
        verdict: Verdict::Delete,
        away,
        decisive: None,
    };
    let (mut longest, mut at_once) = (Duration::ZERO, false);
    for (n, part) in parts.into_iter().enumerate() {
        at_once |= matches!(part, Part::Stopping);
        let verdict = match part {
            // To be held for a function is over when this is asked.
            Part::Judged(Verdict::Pause { .. }) | Part::Out | Part::Stopping | Part::WornOut => {
                Verdict::Release
            }
            Part::Judged(verdict) => verdict.clone(),
        };
        if let Verdict::RetryAfter(pause) = &verdict {
            longest = longest.max(*pause);
        }
        let combined = whole.verdict.clone().and(verdict);
        if combined != whole.verdict || whole.decisive.is_none() {
            whole.decisive = Some(n);
        }
        whole.verdict = combined;
    }
    whole.away = longest.max(if at_once { Duration::ZERO } else { away });
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const AWAY: Duration = Duration::from_secs(5);

    fn retry(seconds: u64) -> Part {
        Part::Judged(Verdict::RetryAfter(Duration::from_secs(seconds)))
    }

    fn dead_letter() -> Part {
        let reason = "no".to_owned();
        Part::Judged(Verdict::DeadLetter { reason })
    }

    const DONE: Part = Part::Judged(Verdict::Delete);

    #[test]
    fn a_message_is_deleted_when_all_its_functions_are_done_with_it() {
        assert_eq!(weigh(&[], AWAY).verdict, Verdict::Delete);
        let whole = weigh(&[DONE, DONE], AWAY);
        assert_eq!((whole.verdict, whole.decisive), (Verdict::Delete, Some(0)));
    }

    #[test]
    fn the_part_that_decides_is_named() {
        let decisive = |parts: &[Part]| weigh(parts, AWAY).decisive;
        assert_eq!(decisive(&[DONE, retry(1), DONE]), Some(1));
        assert_eq!(decisive(&[retry(1), DONE, retry(9)]), Some(2));
        assert_eq!(decisive(&[dead_letter(), retry(1)]), Some(1));
        assert_eq!(decisive(&[retry(1), Part::Out]), Some(1));
    }

    #[test]
    fn what_is_given_back_stays_away_for_as_long_as_a_failed_function_asks() {
        let away = |parts: &[Part]| weigh(parts, AWAY).away.as_secs();
        assert_eq!(away(&[DONE, Part::Out]), 5);
        assert_eq!(away(&[retry(60), Part::Out]), 60);
        assert_eq!(away(&[Part::Stopping, DONE]), 0);
        assert_eq!(away(&[Part::WornOut, DONE]), 5);
        assert_eq!(away(&[Part::Stopping, retry(60)]), 60);
    }

    fn part() -> impl Strategy<Value = Part> {
        prop_oneof![
            Just(DONE),
            (0..100_u64).prop_map(retry),
            Just(dead_letter()),
            Just(Part::Out),
            Just(Part::Stopping),
            Just(Part::WornOut),
        ]
    }

    proptest! {
        #[test]
        fn nothing_is_deleted_or_dead_lettered_that_could_still_succeed(
            parts in proptest::collection::vec(part(), 0..6),
        ) {
            let whole = weigh(&parts, AWAY).verdict;
            let all = |fits: fn(&Part) -> bool| parts.iter().all(fits);
            prop_assert_eq!(whole == Verdict::Delete, all(|part| *part == DONE));
            let buried = matches!(whole, Verdict::DeadLetter { .. });
            let settled = all(|part| {
                matches!(part, Part::Judged(Verdict::Delete | Verdict::DeadLetter { .. }))
            });
            prop_assert_eq!(buried, settled && !all(|part| *part == DONE));
            let paused = matches!(whole, Verdict::Pause { .. });
            prop_assert!(!paused);
        }
    }
}
