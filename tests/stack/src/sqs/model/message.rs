//! A message: what was sent, and where it stands.

use std::sync::Arc;

use super::message_attribute::{MessageAttribute, MessageAttributes};

/// Milliseconds: since 1970 for a moment, else a length of time.
pub(crate) type Millis = u64;

/// What a sender sent. It never changes and is shared by every copy that is handed out.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) body: Arc<str>,
    pub(crate) body_md5: String,
    pub(crate) attributes: MessageAttributes,
    pub(crate) attributes_md5: Option<String>,
    pub(crate) trace_header: Option<MessageAttribute>,
}

/// A checked message on its way into a queue.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) content: Arc<Content>,
    pub(crate) group: Option<Arc<str>>,
    pub(crate) deduplication_id: Option<Arc<str>>,
    /// None: the queue's own delay.
    pub(crate) delay: Option<Millis>,
}

/// Where a message stands. It is in exactly one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Delayed { until: Millis },
    Visible { since: Millis },
    InFlight { until: Millis, received_at: Millis },
}

/// A message in a queue.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: Arc<str>,
    pub(crate) content: Arc<Content>,
    pub(crate) group: Option<Arc<str>>,
    pub(crate) deduplication_id: Option<Arc<str>>,
    pub(crate) sequence: Option<u128>,
    pub(crate) sent_at: Millis,
    pub(crate) first_received_at: Option<Millis>,
    /// How often it was received, in its dead-letter source too.
    pub(crate) receive_count: u32,
    /// The ARN of the queue that it was dead-lettered from.
    pub(crate) dead_letter_source: Option<Arc<str>>,
    pub(crate) standing: Standing,
}

/// What a sender learns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) id: Arc<str>,
    pub(crate) sequence: Option<u128>,
}

/// A message as a receiver gets it.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) handle: String,
    pub(crate) message: Message,
}
