//! Receiving, settling, and the passing of time.

use super::super::account::{Outcome, Wish};
use super::super::refusal::Code;
use super::{Bench, HOUR};

#[test]
fn a_message_is_received_once_per_visibility_timeout_until_it_is_deleted() {
    let mut bench = Bench::new(&[("q", &[])]);
    let id = bench.send("q", "a");
    let first = bench.receive("q", 10);
    assert_eq!((first.len(), &*first[0].message.id), (1, &*id));
    assert_eq!(bench.counts("q"), (0, 1, 0));
    assert!(bench.receive("q", 10).is_empty());
    bench.now += 29_999;
    assert!(bench.receive("q", 10).is_empty());
    bench.now += 1;
    let second = bench.receive("q", 10);
    assert_eq!(second[0].message.receive_count, 2);
    assert_eq!(second[0].message.first_received_at, Some(1_000_000));
    assert_ne!(second[0].handle, first[0].handle);
    assert_eq!(bench.delete("q", &second[0].handle), Ok(()));
    assert_eq!(bench.counts("q"), (0, 0, 0));
}

#[test]
fn a_stale_handle_deletes_nothing_and_the_latest_does_even_late() {
    let mut bench = Bench::new(&[("q", &[])]);
    bench.send("q", "a");
    let stale = bench.receive("q", 1).remove(0).handle;
    bench.now += 30_000;
    let latest = bench.receive("q", 1).remove(0).handle;
    assert_eq!(bench.delete("q", &stale), Ok(()));
    assert_eq!(bench.change("q", &stale, 5), Err(Code::MessageNotInflight));
    assert_eq!(bench.counts("q"), (0, 1, 0));
    bench.now += 30_000;
    assert_eq!(bench.change("q", &latest, 5), Err(Code::MessageNotInflight));
    assert_eq!(bench.delete("q", &latest), Ok(()));
    assert_eq!(bench.counts("q"), (0, 0, 0));
    assert_eq!(bench.delete("q", &latest), Ok(()));
    assert_eq!(
        bench.change("q", &latest, 5),
        Err(Code::InvalidParameterValue)
    );
    let totals = bench.account.queue("q", bench.now).unwrap().totals.clone();
    assert_eq!((totals.deleted, totals.stale_deletes), (1, 1));
}

#[test]
fn handles_of_nobody_and_of_another_queue_are_invalid() {
    let mut bench = Bench::new(&[("q", &[]), ("r", &[])]);
    bench.send("q", "a");
    let handle = bench.receive("q", 1).remove(0).handle;
    assert_eq!(
        bench.delete("q", "garbage"),
        Err(Code::ReceiptHandleIsInvalid)
    );
    assert_eq!(
        bench.delete("r", &handle),
        Err(Code::ReceiptHandleIsInvalid)
    );
    assert_eq!(
        bench.change("r", &handle, 1),
        Err(Code::ReceiptHandleIsInvalid)
    );
}

#[test]
fn visibility_can_be_extended_to_twelve_hours_after_the_receive_and_ended_at_once() {
    let mut bench = Bench::new(&[("q", &[])]);
    bench.send("q", "a");
    let handle = bench.receive("q", 1).remove(0).handle;
    bench.now += 20_000;
    assert_eq!(bench.change("q", &handle, 43_180), Ok(()));
    assert_eq!(
        bench.change("q", &handle, 43_181),
        Err(Code::InvalidParameterValue)
    );
    bench.now += 11 * HOUR;
    assert!(bench.receive("q", 1).is_empty());
    assert_eq!(bench.change("q", &handle, 0), Ok(()));
    assert_eq!(bench.receive("q", 1).len(), 1);
}

#[test]
fn delayed_messages_wait_and_expired_ones_vanish_wherever_they_stand() {
    let mut bench = Bench::new(&[(
        "q",
        &[
            ("DelaySeconds", "10"),
            ("MessageRetentionPeriod", "60"),
            ("VisibilityTimeout", "300"),
        ],
    )]);
    bench.send("q", "a");
    bench.send("q", "b");
    assert_eq!(bench.counts("q"), (0, 0, 2));
    bench.now += 10_000;
    assert_eq!(bench.receive("q", 1).len(), 1);
    assert_eq!(bench.counts("q"), (1, 1, 0));
    bench.now += 50_000;
    assert_eq!(bench.counts("q"), (0, 0, 0));
    assert_eq!(
        bench.account.queue("q", bench.now).unwrap().totals.expired,
        2
    );
}

#[test]
fn at_the_limit_nothing_is_received_until_a_message_is_settled() {
    let mut bench = Bench::limited(&[("q", &[])], 2);
    for body in ["a", "b", "c"] {
        bench.send("q", body);
    }
    let received = bench.receive("q", 10);
    assert_eq!(received.len(), 2);
    let wish = Wish {
        most: 1,
        visibility: None,
        leave_visible: false,
    };
    let outcome = bench.account.receive("q", wish, bench.now).unwrap();
    assert!(matches!(outcome, Outcome::OverLimit));
    assert_eq!(
        bench.account.next_due("q", bench.now),
        Some(bench.now + 30_000)
    );
    bench.delete("q", &received[0].handle).unwrap();
    assert_eq!(bench.bodies("q", 1), ["c"]);
}
