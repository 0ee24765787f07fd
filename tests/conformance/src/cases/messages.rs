//! Sending, receiving, deleting.

use anyhow::ensure;
use aws_sdk_sqs::types::MessageSystemAttributeName as System;
use md5::{Digest as _, Md5};

use crate::bench::Bench;
use crate::case::{Case, Outcome, case};
use crate::queue::system;

pub(super) const CASES: &[Case] = &[
    case!(a_message_is_received_with_the_id_and_the_md5_that_its_sender_got: "SendMessage",
        "the answer has MessageId and MD5OfMessageBody; ReceiveMessage gives both again, with the body"),
    case!(a_received_message_is_there_until_it_is_deleted: "DeleteMessage",
        "receiving does not delete: only DeleteMessage removes the message"),
    case!(each_receive_is_counted: "ReceiveMessage",
        "ApproximateReceiveCount is how often the message was received and not deleted"),
    case!(the_times_of_sending_and_of_the_first_receive_are_told_in_milliseconds: "ReceiveMessage",
        "SentTimestamp and ApproximateFirstReceiveTimestamp are epoch times in milliseconds; the latter stays that of the first receive"),
    case!(a_receive_without_a_number_gives_one_message: "ReceiveMessage",
        "MaxNumberOfMessages is 1 by default"),
    case!(any_text_of_xml_comes_back_as_it_was: "SendMessage",
        "allowed are #x9, #xA, #xD, #x20 to #xD7FF, #xE000 to #xFFFD, #x10000 to #x10FFFF"),
    case!(a_character_outside_xml_is_refused: "SendMessage",
        "other characters are InvalidMessageContents")
    .elasticmq(
        "refuses with InvalidAttributeValue",
        "\"InvalidAttributeValue\"",
    )
    .moto("takes it", "was not refused"),
    case!(an_empty_body_is_refused: "SendMessage",
        "the minimum size of a message is one character")
    .moto("takes it", "was not refused"),
];

async fn a_message_is_received_with_the_id_and_the_md5_that_its_sender_got(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let sent = queue.send("a card moved").await?;
    let message = queue.take_one().await?;
    let digest = Md5::digest(b"a card moved");
    let md5: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    ensure!(message.body() == Some("a card moved"), "{message:?}");
    ensure!(message.message_id == sent.message_id, "another id");
    ensure!(sent.md5_of_message_body() == Some(&md5), "{sent:?}");
    ensure!(message.md5_of_body() == Some(&md5), "{message:?}");
    Ok(())
}

async fn a_received_message_is_there_until_it_is_deleted(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.send("once").await?;
    queue.change(&queue.take_one().await?, 0).await?;
    let again = queue.take_one().await?;
    queue.delete(&again).await?;
    queue.is_empty("after the delete").await
}

async fn each_receive_is_counted(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.send("counted").await?;
    for count in ["1", "2", "3"] {
        let message = queue.take_one().await?;
        let told = system(&message, &System::ApproximateReceiveCount);
        ensure!(told == count, "receive {count} is counted {told:?}");
        queue.change(&message, 0).await?;
    }
    Ok(())
}

async fn the_times_of_sending_and_of_the_first_receive_are_told_in_milliseconds(
    b: Bench,
) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.send("timed").await?;
    let first = queue.take_one().await?;
    queue.change(&first, 0).await?;
    let second = queue.take_one().await?;
    let at = |message, name| system(message, name).parse::<u64>();
    let sent = at(&first, &System::SentTimestamp)?;
    let received = at(&first, &System::ApproximateFirstReceiveTimestamp)?;
    ensure!(sent > 1_700_000_000_000, "sent at {sent}");
    ensure!(received >= sent, "received at {received}, sent at {sent}");
    let later = at(&second, &System::ApproximateFirstReceiveTimestamp)?;
    ensure!(later == received, "first {received}, then {later}");
    Ok(())
}

async fn a_receive_without_a_number_gives_one_message(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.send("one").await?;
    queue.send("two").await?;
    let receive = b.sqs.receive_message().queue_url(&queue.url);
    let received = receive.wait_time_seconds(2).send().await?;
    let count = received.messages().len();
    ensure!(count == 1, "{count} messages were received");
    Ok(())
}

async fn any_text_of_xml_comes_back_as_it_was(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let text = "\t a\r\nb & < > \" ' \\ %41 + ü 漢 🦀 \u{7f}\u{85}\u{e000}\u{fffd}";
    queue.send(text).await?;
    let message = queue.take_one().await?;
    ensure!(message.body() == Some(text), "{message:?}");
    Ok(())
}

async fn a_character_outside_xml_is_refused(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let sent = queue.sending("a\u{1}b").send().await;
    crate::refusal::refused(sent, "InvalidMessageContents")
}

async fn an_empty_body_is_refused(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let sent = queue.sending("").send().await;
    ensure!(sent.is_err(), "it was not refused");
    Ok(())
}
