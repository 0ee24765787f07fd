//! `ReceiveMessage`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::model::account::Wish;
use super::super::model::md5;
use super::super::model::message::Received;
use super::super::model::message_attribute::AttributeValue;
use super::super::model::refusal::Refusal;
use super::super::model::settings::{Settings, unknown};
use super::super::model::text;
use super::attribute::{Written, written};
use super::{Answer, Asked, queue_name, within, write};

const SYSTEM: [&str; 9] = [
    "SenderId",
    "SentTimestamp",
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "SequenceNumber",
    "MessageDeduplicationId",
    "MessageGroupId",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    queue_url: Option<String>,
    max_number_of_messages: Option<i64>,
    wait_time_seconds: Option<i64>,
    visibility_timeout: Option<i64>,
    /// What `MessageSystemAttributeNames` was called before.
    attribute_names: Option<Vec<String>>,
    message_system_attribute_names: Option<Vec<String>>,
    message_attribute_names: Option<Vec<String>>,
    receive_request_attempt_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Output<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<WrittenMessage<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct WrittenMessage<'a> {
    message_id: &'a str,
    receipt_handle: &'a str,
    #[serde(rename = "MD5OfBody")]
    md5_of_body: &'a str,
    body: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<&'static str, Cow<'a, str>>,
    #[serde(
        rename = "MD5OfMessageAttributes",
        skip_serializing_if = "Option::is_none"
    )]
    md5_of_message_attributes: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    message_attributes: Written<'a>,
}

pub(super) async fn receive(asked: &Asked<'_>) -> Answer {
    let input: Input = asked.read()?;
    let queue = queue_name(input.queue_url.as_deref())?;
    let most = within(
        "MaxNumberOfMessages",
        input.max_number_of_messages,
        1..=10,
        "Must be between 1 and 10, if provided.",
    )?;
    let wait = within(
        "WaitTimeSeconds",
        input.wait_time_seconds,
        0..=20,
        "Must be >= 0 and <= 20, if provided.",
    )?;
    let visibility = within(
        "VisibilityTimeout",
        input.visibility_timeout,
        0..=43_200,
        "Must be >= 0 and <= 43200, if provided.",
    )?;
    if let Some(attempt) = input.receive_request_attempt_id.as_deref()
        && !text::is_fifo_id(attempt)
    {
        return Err(Refusal::parameter(
            "ReceiveRequestAttemptId",
            attempt,
            "ReceiveRequestAttemptId can only include alphanumeric and punctuation characters. 1 to 128 in length.",
        ));
    }
    let older = input.attribute_names.unwrap_or_default();
    let mut system = input.message_system_attribute_names.unwrap_or_default();
    system.extend(older);
    check_names(&system)?;
    let names = input.message_attribute_names.unwrap_or_default();
    let wish = Wish {
        most: most
            .and_then(|most| usize::try_from(most).ok())
            .unwrap_or(1),
        visibility: visibility.map(|seconds| seconds * 1000),
        leave_visible: asked.plan.duplicate,
    };
    let wait = wait.map(|seconds| seconds * 1000);
    let attempt = input.receive_request_attempt_id.as_deref();
    let received = asked.sqs.receive(queue, wish, wait, attempt).await?;
    let sender = &asked.sqs.options.sender_id;
    let messages = received.iter().map(|received| WrittenMessage {
        message_id: &received.message.id,
        receipt_handle: &received.handle,
        md5_of_body: &received.message.content.body_md5,
        body: &received.message.content.body,
        attributes: system_attributes(received, sender, &system),
        md5_of_message_attributes: attributes_md5(received, &names),
        message_attributes: message_attributes(received, &names).collect(),
    });
    write(&Output {
        messages: messages.collect(),
    })
}

/// The names of a queue's attributes pass too: the older member had them in its type.
fn check_names(names: &[String]) -> Result<(), Refusal> {
    let known = |name: &str| name == "All" || SYSTEM.contains(&name) || Settings::is_known(name);
    let bad = names.iter().find(|name| !known(name));
    bad.map_or(Ok(()), |name| Err(unknown(name)))
}

fn system_attributes<'a>(
    received: &'a Received,
    sender: &'a str,
    asked: &[String],
) -> BTreeMap<&'static str, Cow<'a, str>> {
    let message = &received.message;
    let value = |name: &str| -> Option<Cow<'a, str>> {
        match name {
            "SenderId" => Some(sender.into()),
            "SentTimestamp" => Some(message.sent_at.to_string().into()),
            "ApproximateReceiveCount" => Some(message.receive_count.to_string().into()),
            "ApproximateFirstReceiveTimestamp" => {
                message.first_received_at.map(|at| at.to_string().into())
            }
            "SequenceNumber" => message.sequence.map(|number| number.to_string().into()),
            "MessageDeduplicationId" => message.deduplication_id.as_deref().map(Into::into),
            "MessageGroupId" => message.group.as_deref().map(Into::into),
            "DeadLetterQueueSourceArn" => message.dead_letter_source.as_deref().map(Into::into),
            _ => match &message.content.trace_header.as_ref()?.value {
                AttributeValue::Text(text) => Some(text.as_str().into()),
                AttributeValue::Binary(_) => None,
            },
        }
    };
    if asked.is_empty() {
        return BTreeMap::new();
    }
    SYSTEM
        .into_iter()
        .filter(|name| asked.iter().any(|asked| asked == "All" || asked == name))
        .filter_map(|name| value(name).map(|value| (name, value)))
        .collect()
}

/// `All` and `.*` ask for every attribute, `prefix.*` for those whose name starts so.
fn is_asked(name: &str, asked: &[String]) -> bool {
    asked.iter().any(|asked| match asked.strip_suffix(".*") {
        Some(prefix) => name.starts_with(prefix),
        None => asked == "All" || asked == name,
    })
}

fn message_attributes<'a>(
    received: &'a Received,
    asked: &[String],
) -> impl Iterator<Item = (&'a str, super::attribute::WrittenAttribute<'a>)> {
    let attributes = received.message.content.attributes.iter();
    attributes
        .filter(|(name, _)| is_asked(name, asked))
        .map(|(name, attribute)| (name.as_str(), written(attribute)))
}

/// Of those attributes that the answer holds, not of all that were sent.
fn attributes_md5<'a>(received: &'a Received, asked: &[String]) -> Option<Cow<'a, str>> {
    let content = &received.message.content;
    let all = content.attributes.len();
    let held = content
        .attributes
        .iter()
        .filter(|(name, _)| is_asked(name, asked));
    let held: Vec<_> = held.map(|(name, value)| (name.as_str(), value)).collect();
    if held.len() == all {
        return content.attributes_md5.as_deref().map(Cow::Borrowed);
    }
    md5::of_attributes(held).map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_asked_for_one_by_one_by_prefix_or_all() {
        let asked = |asked: &[&str]| -> Vec<&str> {
            let asked: Vec<_> = asked.iter().map(|name| (*name).to_owned()).collect();
            let names = ["General", "Hello", "Help.Me"];
            names
                .into_iter()
                .filter(|name| is_asked(name, &asked))
                .collect()
        };
        assert_eq!(asked(&["All"]).len(), 3);
        assert_eq!(asked(&[".*"]).len(), 3);
        assert_eq!(asked(&["Hel.*"]), ["Hello", "Help.Me"]);
        assert_eq!(asked(&["Help.*", "General"]), ["General", "Help.Me"]);
        assert_eq!(asked(&["Hello", "None"]), ["Hello"]);
        assert!(asked(&[]).is_empty());
    }
}
