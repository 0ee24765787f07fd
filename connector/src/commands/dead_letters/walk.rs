//! Walks through a queue, holding what it has seen, and gives back what is not taken.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::lease::{BATCH, MessageId, ReceiptHandle};
use crate::message::Message;
use crate::queue::{CALL, Queue, QueueError};

/// How long a message is held: when the walk is killed, all is back after this.
const HELD: Duration = Duration::from_secs(60);
/// How long a receive waits for more.
const WAIT: Duration = Duration::from_secs(1);
/// SQS may keep silent once where there are messages; that often in a row is the end.
const SILENCES: u32 = 2;

/// A walk through a queue; ends with [`finish`](Self::finish).
pub(super) struct Walk<'a> {
    queue: &'a Queue,
    seen: BTreeSet<MessageId>,
    held: Vec<ReceiptHandle>,
    silences: u32,
}

impl<'a> Walk<'a> {
    pub(super) fn new(queue: &'a Queue) -> Self {
        Self {
            queue,
            seen: BTreeSet::new(),
            held: Vec::new(),
            silences: 0,
        }
    }

    /// The next messages, none of them seen before; `None` at the end.
    ///
    /// # Errors
    /// When SQS does not answer.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Message>>, QueueError> {
        while self.silences < SILENCES {
            let mut messages = self.queue.receive(BATCH, WAIT, HELD).await?;
            // What comes again was held for too long: its older handle is no longer good.
            self.held
                .extend(messages.iter().map(|message| message.handle.clone()));
            messages.retain(|message| self.seen.insert(message.id.clone()));
            if !messages.is_empty() {
                self.silences = 0;
                return Ok(Some(messages));
            }
            self.silences += 1;
        }
        Ok(None)
    }

    /// The message is gone from the queue: it is not to be given back.
    pub(super) fn taken(&mut self, message: &Message) {
        self.held.retain(|handle| *handle != message.handle);
    }

    /// How many were seen.
    pub(super) fn seen(&self) -> usize {
        self.seen.len()
    }

    /// Gives back what is held. What SQS does not take back now comes back by itself.
    pub(super) async fn finish(self) {
        for batch in self.held.chunks(BATCH) {
            let changes: Vec<_> = batch.iter().map(|handle| (handle.clone(), 0)).collect();
            let _ = self.queue.change_visibility(&changes, CALL).await;
        }
    }
}
