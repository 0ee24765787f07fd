//! Order, groups and deduplication.

use super::super::refusal::Code;
use super::{Bench, FIFO};

#[test]
fn a_group_is_received_in_order_and_held_while_a_message_of_it_is_in_flight() {
    let mut bench = Bench::new(&[("q.fifo", FIFO)]);
    for body in ["a/1", "b/1", "a/2", "a/3"] {
        bench.send_fifo("q.fifo", body);
    }
    let received = bench.receive("q.fifo", 2);
    assert_eq!(&*received[1].message.content.body, "a/2");
    assert_eq!(bench.bodies("q.fifo", 10), ["b/1"]);
    bench.delete("q.fifo", &received[0].handle).unwrap();
    assert!(bench.receive("q.fifo", 10).is_empty());
    bench.delete("q.fifo", &received[1].handle).unwrap();
    assert_eq!(bench.bodies("q.fifo", 10), ["a/3"]);
}

#[test]
fn a_message_given_back_comes_before_those_that_were_sent_after_it() {
    let mut bench = Bench::new(&[("q.fifo", FIFO)]);
    for body in ["a/1", "a/2", "a/3"] {
        bench.send_fifo("q.fifo", body);
    }
    let received = bench.receive("q.fifo", 2);
    // The first stays in flight, so the second is held although it is available.
    bench.change("q.fifo", &received[1].handle, 0).unwrap();
    assert!(bench.receive("q.fifo", 10).is_empty());
    bench.change("q.fifo", &received[0].handle, 0).unwrap();
    assert_eq!(bench.bodies("q.fifo", 10), ["a/1", "a/2", "a/3"]);
}

#[test]
fn an_expired_handle_is_refused_by_a_fifo_queue() {
    let mut bench = Bench::new(&[("q.fifo", FIFO)]);
    bench.send_fifo("q.fifo", "a/1");
    let handle = bench.receive("q.fifo", 1).remove(0).handle;
    bench.now += 30_000;
    assert_eq!(
        bench.delete("q.fifo", &handle),
        Err(Code::InvalidParameterValue)
    );
    assert_eq!(
        bench.change("q.fifo", &handle, 5),
        Err(Code::InvalidParameterValue)
    );
    assert_eq!(bench.counts("q.fifo"), (1, 0, 0));
}

#[test]
fn a_send_is_deduplicated_for_five_minutes_even_after_its_delete() {
    let mut bench = Bench::new(&[("q.fifo", FIFO)]);
    let first = bench.send_fifo("q.fifo", "a/1");
    let handle = bench.receive("q.fifo", 1).remove(0).handle;
    bench.delete("q.fifo", &handle).unwrap();
    bench.now += 299_999;
    assert_eq!(bench.send_fifo("q.fifo", "a/1"), first);
    assert_eq!(bench.counts("q.fifo"), (0, 0, 0));
    bench.now += 1;
    assert_ne!(bench.send_fifo("q.fifo", "a/1"), first);
    assert_eq!(bench.counts("q.fifo"), (1, 0, 0));
}

#[test]
fn deduplication_spans_groups_unless_its_scope_is_the_group() {
    let by_group = [FIFO[0], ("DeduplicationScope", "messageGroup")];
    let mut bench = Bench::new(&[("q.fifo", FIFO), ("g.fifo", &by_group)]);
    for (queue, kept) in [("q.fifo", 1), ("g.fifo", 2)] {
        for group in ["a", "b"] {
            bench.send_with(queue, "x", Some(group), Some("same"));
        }
        assert_eq!(bench.counts(queue).0, kept, "{queue}");
    }
}
