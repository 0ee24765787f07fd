use std::collections::BTreeMap;
use std::sync::Arc;

use super::account::{Account, Outcome, Rules, Wish};
use super::message::{Content, Draft, Millis, Received};
use super::refusal::Code;
use super::seed::Seed;

const HOUR: Millis = 3_600_000;

/// An account with a clock that is moved by hand.
struct Bench {
    account: Account,
    now: Millis,
}

impl Bench {
    fn new(queues: &[(&str, &[(&str, &str)])]) -> Self {
        Self::limited(queues, 120_000)
    }

    fn limited(queues: &[(&str, &[(&str, &str)])], in_flight_limit: usize) -> Self {
        let rules = Rules {
            region: "us-east-1".to_owned(),
            account_id: "000000000000".to_owned(),
            in_flight_limit,
            cooldowns: true,
        };
        let mut bench = Self {
            account: Account::new(rules, Seed::new(1)),
            now: 1_000_000,
        };
        for (name, attributes) in queues {
            bench.create(name, attributes).unwrap();
        }
        bench
    }

    fn create(&mut self, name: &str, attributes: &[(&str, &str)]) -> Result<(), Code> {
        let attributes = attributes
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let created = self.account.create(name, &attributes.collect(), self.now);
        created.map_err(|refusal| refusal.code)
    }

    fn send(&mut self, queue: &str, body: &str) -> Arc<str> {
        self.send_with(queue, body, None, None)
    }

    /// `group/body`, deduplicated by the whole.
    fn send_fifo(&mut self, queue: &str, body: &str) -> Arc<str> {
        let group = body.split('/').next().unwrap();
        self.send_with(queue, body, Some(group), Some(body))
    }

    fn send_with(
        &mut self,
        queue: &str,
        body: &str,
        group: Option<&str>,
        deduplication: Option<&str>,
    ) -> Arc<str> {
        let draft = Draft {
            content: Arc::new(Content {
                body: Arc::from(body),
                body_md5: String::new(),
                attributes: BTreeMap::new(),
                attributes_md5: None,
                trace_header: None,
            }),
            group: group.map(Arc::from),
            deduplication_id: deduplication.map(Arc::from),
            delay: None,
        };
        self.account.send(queue, draft, self.now).unwrap().id
    }

    fn receive(&mut self, queue: &str, most: usize) -> Vec<Received> {
        let wish = Wish {
            most,
            visibility: None,
            leave_visible: false,
        };
        match self.account.receive(queue, wish, self.now).unwrap() {
            Outcome::Got(received) => received,
            Outcome::Nothing => Vec::new(),
            Outcome::OverLimit => panic!("over the limit"),
        }
    }

    fn bodies(&mut self, queue: &str, most: usize) -> Vec<String> {
        let received = self.receive(queue, most);
        received
            .iter()
            .map(|received| received.message.content.body.to_string())
            .collect()
    }

    fn delete(&mut self, queue: &str, handle: &str) -> Result<(), Code> {
        self.account
            .delete(queue, handle, self.now)
            .map_err(|refusal| refusal.code)
    }

    fn change(&mut self, queue: &str, handle: &str, seconds: u64) -> Result<(), Code> {
        let changed = self
            .account
            .change_visibility(queue, handle, seconds * 1000, self.now);
        changed.map_err(|refusal| refusal.code)
    }

    fn counts(&mut self, queue: &str) -> (usize, usize, usize) {
        let counts = self.account.queue(queue, self.now).unwrap().counts();
        (counts.visible, counts.in_flight, counts.delayed)
    }
}

const FIFO: &[(&str, &str)] = &[("FifoQueue", "true")];
const REDRIVE: (&str, &str) = (
    "RedrivePolicy",
    r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":2}"#,
);

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
