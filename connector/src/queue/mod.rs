//! SQS, one queue: receive, delete, change visibility, and what the queue says of itself.
//!
//! Every call has a timeout of its own; the SDK's retries are off, since the engine knows better
//! what is worth another try. Nothing is decided here.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
    MessageSystemAttributeName as System, QueueAttributeName,
};

use crate::lease::ReceiptHandle;
use crate::message::Message;
use crate::metrics::Metrics;
use crate::wire;

mod entry;
mod error;
mod inspect;

pub use entry::Entry;
pub use error::{QueueError, QueueErrorKind};
pub use inspect::{Attributes, MoveTask};

use entry::per_entry;
use error::explain;

/// How long a receive may outlast its wait before it counts as hung.
pub const MARGIN: Duration = Duration::from_secs(5);
/// How long any other call may take.
pub const CALL: Duration = Duration::from_secs(10);

/// One queue.
#[derive(Clone, Debug)]
pub struct Queue {
    client: Client,
    url: Arc<str>,
    name: Arc<str>,
    metrics: Metrics,
}

/// What the queue says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redrive {
    /// The dead-letter queue.
    pub target: DeadLetterTarget,
    /// How often a message is handed out before SQS moves it there.
    pub max_receive_count: u32,
}

/// A dead-letter queue, as a redrive policy names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadLetterTarget {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub account: String,
}

impl Queue {
    /// A queue by its URL, reached with `client`.
    pub fn new(client: Client, url: &str, metrics: Metrics) -> Self {
        let name = url.trim_end_matches('/').rsplit('/').next().unwrap_or(url);
        Self {
            client,
            name: name.into(),
            url: url.into(),
            metrics,
        }
    }

    /// Another queue, reached with the same client.
    pub fn with_url(&self, url: &str) -> Self {
        Self::new(self.client.clone(), url, self.metrics.clone())
    }

    /// The queue's name: the last part of its URL.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The queue's URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether the queue is a FIFO queue.
    pub fn is_fifo(&self) -> bool {
        self.name.ends_with(".fifo")
    }

    /// One poll. Not cancel-safe: SQS counts what it answered as received. Messages whose body does
    /// not match its MD5 are left out, and what came after one in its FIFO group too.
    ///
    /// # Errors
    /// When the call fails, or outlasts `wait` by more than [`MARGIN`].
    pub async fn receive(
        &self,
        max: usize,
        wait: Duration,
        visibility: Duration,
    ) -> Result<Vec<Message>, QueueError> {
        let call = (self.client.receive_message())
            .queue_url(&*self.url)
            .max_number_of_messages(count(max))
            .wait_time_seconds(seconds(wait))
            .visibility_timeout(seconds(visibility))
            .message_system_attribute_names(System::All)
            .message_attribute_names("All")
            .send();
        let answer = self.bounded("ReceiveMessage", wait + MARGIN, call).await?;
        let received = answer.messages.unwrap_or_default();
        let mut left_out = BTreeSet::new();
        Ok(received.into_iter().filter_map(|message| {
            let group = (message.attributes.as_ref().filter(|_| self.is_fifo()))
                .and_then(|system| system.get(&System::MessageGroupId).cloned());
            if group.as_ref().is_some_and(|group| left_out.contains(group)) {
                return None;
            }
            wire::message(message)
                .inspect_err(|error| {
                    left_out.extend(group);
                    self.metrics.corrupt(&self.name);
                    tracing::error!(queue = &*self.name, error = %error, "a received message is not usable; SQS hands it out again");
                })
                .ok()
        }).collect())
    }

    /// Deletes up to ten messages; an answer for each, in order.
    ///
    /// # Errors
    /// When the call as a whole fails.
    pub async fn delete(&self, handles: &[ReceiptHandle]) -> Result<Vec<Entry>, QueueError> {
        let entries = handles.iter().enumerate().map(|(n, handle)| {
            DeleteMessageBatchRequestEntry::builder()
                .id(n.to_string())
                .receipt_handle(&**handle)
                .build()
                .expect("id and handle are set")
        });
        let call = (self.client.delete_message_batch())
            .queue_url(&*self.url)
            .set_entries(Some(entries.collect()))
            .send();
        let answer = self.bounded("DeleteMessageBatch", CALL, call).await?;
        let done = answer.successful.iter().map(|entry| entry.id.as_str());
        Ok(per_entry(handles.len(), done, &answer.failed))
    }

    /// Changes the visibility of up to ten messages; an answer for each, in order.
    ///
    /// # Errors
    /// When the call as a whole fails, or takes longer than `most`.
    pub async fn change_visibility(
        &self,
        changes: &[(ReceiptHandle, u32)],
        most: Duration,
    ) -> Result<Vec<Entry>, QueueError> {
        let entries = changes.iter().enumerate().map(|(n, (handle, seconds))| {
            ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(n.to_string())
                .receipt_handle(&**handle)
                .visibility_timeout(i32::try_from(*seconds).unwrap_or(i32::MAX))
                .build()
                .expect("id and handle are set")
        });
        let call = (self.client.change_message_visibility_batch())
            .queue_url(&*self.url)
            .set_entries(Some(entries.collect()))
            .send();
        let answer = self
            .bounded("ChangeMessageVisibilityBatch", most, call)
            .await?;
        let done = answer.successful.iter().map(|entry| entry.id.as_str());
        Ok(per_entry(changes.len(), done, &answer.failed))
    }

    /// Sends a copy of a message, with these attributes instead of its own.
    ///
    /// # Errors
    /// When the call fails; nothing was sent then, or nobody knows.
    pub async fn send(&self, message: &Message) -> Result<(), QueueError> {
        let body = String::from_utf8_lossy(&message.body).into_owned();
        let mut call = self
            .client
            .send_message()
            .queue_url(&*self.url)
            .message_body(body);
        for (name, attribute) in &message.attributes {
            call = call.message_attributes(name, wire::attribute(attribute));
        }
        if self.is_fifo() {
            let group = message
                .group
                .clone()
                .unwrap_or_else(|| message.id.to_string());
            call = call
                .message_group_id(group)
                .message_deduplication_id(&*message.id);
        }
        if let Some(trace) = &message.aws_trace_header {
            call = call.message_system_attributes(
                aws_sdk_sqs::types::MessageSystemAttributeNameForSends::AwsTraceHeader,
                wire::system_text(trace),
            );
        }
        self.bounded("SendMessage", CALL, call.send())
            .await
            .map(|_| ())
    }

    /// Asks for the redrive policy; `None` where there is none.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn redrive(&self) -> Result<Option<Redrive>, QueueError> {
        let call = (self.client.get_queue_attributes())
            .queue_url(&*self.url)
            .attribute_names(QueueAttributeName::RedrivePolicy)
            .attribute_names(QueueAttributeName::VisibilityTimeout)
            .send();
        let answer = self.bounded("GetQueueAttributes", CALL, call).await?;
        let policy =
            (answer.attributes()).and_then(|all| all.get(&QueueAttributeName::RedrivePolicy));
        Ok(policy.and_then(|policy| wire::redrive(policy)))
    }

    /// The dead-letter queue of a redrive policy.
    ///
    /// # Errors
    /// When its URL cannot be asked for.
    pub async fn dead_letter_queue(&self, target: &DeadLetterTarget) -> Result<Queue, QueueError> {
        let call = (self.client.get_queue_url())
            .queue_name(&target.name)
            .queue_owner_aws_account_id(&target.account)
            .send();
        let answer = self.bounded("GetQueueUrl", CALL, call).await?;
        let url = answer.queue_url.unwrap_or_default();
        Ok(self.with_url(&url))
    }

    async fn bounded<T, E>(
        &self,
        action: &'static str,
        limit: Duration,
        call: impl Future<Output = Result<T, SdkError<E>>>,
    ) -> Result<T, QueueError>
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let result = match tokio::time::timeout(limit, call).await {
            Ok(answer) => answer.map_err(|error| explain(action, &error)),
            Err(_) => Err(QueueError {
                action,
                kind: QueueErrorKind::Unreachable,
                reason: format!("no answer within {limit:?}"),
            }),
        };
        self.metrics.sqs_request(&self.name, action, result.is_ok());
        result
    }
}

fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

fn count(n: usize) -> i32 {
    i32::try_from(n.clamp(1, 10)).unwrap_or(10)
}
