//! One queue: a state machine that is told the time.
//!
//! Every message stands in one place (delayed, visible, in flight), and [`Queue::stand`] alone moves
//! it, with the index of that place. Nothing is scanned: receive, settle and the passing of time
//! cost the logarithm of the queue's length for each message they touch.

#[cfg(test)]
mod check;
mod delivery;
mod intake;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::attempts::Attempts;
use super::deduplication::Deduplication;
use super::message::{Message, Millis, Standing};
use super::order::{Key, Order};
use super::settings::Settings;
use super::tally::{Counts, Totals};

pub(crate) use self::delivery::{Expired, Take, Unchangeable};

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
    pub(super) attempts: Attempts,
    next_key: Key,
    next_sequence: u128,
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
            attempts: Attempts::default(),
            next_key: 0,
            next_sequence: intake::FIRST_SEQUENCE,
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

    /// Takes every message out, and the memory of deduplication and of attempts.
    pub(crate) fn purge(&mut self, now: Millis) {
        self.purged_at = Some(now);
        self.totals.purged += self.messages.len() as u64;
        self.messages.clear();
        self.order = Order::new(self.settings.fifo);
        self.in_flight.clear();
        self.delayed.clear();
        self.by_age.clear();
        self.deduplication.forget_all();
        self.attempts.forget_all();
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
