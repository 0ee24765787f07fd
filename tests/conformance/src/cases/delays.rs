//! Messages that are to be received later.

use std::time::Duration;

use anyhow::ensure;
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use tokio::time::Instant;

use crate::bench::Bench;
use crate::case::{Case, Outcome, case};

pub(super) const CASES: &[Case] = &[
    case!(a_delayed_message_is_hidden_until_its_delay_ends: "Amazon SQS message timers",
        "a message with DelaySeconds is invisible until then"),
    case!(the_queue_may_have_a_delay_of_its_own: "Amazon SQS delay queues",
        "DelaySeconds of the queue delays every message that brings none"),
    case!(a_delay_of_zero_overrides_that_of_the_queue: "SendMessage",
        "DelaySeconds of the message takes precedence over the queue's"),
    case!(a_delay_beyond_fifteen_minutes_is_refused: "SendMessage",
        "DelaySeconds is 0 to 900"),
    case!(a_message_of_a_fifo_queue_has_no_delay_of_its_own: "SendMessage",
        "FIFO: DelaySeconds can be set for the queue only, not for a message"),
    case!(a_poll_wakes_when_a_delay_ends: "ReceiveMessage",
        "with WaitTimeSeconds the call returns sooner when a message is available"),
];

async fn a_delayed_message_is_hidden_until_its_delay_ends(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let sent = Instant::now();
    queue.sending("later").delay_seconds(2).send().await?;
    queue.is_empty("during the delay").await?;
    queue.take_one().await?;
    let hidden = sent.elapsed();
    ensure!(hidden >= Duration::from_millis(1900), "only {hidden:?}");
    Ok(())
}

async fn the_queue_may_have_a_delay_of_its_own(b: Bench) -> Outcome {
    let queue = b.queue(&[(Attribute::DelaySeconds, "2")]).await?;
    queue.send("later").await?;
    queue.is_empty("during the delay").await?;
    queue.take_one().await.map(drop)
}

async fn a_delay_of_zero_overrides_that_of_the_queue(b: Bench) -> Outcome {
    let queue = b.queue(&[(Attribute::DelaySeconds, "600")]).await?;
    queue.sending("now").delay_seconds(0).send().await?;
    queue.take_one().await.map(drop)
}

async fn a_delay_beyond_fifteen_minutes_is_refused(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let sent = queue.sending("later").delay_seconds(901).send().await;
    ensure!(sent.is_err(), "901 seconds were not refused");
    Ok(())
}

async fn a_message_of_a_fifo_queue_has_no_delay_of_its_own(b: Bench) -> Outcome {
    let queue = b.fifo(&[]).await?;
    let send = queue.sending_to("board", "later").delay_seconds(5);
    ensure!(send.send().await.is_err(), "it was not refused");
    Ok(())
}

async fn a_poll_wakes_when_a_delay_ends(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.sending("soon").delay_seconds(2).send().await?;
    let asked = Instant::now();
    let polled = queue.receiving().wait_time_seconds(20).send().await?;
    let waited = asked.elapsed();
    ensure!(polled.messages().len() == 1, "{polled:?}");
    ensure!(waited < Duration::from_secs(10), "it took {waited:?}");
    Ok(())
}
