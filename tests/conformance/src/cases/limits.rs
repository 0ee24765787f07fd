//! Sizes.

use anyhow::ensure;
use aws_sdk_sqs::types::{
    MessageAttributeValue, QueueAttributeName as Attribute, SendMessageBatchRequestEntry,
};

use crate::bench::Bench;
use crate::case::{Case, Outcome, case};
use crate::refusal::refused;

const MIB: usize = 1_048_576;

pub(super) const CASES: &[Case] = &[
    case!(a_message_of_a_mebibyte_goes_through: "Amazon SQS message quotas",
        "a message is up to 1 MiB"),
    case!(a_message_of_a_byte_more_is_refused: "Amazon SQS message quotas",
        "a message is up to 1 MiB"),
    case!(attributes_count_towards_the_size: "Amazon SQS message metadata",
        "name, type and value of the attributes are part of the size")
        .elasticmq("counts the body alone, against its own limit", "was not refused")
        .moto("counts the body alone", "was not refused"),
    case!(a_queue_may_allow_less: "SetQueueAttributes",
        "MaximumMessageSize is 1,024 to 1,048,576 bytes; a larger message is refused")
        .elasticmq("ignores MaximumMessageSize", "was not refused"),
    case!(a_batch_of_more_than_a_mebibyte_is_refused: "SendMessageBatch",
        "BatchRequestTooLong: all messages of the batch together are longer than the limit")
        .elasticmq("refuses with InvalidAttributeValue", "\"InvalidAttributeValue\""),
    case!(a_new_queue_has_the_documented_defaults: "CreateQueue",
        "DelaySeconds 0, MaximumMessageSize 1,048,576, MessageRetentionPeriod 345,600, ReceiveMessageWaitTimeSeconds 0, VisibilityTimeout 30")
        .elasticmq("knows no MessageRetentionPeriod", "there is no attribute MessageRetentionPeriod"),
    case!(attributes_of_a_queue_have_their_ranges: "SetQueueAttributes",
        "VisibilityTimeout 0 to 43,200, DelaySeconds 0 to 900, ReceiveMessageWaitTimeSeconds 0 to 20, MessageRetentionPeriod 60 to 1,209,600")
        .elasticmq("takes any number", "was not refused")
        .moto("takes any number", "was not refused"),
    case!(a_message_past_its_retention_is_gone: "SetQueueAttributes",
        "MessageRetentionPeriod is how long a message is kept").long(),
];

async fn a_message_of_a_mebibyte_goes_through(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.send(&"x".repeat(MIB)).await?;
    let message = queue.take_one().await?;
    let length = message.body().unwrap_or_default().len();
    ensure!(length == MIB, "{length} bytes came back");
    Ok(())
}

async fn a_message_of_a_byte_more_is_refused(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let sent = queue.sending("x".repeat(MIB + 1)).send().await;
    ensure!(sent.is_err(), "it was not refused");
    Ok(())
}

async fn attributes_count_towards_the_size(b: Bench) -> Outcome {
    let queue = b.queue(&[(Attribute::MaximumMessageSize, "1024")]).await?;
    let value = MessageAttributeValue::builder().data_type("String");
    let value = value.string_value("v".repeat(100)).build()?;
    // 4 + 6 + 100 bytes beside the body.
    let send = |body: usize| {
        let send = queue.sending("x".repeat(body));
        send.message_attributes("name", value.clone()).send()
    };
    send(1024 - 110).await?;
    ensure!(send(1024 - 109).await.is_err(), "it was not refused");
    Ok(())
}

async fn a_queue_may_allow_less(b: Bench) -> Outcome {
    let queue = b.queue(&[(Attribute::MaximumMessageSize, "1024")]).await?;
    queue.send(&"x".repeat(1024)).await?;
    let sent = queue.sending("x".repeat(1025)).send().await;
    ensure!(sent.is_err(), "it was not refused");
    Ok(())
}

async fn a_batch_of_more_than_a_mebibyte_is_refused(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let entry = |id: &str, length| {
        let entry = SendMessageBatchRequestEntry::builder().id(id);
        entry.message_body("x".repeat(length)).build()
    };
    let batch = b.sqs.send_message_batch().queue_url(&queue.url);
    let batch = batch.entries(entry("a", MIB / 2)?);
    let sent = batch.entries(entry("b", MIB / 2 + 1)?).send().await;
    refused(sent, "BatchRequestTooLong")
}

async fn a_new_queue_has_the_documented_defaults(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    for (name, expected) in [
        (Attribute::DelaySeconds, "0"),
        (Attribute::MessageRetentionPeriod, "345600"),
        (Attribute::ReceiveMessageWaitTimeSeconds, "0"),
        (Attribute::VisibilityTimeout, "30"),
        (Attribute::MaximumMessageSize, "1048576"),
    ] {
        let told = queue.attribute(name.clone()).await?;
        ensure!(told == expected, "{name} is {told}, not {expected}");
    }
    Ok(())
}

async fn attributes_of_a_queue_have_their_ranges(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    for (name, most, beyond) in [
        (Attribute::VisibilityTimeout, "43200", "43201"),
        (Attribute::DelaySeconds, "900", "901"),
        (Attribute::ReceiveMessageWaitTimeSeconds, "20", "21"),
        (Attribute::MessageRetentionPeriod, "1209600", "1209601"),
    ] {
        queue.set(name.clone(), most).await?;
        let set = queue.set(name.clone(), beyond).await;
        ensure!(set.is_err(), "{name} {beyond} was not refused");
    }
    Ok(())
}

async fn a_message_past_its_retention_is_gone(b: Bench) -> Outcome {
    let queue = b
        .queue(&[(Attribute::MessageRetentionPeriod, "60")])
        .await?;
    queue.send("old").await?;
    tokio::time::sleep(std::time::Duration::from_secs(61)).await;
    queue.is_empty("after the retention").await
}
