//! What a queue says of itself, what may be done with it, and moving its messages elsewhere.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::types::{
    BatchResultErrorEntry, DeleteMessageBatchRequestEntry, QueueAttributeName as Name,
    SendMessageBatchRequestEntry,
};

use super::{CALL, IllegiblePolicy, Queue, QueueError, QueueErrorKind, Redrive};
use crate::wire;

/// No queue has handed this out.
const NO_HANDLE: &str = "not-a-receipt-handle";

/// The attributes of a queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Its ARN.
    pub arn: String,
    /// How many messages may be received, about.
    pub visible: u64,
    /// How many are held by receivers, about.
    pub in_flight: u64,
    /// How long it keeps a message.
    pub retention: Option<Duration>,
    /// Whether it is a FIFO queue.
    pub fifo: bool,
    /// Where its dead letters go, and when.
    pub redrive: Option<Redrive>,
    /// What is the matter with a redrive policy that cannot be read.
    pub illegible: Option<IllegiblePolicy>,
    /// The key it is encrypted with, where that is one of KMS.
    pub kms_key: Option<String>,
}

/// How far SQS has come with moving messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveTask {
    /// To cancel it with, while it runs.
    pub handle: Option<String>,
    /// `RUNNING`, `COMPLETED`, `CANCELLING`, `CANCELLED` or `FAILED`.
    pub status: String,
    /// How many were moved, about.
    pub moved: u64,
    /// How many there were to move when it began, about.
    pub to_move: Option<u64>,
    /// Why it failed.
    pub failure: Option<String>,
}

impl MoveTask {
    /// Whether it goes on.
    pub fn is_running(&self) -> bool {
        matches!(self.status.as_str(), "RUNNING" | "CANCELLING")
    }
}

impl Queue {
    /// Asks for all attributes.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn attributes(&self) -> Result<Attributes, QueueError> {
        let call = (self.account.sdk.get_queue_attributes())
            .queue_url(&*self.url)
            .attribute_names(Name::All)
            .send();
        let answer = self.asked("GetQueueAttributes", call).await?;
        Ok(read(&answer.attributes.unwrap_or_default()))
    }

    /// Whether messages may be deleted, told by deleting one that is none.
    ///
    /// # Errors
    /// When the call as a whole is refused.
    pub async fn may_delete(&self) -> Result<(), QueueError> {
        let entry = DeleteMessageBatchRequestEntry::builder()
            .id("0")
            .receipt_handle(NO_HANDLE)
            .build()
            .expect("id and handle are set");
        let call = (self.account.sdk.delete_message_batch())
            .queue_url(&*self.url)
            .entries(entry)
            .send();
        (self.asked("DeleteMessageBatch", call).await).map(|_| ())
    }

    /// Whether the visibility of messages may be changed, told by that of one that is none.
    ///
    /// # Errors
    /// When the call as a whole is refused.
    pub async fn may_change_visibility(&self) -> Result<(), QueueError> {
        let change = (NO_HANDLE.into(), 0);
        (self.change_visibility(&[change], CALL).await).map(|_| ())
    }

    /// Whether messages may be sent, told by one that SQS never takes: with a character that no
    /// message may have, and a delay beyond all bounds.
    ///
    /// # Errors
    /// When the call as a whole is refused.
    pub async fn may_send(&self) -> Result<(), QueueError> {
        let mut entry = SendMessageBatchRequestEntry::builder()
            .id("0")
            .message_body("\u{0}")
            .delay_seconds(100_000);
        if self.is_fifo() {
            entry = entry.message_group_id("check");
        }
        let entry = entry.build().expect("id and body are set");
        let call = (self.account.sdk.send_message_batch())
            .queue_url(&*self.url)
            .entries(entry)
            .send();
        match self.asked("SendMessageBatch", call).await {
            Ok(answer) => answer.failed.iter().find_map(denied).map_or(Ok(()), Err),
            // Refused for what was sent, and so not for who sent it.
            Err(error) if error.kind == QueueErrorKind::Failed => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The URLs of the queues whose dead letters come here, up to 1,000.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn sources(&self) -> Result<Vec<String>, QueueError> {
        let call = (self.account.sdk.list_dead_letter_source_queues())
            .queue_url(&*self.url)
            .send();
        let answer = self.asked("ListDeadLetterSourceQueues", call).await?;
        Ok(answer.queue_urls)
    }

    /// Has SQS move all messages of this dead-letter queue, `from`, to another queue, at most `rate`
    /// a second, or as fast as it sees fit.
    ///
    /// # Errors
    /// When it does not begin.
    pub async fn start_move(
        &self,
        from: &str,
        to: &str,
        rate: Option<i32>,
    ) -> Result<String, QueueError> {
        let call = (self.account.sdk.start_message_move_task())
            .source_arn(from)
            .destination_arn(to)
            .set_max_number_of_messages_per_second(rate)
            .send();
        let answer = self.asked("StartMessageMoveTask", call).await?;
        Ok(answer.task_handle.unwrap_or_default())
    }

    /// The latest move away from this queue, `from`.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn latest_move(&self, from: &str) -> Result<Option<MoveTask>, QueueError> {
        let call = (self.account.sdk.list_message_move_tasks())
            .source_arn(from)
            .max_results(1)
            .send();
        let answer = self.asked("ListMessageMoveTasks", call).await?;
        Ok(answer
            .results
            .unwrap_or_default()
            .into_iter()
            .next()
            .map(|task| MoveTask {
                handle: task.task_handle,
                status: task.status.unwrap_or_default(),
                moved: positive(task.approximate_number_of_messages_moved),
                to_move: task.approximate_number_of_messages_to_move.map(positive),
                failure: task.failure_reason,
            }))
    }

    /// Ends a move; what was moved stays moved.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn cancel_move(&self, handle: &str) -> Result<u64, QueueError> {
        let call = (self.account.sdk.cancel_message_move_task())
            .task_handle(handle)
            .send();
        let answer = self.asked("CancelMessageMoveTask", call).await?;
        Ok(positive(answer.approximate_number_of_messages_moved))
    }
}

impl QueueError {
    /// The server does not know the action at all.
    pub fn is_unsupported(&self) -> bool {
        let unknown = [
            "UnsupportedOperation",
            "UnknownOperation",
            "InvalidAction",
            "NotImplemented",
            "status 404  ",
            "status 501",
        ];
        unknown.iter().any(|mark| self.reason.contains(mark))
    }
}

fn denied(entry: &BatchResultErrorEntry) -> Option<QueueError> {
    let reason = format!("{} {}", entry.code(), entry.message().unwrap_or_default());
    entry.code().contains("AccessDenied").then_some(QueueError {
        action: "SendMessageBatch",
        kind: QueueErrorKind::Denied,
        reason,
    })
}

fn positive(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn read(attributes: &HashMap<Name, String>) -> Attributes {
    let number = |name: Name| attributes.get(&name).and_then(|value| value.parse().ok());
    let policy = attributes.get(&Name::RedrivePolicy);
    let policy = policy.map_or(Ok(None), |policy| wire::redrive(policy));
    Attributes {
        arn: attributes.get(&Name::QueueArn).cloned().unwrap_or_default(),
        visible: number(Name::ApproximateNumberOfMessages).unwrap_or(0),
        in_flight: number(Name::ApproximateNumberOfMessagesNotVisible).unwrap_or(0),
        retention: number(Name::MessageRetentionPeriod).map(Duration::from_secs),
        fifo: (attributes.get(&Name::FifoQueue)).is_some_and(|flag| flag == "true"),
        illegible: policy.as_ref().err().cloned(),
        redrive: policy.unwrap_or_default(),
        kms_key: attributes.get(&Name::KmsMasterKeyId).cloned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_and_what_is_missing_is_nothing() {
        let attributes = read(&HashMap::from([
            (
                Name::QueueArn,
                "arn:aws:sqs:eu-west-1:000000000000:q.fifo".to_owned(),
            ),
            (Name::ApproximateNumberOfMessages, "12".to_owned()),
            (Name::MessageRetentionPeriod, "345600".to_owned()),
            (Name::FifoQueue, "true".to_owned()),
        ]));
        assert_eq!((attributes.visible, attributes.in_flight), (12, 0));
        assert_eq!(
            attributes.retention,
            Some(Duration::from_secs(4 * 24 * 60 * 60))
        );
        assert!(attributes.fifo && attributes.redrive.is_none());
        assert_eq!(read(&HashMap::new()), Attributes::default());
    }

    #[test]
    fn an_action_that_a_server_does_not_know_is_told_from_one_that_is_refused() {
        let error = |reason: &str| QueueError {
            action: "StartMessageMoveTask",
            kind: QueueErrorKind::Failed,
            reason: reason.to_owned(),
        };
        assert!(error("status 400 UnsupportedOperation no").is_unsupported());
        assert!(error("status 404  ").is_unsupported());
        assert!(!error("status 404 ResourceNotFoundException gone").is_unsupported());
        assert!(!error("status 403 AccessDenied no").is_unsupported());
    }
}
