//! What patterns are held against: the message as the record that Lambda would see, and its JSON.

use std::borrow::Cow;
use std::cell::OnceCell;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

use super::decimal::Decimal;
use super::json;
use crate::message::{Attribute, Message, Value};

/// A message while it is looked at; its body is read at most once.
pub(super) struct Record<'a> {
    message: &'a Message,
    body: OnceCell<Body<'a>>,
}

/// A body is JSON where it is an object or a list; else it is text.
#[derive(Clone, Copy)]
pub(super) enum Body<'a> {
    Json(&'a RawValue),
    Text(&'a str),
    /// It is not even text.
    Bytes,
}

/// What has fields.
#[derive(Clone, Copy)]
pub(super) enum Object<'a> {
    Record(&'a Record<'a>),
    /// `messageAttributes`
    Attributes(&'a Message),
    /// One of them.
    Attribute(&'a Attribute),
    /// `attributes`, the system's.
    System(&'a Message),
    Json(&'a RawValue),
    /// Where there is nothing: it has no field.
    Nothing,
}

/// What is found in a field.
pub(super) enum Node<'a> {
    Missing,
    Object(Object<'a>),
    Leaf(Leaf<'a>),
    List(Vec<&'a RawValue>),
    Body(Body<'a>),
}

/// A value without parts.
#[derive(Clone, Debug)]
pub(super) enum Leaf<'a> {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(Cow<'a, str>),
    /// Text that says a number, as in an attribute of the type `Number`: it is both.
    Either(Cow<'a, str>, Decimal),
}

impl<'a> Record<'a> {
    pub(super) fn new(message: &'a Message) -> Self {
        Self {
            message,
            body: OnceCell::new(),
        }
    }

    pub(super) fn object(&'a self) -> Object<'a> {
        Object::Record(self)
    }

    fn body(&self) -> Body<'a> {
        *self.body.get_or_init(|| {
            let bytes: &'a [u8] = &self.message.body;
            let start = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
            if matches!(start, Some(b'{' | b'['))
                && let Ok(json) = serde_json::from_slice::<&'a RawValue>(bytes)
            {
                return Body::Json(json);
            }
            std::str::from_utf8(bytes).map_or(Body::Bytes, Body::Text)
        })
    }
}

impl<'a> Object<'a> {
    /// What is in the fields of these names, in their order.
    pub(super) fn fields(&self, names: &[&str]) -> Vec<Node<'a>> {
        if let Self::Json(json) = self {
            let found = json::fields(json, names).into_iter();
            return found
                .map(|value| value.map_or(Node::Missing, Node::of))
                .collect();
        }
        names.iter().map(|name| self.field(name)).collect()
    }

    fn field(&self, name: &str) -> Node<'a> {
        let text = |text: &'a str| Node::Leaf(Leaf::Text(text.into()));
        match self {
            Self::Record(record) => match name {
                "body" => Node::Body(record.body()),
                "messageAttributes" => Node::Object(Object::Attributes(record.message)),
                "attributes" => Node::Object(Object::System(record.message)),
                "messageId" => text(&record.message.id),
                _ => Node::Missing,
            },
            Self::Attributes(message) => (message.attributes.get(name))
                .map_or(Node::Missing, |it| Node::Object(Object::Attribute(it))),
            Self::Attribute(attribute) => match (name, &attribute.value) {
                ("dataType", _) => text(&attribute.data_type),
                ("stringValue", Value::Text(value)) => text(value),
                ("binaryValue", Value::Binary(value)) => {
                    Node::Leaf(Leaf::Text(STANDARD.encode(value).into()))
                }
                _ => Node::Missing,
            },
            Self::System(message) => system(message, name),
            Self::Json(_) | Self::Nothing => Node::Missing,
        }
    }
}

/// The system attributes, by the names that SQS has for them.
pub(super) const SYSTEM: [&str; 9] = [
    "ApproximateReceiveCount",
    "SentTimestamp",
    "ApproximateFirstReceiveTimestamp",
    "SenderId",
    "MessageGroupId",
    "MessageDeduplicationId",
    "SequenceNumber",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
];

fn system<'a>(message: &'a Message, name: &str) -> Node<'a> {
    let number = |number: u64| Leaf::number(number.to_string().into());
    let text = |text: &'a Option<String>| text.as_deref().map(|text| Leaf::Text(text.into()));
    let leaf = match name {
        "ApproximateReceiveCount" => Some(number(message.receive_count.into())),
        "SentTimestamp" => message.sent_at_ms.map(number),
        "ApproximateFirstReceiveTimestamp" => message.first_received_at_ms.map(number),
        "SenderId" => text(&message.sender),
        "MessageGroupId" => text(&message.group),
        "MessageDeduplicationId" => text(&message.deduplication),
        "SequenceNumber" => (message.sequence.as_deref()).map(|text| Leaf::number(text.into())),
        "AWSTraceHeader" => text(&message.aws_trace_header),
        "DeadLetterQueueSourceArn" => text(&message.dead_letter_source),
        _ => None,
    };
    leaf.map_or(Node::Missing, Node::Leaf)
}

impl<'a> Leaf<'a> {
    fn number(text: Cow<'a, str>) -> Self {
        match Decimal::parse(&text) {
            Some(decimal) => Self::Either(text, decimal),
            None => Self::Text(text),
        }
    }

    /// A JSON value without parts.
    pub(super) fn of(json: &'a RawValue) -> Option<Self> {
        let text = json.get();
        match text.as_bytes().first()? {
            b'n' => Some(Self::Null),
            b't' => Some(Self::Bool(true)),
            b'f' => Some(Self::Bool(false)),
            b'"' => json::text(json).map(Self::Text),
            _ => Decimal::parse(text).map(Self::Number),
        }
    }
}

impl<'a> Node<'a> {
    fn of(json: &'a RawValue) -> Self {
        match json.get().as_bytes().first() {
            Some(b'{') => Self::Object(Object::Json(json)),
            Some(b'[') => Self::List(json::elements(json)),
            _ => Leaf::of(json).map_or(Self::Missing, Self::Leaf),
        }
    }
}

impl Attribute {
    /// The value as a rule of its own sees it: a number is one, and a `String.Array` is a list.
    pub(super) fn leaves(&self) -> Vec<Leaf<'_>> {
        match &self.value {
            Value::Binary(bytes) => vec![Leaf::Text(STANDARD.encode(bytes).into())],
            Value::Text(text) if self.data_type.starts_with("Number") => {
                vec![Leaf::number(text.into())]
            }
            Value::Text(text) => {
                let list = (self.data_type == "String.Array")
                    .then(|| serde_json::from_str::<&RawValue>(text).ok())
                    .flatten();
                match list.filter(|list| list.get().starts_with('[')) {
                    Some(list) => json::elements(list)
                        .into_iter()
                        .filter_map(Leaf::of)
                        .collect(),
                    None => vec![Leaf::Text(text.into())],
                }
            }
        }
    }
}
