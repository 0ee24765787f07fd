use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const VISIBILITY: Duration = Duration::from_secs(30);

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn message(n: usize) -> MessageId {
    format!("m{n}").into()
}

fn one(start: Instant) -> (Leases, Claim) {
    let mut leases = Leases::new(VISIBILITY);
    let claim = leases.track(&message(0), "h0".into(), start, start, 0.0);
    (leases, claim.unwrap())
}

#[test]
fn a_lease_counts_from_when_the_receive_was_sent_and_is_lost_at_its_deadline() {
    let sent = Instant::now();
    let (mut leases, claim) = one(sent);
    assert_eq!(
        leases.remaining(&claim, sent + seconds(20)),
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
fn no_extension_crosses_the_way_of_a_message_that_is_given_back() {
    let sent = Instant::now();
    let (mut leases, claim) = one(sent);
    let half = sent + seconds(15);
    let extension = leases.due(half).remove(0);
    assert!(!leases.releasing(&claim), "one is on its way");
    leases.confirmed(&extension, 0.0);
    assert!(leases.releasing(&claim));
    let later = half + seconds(20);
    assert!(leases.due(later).is_empty());
    assert_eq!(leases.next(), Some(half + seconds(30)), "its deadline");
    leases.not_released(&claim);
    assert_eq!(leases.due(later).len(), 1);
}

#[test]
fn a_message_that_is_given_back_loses_its_lease_at_its_deadline_as_others_do() {
    let sent = Instant::now();
    let (mut leases, claim) = one(sent);
    assert!(leases.releasing(&claim));
    assert_eq!(leases.expire(sent + seconds(30)), [message(0)]);
    assert!(leases.releasing(&claim), "nothing is on its way");
}

#[test]
fn an_extension_is_due_at_half_of_the_visibility() {
    let sent = Instant::now();
    let (mut leases, _) = one(sent);
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
fn what_one_receive_brought_is_extended_by_one_call_each_time() {
    let sent = Instant::now();
    let mut leases = Leases::new(VISIBILITY);
    let random = |n: usize, round: usize| ((n * 7 + round * 3) % 10) as f64 / 10.0;
    for n in 0..10 {
        leases.track(
            &message(n),
            format!("h{n}").into(),
            sent,
            sent,
            random(n, 0),
        );
    }
    for round in 1..=5 {
        let now = leases.next().unwrap();
        let due = leases.due(now);
        assert_eq!(due.len(), 10, "round {round}");
        for (n, extension) in due.iter().enumerate() {
            leases.confirmed(extension, random(n, round));
        }
    }
}

#[test]
fn what_failed_just_now_keeps_its_pause_beside_what_is_due() {
    let sent = Instant::now();
    let mut leases = Leases::new(VISIBILITY);
    for n in 0..2 {
        leases.track(&message(n), format!("h{n}").into(), sent, sent, 0.0);
    }
    let due = leases.due(sent + seconds(15));
    assert_eq!(due.len(), 2);
    leases.failed(&due[0], sent + seconds(15), 1.0);
    leases.track(&message(2), "h2".into(), sent, sent, 0.0);
    let now: Vec<_> = leases.due(sent + seconds(15));
    let now: Vec<_> = now.into_iter().map(|extension| extension.message).collect();
    assert_eq!(now, [message(2)]);
}

#[test]
fn the_deadline_moves_only_after_the_extension_is_confirmed_and_from_when_it_was_asked_for() {
    let sent = Instant::now();
    let (mut leases, claim) = one(sent);
    let due = leases.due(sent + seconds(15));
    assert_eq!(
        leases.remaining(&claim, sent + seconds(15)),
        Some(seconds(15))
    );
    leases.confirmed(&due[0], 0.0);
    assert_eq!(
        leases.remaining(&claim, sent + seconds(20)),
        Some(seconds(25))
    );
    assert_eq!(leases.next(), Some(sent + seconds(30)));
}

#[test]
fn a_failed_extension_is_tried_again_until_the_deadline() {
    let sent = Instant::now();
    let (mut leases, _) = one(sent);
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
    let (mut leases, _) = one(sent);
    leases.due(sent + seconds(15));
    assert_eq!(leases.next(), Some(sent + seconds(30)));
    assert_eq!(leases.expire(sent + seconds(30)), [message(0)]);
}

#[test]
fn a_redelivered_duplicate_brings_the_handle_that_counts() {
    let sent = Instant::now();
    let (mut leases, claim) = one(sent);
    let old = leases.due(sent + seconds(15)).remove(0);
    let again = sent + seconds(29);
    let new = leases.track(&message(0), "h1".into(), again, again, 0.0);
    assert_eq!(new, None);
    assert_eq!(leases.handle(&claim).as_deref(), Some("h1"));
    leases.confirmed(&old, 0.0);
    assert!(
        !leases.revoked(&old),
        "the old handle's end is not the lease's"
    );
    assert_eq!(
        leases.remaining(&claim, sent + seconds(29)),
        Some(seconds(30))
    );
    assert_eq!(leases.len(), 1);
}

#[test]
fn extensions_stop_at_twelve_hours_in_all() {
    let sent = Instant::now();
    let (mut leases, _) = one(sent);
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
    let (mut leases, claim) = one(sent);
    assert!(leases.finish(&claim));
    assert!(!leases.finish(&claim));
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
    let claim = leases.track(&message(0), "h".into(), sent, arrived, 0.0);
    let claim = claim.unwrap();
    assert_eq!(leases.remaining(&claim, arrived), None);
    assert_eq!(
        leases.readiness(&claim, seconds(1), arrived),
        Readiness::NotYet
    );
    let due = leases.due(arrived);
    assert_eq!(due.len(), 1);
    leases.confirmed(&due[0], 0.0);
    assert_eq!(
        leases.readiness(&claim, seconds(1), arrived),
        Readiness::Ready
    );
    assert_eq!(leases.remaining(&claim, arrived), Some(VISIBILITY));
}

#[test]
fn a_claim_is_void_once_its_lease_is_lost_whatever_comes_after_it() {
    let sent = Instant::now();
    let (mut leases, old) = one(sent);
    leases.expire(sent + VISIBILITY);
    assert_eq!(leases.standing(&old), Standing::Void);
    let again = sent + VISIBILITY;
    let new = leases.track(&message(0), "h1".into(), again, again, 0.0);
    let new = new.unwrap();
    assert_eq!(leases.handle(&old), None);
    assert_eq!(leases.remaining(&old, again), None);
    leases.done(&old);
    assert!(!leases.finish(&old), "it is not the old one's to end");
    assert_eq!(leases.handle(&new).as_deref(), Some("h1"));
    leases.expire(again + VISIBILITY);
    assert!(leases.is_empty(), "nor to declare done");
}

#[test]
fn a_message_that_is_done_keeps_its_place_when_its_lease_ends_and_goes_on_with_a_newer_handle() {
    let sent = Instant::now();
    let (mut leases, claim) = one(sent);
    leases.done(&claim);
    let late = sent + VISIBILITY;
    assert_eq!(leases.expire(late), [message(0)]);
    assert_eq!(leases.standing(&claim), Standing::RanOut);
    assert_eq!(leases.handle(&claim).as_deref(), Some("h0"));
    assert_eq!(leases.next(), None, "it is not extended");
    assert!(leases.due(late).is_empty() && leases.expire(late).is_empty());
    assert_eq!(
        leases.track(&message(0), "h1".into(), late, late, 0.0),
        None
    );
    assert_eq!(leases.standing(&claim), Standing::Held);
    assert_eq!(leases.handle(&claim).as_deref(), Some("h1"));
    assert!(leases.finish(&claim) && leases.is_empty());
}

#[test]
fn an_extension_refused_after_the_message_was_done_is_no_lost_lease() {
    let sent = Instant::now();
    let (mut leases, claim) = one(sent);
    let due = leases.due(sent + seconds(15));
    leases.done(&claim);
    assert!(!leases.revoked(&due[0]));
    assert_eq!(leases.standing(&claim), Standing::Refused);
    assert_eq!(leases.next(), None);
}

#[test]
fn a_delivery_starts_only_with_a_quarter_of_the_visibility_left_or_all_the_time_it_may_take() {
    let sent = Instant::now();
    let (mut leases, claim) = one(sent);
    let (long, short) = (seconds(600), seconds(2));
    let mut at = |secs, work| leases.readiness(&claim, work, sent + Duration::from_secs_f64(secs));
    assert_eq!(at(22.5, long), Readiness::Ready);
    assert_eq!(at(22.6, long), Readiness::NotYet);
    assert_eq!(at(28.0, short), Readiness::Ready);
    assert_eq!(at(28.1, short), Readiness::NotYet);
    let now = sent + seconds(29);
    let due = leases.due(now);
    assert_eq!(due.len(), 1, "it is extended first");
    leases.confirmed(&due[0], 0.0);
    assert_eq!(leases.readiness(&claim, long, now), Readiness::Ready);
}

#[test]
fn asking_to_start_makes_an_extension_due_that_was_not_yet() {
    let sent = Instant::now();
    let mut leases = Leases::new(seconds(1));
    // A renewal that is late: the process stood still.
    let claim = leases.track(&message(0), "h".into(), sent, sent, 0.0);
    let claim = claim.unwrap();
    let now = sent + Duration::from_millis(900);
    assert_eq!(leases.readiness(&claim, seconds(9), now), Readiness::NotYet);
    assert_eq!(leases.due(now).len(), 1);
    assert_eq!(
        leases.readiness(&claim, seconds(9), now),
        Readiness::NotYet,
        "asked for is not confirmed"
    );
}

#[test]
fn a_message_whose_twelve_hours_do_not_suffice_is_to_be_given_back() {
    let sent = Instant::now();
    let (mut leases, claim) = one(sent);
    let mut now = sent;
    while now < sent + MAX_HELD - seconds(120) {
        now = leases.next().unwrap();
        for extension in leases.due(now) {
            leases.confirmed(&extension, 0.0);
        }
    }
    assert_eq!(
        leases.readiness(&claim, seconds(300), now),
        Readiness::Never
    );
    assert_eq!(leases.readiness(&claim, seconds(20), now), Readiness::Ready);
    let (mut fresh, claim) = one(sent);
    assert_eq!(
        fresh.readiness(&claim, MAX_HELD * 2, sent),
        Readiness::Ready,
        "to give back what was just received would help nobody"
    );
}

#[derive(Clone, Debug)]
enum Step {
    Track { n: usize, waited: u64 },
    Wait(u64),
    Due { confirm: u8 },
    Done(usize),
    Finish(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..12_usize, 0..40_000_u64).prop_map(|(n, waited)| Step::Track { n, waited }),
        (0..40_000_u64).prop_map(Step::Wait),
        (0..4_u8).prop_map(|confirm| Step::Due { confirm }),
        (0..12_usize).prop_map(Step::Done),
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
        // The newest claim on each message, and those that are void.
        let mut claims: BTreeMap<usize, Claim> = BTreeMap::new();
        let mut void: Vec<Claim> = Vec::new();
        for step in steps {
            match step {
                Step::Track { n, waited } => {
                    let sent = now;
                    now += Duration::from_millis(waited);
                    leases.expire(now);
                    let claim = leases.track(&message(n), format!("h{now:?}").into(), sent, now, random);
                    if let Some(claim) = claim {
                        void.extend(claims.insert(n, claim));
                    }
                    // SQS counts from when it hands out, which is never earlier than that.
                    granted.insert(message(n), sent + VISIBILITY);
                }
                Step::Wait(millis) => now += Duration::from_millis(millis),
                Step::Due { confirm } => {
                    let due = leases.due(now);
                    prop_assert!(due.len() <= BATCH);
                    for extension in due {
                        let claim = claims.values().find(|claim| claim.message == extension.message).unwrap();
                        prop_assert_eq!(leases.standing(claim), Standing::Held);
                        prop_assert!(leases.remaining(claim, now).is_none_or(|left| left > Duration::ZERO));
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
                Step::Done(n) => if let Some(claim) = claims.get(&n) { leases.done(claim) },
                Step::Finish(n) => if let Some(claim) = claims.get(&n) { leases.finish(claim); },
            }
            for claim in &void {
                prop_assert_eq!(leases.standing(claim), Standing::Void);
                prop_assert!(leases.handle(claim).is_none() && !leases.finish(claim));
            }
            for lost in leases.expire(now) {
                prop_assert!(granted[&lost] <= now);
            }
            let mut ended = 0;
            for claim in claims.values() {
                if let Some(remaining) = leases.remaining(claim, now) {
                    prop_assert!(remaining > Duration::ZERO);
                    prop_assert!(now + remaining <= granted[&claim.message]);
                    let needed = VISIBILITY / 4;
                    let ready = leases.readiness(claim, VISIBILITY, now) == Readiness::Ready;
                    prop_assert_eq!(ready, remaining >= needed);
                }
                ended += usize::from(!matches!(leases.standing(claim), Standing::Held | Standing::Void));
            }
            prop_assert_eq!(leases.len(), leases.agenda.len() + ended);
            prop_assert_eq!(leases.next().is_none(), leases.len() == ended);
        }
    }
}
