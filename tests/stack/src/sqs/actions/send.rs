//! `SendMessage` and its batch.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::super::model::md5;
use super::super::model::message::{Content, Draft, Sent};
use super::super::model::message_attribute::{self, RawAttribute};
use super::super::model::refusal::{Code, Refusal};
use super::super::model::settings::Settings;
use super::super::model::text;
use super::attribute::WireAttribute;
use super::{Answer, Asked, batch, queue_name, within, write};

/// The most that one batch may hold, all bodies and attributes together.
const MOST_BYTES: usize = 1_048_576;

/// A message: the whole request of `SendMessage`, and one entry of `SendMessageBatch`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    id: Option<String>,
    queue_url: Option<String>,
    message_body: Option<String>,
    delay_seconds: Option<i64>,
    message_attributes: Option<BTreeMap<String, WireAttribute>>,
    message_system_attributes: Option<BTreeMap<String, WireAttribute>>,
    message_deduplication_id: Option<String>,
    message_group_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    message_id: String,
    #[serde(rename = "MD5OfMessageBody")]
    md5_of_message_body: String,
    #[serde(
        rename = "MD5OfMessageAttributes",
        skip_serializing_if = "Option::is_none"
    )]
    md5_of_message_attributes: Option<String>,
    #[serde(
        rename = "MD5OfMessageSystemAttributes",
        skip_serializing_if = "Option::is_none"
    )]
    md5_of_message_system_attributes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_number: Option<String>,
}

impl Output {
    fn new(id: Option<String>, content: &Content, sent: &Sent) -> Self {
        let system = content
            .trace_header
            .as_ref()
            .map(|header| ("AWSTraceHeader", header));
        Self {
            id,
            message_id: sent.id.to_string(),
            md5_of_message_body: content.body_md5.clone(),
            md5_of_message_attributes: content.attributes_md5.clone(),
            md5_of_message_system_attributes: md5::of_attributes(system),
            sequence_number: sent.sequence.map(|number| number.to_string()),
        }
    }
}

pub(super) fn send(asked: &Asked<'_>) -> Answer {
    let input: Input = asked.read()?;
    let url = input.queue_url.clone();
    let settings = settings(asked, url.as_deref())?;
    if settings.fifo && input.message_group_id.is_none() {
        return Err(Refusal::missing("MessageGroupId"));
    }
    let draft = check(input, &settings, "One or more parameters are invalid.")?;
    let name = queue_name(url.as_deref())?;
    let content = Arc::clone(&draft.content);
    let sent = asked
        .sqs
        .with(|account, now| account.send(name, draft, now))?;
    write(&Output::new(None, &content, &sent))
}

pub(super) fn send_batch(asked: &Asked<'_>) -> Answer {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Batch {
        queue_url: Option<String>,
        #[serde(default)]
        entries: Vec<Input>,
    }
    let input: Batch = asked.read()?;
    let settings = settings(asked, input.queue_url.as_deref())?;
    batch::check_ids(input.entries.iter().map(|entry| entry.id.as_deref()))?;
    let size = input.entries.iter().map(Input::size).sum::<usize>();
    if size > MOST_BYTES {
        return Err(Refusal::new(
            Code::BatchRequestTooLong,
            format!(
                "Batch requests cannot be longer than {MOST_BYTES} bytes. You have sent {size} bytes."
            ),
        ));
    }
    for entry in &input.entries {
        // These two fail the whole batch, as they do at AWS.
        if settings.fifo && entry.message_group_id.is_none() {
            return Err(Refusal::invalid_value(
                "The request must contain the parameter MessageGroupId.",
            ));
        }
        deduplication_id(entry, &settings)?;
    }
    let drafts = input.entries.into_iter().map(|mut entry| {
        let id = entry.id.take().unwrap_or_default();
        let draft = check(
            entry,
            &settings,
            "One or more parameters cannot be validated.",
        );
        (id, draft)
    });
    let drafts = drafts.collect();
    let name = queue_name(input.queue_url.as_deref())?;
    asked.sqs.with(|account, now| {
        batch::each(asked, drafts, |id, draft| {
            let draft = draft?;
            let content = Arc::clone(&draft.content);
            let sent = account.send(name, draft, now)?;
            Ok(Output::new(Some(id.to_owned()), &content, &sent))
        })
    })
}

fn settings(asked: &Asked<'_>, url: Option<&str>) -> Result<Arc<Settings>, Refusal> {
    asked.on_queue(url, |account, name, now| {
        Ok(Arc::clone(&account.queue(name, now)?.settings))
    })
}

impl Input {
    /// Body and attributes, as the limits count them.
    fn size(&self) -> usize {
        let attributes = self.message_attributes.iter().flatten();
        self.message_body.as_ref().map_or(0, String::len)
            + attributes
                .map(|(name, value)| name.len() + value.size())
                .sum::<usize>()
    }
}

fn deduplication_id(input: &Input, settings: &Settings) -> Result<Option<Arc<str>>, Refusal> {
    let id = input.message_deduplication_id.as_deref();
    match id {
        Some(id) if !text::is_fifo_id(id) => Err(Refusal::parameter(
            "MessageDeduplicationId",
            id,
            "MessageDeduplicationId can only include alphanumeric and punctuation characters. 1 to 128 in length.",
        )),
        Some(id) if !settings.fifo => Err(not_for_this_type("MessageDeduplicationId", id)),
        Some(id) => Ok(Some(Arc::from(id))),
        None if !settings.fifo => Ok(None),
        None if settings.content_based_deduplication => {
            let body = input.message_body.as_deref().unwrap_or_default();
            Ok(Some(Arc::from(md5::hex(&Sha256::digest(body.as_bytes())))))
        }
        None => Err(Refusal::invalid_value(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
        )),
    }
}

fn not_for_this_type(name: &str, value: impl std::fmt::Display) -> Refusal {
    Refusal::parameter(
        name,
        value,
        "The request include parameter that is not valid for this queue type.",
    )
}

fn check(input: Input, settings: &Settings, complaint: &str) -> Result<Draft, Refusal> {
    let deduplication_id = deduplication_id(&input, settings)?;
    let group = input.message_group_id.as_deref();
    if let Some(group) = group.filter(|group| !text::is_fifo_id(group)) {
        return Err(Refusal::parameter(
            "MessageGroupId",
            group,
            "MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.",
        ));
    }
    let reason = "DelaySeconds must be >= 0 and <= 900.";
    let delay = within("DelaySeconds", input.delay_seconds, 0..=900, reason)?;
    let delay = match delay {
        Some(0) if settings.fifo => None,
        Some(delay) if settings.fifo => return Err(not_for_this_type("DelaySeconds", delay)),
        delay => delay.map(|seconds| seconds * 1000),
    };
    let size = input.size();
    let body = input
        .message_body
        .filter(|body| !body.is_empty())
        .ok_or_else(|| Refusal::missing("MessageBody"))?;
    if size > settings.maximum_message_size {
        return Err(Refusal::invalid_value(format!(
            "{complaint} Reason: Message must be shorter than {} bytes.",
            settings.maximum_message_size
        )));
    }
    if let Some(c) = text::forbidden(&body) {
        return Err(Refusal::new(
            Code::InvalidMessageContents,
            format!(
                "Invalid binary character '#x{:X}' was found in the message body, the set of allowed characters is #x9 | #xA | #xD | [#x20 to #xD7FF] | [#xE000 to #xFFFD] | [#x10000 to #x10FFFF]",
                u32::from(c)
            ),
        ));
    }
    let attributes = message_attribute::check(raw(input.message_attributes)?)?;
    let trace_header = message_attribute::check_system(raw(input.message_system_attributes)?)?;
    let named = attributes
        .iter()
        .map(|(name, value)| (name.as_str(), value));
    Ok(Draft {
        group: group.map(Arc::from),
        deduplication_id,
        delay,
        content: Arc::new(Content {
            body_md5: md5::of_bytes(body.as_bytes()),
            body: Arc::from(body),
            attributes_md5: md5::of_attributes(named),
            attributes,
            trace_header,
        }),
    })
}

fn raw(
    attributes: Option<BTreeMap<String, WireAttribute>>,
) -> Result<BTreeMap<String, RawAttribute>, Refusal> {
    let attributes = attributes.into_iter().flatten();
    attributes
        .map(|(name, value)| Ok((name, value.decode()?)))
        .collect()
}
