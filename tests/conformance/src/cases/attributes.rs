//! Message attributes and system attributes.

use anyhow::{Context as _, ensure};
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    MessageAttributeValue, MessageSystemAttributeName as System,
    MessageSystemAttributeNameForSends as ForSends, MessageSystemAttributeValue,
};
use md5::{Digest as _, Md5};

use crate::bench::Bench;
use crate::case::{Case, Outcome, case};
use crate::queue::system;

pub(super) const CASES: &[Case] = &[
    case!(attributes_of_every_type_come_back: "Amazon SQS message metadata",
        "String, Number and Binary, with a label of one's own behind a dot"),
    case!(the_md5_of_the_attributes_is_the_documented_one: "Amazon SQS message metadata",
        "names in order; of each, length and bytes of name and type, 1 or 2 for text or binary, length and bytes of the value"),
    case!(attributes_are_given_only_when_asked_for: "ReceiveMessage",
        "MessageAttributeNames names those to give; none by default"),
    case!(attributes_can_be_asked_for_by_prefix: "ReceiveMessage",
        "a name may end in .* and then stands for all that start so")
    .elasticmq("gives none", "[] where card.* was asked for"),
    case!(ten_attributes_are_taken: "Amazon SQS message quotas",
        "a message has up to 10 attributes"),
    case!(eleven_attributes_are_refused: "Amazon SQS message quotas",
        "a message has up to 10 attributes")
    .moto("takes them", "were not refused"),
    case!(an_attribute_needs_a_value: "Amazon SQS message metadata",
        "name, type and value must not be empty")
    .moto("takes an empty value", "was not refused"),
    case!(a_name_that_starts_as_those_of_aws_is_refused: "SendMessage",
        "a name must not start with AWS. or Amazon., in any case")
    .elasticmq("takes it", "was not refused")
    .moto("takes it", "was not refused"),
    case!(an_unknown_type_is_refused: "Amazon SQS message metadata",
        "the type is String, Number or Binary"),
    case!(a_number_must_be_one: "Amazon SQS message metadata",
        "a Number is a positive or negative integer or floating-point number")
    .moto("takes any text", "was not refused"),
    case!(the_trace_header_comes_back_as_a_system_attribute: "SendMessage",
        "AWSTraceHeader is a system attribute that may be sent; it does not count towards the size"),
    case!(another_system_attribute_than_the_trace_header_is_refused: "SendMessage",
        "AWSTraceHeader is the only system attribute that may be sent")
    .elasticmq("takes it", "was not refused")
    .moto("takes it", "was not refused"),
    case!(system_attributes_are_given_only_when_asked_for: "ReceiveMessage",
        "MessageSystemAttributeNames names those to give; none by default"),
    case!(the_older_name_of_the_request_for_system_attributes_works: "ReceiveMessage",
        "AttributeNames is deprecated and still does what MessageSystemAttributeNames does"),
    case!(the_sender_is_told: "ReceiveMessage",
        "SenderId is the id of the user or role that sent the message"),
];

fn text(kind: &str, value: &str) -> anyhow::Result<MessageAttributeValue> {
    let attribute = MessageAttributeValue::builder().data_type(kind);
    Ok(attribute.string_value(value).build()?)
}

fn binary(bytes: &[u8]) -> anyhow::Result<MessageAttributeValue> {
    let attribute = MessageAttributeValue::builder().data_type("Binary");
    Ok(attribute.binary_value(Blob::new(bytes)).build()?)
}

async fn attributes_of_every_type_come_back(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let attributes = [
        ("id", text("String", "kan-7 ü")?),
        ("attempt", text("Number", "-7.5")?),
        ("labelled", text("Number.int", "42")?),
        ("raw", binary(&[0, 255, 128])?),
    ];
    let mut send = queue.sending("with attributes");
    for (name, value) in attributes.clone() {
        send = send.message_attributes(name, value);
    }
    send.send().await?;
    let message = queue.take_one().await?;
    let got = message.message_attributes().context("no attributes")?;
    for (name, value) in &attributes {
        let seen = got.get(*name);
        ensure!(seen == Some(value), "{name} is {seen:?}, not {value:?}");
    }
    Ok(())
}

async fn the_md5_of_the_attributes_is_the_documented_one(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let send = queue
        .sending("with attributes")
        .message_attributes("b", binary(&[1, 2, 3])?)
        .message_attributes("a", text("String", "x")?);
    let sent = send.send().await?;
    let message = queue.take_one().await?;
    let mut digest = Md5::new();
    for (name, kind, transport, value) in [
        ("a", "String", 1_u8, b"x".as_slice()),
        ("b", "Binary", 2, &[1, 2, 3]),
    ] {
        for part in [name.as_bytes(), kind.as_bytes()] {
            digest.update(u32::try_from(part.len())?.to_be_bytes());
            digest.update(part);
        }
        digest.update([transport]);
        digest.update(u32::try_from(value.len())?.to_be_bytes());
        digest.update(value);
    }
    let expected: String = digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let told = sent.md5_of_message_attributes();
    ensure!(told == Some(&expected), "the sender was told {told:?}");
    let told = message.md5_of_message_attributes();
    ensure!(told == Some(&expected), "the receiver was told {told:?}");
    Ok(())
}

async fn attributes_are_given_only_when_asked_for(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let send = queue
        .sending("x")
        .message_attributes("a", text("String", "1")?);
    send.message_attributes("b", text("String", "2")?)
        .send()
        .await?;
    let poll = || b.sqs.receive_message().queue_url(&queue.url);
    let poll = || poll().wait_time_seconds(2).visibility_timeout(0);
    let none = poll().send().await?;
    let names = |message: &aws_sdk_sqs::types::Message| {
        let attributes = message.message_attributes.clone().unwrap_or_default();
        let mut names: Vec<_> = attributes.into_keys().collect();
        names.sort();
        names
    };
    let given = names(none.messages().first().context("nothing received")?);
    ensure!(given.is_empty(), "{given:?} without being asked for");
    let one = poll().message_attribute_names("b").send().await?;
    let given = names(one.messages().first().context("nothing received")?);
    ensure!(given == ["b"], "{given:?} where b was asked for");
    Ok(())
}

async fn attributes_can_be_asked_for_by_prefix(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let send = queue
        .sending("x")
        .message_attributes("card.id", text("String", "1")?);
    send.message_attributes("board", text("String", "2")?)
        .send()
        .await?;
    let poll = b.sqs.receive_message().queue_url(&queue.url);
    let polled = poll.wait_time_seconds(2).message_attribute_names("card.*");
    let polled = polled.send().await?;
    let message = polled.messages().first().context("nothing received")?;
    let attributes = message.message_attributes.clone().unwrap_or_default();
    let given: Vec<_> = attributes.keys().collect();
    ensure!(given == ["card.id"], "{given:?} where card.* was asked for");
    Ok(())
}

async fn ten_attributes_are_taken(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let mut send = queue.sending("ten");
    for n in 0..10 {
        send = send.message_attributes(format!("a{n}"), text("String", "x")?);
    }
    send.send().await?;
    let message = queue.take_one().await?;
    let count = message.message_attributes().map_or(0, |all| all.len());
    ensure!(count == 10, "{count} attributes came back");
    Ok(())
}

async fn eleven_attributes_are_refused(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let mut send = queue.sending("eleven");
    for n in 0..11 {
        send = send.message_attributes(format!("a{n}"), text("String", "x")?);
    }
    ensure!(send.send().await.is_err(), "11 were not refused");
    Ok(())
}

async fn refuses(b: &Bench, name: &str, value: MessageAttributeValue) -> Outcome {
    let queue = b.queue(&[]).await?;
    let sent = queue
        .sending("x")
        .message_attributes(name, value)
        .send()
        .await;
    ensure!(sent.is_err(), "it was not refused");
    Ok(())
}

async fn an_attribute_needs_a_value(b: Bench) -> Outcome {
    refuses(&b, "empty", text("String", "")?).await
}

async fn a_name_that_starts_as_those_of_aws_is_refused(b: Bench) -> Outcome {
    refuses(&b, "aws.name", text("String", "x")?).await?;
    refuses(&b, "Amazon.name", text("String", "x")?).await
}

async fn an_unknown_type_is_refused(b: Bench) -> Outcome {
    refuses(&b, "name", text("Text", "x")?).await
}

async fn a_number_must_be_one(b: Bench) -> Outcome {
    refuses(&b, "name", text("Number", "seven")?).await
}

fn trace() -> anyhow::Result<MessageSystemAttributeValue> {
    let value = MessageSystemAttributeValue::builder().data_type("String");
    let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    Ok(value.string_value(header).build()?)
}

async fn the_trace_header_comes_back_as_a_system_attribute(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let send = queue.sending("traced");
    let send = send.message_system_attributes(ForSends::AwsTraceHeader, trace()?);
    send.send().await?;
    let message = queue.take_one().await?;
    let header = system(&message, &System::AwsTraceHeader);
    ensure!(
        trace()?.string_value() == Some(header),
        "the header is {header:?}"
    );
    Ok(())
}

async fn another_system_attribute_than_the_trace_header_is_refused(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let send = queue.sending("x");
    let send = send.message_system_attributes(ForSends::from("SenderId"), trace()?);
    ensure!(send.send().await.is_err(), "it was not refused");
    Ok(())
}

async fn system_attributes_are_given_only_when_asked_for(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.send("x").await?;
    let poll = || b.sqs.receive_message().queue_url(&queue.url);
    let poll = || poll().wait_time_seconds(2).visibility_timeout(0);
    let polled = poll().send().await?;
    let message = polled.messages().first().context("nothing received")?;
    let given = message.attributes.clone().unwrap_or_default();
    ensure!(given.is_empty(), "{given:?} without being asked for");
    let asked = poll().message_system_attribute_names(System::SentTimestamp);
    let polled = asked.send().await?;
    let message = polled.messages().first().context("nothing received")?;
    let given = message.attributes.clone().unwrap_or_default();
    let given: Vec<_> = given.keys().collect();
    ensure!(given == [&System::SentTimestamp], "{given:?}");
    Ok(())
}

async fn the_older_name_of_the_request_for_system_attributes_works(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.send("x").await?;
    let request = serde_json::json!({
        "QueueUrl": queue.url, "WaitTimeSeconds": 2, "AttributeNames": ["ApproximateReceiveCount"],
    });
    let answer = b.post("ReceiveMessage", &request.to_string()).await?.json;
    let count = &answer["Messages"][0]["Attributes"]["ApproximateReceiveCount"];
    ensure!(count == "1", "{answer}");
    Ok(())
}

async fn the_sender_is_told(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.send("x").await?;
    let message = queue.take_one().await?;
    let sender = system(&message, &System::SenderId);
    ensure!(!sender.is_empty(), "there is no SenderId");
    Ok(())
}
