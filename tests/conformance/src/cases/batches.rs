//! Batches: each entry has its own result.

use anyhow::{Context as _, ensure};
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry as Change, DeleteMessageBatchRequestEntry as Delete,
    SendMessageBatchRequestEntry as Send,
};

use crate::bench::Bench;
use crate::case::{Case, Outcome, case};
use crate::queue::{bodies, handle};
use crate::refusal::refused;

pub(super) const CASES: &[Case] = &[
    case!(ten_messages_go_in_a_batch: "SendMessageBatch",
        "up to ten messages; each entry has its result under its id"),
    case!(eleven_entries_are_refused: "SendMessageBatch",
        "TooManyEntriesInBatchRequest: more entries than permissible"),
    case!(an_empty_batch_is_refused: "SendMessageBatch",
        "EmptyBatchRequest: the batch has no entries")
        .elasticmq("takes it", "was not refused"),
    case!(entries_with_the_same_id_are_refused: "SendMessageBatch",
        "BatchEntryIdsNotDistinct: two or more entries have the same id"),
    case!(an_id_of_an_entry_has_letters_digits_hyphens_and_underscores: "SendMessageBatch",
        "InvalidBatchEntryId: the id is up to 80 alphanumeric characters, hyphens and underscores")
        .elasticmq("takes any id", "was not refused"),
    case!(a_bad_entry_fails_alone: "SendMessageBatch",
        "the batch can come to both successful and failed entries; check for failures even with HTTP 200")
        .moto("sends the bad entry", "SendMessageBatchOutput"),
    case!(a_batch_deletes_what_it_can: "DeleteMessageBatch",
        "the result of each entry is reported on its own"),
    case!(a_message_may_be_twice_in_a_batch: "DeleteMessageBatch",
        "ids are distinct within the batch")
        .left_open("AWS says nothing of a handle that is twice in a batch")
        .elasticmq("fails the second with ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid")
        .moto("refuses the batch with BatchEntryIdsNotDistinct", "BatchEntryIdsNotDistinct"),
    case!(a_batch_changes_what_it_can: "ChangeMessageVisibilityBatch",
        "the result of each entry is reported on its own"),
    case!(a_batch_of_deletes_has_the_same_limits: "DeleteMessageBatch",
        "TooManyEntriesInBatchRequest, EmptyBatchRequest, BatchEntryIdsNotDistinct, InvalidBatchEntryId")
        .elasticmq("takes an empty batch and any id", "no entries: it was not refused")
        .moto("takes eleven entries and any id", "eleven entries: it was not refused"),
];

fn entry(id: &str, body: &str) -> anyhow::Result<Send> {
    Ok(Send::builder().id(id).message_body(body).build()?)
}

fn deletion(id: &str, handle: &str) -> anyhow::Result<Delete> {
    Ok(Delete::builder().id(id).receipt_handle(handle).build()?)
}

fn numbered(count: usize) -> anyhow::Result<Vec<Send>> {
    (0..count)
        .map(|n| entry(&format!("e{n}"), &format!("body {n}")))
        .collect()
}

async fn ten_messages_go_in_a_batch(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let batch = b.sqs.send_message_batch().queue_url(&queue.url);
    let sent = batch.set_entries(Some(numbered(10)?)).send().await?;
    ensure!(sent.failed().is_empty(), "{:?}", sent.failed());
    let mut ids: Vec<_> = sent.successful().iter().map(|done| done.id()).collect();
    ids.sort_unstable();
    let expected: Vec<_> = (0..10).map(|n| format!("e{n}")).collect();
    ensure!(ids == expected, "{ids:?}");
    let messages = queue.take(10).await?;
    let mut received = bodies(&messages);
    received.sort_unstable();
    ensure!(received[9] == "body 9", "{received:?}");
    Ok(())
}

async fn eleven_entries_are_refused(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let batch = b.sqs.send_message_batch().queue_url(&queue.url);
    let sent = batch.set_entries(Some(numbered(11)?)).send().await;
    refused(sent, "TooManyEntriesInBatchRequest")
}

async fn an_empty_batch_is_refused(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let batch = b.sqs.send_message_batch().queue_url(&queue.url);
    refused(
        batch.set_entries(Some(Vec::new())).send().await,
        "EmptyBatchRequest",
    )
}

async fn entries_with_the_same_id_are_refused(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let batch = b.sqs.send_message_batch().queue_url(&queue.url);
    let sent = batch.entries(entry("a", "1")?).entries(entry("a", "2")?);
    refused(sent.send().await, "BatchEntryIdsNotDistinct")?;
    queue.is_empty("after the refusal").await
}

async fn an_id_of_an_entry_has_letters_digits_hyphens_and_underscores(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let long = "x".repeat(81);
    for bad in ["a:b", "a b", &long] {
        let batch = b.sqs.send_message_batch().queue_url(&queue.url);
        let sent = batch.entries(entry(bad, "1")?).send().await;
        refused(sent, "InvalidBatchEntryId").with_context(|| format!("{bad:?}"))?;
    }
    let batch = b.sqs.send_message_batch().queue_url(&queue.url);
    batch.entries(entry("Az-_09", "1")?).send().await?;
    Ok(())
}

async fn a_bad_entry_fails_alone(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let batch = b.sqs.send_message_batch().queue_url(&queue.url);
    let batch = batch.entries(entry("good", "fine")?);
    let sent = batch.entries(entry("bad", "not\u{1}fine")?).send().await;
    let sent = sent.context("the whole batch was refused")?;
    let failed: Vec<_> = sent.failed().iter().map(|entry| entry.id()).collect();
    ensure!(failed == ["bad"], "{sent:?}");
    ensure!(sent.failed()[0].sender_fault(), "not the sender's fault");
    let message = queue.take_one().await?;
    ensure!(message.body() == Some("fine"), "{message:?}");
    Ok(())
}

async fn a_batch_deletes_what_it_can(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.send("done").await?;
    let message = queue.take_one().await?;
    let batch = b.sqs.delete_message_batch().queue_url(&queue.url);
    let batch = batch.entries(deletion("good", handle(&message))?);
    let deleted = batch.entries(deletion("bad", "invented")?).send().await;
    let deleted = deleted.context("the whole batch was refused")?;
    let good: Vec<_> = deleted
        .successful()
        .iter()
        .map(|entry| entry.id())
        .collect();
    ensure!(good == ["good"], "{deleted:?}");
    let bad: Vec<_> = deleted.failed().iter().map(|entry| entry.id()).collect();
    ensure!(bad == ["bad"], "{deleted:?}");
    ensure!(
        deleted.failed()[0].code() == "ReceiptHandleIsInvalid",
        "the code of the entry is {:?}",
        deleted.failed()[0].code()
    );
    Ok(())
}

async fn a_message_may_be_twice_in_a_batch(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.send("done").await?;
    let message = queue.take_one().await?;
    let batch = b.sqs.delete_message_batch().queue_url(&queue.url);
    let batch = batch.entries(deletion("0", handle(&message))?);
    let deleted = batch
        .entries(deletion("1", handle(&message))?)
        .send()
        .await?;
    ensure!(deleted.failed().is_empty(), "{deleted:?}");
    Ok(())
}

async fn a_batch_changes_what_it_can(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.send("released").await?;
    let message = queue.take_one().await?;
    let change = |id: &str, handle: &str, seconds| {
        let change = Change::builder().id(id).receipt_handle(handle);
        change.visibility_timeout(seconds).build()
    };
    let batch = b.sqs.change_message_visibility_batch();
    let batch = batch.entries(change("good", handle(&message), 0)?);
    let batch = batch.entries(change("bad", "invented", 0)?);
    let changed = batch.queue_url(&queue.url).send().await;
    let changed = changed.context("the whole batch was refused")?;
    let bad: Vec<_> = changed.failed().iter().map(|entry| entry.id()).collect();
    ensure!(bad == ["bad"], "{changed:?}");
    let count = queue.receive().await?.len();
    ensure!(count == 1, "{count} messages after the release");
    Ok(())
}

async fn a_batch_of_deletes_has_the_same_limits(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let batch = |entries| {
        let batch = b.sqs.delete_message_batch().queue_url(&queue.url);
        batch.set_entries(Some(entries)).send()
    };
    let many: anyhow::Result<Vec<_>> = (0..11)
        .map(|n| deletion(&n.to_string(), &format!("h{n}")))
        .collect();
    refused(batch(many?).await, "TooManyEntriesInBatchRequest").context("eleven entries")?;
    refused(batch(Vec::new()).await, "EmptyBatchRequest").context("no entries")?;
    let twice = vec![deletion("a", "h1")?, deletion("a", "h2")?];
    refused(batch(twice).await, "BatchEntryIdsNotDistinct")?;
    refused(
        batch(vec![deletion("a:b", "h")?]).await,
        "InvalidBatchEntryId",
    )
}
