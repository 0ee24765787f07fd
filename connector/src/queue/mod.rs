//! SQS, one queue: receive, delete, change visibility, and what the queue says of itself.
//!
//! Every call has a timeout of its own; the SDK's retries are off, since the engine knows better
//! what is worth another try. Nothing is decided here.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{MessageSystemAttributeName as System, QueueAttributeName};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::lease::ReceiptHandle;
use crate::message::Message;
use crate::metrics::Metrics;
use crate::wire;

mod account;
mod actions;
mod caller;
mod entry;
mod error;
mod inspect;
mod refusal;
mod route;

pub use account::Account;
pub use entry::Entry;
pub use error::{QueueError, QueueErrorKind};
pub use inspect::{Attributes, MoveTask};

use actions::{Batch, BatchAnswer, BatchEntry, Id, ReceiveMessage, Received};
use entry::per_entry;
use error::explain;

/// How long a receive may outlast its wait before it counts as hung.
pub const MARGIN: Duration = Duration::from_secs(5);
/// How long any other call may take.
pub const CALL: Duration = Duration::from_secs(10);

/// One queue.
#[derive(Clone, Debug)]
pub struct Queue {
    account: Account,
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

/// A redrive policy that says nothing to us.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("RedrivePolicy = {value:?}: {reason}")]
pub struct IllegiblePolicy {
    /// How it begins.
    pub value: String,
    /// Why it cannot be read.
    pub reason: String,
}

impl IllegiblePolicy {
    /// What to do about it.
    pub const REMEDY: &str = "set the queue's RedrivePolicy to {\"deadLetterTargetArn\":\"arn:aws:sqs:REGION:ACCOUNT:QUEUE\",\"maxReceiveCount\":5}";
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
    /// A queue by its URL, reached as `account`.
    pub fn new(account: Account, url: &str, metrics: Metrics) -> Self {
        let name = url.trim_end_matches('/').rsplit('/').next().unwrap_or(url);
        Self {
            account,
            name: name.into(),
            url: url.into(),
            metrics,
        }
    }

    /// Another queue, reached as the same account.
    pub fn with_url(&self, url: &str) -> Self {
        Self::new(self.account.clone(), url, self.metrics.clone())
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
        let request = ReceiveMessage {
            queue_url: &self.url,
            max_number_of_messages: count(max),
            wait_time_seconds: seconds(wait),
            visibility_timeout: seconds(visibility),
            message_system_attribute_names: ["All"],
            message_attribute_names: ["All"],
        };
        let received: Received = self.call("ReceiveMessage", wait + MARGIN, &request).await?;
        let mut left_out = BTreeSet::new();
        let messages: Vec<Message> = received.messages().filter_map(|message| {
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
        }).collect();
        let bytes = messages.iter().map(Message::size).sum();
        self.metrics.carried(&self.name, bytes);
        Ok(messages)
    }

    /// Deletes up to ten messages; an answer for each, in order.
    ///
    /// # Errors
    /// When the call as a whole fails.
    pub async fn delete(&self, handles: &[ReceiptHandle]) -> Result<Vec<Entry>, QueueError> {
        let entries = handles.iter().map(|handle| (handle, None));
        self.batch("DeleteMessageBatch", CALL, entries).await
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
        let entries = changes
            .iter()
            .map(|(handle, seconds)| (handle, Some(*seconds)));
        self.batch("ChangeMessageVisibilityBatch", most, entries)
            .await
    }

    /// Sends a copy of a message, with these attributes instead of its own.
    ///
    /// # Errors
    /// When the call fails; nothing was sent then, or nobody knows.
    pub async fn send(&self, message: &Message) -> Result<(), QueueError> {
        let body = String::from_utf8_lossy(&message.body).into_owned();
        let mut call = self
            .account
            .sdk
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
        self.asked("SendMessage", call.send()).await?;
        self.metrics.carried(&self.name, message.size());
        Ok(())
    }

    /// Asks for the redrive policy; `None` where there is none, an error inside where it cannot be read.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn redrive(&self) -> Result<Result<Option<Redrive>, IllegiblePolicy>, QueueError> {
        let call = (self.account.sdk.get_queue_attributes())
            .queue_url(&*self.url)
            .attribute_names(QueueAttributeName::RedrivePolicy)
            .attribute_names(QueueAttributeName::VisibilityTimeout)
            .send();
        let answer = self.asked("GetQueueAttributes", call).await?;
        let policy =
            (answer.attributes()).and_then(|all| all.get(&QueueAttributeName::RedrivePolicy));
        Ok(policy.map_or(Ok(None), |policy| wire::redrive(policy)))
    }

    /// The dead-letter queue of a redrive policy.
    ///
    /// # Errors
    /// When its URL cannot be asked for.
    pub async fn dead_letter_queue(&self, target: &DeadLetterTarget) -> Result<Queue, QueueError> {
        let call = (self.account.sdk.get_queue_url())
            .queue_name(&target.name)
            .queue_owner_aws_account_id(&target.account)
            .send();
        let answer = self.asked("GetQueueUrl", call).await?;
        let url = answer.queue_url.unwrap_or_default();
        Ok(self.with_url(&url))
    }

    /// One of the batch calls: an answer for each entry, in order.
    async fn batch<'a>(
        &self,
        action: &'static str,
        limit: Duration,
        entries: impl ExactSizeIterator<Item = (&'a ReceiptHandle, Option<u32>)>,
    ) -> Result<Vec<Entry>, QueueError> {
        let count = entries.len();
        let entry =
            |(n, (handle, visibility_timeout)): (usize, (&'a ReceiptHandle, _))| BatchEntry {
                id: Id(n),
                receipt_handle: handle,
                visibility_timeout,
            };
        let request = Batch {
            queue_url: &self.url,
            entries: entries.enumerate().map(entry).collect(),
        };
        let mut answer: BatchAnswer = self.call(action, limit, &request).await?;
        let failed = answer.failed();
        Ok(per_entry(count, answer.done(), &failed))
    }

    /// A call on the hot path.
    async fn call<A: DeserializeOwned>(
        &self,
        action: &'static str,
        limit: Duration,
        request: &impl Serialize,
    ) -> Result<A, QueueError> {
        let call = self.account.caller.call(action, request);
        self.bounded(action, limit, call).await
    }

    /// A call through the SDK. Its future is large, and out of the way of those who wait for it.
    fn asked<'a, T, E>(
        &'a self,
        action: &'static str,
        call: impl Future<Output = Result<T, SdkError<E>>> + Send + 'a,
    ) -> impl Future<Output = Result<T, QueueError>> + Send + 'a
    where
        T: Send + 'a,
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let call = Box::pin(call);
        async move {
            let generation = self.account.keeper.generation();
            let call = async { call.await.map_err(|error| explain(action, &error)) };
            let result = self.bounded(action, CALL, call).await;
            if (result.as_ref()).is_err_and(|error| error.kind == QueueErrorKind::Refused) {
                self.account.keeper.refused(generation);
            }
            result
        }
    }

    async fn bounded<T>(
        &self,
        action: &'static str,
        limit: Duration,
        call: impl Future<Output = Result<T, QueueError>>,
    ) -> Result<T, QueueError> {
        let late = |_| QueueError {
            action,
            kind: QueueErrorKind::Unreachable,
            reason: format!("no answer within {limit:?}"),
        };
        let result = (tokio::time::timeout(limit, call).await).unwrap_or_else(|e| Err(late(e)));
        let answered = (result.as_ref().err()).is_none_or(|error| {
            use QueueErrorKind::{NoCredentials, Unreachable};
            !matches!(error.kind, NoCredentials | Unreachable)
        });
        (self.metrics).sqs_request(&self.name, action, result.is_ok(), answered);
        result
    }
}

fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

fn count(n: usize) -> i32 {
    i32::try_from(n.clamp(1, 10)).unwrap_or(10)
}
