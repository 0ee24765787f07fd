//! A case's queue, and the short ways to use it.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::change_message_visibility::builders::ChangeMessageVisibilityFluentBuilder as Changing;
use aws_sdk_sqs::operation::delete_message::builders::DeleteMessageFluentBuilder as Deleting;
use aws_sdk_sqs::operation::receive_message::builders::ReceiveMessageFluentBuilder as Receiving;
use aws_sdk_sqs::operation::send_message::SendMessageOutput;
use aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder as Sending;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use tokio::time::Instant;

/// How long a message that is there may take to be received.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
pub(crate) struct Queue {
    pub(crate) sqs: Client,
    pub(crate) url: String,
    pub(crate) name: String,
}

impl Queue {
    pub(crate) fn sending(&self, body: impl Into<String>) -> Sending {
        let send = self.sqs.send_message().queue_url(&self.url);
        send.message_body(body)
    }

    pub(crate) async fn send(&self, body: &str) -> anyhow::Result<SendMessageOutput> {
        self.sending(body).send().await.context("SendMessage")
    }

    /// To a group of a FIFO queue.
    pub(crate) fn sending_to(&self, group: &str, body: &str) -> Sending {
        self.sending(body)
            .message_group_id(group)
            .message_deduplication_id(uuid::Uuid::now_v7().to_string())
    }

    pub(crate) async fn send_to(
        &self,
        group: &str,
        body: &str,
    ) -> anyhow::Result<SendMessageOutput> {
        let send = self.sending_to(group, body).send();
        send.await.context("SendMessage")
    }

    /// Up to ten, at once, with all their attributes.
    pub(crate) fn receiving(&self) -> Receiving {
        self.sqs
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(10)
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All")
    }

    /// What one short poll gives.
    pub(crate) async fn receive(&self) -> anyhow::Result<Vec<Message>> {
        let received = self.receiving().send().await.context("ReceiveMessage")?;
        Ok(received.messages.unwrap_or_default())
    }

    /// What one short poll gives, hidden for this many seconds.
    pub(crate) async fn receive_for(&self, seconds: i32) -> anyhow::Result<Vec<Message>> {
        let receive = self.receiving().visibility_timeout(seconds);
        let received = receive.send().await.context("ReceiveMessage")?;
        Ok(received.messages.unwrap_or_default())
    }

    /// Exactly this many, one poll after the other until they are there.
    pub(crate) async fn take(&self, count: usize) -> anyhow::Result<Vec<Message>> {
        let until = Instant::now() + PATIENCE;
        let mut taken = Vec::new();
        while taken.len() < count && Instant::now() < until {
            let receive = self.receiving().wait_time_seconds(1).send();
            let received = receive.await.context("ReceiveMessage")?;
            taken.extend(received.messages.unwrap_or_default());
        }
        ensure!(
            taken.len() == count,
            "{} messages were received, not {count}",
            taken.len()
        );
        Ok(taken)
    }

    /// Exactly one.
    pub(crate) async fn take_one(&self) -> anyhow::Result<Message> {
        Ok(self.take(1).await?.remove(0))
    }

    /// That a short poll gives nothing.
    pub(crate) async fn is_empty(&self, when: &str) -> anyhow::Result<()> {
        let received = self.receive().await?;
        let bodies = bodies(&received);
        ensure!(bodies.is_empty(), "{when}, {bodies:?} was received");
        Ok(())
    }

    pub(crate) fn deleting(&self, message: &Message) -> Deleting {
        let delete = self.sqs.delete_message().queue_url(&self.url);
        delete.receipt_handle(handle(message))
    }

    pub(crate) async fn delete(&self, message: &Message) -> anyhow::Result<()> {
        let delete = self.deleting(message).send().await;
        delete.map(drop).context("DeleteMessage")
    }

    pub(crate) fn changing(&self, message: &Message, seconds: i32) -> Changing {
        let change = self.sqs.change_message_visibility().queue_url(&self.url);
        change
            .receipt_handle(handle(message))
            .visibility_timeout(seconds)
    }

    pub(crate) async fn change(&self, message: &Message, seconds: i32) -> anyhow::Result<()> {
        let change = self.changing(message, seconds).send().await;
        change.map(drop).context("ChangeMessageVisibility")
    }

    pub(crate) async fn set(&self, name: QueueAttributeName, value: &str) -> anyhow::Result<()> {
        let set = self.sqs.set_queue_attributes().queue_url(&self.url);
        let set = set.attributes(name, value).send().await;
        set.map(drop).context("SetQueueAttributes")
    }

    pub(crate) async fn attribute(&self, name: QueueAttributeName) -> anyhow::Result<String> {
        let get = self.sqs.get_queue_attributes().queue_url(&self.url);
        let got = get.attribute_names(name.clone()).send().await;
        let attributes = got.context("GetQueueAttributes")?.attributes;
        let value = attributes.and_then(|attributes| attributes.get(&name).cloned());
        value.with_context(|| format!("there is no attribute {name}"))
    }

    pub(crate) async fn arn(&self) -> anyhow::Result<String> {
        self.attribute(QueueAttributeName::QueueArn).await
    }
}

pub(crate) fn handle(message: &Message) -> &str {
    message.receipt_handle.as_deref().unwrap_or_default()
}

pub(crate) fn bodies(messages: &[Message]) -> Vec<&str> {
    let bodies = messages.iter();
    bodies
        .map(|message| message.body.as_deref().unwrap_or_default())
        .collect()
}

/// A system attribute; empty where it is missing.
pub(crate) fn system<'a>(message: &'a Message, name: &MessageSystemAttributeName) -> &'a str {
    let attributes = message.attributes.as_ref();
    attributes
        .and_then(|attributes| attributes.get(name))
        .map_or("", String::as_str)
}
