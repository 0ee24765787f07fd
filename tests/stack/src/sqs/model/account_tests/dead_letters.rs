//! Dead letters, and their return.

use super::super::refusal::Code;
use super::{Bench, FIFO, REDRIVE};

#[test]
fn a_message_goes_to_the_dead_letter_queue_instead_of_a_receive_too_many() {
    let mut bench = Bench::new(&[("dead", &[]), ("q", &[REDRIVE])]);
    let id = bench.send("q", "poison");
    for _ in 0..2 {
        assert_eq!(bench.bodies("q", 10), ["poison"]);
        bench.now += 30_000;
    }
    assert_eq!(bench.counts("dead"), (0, 0, 0));
    assert!(bench.receive("q", 10).is_empty());
    assert_eq!(
        (bench.counts("q"), bench.counts("dead")),
        ((0, 0, 0), (1, 0, 0))
    );
    let dead = bench.receive("dead", 1).remove(0).message;
    assert_eq!(dead.id, id);
    assert_eq!((dead.sent_at, dead.receive_count), (1_000_000, 3));
    assert_eq!(
        dead.dead_letter_source.as_deref(),
        Some("arn:aws:sqs:us-east-1:000000000000:q")
    );
}

#[test]
fn dead_letters_do_not_take_the_place_of_good_messages_in_a_batch() {
    let mut bench = Bench::new(&[("dead", &[]), ("q", &[REDRIVE])]);
    for body in ["a", "b"] {
        bench.send("q", body);
    }
    for _ in 0..2 {
        bench.receive("q", 10);
        bench.now += 30_000;
    }
    bench.send("q", "c");
    assert_eq!(bench.bodies("q", 1), ["c"]);
    assert_eq!(bench.counts("dead"), (2, 0, 0));
}

#[test]
fn without_its_dead_letter_queue_a_message_is_received_once_more_and_not_lost() {
    let mut bench = Bench::new(&[("dead", &[]), ("q", &[REDRIVE])]);
    bench.send("q", "a");
    bench.account.delete_queue("dead", bench.now).unwrap();
    for _ in 0..4 {
        assert_eq!(bench.bodies("q", 1), ["a"]);
        bench.now += 30_000;
    }
}

#[test]
fn a_redrive_policy_needs_a_target_of_its_own_type() {
    let mut bench = Bench::new(&[("dead", &[])]);
    assert_eq!(
        bench.create("q.fifo", &[FIFO[0], REDRIVE]),
        Err(Code::InvalidParameterValue)
    );
    bench.account.delete_queue("dead", bench.now).unwrap();
    assert_eq!(
        bench.create("q", &[REDRIVE]),
        Err(Code::InvalidParameterValue)
    );
}

#[test]
fn a_move_task_brings_dead_letters_back_as_new_messages() {
    let mut bench = Bench::new(&[("dead", &[]), ("q", &[REDRIVE])]);
    let ids: Vec<_> = (0..3)
        .map(|body| bench.send("q", &body.to_string()))
        .collect();
    for _ in 0..3 {
        bench.receive("q", 10);
        bench.now += 30_000;
    }
    assert_eq!(bench.counts("dead"), (3, 0, 0));
    let dead = bench.account.arn("dead");
    let source = bench.account.arn("q");
    let handle = bench
        .account
        .start_move(&dead, None, Some(1), bench.now)
        .unwrap();
    let again = bench.account.start_move(&dead, None, None, bench.now);
    assert_eq!(again.unwrap_err().code, Code::InvalidParameterValue);
    assert_eq!(bench.counts("q"), (1, 0, 0));
    assert_eq!(
        bench.account.next_due("q", bench.now - 1),
        Some(bench.now - 1)
    );
    bench.now += 1000;
    let task = bench.account.moves(&dead, bench.now).unwrap().remove(0);
    assert_eq!(
        (task.moved, task.to_move, task.status.name()),
        (2, 3, "RUNNING")
    );
    assert_eq!(bench.account.cancel_move(&handle, bench.now), Ok(2));
    bench.now += 1000;
    assert_eq!(
        (bench.counts("q"), bench.counts("dead")),
        ((2, 0, 0), (1, 0, 0))
    );
    bench
        .account
        .start_move(&dead, Some(source), None, bench.now)
        .unwrap();
    let tasks = bench.account.moves(&dead, bench.now).unwrap();
    let names: Vec<_> = tasks.iter().map(|task| task.status.name()).collect();
    assert_eq!(names, ["COMPLETED", "CANCELLED"]);
    let back = bench.receive("q", 10);
    assert_eq!(back.len(), 3);
    for received in back {
        assert!(!ids.contains(&received.message.id));
        assert_eq!(received.message.receive_count, 1);
    }
}

#[test]
fn only_a_dead_letter_queue_can_be_moved_from() {
    let mut bench = Bench::new(&[("dead", &[]), ("q", &[REDRIVE])]);
    let start = |bench: &mut Bench, source: &str, to: Option<&str>| {
        let source = bench.account.arn(source);
        let to = to.map(|to| bench.account.arn(to));
        let started = bench.account.start_move(&source, to, None, bench.now);
        started.map_err(|refusal| refusal.code)
    };
    assert_eq!(
        start(&mut bench, "q", None),
        Err(Code::InvalidParameterValue)
    );
    assert_eq!(start(&mut bench, "none", None), Err(Code::ResourceNotFound));
    assert_eq!(
        start(&mut bench, "dead", Some("none")),
        Err(Code::ResourceNotFound)
    );
    assert!(start(&mut bench, "dead", None).is_ok());
    let cancelled = bench.account.cancel_move("nonsense", bench.now);
    assert_eq!(cancelled.unwrap_err().code, Code::InvalidParameterValue);
}
