use super::*;
use proptest::prelude::*;

const VISIBILITY: Duration = Duration::from_secs(30);

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn message(n: usize) -> MessageId {
    format!("m{n}").into()
}

fn one(start: Instant) -> Leases {
    let mut leases = Leases::new(VISIBILITY);
    assert!(leases.track(&message(0), "h0".into(), start, start, 0.0));
    leases
}

#[test]
fn a_lease_counts_from_when_the_receive_was_sent_and_is_lost_at_its_deadline() {
    let sent = Instant::now();
    let mut leases = one(sent);
    assert_eq!(
        leases.remaining("m0", sent + seconds(20)),
        Some(seconds(10))
    );
    assert!(
        leases
            .expire(sent + seconds(30) - Duration::from_millis(1))
            .is_empty()
    );
    assert_eq!(leases.expire(sent + seconds(30)), [message(0)]);
    assert!(leases.is_empty());
    assert_eq!(leases.next(), None);
}

#[test]
fn an_extension_is_due_at_half_of_the_visibility() {
    let sent = Instant::now();
    let mut leases = one(sent);
    assert_eq!(leases.next(), Some(sent + seconds(15)));
    assert!(leases.due(sent + seconds(14)).is_empty());
    let due = leases.due(sent + seconds(15));
    assert_eq!(due.len(), 1);
    assert_eq!(due[0].seconds, 30);
    assert!(
        leases.due(sent + seconds(16)).is_empty(),
        "it is asked for once"
    );
}

#[test]
fn the_deadline_moves_only_after_the_extension_is_confirmed_and_from_when_it_was_asked_for() {
    let sent = Instant::now();
    let mut leases = one(sent);
    let due = leases.due(sent + seconds(15));
    assert_eq!(
        leases.remaining("m0", sent + seconds(15)),
        Some(seconds(15))
    );
    leases.confirmed(&due[0], 0.0);
    assert_eq!(
        leases.remaining("m0", sent + seconds(20)),
        Some(seconds(25))
    );
    assert_eq!(leases.next(), Some(sent + seconds(30)));
}

#[test]
fn a_failed_extension_is_tried_again_until_the_deadline() {
    let sent = Instant::now();
    let mut leases = one(sent);
    let mut tries = 0;
    let mut now = sent;
    while leases.len() == 1 {
        now = leases.next().unwrap().max(now);
        for extension in leases.due(now) {
            tries += 1;
            leases.failed(&extension, now, 1.0);
        }
        leases.expire(now);
    }
    assert_eq!(now, sent + seconds(30));
    assert!((5..20).contains(&tries), "{tries}");
}

#[test]
fn an_extension_that_never_returns_does_not_keep_the_lease_alive() {
    let sent = Instant::now();
    let mut leases = one(sent);
    leases.due(sent + seconds(15));
    assert_eq!(leases.next(), Some(sent + seconds(30)));
    assert_eq!(leases.expire(sent + seconds(30)), [message(0)]);
}

#[test]
fn a_redelivered_duplicate_brings_the_handle_that_counts() {
    let sent = Instant::now();
    let mut leases = one(sent);
    let old = leases.due(sent + seconds(15)).remove(0);
    assert!(!leases.track(
        &message(0),
        "h1".into(),
        sent + seconds(29),
        sent + seconds(29),
        0.0
    ));
    assert_eq!(leases.handle("m0").as_deref(), Some("h1"));
    leases.confirmed(&old, 0.0);
    assert!(
        !leases.revoked(&old),
        "the old handle's end is not the lease's"
    );
    assert_eq!(
        leases.remaining("m0", sent + seconds(29)),
        Some(seconds(30))
    );
    assert_eq!(leases.len(), 1);
}

#[test]
fn extensions_stop_at_twelve_hours_in_all() {
    let sent = Instant::now();
    let mut leases = one(sent);
    let mut last = sent;
    while let Some(now) = leases.next() {
        for extension in leases.due(now) {
            let reach = now + seconds(extension.seconds.into());
            assert!(reach <= sent + MAX_HELD);
            leases.confirmed(&extension, 0.0);
        }
        if !leases.expire(now).is_empty() {
            last = now;
        }
    }
    let total = last - sent;
    assert!(
        total > MAX_HELD - seconds(60) && total <= MAX_HELD,
        "{total:?}"
    );
}

#[test]
fn a_batch_has_at_most_ten_and_the_rest_is_due_at_once() {
    let sent = Instant::now();
    let mut leases = Leases::new(VISIBILITY);
    for n in 0..25 {
        leases.track(&message(n), format!("h{n}").into(), sent, sent, 0.0);
    }
    let now = sent + seconds(16);
    let sizes: Vec<usize> = (0..4).map(|_| leases.due(now).len()).collect();
    assert_eq!(sizes, [10, 10, 5, 0]);
}

#[test]
fn a_settled_message_is_neither_extended_nor_lost() {
    let sent = Instant::now();
    let mut leases = one(sent);
    leases.finish("m0");
    leases.finish("m0");
    assert!(leases.due(sent + seconds(20)).is_empty());
    assert!(leases.expire(sent + seconds(60)).is_empty());
    assert_eq!(leases.next(), None);
}

#[test]
fn a_visibility_of_one_second_is_renewed_in_time() {
    let sent = Instant::now();
    let mut leases = Leases::new(seconds(1));
    leases.track(&message(0), "h".into(), sent, sent, 1.0);
    assert_eq!(leases.next(), Some(sent + Duration::from_millis(400)));
    assert_eq!(leases.due(sent + Duration::from_millis(400)).len(), 1);
}

#[test]
fn a_message_that_a_long_poll_brought_late_is_extended_at_once_and_relied_on_only_then() {
    let sent = Instant::now();
    let arrived = sent + seconds(28);
    let mut leases = Leases::new(VISIBILITY);
    leases.track(&message(0), "h".into(), sent, arrived, 0.0);
    assert!(!leases.is_sure("m0"));
    assert_eq!(leases.remaining("m0", arrived), None);
    let due = leases.due(arrived);
    assert_eq!(due.len(), 1);
    leases.confirmed(&due[0], 0.0);
    assert!(leases.is_sure("m0"));
    assert_eq!(leases.remaining("m0", arrived), Some(VISIBILITY));
}

#[derive(Clone, Debug)]
enum Step {
    Track { n: usize, waited: u64 },
    Wait(u64),
    Due { confirm: u8 },
    Finish(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..12_usize, 0..40_000_u64).prop_map(|(n, waited)| Step::Track { n, waited }),
        (0..40_000_u64).prop_map(Step::Wait),
        (0..4_u8).prop_map(|confirm| Step::Due { confirm }),
        (0..12_usize).prop_map(Step::Finish),
    ];
    proptest::collection::vec(step, 0..200)
}

proptest! {
    /// A model of SQS beside it: what the tracker believes never exceeds what SQS granted.
    #[test]
    fn the_tracker_never_believes_in_more_than_sqs_granted(steps in steps(), random in 0.0..1.0_f64) {
        let mut now = Instant::now();
        let mut leases = Leases::new(VISIBILITY);
        let mut granted: BTreeMap<MessageId, Instant> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Track { n, waited } => {
                    let sent = now;
                    now += Duration::from_millis(waited);
                    leases.expire(now);
                    leases.track(&message(n), format!("h{n}").into(), sent, now, random);
                    // SQS counts from when it hands out, which is never earlier than that.
                    granted.insert(message(n), sent + VISIBILITY);
                }
                Step::Wait(millis) => now += Duration::from_millis(millis),
                Step::Due { confirm } => {
                    let due = leases.due(now);
                    prop_assert!(due.len() <= BATCH);
                    for extension in due {
                        prop_assert!(leases.remaining(&extension.message, now).is_none_or(|left| left > Duration::ZERO));
                        match confirm {
                            0 => leases.failed(&extension, now, random),
                            1 => { leases.revoked(&extension); }
                            2 => {} // never answered
                            _ => {
                                granted.insert(extension.message.clone(), now + seconds(extension.seconds.into()));
                                leases.confirmed(&extension, random);
                            }
                        }
                    }
                }
                Step::Finish(n) => leases.finish(&message(n)),
            }
            for lost in leases.expire(now) {
                prop_assert!(granted[&lost] <= now);
            }
            for n in 0..12 {
                if let Some(remaining) = leases.remaining(&message(n), now) {
                    prop_assert!(remaining > Duration::ZERO);
                    prop_assert!(now + remaining <= granted[&message(n)]);
                }
            }
            prop_assert_eq!(leases.len(), leases.agenda.len());
            prop_assert_eq!(leases.next().is_none(), leases.is_empty());
        }
    }
}
