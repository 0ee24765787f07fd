//! What holds of every queue, whatever is done to it in whatever order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::account::{Account, Outcome, Rules, Wish};
use super::message::{Content, Draft, Millis, Received};
use super::seed::Seed;

#[derive(Debug, Clone)]
enum Step {
    Send {
        group: u8,
        delay: Option<u64>,
    },
    Receive {
        most: usize,
        visibility: u64,
        leave_visible: bool,
    },
    Delete {
        which: usize,
    },
    Change {
        which: usize,
        seconds: u64,
    },
    Pass {
        millis: Millis,
    },
    Purge,
    MoveBack,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..3_u8, prop::option::of(0..5_u64)).prop_map(|(group, delay)| Step::Send { group, delay }),
        4 => (1..=10_usize, 0..5_u64, any::<bool>()).prop_map(|(most, visibility, twice)| Step::Receive {
            most,
            visibility,
            leave_visible: twice && most == 1,
        }),
        3 => any::<prop::sample::Index>().prop_map(|i| Step::Delete { which: i.index(1000) }),
        2 => (any::<prop::sample::Index>(), 0..5_u64)
            .prop_map(|(i, seconds)| Step::Change { which: i.index(1000), seconds }),
        3 => (0..4000_u64).prop_map(|millis| Step::Pass { millis }),
        1 => Just(Step::Pass { millis: 61_000 }),
        1 => Just(Step::MoveBack),
        1 => Just(Step::Purge),
    ];
    prop::collection::vec(step, 1..120)
}

struct World {
    account: Account,
    now: Millis,
    main: &'static str,
    dead: &'static str,
    handles: Vec<String>,
    sent: u64,
}

impl World {
    fn new(fifo: bool) -> Self {
        let (main, dead) = if fifo {
            ("q.fifo", "d.fifo")
        } else {
            ("q", "d")
        };
        let rules = Rules {
            region: "r".to_owned(),
            account_id: "0".to_owned(),
            in_flight_limit: 8,
            cooldowns: false,
        };
        let mut account = Account::new(rules, Seed::new(9));
        let mut attributes =
            BTreeMap::from([("MessageRetentionPeriod".to_owned(), "60".to_owned())]);
        if fifo {
            attributes.insert("FifoQueue".to_owned(), "true".to_owned());
        }
        account.create(dead, &attributes, 0).unwrap();
        let policy = format!(
            r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":2}}"#,
            account.arn(dead)
        );
        attributes.insert("RedrivePolicy".to_owned(), policy);
        account.create(main, &attributes, 0).unwrap();
        Self {
            account,
            now: 1000,
            main,
            dead,
            handles: Vec::new(),
            sent: 0,
        }
    }

    fn take(&mut self, step: &Step) -> Vec<Received> {
        let now = self.now;
        match step {
            Step::Send { group, delay } => {
                self.sent += 1;
                let fifo = self.main.ends_with(".fifo");
                let draft = Draft {
                    content: Arc::new(Content {
                        body: Arc::from(self.sent.to_string()),
                        body_md5: String::new(),
                        attributes: BTreeMap::new(),
                        attributes_md5: None,
                        trace_header: None,
                    }),
                    group: fifo.then(|| Arc::from(group.to_string())),
                    deduplication_id: fifo.then(|| Arc::from(self.sent.to_string())),
                    delay: delay.map(|seconds| seconds * 1000).filter(|_| !fifo),
                };
                self.account.send(self.main, draft, now).unwrap();
            }
            Step::Receive {
                most,
                visibility,
                leave_visible,
            } => {
                let wish = Wish {
                    most: *most,
                    visibility: Some(visibility * 1000),
                    leave_visible: *leave_visible,
                };
                if let Outcome::Got(got) = self.account.receive(self.main, wish, now).unwrap() {
                    self.handles
                        .extend(got.iter().map(|got| got.handle.clone()));
                    return got;
                }
            }
            Step::Delete { which } => {
                if let Some(handle) = self.handle(*which) {
                    let _ = self.account.delete(self.main, &handle, now);
                }
            }
            Step::Change { which, seconds } => {
                if let Some(handle) = self.handle(*which) {
                    let change = seconds * 1000;
                    let _ = self
                        .account
                        .change_visibility(self.main, &handle, change, now);
                }
            }
            Step::Pass { millis } => {
                self.now += millis;
                self.account.advance_moves(self.now);
            }
            Step::Purge => self.account.purge(self.main, now).unwrap(),
            Step::MoveBack => {
                let arn = self.account.arn(self.dead);
                let _ = self.account.start_move(&arn, None, Some(1), now);
            }
        }
        Vec::new()
    }

    fn handle(&self, which: usize) -> Option<String> {
        let count = self.handles.len();
        (count > 0).then(|| self.handles[which % count].clone())
    }

    fn check(&mut self) -> Result<(), TestCaseError> {
        let mut present = 0;
        for name in [self.main, self.dead] {
            let queue = self.account.queue(name, self.now).unwrap();
            queue.check_indexes();
            let (counts, totals) = (queue.counts(), queue.totals.clone());
            prop_assert!(counts.in_flight <= 8);
            prop_assert_eq!(
                totals.sent + totals.dead_letters_in + totals.moved_in,
                totals.deleted
                    + totals.expired
                    + totals.purged
                    + totals.dead_letters_out
                    + totals.moved_out
                    + counts.all() as u64,
                "{}",
                name
            );
            present += counts.all() as u64 + totals.deleted + totals.expired + totals.purged;
        }
        // Between the two queues nothing is lost and nothing is made.
        prop_assert_eq!(present, self.sent);
        Ok(())
    }
}

proptest! {
    #[test]
    fn messages_are_conserved_and_stand_in_one_place(fifo: bool, steps in steps()) {
        let mut world = World::new(fifo);
        for step in &steps {
            let received = world.take(step);
            let distinct: BTreeSet<_> = received.iter().map(|got| &got.message.id).collect();
            prop_assert_eq!(distinct.len(), received.len(), "one receive gives a message once");
            world.check()?;
        }
    }

    #[test]
    fn a_group_is_never_received_out_of_order(steps in steps()) {
        let mut world = World::new(true);
        for step in &steps {
            let mut last: BTreeMap<Arc<str>, u128> = BTreeMap::new();
            for got in world.take(step) {
                let (group, sequence) = (got.message.group.unwrap(), got.message.sequence.unwrap());
                prop_assert!(last.insert(group, sequence).is_none_or(|before| before < sequence));
            }
        }
    }

    #[test]
    fn what_can_be_received_is_due_now(fifo: bool, steps in steps()) {
        let mut world = World::new(fifo);
        for step in &steps {
            world.take(step);
            let now = world.now;
            let (name, wish) = (world.main, Wish { most: 1, visibility: Some(1000), leave_visible: false });
            world.account.queue(name, now).unwrap();
            let due = world.account.next_due(name, now);
            let outcome = world.account.receive(name, wish, now).unwrap();
            if let Outcome::Got(got) = outcome {
                prop_assert!(due.is_some_and(|due| due <= now), "{:?} at {}", due, now);
                world.handles.extend(got.into_iter().map(|got| got.handle));
            }
        }
    }
}
