//! Receipt handles: which of them still work.

use std::time::Duration;

use anyhow::ensure;
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use tokio::time::sleep;

use crate::bench::Bench;
use crate::case::{Case, Outcome, case};
use crate::queue::handle;
use crate::refusal::refused;

pub(super) const CASES: &[Case] = &[
    case!(each_receive_gives_another_handle: "Amazon SQS queue and message identifiers",
        "every receive of a message gives another receipt handle"),
    case!(a_delete_with_an_old_handle_succeeds: "DeleteMessage",
        "with another than the latest handle the request succeeds, and the message might not be deleted")
        .elasticmq("refuses with ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"),
    case!(an_old_handle_deletes_nothing: "DeleteMessage",
        "with another than the latest handle the request succeeds, and the message might not be deleted")
        .left_open("AWS promises neither that an old handle deletes nor that it does not")
        .elasticmq("refuses an old handle", "ReceiptHandleIsInvalid")
        .moto("deletes with any handle", "the old handle deleted the message"),
    case!(the_latest_handle_deletes_even_after_its_timeout: "DeleteMessage",
        "the latest handle deletes the message, even when its visibility timeout has ended")
        .left_open("AWS says only that a delete after the timeout might fail"),
    case!(deleting_twice_succeeds: "DeleteMessage",
        "no error is listed for a message that is deleted already")
        .left_open("AWS lists no error for a message that is gone, and does not say that there is none")
        .elasticmq("refuses with ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"),
    case!(an_invented_handle_is_refused: "DeleteMessage",
        "ReceiptHandleIsInvalid: the handle is not valid"),
    case!(an_expired_handle_of_a_fifo_queue_deletes_nothing_and_is_an_error: "ReceiveMessage",
        "FIFO: a delete after the visibility timeout has ended fails with an error")
        .elasticmq("deletes", "the delete succeeded")
        .moto("deletes", "the delete succeeded"),
];

async fn each_receive_gives_another_handle(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.send("twice").await?;
    let first = queue.take_one().await?;
    queue.change(&first, 0).await?;
    let second = queue.take_one().await?;
    ensure!(handle(&first) != handle(&second), "both are the same");
    Ok(())
}

async fn a_delete_with_an_old_handle_succeeds(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.send("twice").await?;
    let first = queue.take_one().await?;
    queue.change(&first, 0).await?;
    queue.take_one().await?;
    queue.delete(&first).await
}

async fn an_old_handle_deletes_nothing(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.send("twice").await?;
    let first = queue.take_one().await?;
    queue.change(&first, 0).await?;
    let second = queue.take_one().await?;
    queue.delete(&first).await?;
    let still = queue.changing(&second, 0).send().await;
    ensure!(still.is_ok(), "the old handle deleted the message");
    let count = queue.receive().await?.len();
    ensure!(count == 1, "the old handle deleted the message");
    Ok(())
}

async fn the_latest_handle_deletes_even_after_its_timeout(b: Bench) -> Outcome {
    let queue = b.queue(&[(Attribute::VisibilityTimeout, "1")]).await?;
    queue.send("late").await?;
    let message = queue.take_one().await?;
    sleep(Duration::from_millis(1500)).await;
    queue.delete(&message).await?;
    queue.is_empty("after the delete").await
}

async fn deleting_twice_succeeds(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.send("once").await?;
    let message = queue.take_one().await?;
    queue.delete(&message).await?;
    queue.delete(&message).await
}

async fn an_invented_handle_is_refused(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let delete = b.sqs.delete_message().queue_url(&queue.url);
    let deleted = delete.receipt_handle("invented").send().await;
    refused(deleted, "ReceiptHandleIsInvalid")
}

async fn an_expired_handle_of_a_fifo_queue_deletes_nothing_and_is_an_error(b: Bench) -> Outcome {
    let queue = b.fifo(&[(Attribute::VisibilityTimeout, "1")]).await?;
    queue.send_to("board", "late").await?;
    let message = queue.take_one().await?;
    sleep(Duration::from_millis(1500)).await;
    let deleted = queue.deleting(&message).send().await;
    ensure!(deleted.is_err(), "the delete succeeded");
    queue.take_one().await.map(drop)
}
