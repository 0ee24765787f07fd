//! Messages that were received too often.

use anyhow::{Context as _, ensure};
use aws_sdk_sqs::types::{MessageSystemAttributeName as System, QueueAttributeName as Attribute};
use serde_json::json;

use crate::bench::Bench;
use crate::case::{Case, Outcome, case};
use crate::queue::{Queue, bodies, system};
use crate::refusal::refused;

pub(super) const CASES: &[Case] = &[
    case!(a_message_goes_to_the_dead_letter_queue_after_its_receives: "Using dead-letter queues in Amazon SQS",
        "when the receive count exceeds maxReceiveCount the message is moved to the dead-letter queue"),
    case!(a_dead_letter_tells_where_it_came_from: "ReceiveMessage",
        "DeadLetterQueueSourceArn is the ARN of the queue that the message was moved from")
    .moto("does not tell", "the source is \"\""),
    case!(a_dead_letter_keeps_body_attributes_and_id: "Using dead-letter queues in Amazon SQS",
        "the message is moved, not sent anew"),
    case!(a_dead_letter_of_a_standard_queue_keeps_its_age: "Using dead-letter queues in Amazon SQS",
        "standard: the enqueue timestamp is unchanged when a message is moved to the dead-letter queue"),
    case!(a_dead_letter_of_a_fifo_queue_sets_its_group_free: "Using dead-letter queues in Amazon SQS",
        "FIFO: the message is moved, and the group goes on"),
    case!(the_redrive_policy_is_told: "GetQueueAttributes",
        "RedrivePolicy has deadLetterTargetArn and maxReceiveCount"),
    case!(the_sources_of_a_dead_letter_queue_are_listed: "ListDeadLetterSourceQueues",
        "the URLs of the queues whose RedrivePolicy names this queue")
    .elasticmq(
        "lists them under another name, which SDKs do not read",
        "queue_urls: []",
    ),
    case!(a_target_must_exist: "SetQueueAttributes",
        "deadLetterTargetArn is the ARN of a queue"),
    case!(a_target_must_be_of_the_same_type: "SetQueueAttributes",
        "the dead-letter queue of a FIFO queue must be FIFO, that of a standard queue standard")
    .elasticmq("takes it", "was not refused"),
    case!(an_empty_policy_takes_the_redrive_away: "SetQueueAttributes",
        "an attribute that is set to nothing is gone")
    .elasticmq(
        "refuses with InvalidAttributeValue",
        "RedrivePolicy is invalid",
    ),
    case!(sources_of_a_missing_queue_are_refused: "ListDeadLetterSourceQueues",
        "QueueDoesNotExist")
    .elasticmq("lists none", "was not refused"),
];

/// A queue and its dead-letter queue; `count` receives, after which a message is dead.
pub(super) async fn pair(b: &Bench, count: u32, fifo: bool) -> anyhow::Result<(Queue, Queue)> {
    let (queue, dead) = if fifo {
        (b.fifo(&[]).await?, b.fifo(&[]).await?)
    } else {
        (b.queue(&[]).await?, b.queue(&[]).await?)
    };
    let arn = dead.arn().await?;
    let policy = json!({"deadLetterTargetArn": arn, "maxReceiveCount": count});
    queue
        .set(Attribute::RedrivePolicy, &policy.to_string())
        .await?;
    Ok((queue, dead))
}

/// Receives and releases the message at the front this often, and once more in vain.
pub(super) async fn die(queue: &Queue, count: u32) -> anyhow::Result<()> {
    for _ in 0..count {
        let one = queue.receiving().max_number_of_messages(1);
        let got = one.wait_time_seconds(2).send().await?;
        let message = got.messages().first().context("nothing received")?;
        queue.change(message, 0).await?;
    }
    queue.receive().await.map(drop)
}

async fn a_message_goes_to_the_dead_letter_queue_after_its_receives(b: Bench) -> Outcome {
    let (queue, dead) = pair(&b, 2, false).await?;
    queue.send("poison").await?;
    for receive in 1..=2 {
        let message = queue.take_one().await?;
        queue.change(&message, 0).await?;
        dead.is_empty(&format!("after receive {receive}")).await?;
    }
    queue.is_empty("at the third receive").await?;
    let message = dead.take_one().await?;
    ensure!(message.body() == Some("poison"), "{message:?}");
    Ok(())
}

async fn a_dead_letter_tells_where_it_came_from(b: Bench) -> Outcome {
    let (queue, dead) = pair(&b, 1, false).await?;
    queue.send("poison").await?;
    die(&queue, 1).await?;
    let message = dead.take_one().await?;
    let source = system(&message, &System::DeadLetterQueueSourceArn);
    ensure!(source == queue.arn().await?, "the source is {source:?}");
    Ok(())
}

async fn a_dead_letter_keeps_body_attributes_and_id(b: Bench) -> Outcome {
    let (queue, dead) = pair(&b, 1, false).await?;
    let value = aws_sdk_sqs::types::MessageAttributeValue::builder().data_type("String");
    let value = value.string_value("kan-7").build()?;
    let send = queue.sending("poison").message_attributes("id", value);
    let sent = send.send().await?;
    die(&queue, 1).await?;
    let message = dead.take_one().await?;
    ensure!(message.message_id == sent.message_id, "the id is another");
    let count = message.message_attributes().map_or(0, |all| all.len());
    ensure!(count == 1, "{count} attributes");
    Ok(())
}

async fn a_dead_letter_of_a_standard_queue_keeps_its_age(b: Bench) -> Outcome {
    let (queue, dead) = pair(&b, 1, false).await?;
    queue.send("poison").await?;
    let before = queue.take_one().await?;
    queue.change(&before, 0).await?;
    queue.receive().await?;
    let after = dead.take_one().await?;
    let sent = |message| system(message, &System::SentTimestamp).to_owned();
    ensure!(
        sent(&before) == sent(&after),
        "sent at {}, then at {}",
        sent(&before),
        sent(&after)
    );
    Ok(())
}

async fn a_dead_letter_of_a_fifo_queue_sets_its_group_free(b: Bench) -> Outcome {
    let (queue, dead) = pair(&b, 1, true).await?;
    queue.send_to("board", "poison").await?;
    queue.send_to("board", "fine").await?;
    let one = queue.receiving().max_number_of_messages(1);
    let got = one.wait_time_seconds(2).send().await?;
    queue.change(&got.messages()[0], 0).await?;
    let next = queue.take_one().await?;
    ensure!(next.body() == Some("fine"), "{next:?}");
    let letter = dead.take_one().await?;
    ensure!(letter.body() == Some("poison"), "{letter:?}");
    Ok(())
}

async fn the_redrive_policy_is_told(b: Bench) -> Outcome {
    let (queue, dead) = pair(&b, 5, false).await?;
    let policy = queue.attribute(Attribute::RedrivePolicy).await?;
    let policy: serde_json::Value = serde_json::from_str(&policy)?;
    ensure!(
        policy["deadLetterTargetArn"] == dead.arn().await?,
        "{policy}"
    );
    let count = &policy["maxReceiveCount"];
    ensure!(count == 5 || count == "5", "{policy}");
    Ok(())
}

async fn the_sources_of_a_dead_letter_queue_are_listed(b: Bench) -> Outcome {
    let (queue, dead) = pair(&b, 5, false).await?;
    let list = b.sqs.list_dead_letter_source_queues();
    let listed = list.queue_url(&dead.url).send().await?;
    ensure!(listed.queue_urls() == [queue.url], "{listed:?}");
    Ok(())
}

async fn a_target_must_exist(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let arn = queue.arn().await?.replace(&queue.name, "nowhere");
    let policy = json!({"deadLetterTargetArn": arn, "maxReceiveCount": 3});
    let policy = policy.to_string();
    let set = queue.set(Attribute::RedrivePolicy, &policy).await;
    ensure!(set.is_err(), "it was not refused");
    Ok(())
}

async fn a_target_must_be_of_the_same_type(b: Bench) -> Outcome {
    let (queue, dead) = (b.fifo(&[]).await?, b.queue(&[]).await?);
    let policy = json!({"deadLetterTargetArn": dead.arn().await?, "maxReceiveCount": 3});
    let policy = policy.to_string();
    let set = queue.set(Attribute::RedrivePolicy, &policy).await;
    ensure!(set.is_err(), "it was not refused");
    Ok(())
}

async fn an_empty_policy_takes_the_redrive_away(b: Bench) -> Outcome {
    let (queue, dead) = pair(&b, 1, false).await?;
    queue.set(Attribute::RedrivePolicy, "").await?;
    queue.send("kept").await?;
    for _ in 0..3 {
        queue.change(&queue.take_one().await?, 0).await?;
    }
    let letters = dead.receive().await?;
    ensure!(letters.is_empty(), "{:?} is dead", bodies(&letters));
    Ok(())
}

async fn sources_of_a_missing_queue_are_refused(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let missing = queue.url.replace(&queue.name, "nowhere");
    let list = b.sqs.list_dead_letter_source_queues();
    refused(list.queue_url(missing).send().await, "QueueDoesNotExist")
}
