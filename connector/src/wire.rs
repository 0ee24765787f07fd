//! Between the SDK's types and ours.

use std::collections::BTreeMap;

use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    Message as Received, MessageAttributeValue, MessageSystemAttributeName as System,
    MessageSystemAttributeValue,
};
use bytes::Bytes;
use serde::Deserialize;

use crate::digest::{md5_of_attributes, md5_of_body};
use crate::message::{Attribute, Message, Value};
use crate::queue::{DeadLetterTarget, IllegiblePolicy, Redrive};

/// How much of what cannot be read is shown.
const SHOWN: usize = 200;

/// Why a received message is not usable.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("it came without {0}")]
    Lacks(&'static str),
    #[error("the {part} of message {id} does not match its MD5: it was changed on its way")]
    Corrupt { part: &'static str, id: String },
}

/// A received message; body and attributes are checked against their MD5, which the SDK does not do.
pub(crate) fn message(received: Received) -> Result<Message, Unusable> {
    let id = received.message_id.ok_or(Unusable::Lacks("a message id"))?;
    let handle = received
        .receipt_handle
        .ok_or(Unusable::Lacks("a receipt handle"))?;
    let body = Bytes::from(received.body.unwrap_or_default());
    let attributes: BTreeMap<String, Attribute> =
        (received.message_attributes.unwrap_or_default().into_iter())
            .map(|(name, value)| (name, from_sdk(value)))
            .collect();
    let differs = |md5: Option<String>, ours: &dyn Fn() -> String| {
        md5.is_some_and(|md5| !md5.eq_ignore_ascii_case(&ours()))
    };
    if differs(received.md5_of_body, &|| md5_of_body(&body)) {
        return Err(Unusable::Corrupt { part: "body", id });
    }
    if differs(received.md5_of_message_attributes, &|| {
        md5_of_attributes(&attributes)
    }) {
        let part = "message attributes";
        return Err(Unusable::Corrupt { part, id });
    }
    let mut system = received.attributes.unwrap_or_default();
    let number = |value: Option<String>| value.and_then(|value| value.parse::<u64>().ok());
    let receive_count = number(system.remove(&System::ApproximateReceiveCount)).unwrap_or(1);
    Ok(Message {
        id: id.into(),
        handle: handle.into(),
        body,
        attributes,
        receive_count: u32::try_from(receive_count).unwrap_or(u32::MAX).max(1),
        sent_at_ms: number(system.remove(&System::SentTimestamp)),
        first_received_at_ms: number(system.remove(&System::ApproximateFirstReceiveTimestamp)),
        sender: system.remove(&System::SenderId),
        group: system.remove(&System::MessageGroupId),
        deduplication: system.remove(&System::MessageDeduplicationId),
        sequence: system.remove(&System::SequenceNumber),
        aws_trace_header: system.remove(&System::AwsTraceHeader),
        dead_letter_source: system.remove(&System::DeadLetterQueueSourceArn),
    })
}

fn from_sdk(value: MessageAttributeValue) -> Attribute {
    Attribute {
        data_type: value.data_type,
        value: match (value.string_value, value.binary_value) {
            (None, Some(blob)) => Value::Binary(blob.into_inner().into()),
            (text, _) => Value::Text(text.unwrap_or_default()),
        },
    }
}

pub(crate) fn attribute(attribute: &Attribute) -> MessageAttributeValue {
    let builder = MessageAttributeValue::builder().data_type(&attribute.data_type);
    match &attribute.value {
        Value::Text(text) => builder.string_value(text),
        Value::Binary(bytes) => builder.binary_value(Blob::new(bytes.to_vec())),
    }
    .build()
    .expect("the data type is set")
}

pub(crate) fn system_text(text: &str) -> MessageSystemAttributeValue {
    MessageSystemAttributeValue::builder()
        .data_type("String")
        .string_value(text)
        .build()
        .expect("the data type is set")
}

/// Reads a `RedrivePolicy`; some servers write its number as text, and an empty text for none.
pub(crate) fn redrive(policy: &str) -> Result<Option<Redrive>, IllegiblePolicy> {
    if policy.trim().is_empty() {
        return Ok(None);
    }
    let illegible = |reason: String| IllegiblePolicy {
        value: policy.chars().take(SHOWN).collect(),
        reason,
    };
    let read: Policy =
        serde_json::from_str(policy).map_err(|error| illegible(error.to_string()))?;
    let most = match &read.max_receive_count {
        serde_json::Value::Number(n) => n.as_u64(),
        serde_json::Value::String(s) => s.parse().ok(),
        _ => None,
    };
    let most = most.and_then(|most| u32::try_from(most).ok());
    // arn:aws:sqs:region:account:name
    let parts: Vec<&str> = read.dead_letter_target_arn.split(':').collect();
    match (&*parts, most) {
        ([_, _, _, _, account, name], Some(max_receive_count)) if max_receive_count > 0 => {
            Ok(Some(Redrive {
                target: DeadLetterTarget {
                    account: (*account).into(),
                    name: (*name).into(),
                },
                max_receive_count,
            }))
        }
        ([_, _, _, _, _, _], _) => {
            let count = &read.max_receive_count;
            Err(illegible(format!(
                "maxReceiveCount is no number from 1: {count}"
            )))
        }
        _ => {
            let arn = &read.dead_letter_target_arn;
            Err(illegible(format!(
                "deadLetterTargetArn is no ARN of a queue: {arn:?}"
            )))
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Policy {
    dead_letter_target_arn: String,
    max_receive_count: serde_json::Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(body: &str) -> Received {
        Received::builder()
            .message_id("m")
            .receipt_handle("h")
            .body(body)
            .md5_of_body(md5_of_body(body.as_bytes()))
            .attributes(System::ApproximateReceiveCount, "4")
            .attributes(System::MessageGroupId, "g")
            .message_attributes(
                "blob",
                MessageAttributeValue::builder()
                    .data_type("Binary.png")
                    .binary_value(Blob::new([0, 255]))
                    .build()
                    .unwrap(),
            )
            .build()
    }

    #[test]
    fn a_message_keeps_all_that_came_with_it() {
        let message = message(received("hi")).unwrap();
        assert_eq!((&*message.id, message.receive_count), ("m", 4));
        assert_eq!(message.group.as_deref(), Some("g"));
        let blob = &message.attributes["blob"];
        assert_eq!(blob.value, Value::Binary(vec![0, 255].into()));
        assert_eq!(attribute(blob).data_type, "Binary.png");
    }

    #[test]
    fn a_body_that_was_changed_on_its_way_is_refused() {
        let mut changed = received("hi");
        changed.body = Some("ho".into());
        let error = message(changed).unwrap_err();
        assert!(matches!(error, Unusable::Corrupt { part: "body", .. }));
    }

    #[test]
    fn attributes_that_were_changed_on_their_way_are_refused() {
        let mut whole = received("hi");
        let attributes = message(whole.clone()).unwrap().attributes;
        whole.md5_of_message_attributes = Some(md5_of_attributes(&attributes));
        assert!(message(whole.clone()).is_ok());
        whole.message_attributes = None;
        let error = message(whole).unwrap_err().to_string();
        assert!(error.contains("message attributes of message m"), "{error}");
    }

    #[test]
    fn a_redrive_policy_is_read_with_its_number_in_both_forms() {
        for number in ["3", "\"3\""] {
            let policy = format!(
                r#"{{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:000000000000:q-dlq","maxReceiveCount":{number}}}"#
            );
            let redrive = redrive(&policy).unwrap().unwrap();
            assert_eq!(
                (redrive.target.name.as_str(), redrive.max_receive_count),
                ("q-dlq", 3)
            );
            assert_eq!(redrive.target.account, "000000000000");
        }
        assert_eq!(
            redrive(""),
            Ok(None),
            "so some servers say that there is none"
        );
    }

    #[test]
    fn a_redrive_policy_that_cannot_be_read_is_shown_with_the_reason() {
        let arn = r#""deadLetterTargetArn":"arn:aws:sqs:eu-west-1:000000000000:q-dlq""#;
        for (policy, reason) in [
            ("nonsense".to_owned(), "expected ident at line 1 column 2"),
            ("{}".to_owned(), "missing field `deadLetterTargetArn`"),
            (format!("{{{arn}}}"), "missing field `maxReceiveCount`"),
            (
                format!(r#"{{{arn},"maxReceiveCount":0}}"#),
                "no number from 1: 0",
            ),
            (
                format!(r#"{{{arn},"maxReceiveCount":"ten"}}"#),
                r#"no number from 1: "ten""#,
            ),
            (
                r#"{"deadLetterTargetArn":"q-dlq","maxReceiveCount":3}"#.to_owned(),
                r#"no ARN of a queue: "q-dlq""#,
            ),
        ] {
            let told = redrive(&policy).unwrap_err().to_string();
            assert!(told.contains(reason), "{told}");
            assert!(told.contains(&format!("{policy:?}")), "{told}");
        }
    }
}
