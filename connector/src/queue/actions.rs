//! What the three calls of the hot path say and hear, in SQS's JSON protocol.
//!
//! The SDK's types go in and out; only its way from and to the wire is left out.

use std::collections::HashMap;
use std::fmt;

use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, Message, MessageAttributeValue, MessageSystemAttributeName as System,
};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReceiveMessage<'a> {
    pub(super) queue_url: &'a str,
    pub(super) max_number_of_messages: i32,
    pub(super) wait_time_seconds: i32,
    pub(super) visibility_timeout: i32,
    pub(super) message_system_attribute_names: [&'a str; 1],
    pub(super) message_attribute_names: [&'a str; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch<'a> {
    pub(super) queue_url: &'a str,
    pub(super) entries: Vec<BatchEntry<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchEntry<'a> {
    pub(super) id: Id,
    pub(super) receipt_handle: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) visibility_timeout: Option<u32>,
}

/// A place in a batch, which SQS wants as text.
pub(super) struct Id(pub(super) usize);

impl Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Received {
    messages: Option<Vec<WireMessage>>,
}

impl Received {
    pub(super) fn messages(self) -> impl Iterator<Item = Message> {
        self.messages.into_iter().flatten().map(Message::from)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireMessage {
    message_id: Option<String>,
    receipt_handle: Option<String>,
    #[serde(rename = "MD5OfBody")]
    md5_of_body: Option<String>,
    body: Option<String>,
    attributes: Option<HashMap<SystemName, String>>,
    #[serde(rename = "MD5OfMessageAttributes")]
    md5_of_message_attributes: Option<String>,
    message_attributes: Option<HashMap<String, WireAttribute>>,
}

impl From<WireMessage> for Message {
    fn from(wire: WireMessage) -> Self {
        let system = |all: HashMap<SystemName, String>| {
            all.into_iter()
                .map(|(SystemName(name), value)| (name, value))
                .collect()
        };
        let attributes = |all: HashMap<String, WireAttribute>| {
            all.into_iter()
                .map(|(name, value)| (name, value.into()))
                .collect()
        };
        Self::builder()
            .set_message_id(wire.message_id)
            .set_receipt_handle(wire.receipt_handle)
            .set_md5_of_body(wire.md5_of_body)
            .set_body(wire.body)
            .set_attributes(wire.attributes.map(system))
            .set_md5_of_message_attributes(wire.md5_of_message_attributes)
            .set_message_attributes(wire.message_attributes.map(attributes))
            .build()
    }
}

#[derive(PartialEq, Eq, Hash)]
struct SystemName(System);

impl<'de> Deserialize<'de> for SystemName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = SystemName;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a system attribute")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<SystemName, E> {
                Ok(SystemName(System::from(name)))
            }
        }
        deserializer.deserialize_str(Name)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireAttribute {
    #[serde(default)]
    data_type: String,
    string_value: Option<String>,
    #[serde(default, deserialize_with = "base64")]
    binary_value: Option<Vec<u8>>,
}

impl From<WireAttribute> for MessageAttributeValue {
    fn from(wire: WireAttribute) -> Self {
        Self::builder()
            .data_type(wire.data_type)
            .set_string_value(wire.string_value)
            .set_binary_value(wire.binary_value.map(Blob::new))
            .build()
            .expect("the data type is set")
    }
}

fn base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    (text.map(|text| BASE64_STANDARD.decode(text)).transpose()).map_err(de::Error::custom)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchAnswer {
    successful: Option<Vec<Done>>,
    failed: Option<Vec<Failed>>,
}

impl BatchAnswer {
    pub(super) fn done(&self) -> impl Iterator<Item = &str> {
        self.successful.iter().flatten().map(|done| &*done.id)
    }

    pub(super) fn failed(&mut self) -> Vec<BatchResultErrorEntry> {
        let failed = self.failed.take().into_iter().flatten();
        failed.map(BatchResultErrorEntry::from).collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Done {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Failed {
    id: String,
    #[serde(default)]
    code: String,
    message: Option<String>,
    #[serde(default)]
    sender_fault: bool,
}

impl From<Failed> for BatchResultErrorEntry {
    fn from(failed: Failed) -> Self {
        Self::builder()
            .id(failed.id)
            .code(failed.code)
            .set_message(failed.message)
            .sender_fault(failed.sender_fault)
            .build()
            .expect("id, code and fault are set")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_received_message_has_all_that_the_sdk_would_read() {
        let answer = br#"{"Messages":[{"MessageId":"m","ReceiptHandle":"h","MD5OfBody":"5","Body":"a\"\u00e4",
            "Attributes":{"ApproximateReceiveCount":"2","Unknown":"x"},"MD5OfMessageAttributes":"6","New":[1],
            "MessageAttributes":{"n":{"DataType":"Number","StringValue":"1"},"b":{"DataType":"Binary","BinaryValue":"AP8=","StringListValues":null}}}]}"#;
        let received: Received = serde_json::from_slice(answer).unwrap();
        let attribute = |data_type: &str| MessageAttributeValue::builder().data_type(data_type);
        let expected = Message::builder()
            .message_id("m")
            .receipt_handle("h")
            .md5_of_body("5")
            .body("a\"ä")
            .attributes(System::ApproximateReceiveCount, "2")
            .attributes(System::from("Unknown"), "x")
            .md5_of_message_attributes("6")
            .message_attributes("n", attribute("Number").string_value("1").build().unwrap())
            .message_attributes(
                "b",
                attribute("Binary")
                    .binary_value(Blob::new([0, 255]))
                    .build()
                    .unwrap(),
            )
            .build();
        assert_eq!(received.messages().collect::<Vec<_>>(), [expected]);
    }

    #[test]
    fn an_empty_answer_brings_nothing() {
        for answer in ["{}", r#"{"Messages":null}"#, r#"{"Messages":[]}"#] {
            let received: Received = serde_json::from_str(answer).unwrap();
            assert_eq!(received.messages().count(), 0, "{answer}");
        }
    }

    #[test]
    fn a_batch_says_what_became_of_each_entry() {
        let answer = r#"{"Successful":[{"Id":"0"}],"Failed":[{"Id":"1","Code":"InternalError","Message":"m","SenderFault":true},{"Id":"2"}]}"#;
        let mut answer: BatchAnswer = serde_json::from_str(answer).unwrap();
        assert_eq!(answer.done().collect::<Vec<_>>(), ["0"]);
        let failed = answer.failed();
        assert_eq!(
            (failed[0].id(), failed[0].code(), failed[0].message()),
            ("1", "InternalError", Some("m"))
        );
        assert_eq!(failed[1].id(), "2");
    }

    #[test]
    fn requests_are_as_the_protocol_wants_them() {
        let entry = |n, visibility_timeout| BatchEntry {
            id: Id(n),
            receipt_handle: "h\"",
            visibility_timeout,
        };
        let batch = Batch {
            queue_url: "u",
            entries: vec![entry(0, None), entry(1, Some(0))],
        };
        assert_eq!(
            serde_json::to_string(&batch).unwrap(),
            r#"{"QueueUrl":"u","Entries":[{"Id":"0","ReceiptHandle":"h\""},{"Id":"1","ReceiptHandle":"h\"","VisibilityTimeout":0}]}"#
        );
    }
}
