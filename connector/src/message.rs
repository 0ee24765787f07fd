//! One message as it was received.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::lease::{MessageId, ReceiptHandle};

/// A received message, its body byte for byte.
#[derive(Clone, Debug)]
pub struct Message {
    /// The SQS message id, the same on every delivery.
    pub id: MessageId,
    /// This delivery's handle.
    pub handle: ReceiptHandle,
    /// The body as it was sent.
    pub body: Bytes,
    /// The message attributes, by name.
    pub attributes: BTreeMap<String, Attribute>,
    /// How often SQS has handed it out, this time included; at least 1.
    pub receive_count: u32,
    /// When it was sent, in milliseconds since 1970.
    pub sent_at_ms: Option<u64>,
    /// When it was first received, in milliseconds since 1970.
    pub first_received_at_ms: Option<u64>,
    /// Who sent it: an IAM principal's id.
    pub sender: Option<String>,
    /// The FIFO group.
    pub group: Option<String>,
    /// The FIFO deduplication id.
    pub deduplication: Option<String>,
    /// Its place in its FIFO group.
    pub sequence: Option<String>,
    /// The system attribute `AWSTraceHeader`.
    pub aws_trace_header: Option<String>,
    /// In a dead-letter queue: the ARN of the queue from which SQS moved it there.
    pub dead_letter_source: Option<String>,
}

/// A message attribute: its data type, such as `String`, `Number.float` or `Binary`, and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The SQS data type, custom label included.
    pub data_type: String,
    /// The value.
    pub value: Value,
}

/// An attribute's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Of a `String` or a `Number`.
    Text(String),
    /// Of a `Binary`.
    Binary(Bytes),
}

impl Attribute {
    /// A `String` attribute.
    pub fn text(value: impl Into<String>) -> Self {
        Self {
            data_type: "String".into(),
            value: Value::Text(value.into()),
        }
    }
}

impl Message {
    /// How many bytes it has: body and attributes.
    pub fn size(&self) -> usize {
        let attribute = |(name, attribute): (&String, &Attribute)| {
            let value = match &attribute.value {
                Value::Text(text) => text.len(),
                Value::Binary(bytes) => bytes.len(),
            };
            name.len() + attribute.data_type.len() + value
        };
        self.body.len() + self.attributes.iter().map(attribute).sum::<usize>()
    }

    /// A message with this body and nothing else, received for the first time.
    pub fn new(id: &str, body: impl Into<Bytes>) -> Self {
        Self {
            id: id.into(),
            handle: "handle".into(),
            body: body.into(),
            attributes: BTreeMap::new(),
            receive_count: 1,
            sent_at_ms: None,
            first_received_at_ms: None,
            sender: None,
            group: None,
            deduplication: None,
            sequence: None,
            aws_trace_header: None,
            dead_letter_source: None,
        }
    }

    /// A text attribute by its name, without regard to case.
    pub fn text(&self, name: &str) -> Option<&str> {
        let (_, attribute) =
            (self.attributes.iter()).find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        match &attribute.value {
            Value::Text(text) => Some(text),
            Value::Binary(_) => None,
        }
    }
}

#[cfg(test)]
impl Message {
    /// A message with this body and an id like those of SQS.
    pub(crate) fn with_body(body: impl Into<Bytes>) -> Self {
        Self::new("0f0e0d0c-0b0a-4908-8706-050403020100", body)
    }
}
