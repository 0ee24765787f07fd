//! How messages are received and settled.

use super::super::message::{Message, Millis, Standing};
use super::super::order::Key;
use super::Queue;

/// A message may stay in flight this long after its receive, however often it is extended.
const LONGEST_IN_FLIGHT: Millis = 12 * 60 * 60 * 1000;

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

    /// What this attempt received, hidden anew, if nothing happened to any of it since.
    pub(crate) fn retry(
        &mut self,
        attempt: &str,
        visibility: Millis,
        now: Millis,
    ) -> Option<Vec<(Key, Message)>> {
        let left = self.attempts.find(attempt, now)?.clone();
        let mut received = Vec::new();
        for (key, standing) in &left {
            let message = self.messages.get(key)?;
            let untouched = message.standing == *standing;
            if !untouched || !matches!(standing, Standing::InFlight { .. }) {
                return None;
            }
            received.push((*key, message.clone()));
        }
        for (key, standing) in left {
            if let Standing::InFlight { received_at, .. } = standing {
                let until = now + visibility;
                self.stand(key, Standing::InFlight { until, received_at });
            }
        }
        self.remember_attempt(attempt, received.iter().map(|(key, _)| *key), now);
        Some(received)
    }

    /// Remembers what an attempt received.
    pub(crate) fn remember_attempt(
        &mut self,
        attempt: &str,
        received: impl Iterator<Item = Key>,
        now: Millis,
    ) {
        let left = received.filter_map(|key| Some((key, self.messages.get(&key)?.standing)));
        let left = left.collect();
        self.attempts.remember(attempt, left, now);
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
