//! Short and long polls.

use std::time::Duration;

use anyhow::ensure;
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use tokio::time::{Instant, sleep};

use crate::bench::Bench;
use crate::case::{Case, Outcome, case};
use crate::queue::bodies;

pub(super) const CASES: &[Case] = &[
    case!(a_short_poll_of_an_empty_queue_returns_at_once: "Amazon SQS short and long polling",
        "a short poll answers immediately, even when nothing is found"),
    case!(a_long_poll_returns_as_soon_as_a_message_arrives: "ReceiveMessage",
        "with WaitTimeSeconds the call returns sooner when a message is available"),
    case!(a_long_poll_sees_a_message_that_becomes_visible_again: "ReceiveMessage",
        "with WaitTimeSeconds the call returns sooner when a message is available"),
    case!(a_long_poll_of_an_empty_queue_ends_without_messages_after_its_time: "ReceiveMessage",
        "when the wait time ends without a message, the call succeeds with no messages"),
    case!(the_queue_may_have_a_wait_time_of_its_own: "SetQueueAttributes",
        "ReceiveMessageWaitTimeSeconds is the wait of calls that bring none"),
    case!(a_wait_of_zero_overrides_that_of_the_queue: "Amazon SQS short and long polling",
        "a call with WaitTimeSeconds 0 is a short poll"),
    case!(a_wait_beyond_twenty_seconds_is_refused: "ReceiveMessage",
        "WaitTimeSeconds is at most 20"),
    case!(more_than_ten_at_once_are_refused: "ReceiveMessage",
        "MaxNumberOfMessages is 1 to 10"),
    case!(fewer_than_one_are_refused: "ReceiveMessage",
        "MaxNumberOfMessages is 1 to 10"),
    case!(a_receive_gives_ten_at_most_and_all_in_the_end: "ReceiveMessage",
        "never more messages than asked for are returned"),
];

async fn a_short_poll_of_an_empty_queue_returns_at_once(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let asked = Instant::now();
    queue.is_empty("in a new queue").await?;
    let waited = asked.elapsed();
    ensure!(waited < Duration::from_secs(5), "it took {waited:?}");
    Ok(())
}

async fn a_long_poll_returns_as_soon_as_a_message_arrives(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let asked = Instant::now();
    let poll = queue.receiving().wait_time_seconds(20).send();
    let (polled, sent) = tokio::join!(poll, async {
        sleep(Duration::from_millis(700)).await;
        queue.send("arrived").await
    });
    sent?;
    let waited = asked.elapsed();
    let polled = polled?;
    ensure!(bodies(polled.messages()) == ["arrived"], "{polled:?}");
    ensure!(waited < Duration::from_secs(10), "it took {waited:?}");
    Ok(())
}

async fn a_long_poll_sees_a_message_that_becomes_visible_again(b: Bench) -> Outcome {
    let queue = b.queue(&[(Attribute::VisibilityTimeout, "2")]).await?;
    queue.send("back").await?;
    queue.take_one().await?;
    let asked = Instant::now();
    let poll = queue.receiving().wait_time_seconds(20).send().await?;
    let waited = asked.elapsed();
    ensure!(bodies(poll.messages()) == ["back"], "{poll:?}");
    ensure!(waited < Duration::from_secs(10), "it took {waited:?}");
    Ok(())
}

async fn a_long_poll_of_an_empty_queue_ends_without_messages_after_its_time(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let asked = Instant::now();
    let polled = queue.receiving().wait_time_seconds(2).send().await?;
    let waited = asked.elapsed();
    ensure!(polled.messages().is_empty(), "{polled:?}");
    ensure!(
        (Duration::from_millis(1900)..Duration::from_secs(8)).contains(&waited),
        "it took {waited:?}"
    );
    Ok(())
}

async fn the_queue_may_have_a_wait_time_of_its_own(b: Bench) -> Outcome {
    let queue = b
        .queue(&[(Attribute::ReceiveMessageWaitTimeSeconds, "2")])
        .await?;
    let asked = Instant::now();
    queue.is_empty("in a new queue").await?;
    let waited = asked.elapsed();
    ensure!(waited >= Duration::from_millis(1900), "it took {waited:?}");
    Ok(())
}

async fn a_wait_of_zero_overrides_that_of_the_queue(b: Bench) -> Outcome {
    let queue = b
        .queue(&[(Attribute::ReceiveMessageWaitTimeSeconds, "15")])
        .await?;
    let asked = Instant::now();
    queue.receiving().wait_time_seconds(0).send().await?;
    let waited = asked.elapsed();
    ensure!(waited < Duration::from_secs(8), "it took {waited:?}");
    Ok(())
}

async fn a_wait_beyond_twenty_seconds_is_refused(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.send("here").await?;
    let polled = queue.receiving().wait_time_seconds(21).send().await;
    ensure!(polled.is_err(), "21 seconds were not refused");
    Ok(())
}

async fn more_than_ten_at_once_are_refused(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let polled = queue.receiving().max_number_of_messages(11).send().await;
    ensure!(polled.is_err(), "11 messages were not refused");
    Ok(())
}

async fn fewer_than_one_are_refused(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let polled = queue.receiving().max_number_of_messages(0).send().await;
    ensure!(polled.is_err(), "0 messages were not refused");
    Ok(())
}

async fn a_receive_gives_ten_at_most_and_all_in_the_end(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    for n in 0..12 {
        queue.send(&n.to_string()).await?;
    }
    let first = queue.receiving().wait_time_seconds(2).send().await?;
    let first = first.messages.unwrap_or_default();
    ensure!(first.len() <= 10, "{} in one receive", first.len());
    queue.take(12 - first.len()).await.map(drop)
}
