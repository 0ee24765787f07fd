//! Order and leases together, beside a model of a FIFO queue: no message runs while an earlier one
//! of its group is in the queue, whatever fails, is lost, or comes again.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::{Next, Order};
use crate::lease::{Claim, Leases, Readiness, ReceiptHandle, Standing};

const VISIBILITY: Duration = Duration::from_secs(30);
const GROUPS: usize = 2;
const MESSAGES: usize = 6;

#[derive(Clone, Copy, Debug)]
enum Outcome {
    Obeyed,
    Failed,
    /// Obeyed, and the answer was lost.
    Unheard,
}

#[derive(Clone, Debug)]
enum Step {
    Receive { most: usize },
    Work { which: usize, succeeds: bool },
    Settle { which: usize, outcome: Outcome },
    Wait { millis: u64, extend: Outcome },
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => Just(Outcome::Obeyed),
        1 => Just(Outcome::Failed),
        1 => Just(Outcome::Unheard),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1..=10_usize).prop_map(|most| Step::Receive { most }),
        (0..8_usize, prop::bool::weighted(0.8))
            .prop_map(|(which, succeeds)| Step::Work { which, succeeds }),
        (0..8_usize, outcome()).prop_map(|(which, outcome)| Step::Settle { which, outcome }),
        (0..20_000_u64, outcome()).prop_map(|(millis, extend)| Step::Wait { millis, extend }),
    ];
    proptest::collection::vec(step, 0..300)
}

/// A message as SQS knows it.
#[derive(Debug)]
struct Stored {
    visible: Instant,
    handle: ReceiptHandle,
}

/// The messages that are not deleted, by group and place.
type Stock = BTreeMap<(usize, usize), Stored>;

/// What we do with a message.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    /// Its turn, and the lease may have to be extended first.
    Next,
    Working,
    Settling {
        delete: bool,
    },
    Releasing,
}

#[derive(Clone, Debug)]
struct Job {
    key: (usize, usize),
    claim: Claim,
}

struct World {
    now: Instant,
    stock: Stock,
    handles: usize,
    leases: Leases,
    order: Order<Job>,
    jobs: Vec<(Job, Stage)>,
    runs: usize,
}

impl World {
    fn new() -> Self {
        let now = Instant::now();
        let keys = (0..GROUPS).flat_map(|group| (0..MESSAGES).map(move |n| (group, n)));
        let stored = || Stored {
            visible: now,
            handle: "".into(),
        };
        Self {
            now,
            stock: keys.map(|key| (key, stored())).collect(),
            handles: 0,
            leases: Leases::new(VISIBILITY),
            order: Order::default(),
            jobs: Vec::new(),
            runs: 0,
        }
    }

    fn receive(&mut self, most: usize) {
        let locked: Vec<usize> = (self.stock.iter())
            .filter(|(_, stored)| stored.visible > self.now)
            .map(|((group, _), _)| *group)
            .collect();
        let keys: Vec<(usize, usize)> = (self.stock.keys())
            .filter(|(group, _)| !locked.contains(group))
            .take(most)
            .copied()
            .collect();
        for key in keys {
            self.handles += 1;
            let handle: ReceiptHandle = format!("h{}", self.handles).into();
            let stored = Stored {
                visible: self.now + VISIBILITY,
                handle: handle.clone(),
            };
            self.stock.insert(key, stored);
            let id = format!("{key:?}").into();
            let claim = self.leases.track(&id, handle, self.now, self.now, 0.5);
            let Some(claim) = claim else {
                self.order.again(&key.0.to_string(), &id);
                continue;
            };
            let job = Job { key, claim };
            if let Some(job) = self.order.arrive(&key.0.to_string(), &id, job) {
                self.jobs.push((job, Stage::Next));
            }
        }
    }

    /// SQS obeys the newest handle, while the message is in flight.
    fn obeys(&mut self, key: (usize, usize), handle: &ReceiptHandle, visible: Option<u64>) -> bool {
        let now = self.now;
        let Some(stored) = self.stock.get_mut(&key) else {
            return false;
        };
        if stored.handle != *handle || stored.visible <= now {
            return false;
        }
        match visible {
            Some(seconds) => stored.visible = now + Duration::from_secs(seconds),
            None => {
                self.stock.remove(&key);
            }
        }
        true
    }

    fn settle(&mut self, which: usize, outcome: Outcome) {
        let Some((job, stage)) = self.jobs.get(which).cloned() else {
            return;
        };
        let visible = match stage {
            Stage::Settling { delete: true } => None,
            Stage::Settling { delete: false } | Stage::Releasing => Some(2),
            Stage::Next | Stage::Working => return,
        };
        let Some(handle) = self.leases.handle(&job.claim) else {
            return self.end(which, false);
        };
        if matches!(outcome, Outcome::Failed) {
            return;
        }
        let obeyed = self.obeys(job.key, &handle, visible);
        if matches!(outcome, Outcome::Obeyed) {
            self.leases.finish(&job.claim);
            self.end(which, obeyed && visible.is_none());
        }
    }

    fn end(&mut self, which: usize, gone: bool) {
        let (job, stage) = self.jobs.remove(which);
        let group = job.key.0.to_string();
        let next = match (stage, gone) {
            (Stage::Releasing, _) => self.order.released(&group),
            (_, true) => self.order.succeeded(&group),
            (_, false) => self.order.failed(&group),
        };
        match next {
            Next::Start(job) => self.jobs.push((job, Stage::Next)),
            Next::Release(rest) => {
                self.jobs
                    .extend(rest.into_iter().map(|job| (job, Stage::Releasing)));
            }
            Next::Idle => {}
        }
    }

    fn wait(&mut self, millis: u64, extend: Outcome) {
        self.now += Duration::from_millis(millis);
        // The heartbeat looks at what is lost before it asks for anything.
        self.leases.expire(self.now);
        loop {
            let due = self.leases.due(self.now);
            if due.is_empty() {
                break;
            }
            for extension in due {
                let key = |job: &Job| job.claim.message == extension.message;
                let known = self
                    .stock
                    .keys()
                    .find(|k| format!("{k:?}") == *extension.message);
                let key = (self
                    .jobs
                    .iter()
                    .find(|(job, _)| key(job))
                    .map(|(job, _)| job.key))
                .or(known.copied());
                let obeyed = match (extend, key) {
                    (Outcome::Failed, _) | (_, None) => false,
                    (_, Some(key)) => {
                        self.obeys(key, &extension.handle, Some(extension.seconds.into()))
                    }
                };
                match extend {
                    Outcome::Obeyed if obeyed => self.leases.confirmed(&extension, 0.5),
                    Outcome::Obeyed => {
                        self.leases.revoked(&extension);
                    }
                    _ => self.leases.failed(&extension, self.now, 0.5),
                }
            }
        }
    }

    /// Lost leases end what was under way for them; what is ready runs.
    fn look(&mut self) -> Result<(), TestCaseError> {
        loop {
            let lost = self.jobs.iter().position(|(job, stage)| {
                matches!(stage, Stage::Next | Stage::Working)
                    && self.leases.standing(&job.claim) == Standing::Void
            });
            let Some(which) = lost else { break };
            self.end(which, false);
        }
        for which in 0..self.jobs.len() {
            let (job, stage) = self.jobs[which].clone();
            let ready = stage == Stage::Next
                && self.leases.readiness(&job.claim, VISIBILITY, self.now) == Readiness::Ready;
            if ready {
                let (group, n) = job.key;
                let earlier = self.stock.range((group, 0)..(group, n)).next();
                prop_assert!(earlier.is_none(), "{:?} runs before {earlier:?}", job.key);
                self.jobs[which].1 = Stage::Working;
                self.runs += 1;
            }
        }
        for group in 0..GROUPS {
            let of_group = |(job, stage): &&(Job, Stage)| {
                job.key.0 == group
                    && matches!(stage, Stage::Next | Stage::Working | Stage::Settling { .. })
            };
            let at_work = self.jobs.iter().filter(of_group).count();
            prop_assert!(at_work <= 1, "{at_work} of a group are at work");
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn no_message_runs_while_an_earlier_one_of_its_group_is_in_the_queue(steps in steps()) {
        let mut world = World::new();
        for step in steps {
            match step {
                Step::Receive { most } => world.receive(most),
                Step::Work { which, succeeds } => {
                    if let Some((job, stage)) = world.jobs.get_mut(which)
                        && *stage == Stage::Working
                    {
                        *stage = Stage::Settling { delete: succeeds };
                        if succeeds {
                            world.leases.done(&job.claim);
                        }
                    }
                }
                Step::Settle { which, outcome } => world.settle(which, outcome),
                Step::Wait { millis, extend } => world.wait(millis, extend),
            }
            world.look()?;
        }
        // Without further faults everything is worked off.
        for _ in 0..400 {
            world.receive(10);
            world.look()?;
            for which in (0..world.jobs.len()).rev() {
                let (job, stage) = &mut world.jobs[which];
                if *stage == Stage::Working {
                    *stage = Stage::Settling { delete: true };
                    world.leases.done(&job.claim);
                }
                world.settle(which, Outcome::Obeyed);
                world.look()?;
            }
            world.wait(1000, Outcome::Obeyed);
            world.look()?;
        }
        prop_assert!(world.stock.is_empty(), "left behind: {:?} {:?}", world.stock, world.jobs);
        prop_assert!(world.leases.is_empty() && world.order.waiting() == 0);
        prop_assert!(world.runs >= GROUPS * MESSAGES);
    }
}
