//! Sending the same message twice to a FIFO queue.

use std::time::Duration;

use anyhow::ensure;
use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName as Attribute};

use crate::bench::Bench;
use crate::case::{Case, Outcome, case};
use crate::queue::{Queue, bodies};

pub(super) const CASES: &[Case] = &[
    case!(the_same_deduplication_id_is_delivered_once: "Using the Amazon SQS message deduplication ID",
        "a message with the id of one of the last five minutes is accepted and not delivered"),
    case!(a_deleted_message_is_remembered_too: "Using the Amazon SQS message deduplication ID",
        "the id is tracked even after the message was received and deleted")
        .moto("forgets a deleted message", "[\"again\"] was received"),
    case!(deduplication_goes_across_groups: "SetQueueAttributes",
        "DeduplicationScope is the whole queue by default"),
    case!(deduplication_may_be_limited_to_the_group: "SetQueueAttributes",
        "with DeduplicationScope messageGroup the id is unique within its group")
        .elasticmq("ignores DeduplicationScope", "[\"of a\"] came")
        .moto("ignores DeduplicationScope", "[\"of a\"] came"),
    case!(the_content_may_be_the_deduplication_id: "Using the Amazon SQS message deduplication ID",
        "with ContentBasedDeduplication the id is the SHA-256 of the body, not of the attributes"),
    case!(an_explicit_id_overrides_the_content: "SendMessage",
        "a MessageDeduplicationId overrides the one made of the content"),
    case!(without_content_based_deduplication_an_id_is_needed: "SendMessage",
        "without id and without ContentBasedDeduplication the action fails with an error"),
    case!(after_five_minutes_the_same_id_is_a_new_message: "Using the Amazon SQS message deduplication ID",
        "the interval is five minutes").long(),
];

async fn send(queue: &Queue, group: &str, id: Option<&str>, body: &str) -> anyhow::Result<()> {
    let send = queue.sending(body).message_group_id(group);
    send.set_message_deduplication_id(id.map(str::to_owned))
        .send()
        .await?;
    Ok(())
}

/// Receives until nothing comes any more.
async fn all(queue: &Queue) -> anyhow::Result<Vec<String>> {
    let mut all = Vec::new();
    loop {
        let got = queue.receive().await?;
        if got.is_empty() {
            return Ok(all);
        }
        for message in &got {
            queue.delete(message).await?;
        }
        all.extend(bodies(&got).into_iter().map(str::to_owned));
    }
}

async fn the_same_deduplication_id_is_delivered_once(b: Bench) -> Outcome {
    let queue = b.fifo(&[]).await?;
    send(&queue, "board", Some("1"), "first").await?;
    send(&queue, "board", Some("1"), "second").await?;
    let got = all(&queue).await?;
    ensure!(got == ["first"], "{got:?} came");
    Ok(())
}

async fn a_deleted_message_is_remembered_too(b: Bench) -> Outcome {
    let queue = b.fifo(&[]).await?;
    send(&queue, "board", Some("1"), "first").await?;
    queue.delete(&queue.take_one().await?).await?;
    send(&queue, "board", Some("1"), "again").await?;
    queue.is_empty("after the delete").await
}

async fn deduplication_goes_across_groups(b: Bench) -> Outcome {
    let queue = b.fifo(&[]).await?;
    send(&queue, "a", Some("1"), "of a").await?;
    send(&queue, "b", Some("1"), "of b").await?;
    let got = all(&queue).await?;
    ensure!(got == ["of a"], "{got:?} came");
    Ok(())
}

async fn deduplication_may_be_limited_to_the_group(b: Bench) -> Outcome {
    let scope = (Attribute::DeduplicationScope, "messageGroup");
    let limit = (Attribute::FifoThroughputLimit, "perMessageGroupId");
    let queue = b.fifo(&[scope, limit]).await?;
    send(&queue, "a", Some("1"), "of a").await?;
    send(&queue, "b", Some("1"), "of b").await?;
    send(&queue, "b", Some("1"), "of b again").await?;
    let mut got = all(&queue).await?;
    got.sort();
    ensure!(got == ["of a", "of b"], "{got:?} came");
    Ok(())
}

async fn the_content_may_be_the_deduplication_id(b: Bench) -> Outcome {
    let queue = b
        .fifo(&[(Attribute::ContentBasedDeduplication, "true")])
        .await?;
    send(&queue, "board", None, "same").await?;
    let value = MessageAttributeValue::builder().data_type("String");
    let value = value.string_value("another").build()?;
    let other = queue.sending("same").message_group_id("board");
    other.message_attributes("a", value).send().await?;
    send(&queue, "board", None, "other").await?;
    let got = all(&queue).await?;
    ensure!(got == ["same", "other"], "{got:?} came");
    Ok(())
}

async fn an_explicit_id_overrides_the_content(b: Bench) -> Outcome {
    let queue = b
        .fifo(&[(Attribute::ContentBasedDeduplication, "true")])
        .await?;
    send(&queue, "board", Some("1"), "same").await?;
    send(&queue, "board", Some("2"), "same").await?;
    let got = all(&queue).await?;
    ensure!(got == ["same", "same"], "{got:?} came");
    Ok(())
}

async fn without_content_based_deduplication_an_id_is_needed(b: Bench) -> Outcome {
    let queue = b.fifo(&[]).await?;
    let sent = send(&queue, "board", None, "x").await;
    ensure!(sent.is_err(), "it was not refused");
    Ok(())
}

async fn after_five_minutes_the_same_id_is_a_new_message(b: Bench) -> Outcome {
    let queue = b.fifo(&[]).await?;
    send(&queue, "board", Some("1"), "first").await?;
    tokio::time::sleep(Duration::from_secs(299)).await;
    send(&queue, "board", Some("1"), "within").await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    send(&queue, "board", Some("1"), "after").await?;
    let got = all(&queue).await?;
    ensure!(got == ["first", "after"], "{got:?} came");
    Ok(())
}
