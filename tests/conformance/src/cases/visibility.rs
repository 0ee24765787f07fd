//! How long a received message is hidden.

use std::time::Duration;

use anyhow::ensure;
use aws_sdk_sqs::types::{MessageSystemAttributeName as System, QueueAttributeName as Attribute};
use tokio::time::{Instant, sleep};

use crate::bench::Bench;
use crate::case::{Case, Outcome, case};
use crate::queue::{bodies, system};
use crate::refusal::refused;

pub(super) const CASES: &[Case] = &[
    case!(a_message_in_flight_is_hidden_until_its_timeout_ends: "Amazon SQS visibility timeout",
        "others do not receive the message during the timeout, and do after it"),
    case!(a_receive_may_bring_its_own_timeout: "ReceiveMessage",
        "VisibilityTimeout of the call overrides the queue's"),
    case!(a_timeout_of_zero_makes_the_message_visible_at_once: "ChangeMessageVisibility",
        "with 0 the message becomes visible immediately"),
    case!(an_extension_counts_from_the_call: "ChangeMessageVisibility",
        "the new timeout counts from the time of the call"),
    case!(a_timeout_can_be_made_shorter: "ChangeMessageVisibility",
        "the new timeout counts from the time of the call, also when it is earlier than the old one"),
    case!(the_next_receive_has_the_timeout_of_the_queue_again: "ChangeMessageVisibility",
        "a changed timeout is not kept for the message: the next receive has the queue's"),
    case!(an_extension_past_twelve_hours_since_the_receive_is_refused: "ChangeMessageVisibility",
        "extensions go to 12 hours in all since the receive; beyond them the request is rejected")
        .elasticmq("has no limit in all", "was not refused"),
    case!(twelve_hours_count_from_the_receive_and_not_from_the_sending: "Amazon SQS visibility timeout",
        "the 12 hours begin when the message is received")
        .moto("counts from the sending", "beyond the limit [43200 seconds]"),
    case!(extensions_add_up_to_twelve_hours_and_no_more: "ChangeMessageVisibility",
        "extensions go to 12 hours in all since the receive; beyond them the request is rejected").long(),
    case!(more_than_twelve_hours_at_once_are_refused: "ChangeMessageVisibility",
        "VisibilityTimeout is 0 to 43,200")
        .elasticmq("takes any number", "were not refused"),
    case!(a_message_that_is_not_in_flight_can_not_be_changed: "ChangeMessageVisibility",
        "MessageNotInflight: the message is not in flight")
        .elasticmq("hides the message", "was not refused")
        .moto("takes it", "was not refused"),
    case!(messages_in_flight_are_counted_apart: "GetQueueAttributes",
        "ApproximateNumberOfMessages are those available, …NotVisible those in flight, …Delayed those delayed"),
];

async fn a_message_in_flight_is_hidden_until_its_timeout_ends(b: Bench) -> Outcome {
    let queue = b.queue(&[(Attribute::VisibilityTimeout, "2")]).await?;
    queue.send("hidden").await?;
    let first = Instant::now();
    queue.take_one().await?;
    queue.is_empty("during the timeout").await?;
    queue.take_one().await?;
    let hidden = first.elapsed();
    ensure!(hidden >= Duration::from_millis(1900), "only {hidden:?}");
    Ok(())
}

async fn a_receive_may_bring_its_own_timeout(b: Bench) -> Outcome {
    let queue = b.queue(&[(Attribute::VisibilityTimeout, "0")]).await?;
    queue.send("hidden").await?;
    ensure!(queue.receive_for(30).await?.len() == 1, "nothing received");
    queue.is_empty("during the timeout").await
}

async fn a_timeout_of_zero_makes_the_message_visible_at_once(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.send("released").await?;
    let message = queue.take_one().await?;
    queue.change(&message, 0).await?;
    let again = bodies(&queue.receive().await?).len();
    ensure!(again == 1, "{again} messages after the release");
    Ok(())
}

async fn an_extension_counts_from_the_call(b: Bench) -> Outcome {
    let queue = b.queue(&[(Attribute::VisibilityTimeout, "2")]).await?;
    queue.send("extended").await?;
    let message = queue.take_one().await?;
    sleep(Duration::from_millis(1000)).await;
    queue.change(&message, 3).await?;
    sleep(Duration::from_millis(2000)).await;
    queue.is_empty("a second before the end").await?;
    queue.take_one().await.map(drop)
}

async fn a_timeout_can_be_made_shorter(b: Bench) -> Outcome {
    let queue = b.queue(&[(Attribute::VisibilityTimeout, "600")]).await?;
    queue.send("shortened").await?;
    queue.change(&queue.take_one().await?, 1).await?;
    queue.is_empty("before the new end").await?;
    queue.take_one().await.map(drop)
}

async fn the_next_receive_has_the_timeout_of_the_queue_again(b: Bench) -> Outcome {
    let queue = b.queue(&[(Attribute::VisibilityTimeout, "600")]).await?;
    queue.send("changed").await?;
    queue.change(&queue.take_one().await?, 1).await?;
    queue.take_one().await?;
    sleep(Duration::from_millis(1500)).await;
    queue.is_empty("in the queue's own timeout").await
}

async fn an_extension_past_twelve_hours_since_the_receive_is_refused(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.send("long").await?;
    let message = queue.take_one().await?;
    sleep(Duration::from_millis(1500)).await;
    let beyond = queue.changing(&message, 43_200).send().await;
    ensure!(beyond.is_err(), "it was not refused");
    queue.change(&message, 43_100).await
}

async fn twelve_hours_count_from_the_receive_and_not_from_the_sending(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.send("old").await?;
    sleep(Duration::from_millis(2500)).await;
    let message = queue.take_one().await?;
    queue.change(&message, 43_198).await
}

async fn extensions_add_up_to_twelve_hours_and_no_more(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.send("held").await?;
    let message = queue.take_one().await?;
    for _ in 0..11 {
        queue.change(&message, 3700).await?;
        sleep(Duration::from_secs(3600)).await;
    }
    queue.change(&message, 3590).await?;
    let beyond = queue.changing(&message, 3601).send().await;
    ensure!(beyond.is_err(), "it was not refused");
    queue.is_empty("in the twelfth hour").await?;
    sleep(Duration::from_secs(3590)).await;
    let again = queue.take_one().await?;
    let count = system(&again, &System::ApproximateReceiveCount);
    ensure!(count == "2", "receive count {count}");
    Ok(())
}

async fn more_than_twelve_hours_at_once_are_refused(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.send("long").await?;
    let message = queue.take_one().await?;
    let change = queue.changing(&message, 43_201).send().await;
    ensure!(change.is_err(), "43201 seconds were not refused");
    Ok(())
}

async fn a_message_that_is_not_in_flight_can_not_be_changed(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.send("released").await?;
    let message = queue.take_one().await?;
    queue.change(&message, 0).await?;
    refused(
        queue.changing(&message, 30).send().await,
        "MessageNotInflight",
    )
}

async fn messages_in_flight_are_counted_apart(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    for body in ["1", "2", "3"] {
        queue.send(body).await?;
    }
    queue.sending("later").delay_seconds(900).send().await?;
    let one = b.sqs.receive_message().queue_url(&queue.url);
    one.wait_time_seconds(2).send().await?;
    for (name, count) in [
        (Attribute::ApproximateNumberOfMessages, "2"),
        (Attribute::ApproximateNumberOfMessagesNotVisible, "1"),
        (Attribute::ApproximateNumberOfMessagesDelayed, "1"),
    ] {
        let told = queue.attribute(name.clone()).await?;
        ensure!(told == count, "{name} is {told}, not {count}");
    }
    Ok(())
}
