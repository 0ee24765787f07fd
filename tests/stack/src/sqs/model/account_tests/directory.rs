//! Making, naming, purging and deleting queues.

use super::super::refusal::Code;
use super::{Bench, FIFO};

#[test]
fn a_queue_made_anew_does_not_know_the_handles_of_its_namesake() {
    let mut bench = Bench::new(&[("q", &[])]);
    bench.send("q", "a");
    let handle = bench.receive("q", 1).remove(0).handle;
    bench.account.delete_queue("q", bench.now).unwrap();
    assert_eq!(bench.create("q", &[]), Err(Code::QueueDeletedRecently));
    bench.now += 60_000;
    bench.create("q", &[]).unwrap();
    bench.send("q", "b");
    bench.receive("q", 1);
    assert_eq!(
        bench.delete("q", &handle),
        Err(Code::ReceiptHandleIsInvalid)
    );
}

#[test]
fn a_purge_empties_the_queue_and_rests_for_a_minute() {
    let mut bench = Bench::new(&[("q.fifo", FIFO)]);
    let first = bench.send_fifo("q.fifo", "a/1");
    bench.receive("q.fifo", 1);
    bench.account.purge("q.fifo", bench.now).unwrap();
    assert_eq!(bench.counts("q.fifo"), (0, 0, 0));
    assert_ne!(bench.send_fifo("q.fifo", "a/1"), first);
    assert_eq!(bench.bodies("q.fifo", 1), ["a/1"]);
    let again = bench.account.purge("q.fifo", bench.now).unwrap_err();
    assert_eq!(again.code, Code::PurgeQueueInProgress);
}

#[test]
fn names_say_which_type_a_queue_is() {
    let mut bench = Bench::new(&[]);
    for (name, attributes) in [
        ("q.fifo", &[] as &[_]),
        ("q", FIFO),
        ("a/b", &[]),
        ("a.b", &[]),
        ("", &[]),
    ] {
        let refused = bench.create(name, attributes);
        assert_eq!(refused, Err(Code::InvalidParameterValue), "{name}");
    }
    let longest = format!("{}.fifo", "a".repeat(75));
    assert_eq!(bench.create(&longest, FIFO), Ok(()));
    assert_eq!(
        bench.create(&format!("a{longest}"), FIFO),
        Err(Code::InvalidParameterValue)
    );
}

#[test]
fn a_queue_is_made_once_and_found_with_the_same_attributes() {
    let mut bench = Bench::new(&[("q", &[("DelaySeconds", "5")])]);
    assert_eq!(bench.create("q", &[]), Ok(()));
    assert_eq!(bench.create("q", &[("DelaySeconds", "5")]), Ok(()));
    assert_eq!(
        bench.create("q", &[("DelaySeconds", "6")]),
        Err(Code::QueueNameExists)
    );
}
