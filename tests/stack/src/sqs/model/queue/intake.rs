//! How messages come into a queue, and leave it for another.

use std::sync::Arc;

use super::super::message::{Draft, Message, Millis, Sent, Standing};
use super::Queue;

/// Sequence numbers have 20 digits and do not come one after the other.
pub(super) const FIRST_SEQUENCE: u128 = 18_800_000_000_000_000_000;
const SEQUENCE_STEP: u128 = 256;

impl Queue {
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
}
