//! How a function takes a message.

use std::time::Duration;

use crate::dice::Dice;
use crate::scenario::{Profile, Setup};

/// How one function takes one message.
#[derive(Clone, Debug)]
pub(crate) struct Mood {
    /// How long it works before it answers.
    pub(crate) works: Duration,
    /// How often it fails first.
    pub(crate) fails: u32,
    pub(crate) how: Ill,
    /// What it answers after that.
    pub(crate) then: u16,
}

/// A way to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ill {
    /// An answer of the function's own.
    Status(u16),
    /// Too much to do, for so many seconds.
    Overload {
        status: u16,
        retry_after: Option<u64>,
    },
    /// No answer at all.
    Hang,
    /// The connection ends before the answer.
    Drop,
}

impl Mood {
    /// Whether it rejects the message for good in the end.
    pub(crate) fn rejects(&self) -> bool {
        (400..500).contains(&self.then)
    }
}

pub(crate) fn draw(dice: &mut Dice, profile: Profile, setup: &Setup) -> Mood {
    let timeout = u64::try_from(setup.upstream_timeout.as_millis()).unwrap_or(0);
    let mut mood = Mood {
        works: match dice.between(0, 9) {
            0 => dice.millis(timeout / 2, timeout * 8 / 10),
            1..=3 => dice.millis(200, 3000.min(timeout / 2)),
            _ => dice.millis(0, 100),
        },
        fails: 0,
        how: Ill::Status(500),
        then: dice.pick(&[200, 200, 201, 204]),
    };
    if matches!(profile, Profile::Calm | Profile::Outage) {
        return mood;
    }
    let failing = match profile {
        Profile::Failures => dice.one_in(3),
        _ => dice.one_in(4),
    };
    if failing {
        mood.fails = match dice.between(0, 5) {
            // More often than any redrive policy of this profile lets it.
            0 if profile == Profile::Failures => 1000,
            _ => u32::try_from(dice.between(1, 4)).unwrap_or(1),
        };
        mood.how = ill(dice, profile, mood.fails);
    }
    let may_reject = setup.max_receive_count.is_some()
        && (profile == Profile::Failures || !setup.retry_rejected);
    if may_reject && dice.one_in(10) {
        mood.then = dice.pick(&[400, 401, 403, 404, 409, 410, 413, 422]);
    }
    mood
}

fn ill(dice: &mut Dice, profile: Profile, fails: u32) -> Ill {
    let patient = fails < 10;
    match dice.between(0, 9) {
        // Once no other message is left, one on which a function hangs for ever proves nothing of
        // itself: it is held for as long as SQS lets it be held.
        0 | 1 if patient => Ill::Hang,
        2 | 3 if patient => Ill::Overload {
            status: dice.pick(&[429, 503]),
            retry_after: dice.one_in(2).then(|| dice.between(0, 20)),
        },
        4 if !patient || profile == Profile::Chaos => Ill::Drop,
        _ => Ill::Status(dice.pick(&[500, 500, 502, 504, 507, 408, 425])),
    }
}
