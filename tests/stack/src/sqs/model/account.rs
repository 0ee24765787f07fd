//! All queues of the account, and what goes on between them: dead letters and their return.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::message::{Draft, Message, Millis, Received, Sent};
use super::move_task::MoveTask;
use super::order::Key;
use super::queue::{Expired, Queue, Take, Unchangeable};
use super::receipt::{Handles, Receipt};
use super::redrive;
use super::refusal::{Code, Refusal};
use super::seed::Seed;

/// How long a deleted queue's name can't be used, and how long a purge keeps the next one away.
pub(super) const COOLDOWN: Millis = 60_000;

/// What holds for every queue of the account.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) region: String,
    pub(crate) account_id: String,
    pub(crate) in_flight_limit: usize,
    pub(crate) cooldowns: bool,
}

#[derive(Debug)]
pub(crate) struct Account {
    pub(super) rules: Rules,
    pub(super) queues: BTreeMap<Arc<str>, Queue>,
    pub(super) deleted: BTreeMap<Arc<str>, Millis>,
    pub(super) tasks: Vec<MoveTask>,
    pub(super) seed: Seed,
    pub(super) handles: Handles,
    /// Queues in which something changed that a waiting receiver may be waiting for.
    touched: Vec<Arc<str>>,
}

/// How a client wants to receive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    pub(crate) most: usize,
    /// None: the queue's own timeout.
    pub(crate) visibility: Option<Millis>,
    pub(crate) leave_visible: bool,
}

/// What a receive came to.
#[derive(Debug)]
pub(crate) enum Outcome {
    Got(Vec<Received>),
    Nothing,
    /// As many messages are in flight as may be.
    OverLimit,
}

impl Account {
    pub(crate) fn new(rules: Rules, mut seed: Seed) -> Self {
        Self {
            rules,
            queues: BTreeMap::new(),
            deleted: BTreeMap::new(),
            tasks: Vec::new(),
            handles: Handles::new(seed.next()),
            seed,
            touched: Vec::new(),
        }
    }

    pub(crate) fn arn(&self, name: &str) -> String {
        format!(
            "arn:aws:sqs:{}:{}:{name}",
            self.rules.region, self.rules.account_id
        )
    }

    /// The queue that an ARN of this account and region names, if it is there.
    pub(crate) fn by_arn(&self, arn: &str) -> Option<&Arc<str>> {
        let name = redrive::queue_of(arn).filter(|name| self.arn(name) == arn)?;
        self.queues.get_key_value(name).map(|(name, _)| name)
    }

    /// The queue of this name as it is now.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub(crate) fn queue(&mut self, name: &str, now: Millis) -> Result<&mut Queue, Refusal> {
        let queue = self
            .queues
            .get_mut(name)
            .ok_or_else(Refusal::no_such_queue)?;
        queue.advance(now);
        Ok(queue)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.queues.contains_key(name)
    }

    pub(super) fn touch(&mut self, name: &str) {
        if let Some((name, _)) = self.queues.get_key_value(name) {
            self.touched.push(Arc::clone(name));
        }
    }

    /// The queues whose waiting receivers should look again, since the last call.
    pub(crate) fn take_touched(&mut self) -> Vec<Arc<str>> {
        std::mem::take(&mut self.touched)
    }

    pub(crate) fn send(&mut self, name: &str, draft: Draft, now: Millis) -> Result<Sent, Refusal> {
        let queue = self
            .queues
            .get_mut(name)
            .ok_or_else(Refusal::no_such_queue)?;
        queue.advance(now);
        let seed = &mut self.seed;
        let sent = queue.send(draft, || Arc::from(seed.uuid()), now);
        self.touch(name);
        Ok(sent)
    }

    /// Receives, and carries dead letters to where the redrive policy sends them. A policy whose
    /// target is gone is no policy: the message is received once more instead of being lost.
    pub(crate) fn receive(
        &mut self,
        name: &str,
        wish: Wish,
        now: Millis,
    ) -> Result<Outcome, Refusal> {
        let in_flight_limit = self.rules.in_flight_limit;
        let settings = Arc::clone(&self.queue(name, now)?.settings);
        let redrive = settings
            .redrive
            .as_ref()
            .filter(|redrive| self.queues.contains_key(redrive.target()));
        let queue = self.queue(name, now)?;
        let take = Take {
            most: wish.most,
            visibility: wish
                .visibility
                .unwrap_or(settings.visibility_timeout * 1000),
            leave_visible: wish.leave_visible,
            redrive_after: redrive.map(|redrive| redrive.max_receive_count),
            in_flight_limit,
        };
        let taken = queue.receive(take, now);
        let (uid, source) = (queue.uid, Arc::clone(&queue.arn));
        if let Some(redrive) = redrive
            && !taken.dead.is_empty()
            && let Ok(target) = self.queue(redrive.target(), now)
        {
            for message in taken.dead {
                target.accept_dead(message, Arc::clone(&source), now);
            }
            self.touch(redrive.target());
        }
        if taken.over_limit {
            return Ok(Outcome::OverLimit);
        }
        if taken.received.is_empty() {
            return Ok(Outcome::Nothing);
        }
        self.touch(name);
        Ok(Outcome::Got(self.with_handles(uid, taken.received)))
    }

    pub(super) fn with_handles(&self, queue: u64, received: Vec<(Key, Message)>) -> Vec<Received> {
        let received = received.into_iter().map(|(key, message)| Received {
            handle: self.handles.write(Receipt {
                queue,
                message: key,
                receive: message.receive_count,
            }),
            message,
        });
        received.collect()
    }

    /// # Errors
    ///
    /// No such queue, a handle that is not one of this queue, or (FIFO) one that has expired.
    pub(crate) fn delete(&mut self, name: &str, handle: &str, now: Millis) -> Result<(), Refusal> {
        let receipt = self.receipt(name, handle, now)?;
        self.queue(name, now)?
            .delete(receipt.message, receipt.receive)
            .map_err(|Expired| {
                Refusal::parameter("ReceiptHandle", handle, "The receipt handle has expired.")
            })?;
        self.touch(name);
        Ok(())
    }

    /// # Errors
    ///
    /// As [`Account::delete`], and a message that is gone, not in flight by this handle, or in
    /// flight for longer than 12 hours in all.
    pub(crate) fn change_visibility(
        &mut self,
        name: &str,
        handle: &str,
        timeout: Millis,
        now: Millis,
    ) -> Result<(), Refusal> {
        let receipt = self.receipt(name, handle, now)?;
        let queue = self.queue(name, now)?;
        let fifo = queue.settings.fifo;
        queue
            .change_visibility(receipt.message, receipt.receive, timeout, now)
            .map_err(|why| match why {
                Unchangeable::NotInFlight if fifo => {
                    Refusal::parameter("ReceiptHandle", handle, "The receipt handle has expired.")
                }
                Unchangeable::NotInFlight => Refusal::new(
                    Code::MessageNotInflight,
                    "The specified message isn't in flight.",
                ),
                Unchangeable::Gone => Refusal::parameter(
                    "ReceiptHandle",
                    handle,
                    "Message does not exist or is not available for visibility timeout change.",
                ),
                Unchangeable::TooLong => Refusal::parameter(
                    "VisibilityTimeout",
                    timeout / 1000,
                    "Total VisibilityTimeout for the message is beyond the limit [43200 seconds].",
                ),
            })?;
        self.touch(name);
        Ok(())
    }

    fn receipt(&mut self, name: &str, handle: &str, now: Millis) -> Result<Receipt, Refusal> {
        let uid = self.queue(name, now)?.uid;
        self.handles
            .read(handle)
            .filter(|receipt| receipt.queue == uid)
            .ok_or_else(|| {
                Refusal::new(
                    Code::ReceiptHandleIsInvalid,
                    format!("The input receipt handle \"{handle}\" is not a valid receipt handle."),
                )
            })
    }

    /// When a receive from this queue could next get something that is not there now.
    pub(crate) fn next_due(&self, name: &str, now: Millis) -> Option<Millis> {
        let limit = self.rules.in_flight_limit;
        let own = self
            .queues
            .get(name)
            .and_then(|queue| queue.next_due(limit, now));
        let tasks = self.tasks.iter().filter_map(MoveTask::next_due);
        tasks.chain(own).min()
    }
}
