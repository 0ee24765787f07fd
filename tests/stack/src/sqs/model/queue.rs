//! One queue: a state machine that is told the time.
//!
//! Every message stands in one place (delayed, visible, in flight), and [`Queue::stand`] alone moves
//! it, with the index of that place. Nothing is scanned: receive, settle and the passing of time
//! cost the logarithm of the queue's length for each message they touch.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::deduplication::Deduplication;
use super::message::{Draft, Message, Millis, Sent, Standing};
use super::order::{Key, Order};
use super::settings::Settings;
use super::tally::{Counts, Totals};

/// A message may stay in flight this long after its receive, however often it is extended.
const LONGEST_IN_FLIGHT: Millis = 12 * 60 * 60 * 1000;
/// Sequence numbers have 20 digits and do not come one after the other.
const FIRST_SEQUENCE: u128 = 18_800_000_000_000_000_000;
const SEQUENCE_STEP: u128 = 256;

#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) uid: u64,
    pub(crate) arn: Arc<str>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) created_at: Millis,
    pub(crate) modified_at: Millis,
    pub(crate) purged_at: Option<Millis>,
    pub(crate) totals: Totals,
    messages: BTreeMap<Key, Message>,
    order: Order,
    in_flight: BTreeSet<(Millis, Key)>,
    delayed: BTreeSet<(Millis, Key)>,
    by_age: BTreeSet<(Millis, Key)>,
    deduplication: Deduplication,
    next_key: Key,
    next_sequence: u128,
}

/// How to receive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Take {
    pub(crate) most: usize,
    pub(crate) visibility: Millis,
    /// Deliver, and leave visible all the same: the next receive delivers it again.
    pub(crate) leave_visible: bool,
    /// A message received so often already is dead instead.
    pub(crate) redrive_after: Option<u32>,
    pub(crate) in_flight_limit: usize,
}

/// What a receive took out.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// Each with its key; the receive count tells this receive from an earlier one.
    pub(crate) received: Vec<(Key, Message)>,
    pub(crate) dead: Vec<Message>,
    /// Nothing was received because too much is in flight.
    pub(crate) over_limit: bool,
}

impl Queue {
    pub(crate) fn new(uid: u64, arn: Arc<str>, settings: Settings, now: Millis) -> Self {
        Self {
            uid,
            arn,
            order: Order::new(settings.fifo),
            settings: Arc::new(settings),
            created_at: now,
            modified_at: now,
            purged_at: None,
            totals: Totals::default(),
            messages: BTreeMap::new(),
            in_flight: BTreeSet::new(),
            delayed: BTreeSet::new(),
            by_age: BTreeSet::new(),
            deduplication: Deduplication::default(),
            next_key: 0,
            next_sequence: FIRST_SEQUENCE,
        }
    }

    /// Lets time pass: messages past their retention go, delays and visibility timeouts end.
    pub(crate) fn advance(&mut self, now: Millis) {
        let retention = self.settings.retention * 1000;
        while let Some(&(sent_at, key)) = self.by_age.first() {
            if sent_at + retention > now {
                break;
            }
            self.remove(key);
            self.totals.expired += 1;
        }
        while let Some(&(since, key)) = self.delayed.first() {
            if since > now {
                break;
            }
            self.stand(key, Standing::Visible { since });
        }
        while let Some(&(since, key)) = self.in_flight.first() {
            if since > now {
                break;
            }
            self.stand(key, Standing::Visible { since });
            self.totals.timed_out += 1;
        }
    }

    /// Takes a message in, or recognises it as sent already (FIFO, within five minutes).
    pub(crate) fn send(
        &mut self,
        draft: Draft,
        id: impl FnOnce() -> Arc<str>,
        now: Millis,
    ) -> Sent {
        let scope = draft
            .group
            .clone()
            .filter(|_| self.settings.deduplicate_by_group);
        let by_id = draft
            .deduplication_id
            .clone()
            .filter(|_| self.settings.fifo);
        if let Some(by_id) = &by_id
            && let Some(sent) = self.deduplication.find(scope.as_ref(), by_id, now)
        {
            self.totals.deduplicated += 1;
            return sent;
        }
        let delay = draft.delay.unwrap_or(self.settings.delay * 1000);
        let standing = if delay == 0 {
            Standing::Visible { since: now }
        } else {
            Standing::Delayed { until: now + delay }
        };
        let message = Message {
            id: id(),
            content: draft.content,
            group: draft.group,
            deduplication_id: draft.deduplication_id,
            sequence: None,
            sent_at: now,
            first_received_at: None,
            receive_count: 0,
            dead_letter_source: None,
            standing,
        };
        let sent = self.insert(message);
        if let Some(by_id) = by_id {
            self.deduplication.remember(scope, by_id, sent.clone(), now);
        }
        self.totals.sent += 1;
        sent
    }

    /// Takes in a message that was received too often elsewhere. It keeps its id and its count and,
    /// on a standard queue, its age: retention counts from the first send.
    pub(crate) fn accept_dead(&mut self, mut message: Message, source: Arc<str>, now: Millis) {
        message.dead_letter_source = Some(source);
        if self.settings.fifo {
            message.sent_at = now;
        }
        message.standing = Standing::Visible { since: now };
        self.insert(message);
        self.totals.dead_letters_in += 1;
    }

    /// Takes in a message that a move task brings: a new message with a new id and age.
    pub(crate) fn accept_moved(&mut self, mut message: Message, id: Arc<str>, now: Millis) {
        message.id = id;
        message.sent_at = now;
        message.first_received_at = None;
        message.receive_count = 0;
        message.dead_letter_source = None;
        message.standing = Standing::Visible { since: now };
        self.insert(message);
        self.totals.moved_in += 1;
    }

    /// Gives out the next message for a move task to carry elsewhere.
    pub(crate) fn take_for_move(&mut self) -> Option<Message> {
        let key = *self.order.pick(1, |_| true).first()?;
        self.totals.moved_out += 1;
        self.remove(key)
    }

    pub(crate) fn next_to_move(&self) -> Option<&Message> {
        self.messages.get(self.order.pick(1, |_| true).first()?)
    }

    fn insert(&mut self, mut message: Message) -> Sent {
        let key = self.next_key;
        self.next_key += 1;
        if self.settings.fifo {
            message.sequence = Some(self.next_sequence);
            self.next_sequence += SEQUENCE_STEP;
        }
        let sent = Sent {
            id: Arc::clone(&message.id),
            sequence: message.sequence,
        };
        self.by_age.insert((message.sent_at, key));
        self.index(key, &message);
        self.messages.insert(key, message);
        sent
    }

    pub(crate) fn receive(&mut self, take: Take, now: Millis) -> Taken {
        let room = take.in_flight_limit.saturating_sub(self.in_flight.len());
        if room == 0 {
            return Taken {
                over_limit: true,
                ..Taken::default()
            };
        }
        let is_dead = |message: &Message| {
            take.redrive_after
                .is_some_and(|most| message.receive_count >= most)
        };
        let picked = self.order.pick(take.most.min(room), |key| {
            self.messages
                .get(&key)
                .is_some_and(|message| !is_dead(message))
        });
        let mut taken = Taken::default();
        for key in picked {
            let Some(message) = self.messages.get_mut(&key) else {
                continue;
            };
            if is_dead(message) {
                taken.dead.extend(self.remove(key));
                self.totals.dead_letters_out += 1;
                continue;
            }
            message.receive_count += 1;
            message.first_received_at.get_or_insert(now);
            taken.received.push((key, message.clone()));
            self.totals.received += 1;
            let standing = if take.visibility == 0 || take.leave_visible {
                Standing::Visible { since: now }
            } else {
                Standing::InFlight {
                    until: now + take.visibility,
                    received_at: now,
                }
            };
            self.stand(key, standing);
        }
        taken
    }

    /// Deletes what this receive got.
    ///
    /// On a standard queue the latest receive deletes, even when its timeout has ended since; a
    /// stale one succeeds and deletes nothing, as the reference of `DeleteMessage` has it.
    ///
    /// # Errors
    ///
    /// On a FIFO queue, when the receive is not in flight any more. Message and reason only: the
    /// caller knows the handle.
    pub(crate) fn delete(&mut self, key: Key, receive: u32) -> Result<(), Expired> {
        let Some(message) = self.messages.get(&key) else {
            return Ok(());
        };
        let latest = message.receive_count == receive;
        let in_flight = matches!(message.standing, Standing::InFlight { .. });
        if self.settings.fifo && !(latest && in_flight) {
            return Err(Expired);
        }
        if latest {
            self.remove(key);
            self.totals.deleted += 1;
        } else {
            self.totals.stale_deletes += 1;
        }
        Ok(())
    }

    /// Sets when the message that this receive got becomes visible again: `timeout` from now.
    ///
    /// # Errors
    ///
    /// When the message is gone, not in flight by this receive, or would be in flight for more than
    /// 12 hours.
    pub(crate) fn change_visibility(
        &mut self,
        key: Key,
        receive: u32,
        timeout: Millis,
        now: Millis,
    ) -> Result<(), Unchangeable> {
        let message = self.messages.get(&key).ok_or(Unchangeable::Gone)?;
        let Standing::InFlight { received_at, .. } = message.standing else {
            return Err(Unchangeable::NotInFlight);
        };
        if message.receive_count != receive {
            return Err(Unchangeable::NotInFlight);
        }
        let until = now + timeout;
        if until > received_at + LONGEST_IN_FLIGHT {
            return Err(Unchangeable::TooLong);
        }
        let standing = if timeout == 0 {
            Standing::Visible { since: now }
        } else {
            Standing::InFlight { until, received_at }
        };
        self.stand(key, standing);
        Ok(())
    }

    /// Takes every message out, and the memory of deduplication.
    pub(crate) fn purge(&mut self, now: Millis) {
        self.purged_at = Some(now);
        self.totals.purged += self.messages.len() as u64;
        self.messages.clear();
        self.order = Order::new(self.settings.fifo);
        self.in_flight.clear();
        self.delayed.clear();
        self.by_age.clear();
        self.deduplication.forget_all();
    }

    /// When a receive could next get something; None when only a send can bring it about.
    pub(crate) fn next_due(&self, in_flight_limit: usize, now: Millis) -> Option<Millis> {
        let released = self.in_flight.first().map(|(due, _)| *due);
        if self.in_flight.len() >= in_flight_limit {
            return released;
        }
        if self.order.has_ready() {
            return Some(now);
        }
        let ready = self.delayed.first().map(|(due, _)| *due);
        released.into_iter().chain(ready).min()
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            visible: self.messages.len() - self.in_flight.len() - self.delayed.len(),
            in_flight: self.in_flight.len(),
            delayed: self.delayed.len(),
        }
    }

    /// The messages in the order they came in.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.values()
    }

    fn remove(&mut self, key: Key) -> Option<Message> {
        let message = self.messages.remove(&key)?;
        self.unindex(key, &message);
        self.order
            .remove(key, message.group.as_ref(), since(&message));
        self.by_age.remove(&(message.sent_at, key));
        Some(message)
    }

    fn stand(&mut self, key: Key, standing: Standing) {
        let Some(mut message) = self.messages.remove(&key) else {
            return;
        };
        self.unindex(key, &message);
        message.standing = standing;
        self.index(key, &message);
        self.messages.insert(key, message);
    }

    fn index(&mut self, key: Key, message: &Message) {
        match message.standing {
            Standing::Delayed { until } => self.delayed.insert((until, key)),
            Standing::InFlight { until, .. } => self.in_flight.insert((until, key)),
            Standing::Visible { .. } => true,
        };
        self.order
            .place(key, message.group.as_ref(), since(message));
    }

    fn unindex(&mut self, key: Key, message: &Message) {
        match message.standing {
            Standing::Delayed { until } => self.delayed.remove(&(until, key)),
            Standing::InFlight { until, .. } => self.in_flight.remove(&(until, key)),
            Standing::Visible { since } => {
                self.order.remove(key, message.group.as_ref(), Some(since));
                true
            }
        };
    }
}

const fn since(message: &Message) -> Option<Millis> {
    match message.standing {
        Standing::Visible { since } => Some(since),
        _ => None,
    }
}

#[cfg(test)]
impl Queue {
    /// Each index holds what stands there, and nothing else.
    pub(super) fn check_indexes(&self) {
        let standing = |wanted: fn(Standing) -> Option<Millis>| -> BTreeSet<(Millis, Key)> {
            let messages = self.messages.iter();
            messages
                .filter_map(|(key, message)| Some((wanted(message.standing)?, *key)))
                .collect()
        };
        assert_eq!(
            self.in_flight,
            standing(|standing| match standing {
                Standing::InFlight { until, .. } => Some(until),
                _ => None,
            })
        );
        assert_eq!(
            self.delayed,
            standing(|standing| match standing {
                Standing::Delayed { until } => Some(until),
                _ => None,
            })
        );
        let ages = self
            .messages
            .iter()
            .map(|(key, message)| (message.sent_at, *key));
        assert_eq!(self.by_age, ages.collect());
        self.order.check(&self.messages);
    }
}

/// A FIFO queue's receipt whose visibility timeout has ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expired;

/// Why a visibility timeout can't be changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unchangeable {
    Gone,
    NotInFlight,
    TooLong,
}
