//! An in-memory Amazon SQS, honest about what it is not.
//!
//! It speaks today's JSON protocol (`application/x-amz-json-1.0`, `X-Amz-Target:
//! AmazonSQS.<Action>`) as the AWS SDKs do, for standard and FIFO queues, with dead letters, long
//! polls that wake on arrival, move tasks, the limits of the service and its errors in both their
//! spellings. It also does what no other stand-in does: it fails on demand ([`Faults`]).
//!
//! Where AWS leaves room, or documents one thing and does another, the choice here is:
//!
//! * A **stale receipt handle** (the message was received again since) deletes nothing on a standard
//!   queue, and the delete succeeds: so says the reference of `DeleteMessage`. The latest handle
//!   deletes even after its visibility timeout, as AWS does. On a FIFO queue a handle whose timeout
//!   has ended is refused with `InvalidParameterValue`, as AWS does.
//! * **`ChangeMessageVisibility`** with a handle that is not in flight is `MessageNotInflight`, as
//!   the reference says; AWS itself lets the latest handle of a visible message through. A deleted
//!   message is `InvalidParameterValue`, as AWS does.
//! * **FIFO**: what can be received of a group is the run of available messages at its front. A
//!   message in flight holds all that come after it, and none that come before it, as AWS does.
//! * A **dead letter** keeps its id, its receive count and (standard) its age.
//! * Delivery is in order of availability and exactly once per visibility timeout: AWS promises less
//!   for standard queues. The fault `duplicate` delivers twice.
//! * The name of a deleted queue and a purged queue have their 60 seconds of rest
//!   ([`SqsOptions::cooldowns`]).
//!
//! Not here: signatures and permissions (any credentials are taken; a fault can refuse them), tags,
//! encryption (its attributes are kept and do nothing), the XML protocol, throttling by rate (a
//! fault can throttle).

mod action;
mod actions;
mod clock;
mod control;
mod faults;
mod http;
mod inspect;
mod line;
mod model;
mod options;
mod poll;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use self::action::Action;
pub use self::clock::Clock;
pub use self::faults::{Active, BadFault, Effect, Entries, Fault, Faults, Pause, Target, When};
pub use self::http::serve;
pub use self::inspect::{Census, MessageView, QueueView};
pub use self::model::refusal::{Code, Refusal};
pub use self::model::tally::{Counts, Totals};
pub use self::options::SqsOptions;

use self::line::Line;
use self::model::account::{Account, Rules};
use self::model::message::Millis;
use self::model::seed::Seed;

/// The account that every queue belongs to.
pub const ACCOUNT_ID: &str = "000000000000";

/// The server's state; share it in an [`Arc`].
#[derive(Debug)]
pub struct Sqs {
    options: SqsOptions,
    state: Mutex<State>,
    faults: Faults,
    requests: [AtomicU64; Action::ALL.len()],
    request_ids: Mutex<Seed>,
}

#[derive(Debug)]
struct State {
    account: Account,
    lines: BTreeMap<Arc<str>, Line>,
}

impl Sqs {
    /// A server without queues.
    pub fn new(options: SqsOptions) -> Arc<Self> {
        let mut seed = Seed::new(options.seed);
        let faults = Faults::new(Seed::new(seed.next()));
        let request_ids = Mutex::new(Seed::new(seed.next()));
        let rules = Rules {
            region: options.region.clone(),
            account_id: ACCOUNT_ID.to_owned(),
            in_flight_limit: options.in_flight_limit,
            cooldowns: options.cooldowns,
        };
        let state = State {
            account: Account::new(rules, seed),
            lines: BTreeMap::new(),
        };
        Arc::new(Self {
            options,
            state: Mutex::new(state),
            faults,
            requests: [const { AtomicU64::new(0) }; Action::ALL.len()],
            request_ids,
        })
    }

    /// Makes a queue with these attributes, as `CreateQueue` does; a name that ends in `.fifo` makes
    /// a FIFO queue without saying so.
    ///
    /// # Errors
    ///
    /// As `CreateQueue`.
    pub fn create_queue(&self, name: &str, attributes: &[(&str, &str)]) -> Result<(), Refusal> {
        let given = attributes.iter().copied();
        let fifo = name.ends_with(".fifo").then_some(("FifoQueue", "true"));
        let attributes = fifo
            .into_iter()
            .chain(given)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        self.with(|account, now| account.create(name, &attributes, now))
    }

    /// Makes a queue and the dead-letter queue that goes with it, and returns the latter's name:
    /// `events-dlq` for `events`, `events-dlq.fifo` for `events.fifo`. FIFO queues deduplicate by
    /// content.
    ///
    /// # Errors
    ///
    /// As `CreateQueue`.
    pub fn create_queue_with_dead_letters(
        &self,
        name: &str,
        max_receive_count: u32,
        visibility_timeout: Duration,
    ) -> Result<String, Refusal> {
        let fifo = name.strip_suffix(".fifo");
        let dead = fifo.map_or_else(|| format!("{name}-dlq"), |stem| format!("{stem}-dlq.fifo"));
        let by_content = fifo.map(|_| ("ContentBasedDeduplication", "true"));
        let by_content: Vec<_> = by_content.into_iter().collect();
        self.create_queue(&dead, &by_content)?;
        let redrive = serde_json::json!({
            "deadLetterTargetArn": self.queue_arn(&dead),
            "maxReceiveCount": max_receive_count,
        })
        .to_string();
        let timeout = visibility_timeout.as_secs().to_string();
        let mut attributes = by_content;
        attributes.push(("RedrivePolicy", &redrive));
        attributes.push(("VisibilityTimeout", &timeout));
        self.create_queue(name, &attributes)?;
        Ok(dead)
    }

    /// The queue's URL on a server that is reached at this authority (`host:port`).
    pub fn queue_url(&self, authority: &str, name: &str) -> String {
        format!("http://{authority}/{ACCOUNT_ID}/{name}")
    }

    /// The ARN of a queue of this name.
    pub fn queue_arn(&self, name: &str) -> String {
        self.lock().account.arn(name)
    }

    /// What goes wrong on demand.
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change to the state is whole before anything can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the account as it is now, and wakes the receivers it concerns.
    fn with<R>(&self, act: impl FnOnce(&mut Account, Millis) -> R) -> R {
        let mut state = self.lock();
        let now = self.options.clock.now();
        state.account.advance_moves(now);
        let done = act(&mut state.account, now);
        state.wake(now);
        done
    }

    fn count(&self, action: Action) {
        self.requests[action as usize].fetch_add(1, Ordering::Relaxed);
    }
}

impl State {
    fn wake(&mut self, now: Millis) {
        for name in self.account.take_touched() {
            let Some(line) = self.lines.get(&name) else {
                continue;
            };
            if !self.account.has(&name) {
                line.wake_all();
            } else if let Some(due) = self.account.next_due(&name, now) {
                line.expect(due);
            }
        }
    }
}
