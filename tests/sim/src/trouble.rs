//! What goes wrong, and when.

use std::time::Duration;

use stack::sqs::{Action, Effect, Entries, Fault, Pause, Target, When};

use crate::dice::Dice;
use crate::scenario::{Act, Setup};
use crate::weather::Weather;

/// The queue that is consumed, and where its dead letters go.
pub(crate) fn queue_names(fifo: bool) -> (&'static str, &'static str) {
    if fifo {
        ("orders.fifo", "orders-dlq.fifo")
    } else {
        ("orders", "orders-dlq")
    }
}

const WEATHERS: [Weather; 10] = [
    Weather::Refused,
    Weather::Hang,
    Weather::Missing,
    Weather::TooMany(None),
    Weather::TooMany(Some(7)),
    Weather::Unavailable,
    Weather::Unreachable,
    Weather::BadGateway,
    Weather::GarbledList,
    Weather::NoList,
];

/// Outages of the gateway, up to an hour long, and nothing else.
pub(crate) fn outages(
    dice: &mut Dice,
    acts: &mut Vec<(Duration, Act)>,
    setup: &Setup,
    length: u64,
) {
    let count = dice.count(1, 3);
    // A gateway that hangs and then does not looks like a slow function to what was on its way: once
    // is forgiven, more often would be the messages' own failures.
    let mut may_hang = true;
    let mut from = dice.millis(0, length * 500);
    for _ in 0..count {
        let mut weather = dice.pick(&WEATHERS);
        if weather == Weather::Hang && !std::mem::take(&mut may_hang) {
            weather = Weather::Unavailable;
        }
        let until = from
            + dice
                .pick(&[10, 60, 600, 3600])
                .min(length * 20)
                .into_seconds();
        acts.push((from, Act::Gateway(weather)));
        acts.push((until, Act::Gateway(Weather::Fair)));
        from = until + setup.upstream_timeout + dice.seconds(10, 120);
    }
}

/// After all else, an outage that is longer than SQS lets a message be held, with messages in it.
pub(crate) fn half_a_day(dice: &mut Dice, acts: &mut Vec<(Duration, Act)>) {
    let last = acts.iter().map(|(at, _)| *at).max().unwrap_or_default();
    let from = last + Duration::from_secs(60);
    let sends = acts
        .iter_mut()
        .filter(|(_, act)| matches!(act, Act::Send(_)));
    for (at, _) in sends.take(3) {
        *at = from + dice.seconds(1, 60);
    }
    let weather = dice.pick(&[Weather::Refused, Weather::Missing, Weather::Unavailable]);
    acts.push((from, Act::Gateway(weather)));
    acts.push((
        from + dice.seconds(12 * 3600, 13 * 3600),
        Act::Gateway(Weather::Fair),
    ));
}

trait IntoSeconds {
    fn into_seconds(self) -> Duration;
}

impl IntoSeconds for u64 {
    fn into_seconds(self) -> Duration {
        Duration::from_secs(self)
    }
}

/// A new process in place of the first, perhaps.
pub(crate) fn restart(dice: &mut Dice, acts: &mut Vec<(Duration, Act)>, length: u64) {
    if dice.one_in(2) {
        let at = dice.millis(0, length * 1000);
        acts.push((at, Act::Terminate));
        acts.push((at + dice.millis(0, 40_000), Act::Start));
    }
}

/// Everything.
pub(crate) fn chaos(dice: &mut Dice, acts: &mut Vec<(Duration, Act)>, setup: &Setup, length: u64) {
    let at = |dice: &mut Dice| dice.millis(0, length * 1000);
    for _ in 0..dice.count(0, 3) {
        let from = at(dice);
        acts.push((from, Act::Gateway(dice.pick(&WEATHERS))));
        acts.push((from + dice.seconds(1, 90), Act::Gateway(Weather::Fair)));
    }
    for _ in 0..dice.count(0, 4) {
        let from = at(dice);
        for _ in 0..dice.count(1, 4) {
            acts.push((from, Act::SqsFault(fault(dice, setup.fifo))));
        }
        acts.push((from + dice.seconds(1, 60), Act::SqsWell));
    }
    for _ in 0..dice.count(0, 3) {
        let from = at(dice);
        let end = if dice.one_in(2) {
            Act::Terminate
        } else {
            Act::Kill
        };
        acts.push((from, end));
        // The next process may start before this one has drained.
        acts.push((from + dice.millis(0, 40_000), Act::Start));
    }
    for _ in 0..dice.count(0, 2) {
        let most = setup.visibility.as_secs() * 3;
        acts.push((at(dice), Act::StandStill(dice.millis(100, most * 1000))));
    }
    for _ in 0..dice.count(0, 2) {
        let seconds = i64::try_from(dice.between(1, 100_000)).unwrap_or(1);
        let sign = if dice.one_in(2) { 1 } else { -1 };
        acts.push((at(dice), Act::ClockJump(sign * seconds)));
    }
}

fn fault(dice: &mut Dice, fifo: bool) -> Fault {
    let (queue, dead) = queue_names(fifo);
    let action = dice.pick(&[
        Action::ReceiveMessage,
        Action::ReceiveMessage,
        Action::DeleteMessageBatch,
        Action::DeleteMessageBatch,
        Action::ChangeMessageVisibilityBatch,
        Action::ChangeMessageVisibilityBatch,
        Action::GetQueueAttributes,
        Action::GetQueueUrl,
        Action::SendMessage,
    ]);
    let queue = match action {
        Action::SendMessage => Some(dead),
        Action::GetQueueUrl => None,
        _ => Some(queue),
    };
    Fault {
        action: Target::One(action),
        queue: queue.map(str::to_owned),
        times: dice.one_in(3).then(|| dice.between(1, 5)),
        after: dice.between(0, 3),
        probability: dice.pick(&[None, Some(0.2), Some(0.5), Some(0.9)]),
        effect: effect(dice, action, fifo),
    }
}

fn effect(dice: &mut Dice, action: Action, fifo: bool) -> Effect {
    let batch = matches!(
        action,
        Action::DeleteMessageBatch | Action::ChangeMessageVisibilityBatch
    );
    let after = dice.one_in(2);
    let fail = |status, code: &str| Effect::Fail {
        status,
        code: code.to_owned(),
        message: None,
    };
    match dice.between(0, 9) {
        0 => Effect::Throttle { code: None },
        1 => fail(500, "InternalError"),
        2 => fail(403, "ExpiredToken"),
        3 | 4 => Effect::Drop(When { after }),
        5 => Effect::Hang(Pause {
            ms: dice.between(100, 60_000),
            after,
        }),
        6 => Effect::Delay(Pause {
            ms: dice.between(10, 12_000),
            after,
        }),
        // Delivered twice is what standard queues may do.
        _ if action == Action::ReceiveMessage && !fifo => Effect::Duplicate {},
        _ if batch => Effect::FailEntries(Entries {
            code: "InternalError".to_owned(),
            sender_fault: false,
            every: Some(dice.count(1, 3)),
            ids: None,
            first_n: None,
        }),
        _ => fail(503, "ServiceUnavailable"),
    }
}
