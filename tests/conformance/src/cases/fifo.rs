//! Order within message groups.

use std::time::Duration;

use anyhow::ensure;
use aws_sdk_sqs::types::{MessageSystemAttributeName as System, QueueAttributeName as Attribute};
use tokio::time::{Instant, sleep};

use crate::bench::Bench;
use crate::case::{Case, Outcome, case};
use crate::queue::{bodies, handle, system};
use crate::refusal::refused;

pub(super) const CASES: &[Case] = &[
    case!(a_group_is_received_in_the_order_it_was_sent: "FIFO queue delivery logic",
        "messages of a group are received in the order they were sent"),
    case!(a_group_is_held_while_a_message_of_it_is_in_flight: "ReceiveMessage",
        "no more messages of the group are returned until the message is deleted or visible again"),
    case!(a_group_is_held_back_from_polls_that_were_open_already: "ReceiveMessage",
        "no more messages of the group are returned until the message is deleted or visible again")
        .moto("gives an open poll the group's next message", "both polls got a message"),
    case!(a_group_stays_held_when_a_later_message_of_it_is_released: "ReceiveMessage",
        "no more messages of the group are returned until the message is deleted or visible again"),
    case!(one_group_does_not_hold_another: "FIFO queue delivery logic",
        "messages of other groups can be received meanwhile"),
    case!(a_released_message_comes_first_again: "FIFO queue delivery logic",
        "after its timeout the message is received again before the later ones of its group"),
    case!(a_long_poll_sees_the_group_that_a_delete_sets_free: "ReceiveMessage",
        "with WaitTimeSeconds the call returns sooner when a message is available")
        .moto("answers at once, without messages", "messages: None"),
    case!(several_messages_of_a_group_come_in_one_receive: "FIFO queue delivery logic",
        "a receive gives as many messages of the same group as possible"),
    case!(sequence_numbers_grow_within_a_group: "SendMessage",
        "SequenceNumber is large, not consecutive, and increases for a group")
        .moto("draws random numbers", " after "),
    case!(group_deduplication_id_and_sequence_number_are_told: "ReceiveMessage",
        "MessageGroupId, MessageDeduplicationId and SequenceNumber are system attributes"),
    case!(a_message_of_a_fifo_queue_needs_a_group: "SendMessage",
        "MessageGroupId is required for FIFO queues"),
    case!(a_message_of_a_standard_queue_may_have_a_group: "Amazon SQS fair queues",
        "with a MessageGroupId a standard queue is fair to its tenants; the group is told at the receive"),
    case!(the_name_of_a_fifo_queue_ends_so: "CreateQueue",
        "the name of a FIFO queue must end in .fifo"),
    case!(the_same_attempt_gets_the_same_messages_again: "ReceiveMessage",
        "during the timeout, calls with the same ReceiveRequestAttemptId return the same messages and handles")
        .elasticmq("gives the messages with other handles", "the handles are others")
        .moto("ignores the attempt", "the retry got []"),
    case!(an_attempt_is_forgotten_when_its_messages_were_changed: "ReceiveMessage",
        "a retry with the same ReceiveRequestAttemptId works only while none of the messages was deleted or changed")
        .elasticmq("answers 500", "unexpected token"),
];

async fn a_group_is_received_in_the_order_it_was_sent(b: Bench) -> Outcome {
    let queue = b.fifo(&[]).await?;
    for n in 0..5 {
        queue.send_to("board", &n.to_string()).await?;
    }
    for n in 0..5 {
        let one = queue.receiving().max_number_of_messages(1);
        let got = one.wait_time_seconds(2).send().await?;
        let got = got.messages.unwrap_or_default();
        ensure!(bodies(&got) == [n.to_string()], "{:?} at {n}", bodies(&got));
        queue.delete(&got[0]).await?;
    }
    Ok(())
}

async fn a_group_is_held_while_a_message_of_it_is_in_flight(b: Bench) -> Outcome {
    let queue = b.fifo(&[]).await?;
    queue.send_to("board", "1").await?;
    let first = queue.take_one().await?;
    queue.send_to("board", "2").await?;
    queue.is_empty("while the first is in flight").await?;
    queue.delete(&first).await?;
    let second = queue.take_one().await?;
    ensure!(second.body() == Some("2"), "{second:?}");
    Ok(())
}

async fn a_group_is_held_back_from_polls_that_were_open_already(b: Bench) -> Outcome {
    let queue = b.fifo(&[]).await?;
    let poll = || queue.receiving().wait_time_seconds(4).send();
    let (one, other, sent) = tokio::join!(poll(), poll(), async {
        sleep(Duration::from_millis(700)).await;
        queue.send_to("board", "1").await?;
        sleep(Duration::from_millis(1000)).await;
        queue.send_to("board", "2").await
    });
    sent?;
    let (one, other) = (one?, other?);
    let got = [one.messages(), other.messages()].map(|got| !got.is_empty());
    ensure!(got != [true, true], "both polls got a message");
    ensure!(got != [false, false], "no poll got a message");
    Ok(())
}

async fn a_group_stays_held_when_a_later_message_of_it_is_released(b: Bench) -> Outcome {
    let queue = b.fifo(&[]).await?;
    queue.send_to("board", "1").await?;
    queue.send_to("board", "2").await?;
    let both = queue.take(2).await?;
    queue.change(&both[1], 0).await?;
    queue.is_empty("while the first is in flight").await
}

async fn one_group_does_not_hold_another(b: Bench) -> Outcome {
    let queue = b.fifo(&[]).await?;
    queue.send_to("a", "a1").await?;
    queue.take_one().await?;
    queue.send_to("a", "a2").await?;
    queue.send_to("b", "b1").await?;
    let other = queue.take_one().await?;
    ensure!(other.body() == Some("b1"), "{other:?}");
    Ok(())
}

async fn a_released_message_comes_first_again(b: Bench) -> Outcome {
    let queue = b.fifo(&[]).await?;
    queue.send_to("board", "1").await?;
    queue.send_to("board", "2").await?;
    let one = queue.receiving().max_number_of_messages(1);
    let got = one.wait_time_seconds(2).send().await?;
    queue.change(&got.messages()[0], 0).await?;
    let again = queue.take(2).await?;
    ensure!(bodies(&again) == ["1", "2"], "{:?}", bodies(&again));
    Ok(())
}

async fn a_long_poll_sees_the_group_that_a_delete_sets_free(b: Bench) -> Outcome {
    let queue = b.fifo(&[]).await?;
    queue.send_to("board", "1").await?;
    let first = queue.take_one().await?;
    queue.send_to("board", "2").await?;
    let asked = Instant::now();
    let poll = queue.receiving().wait_time_seconds(20).send();
    let (polled, deleted) = tokio::join!(poll, async {
        sleep(Duration::from_millis(700)).await;
        queue.delete(&first).await
    });
    deleted?;
    let waited = asked.elapsed();
    let polled = polled?;
    ensure!(bodies(polled.messages()) == ["2"], "{polled:?}");
    ensure!(waited < Duration::from_secs(10), "it took {waited:?}");
    Ok(())
}

async fn several_messages_of_a_group_come_in_one_receive(b: Bench) -> Outcome {
    let queue = b.fifo(&[]).await?;
    for n in 0..3 {
        queue.send_to("board", &n.to_string()).await?;
    }
    let got = queue.receive().await?;
    ensure!(bodies(&got) == ["0", "1", "2"], "{:?}", bodies(&got));
    Ok(())
}

async fn sequence_numbers_grow_within_a_group(b: Bench) -> Outcome {
    let queue = b.fifo(&[]).await?;
    let mut last = 0_u128;
    for n in 0..12 {
        let sent = queue.send_to("board", &n.to_string()).await?;
        let number: u128 = sent.sequence_number().unwrap_or_default().parse()?;
        ensure!(number > last, "{number} after {last}");
        last = number;
    }
    Ok(())
}

async fn group_deduplication_id_and_sequence_number_are_told(b: Bench) -> Outcome {
    let queue = b.fifo(&[]).await?;
    let send = queue.sending("x").message_group_id("board");
    let sent = send.message_deduplication_id("delivery-1").send().await?;
    let message = queue.take_one().await?;
    let group = system(&message, &System::MessageGroupId);
    ensure!(group == "board", "the group is {group:?}");
    let id = system(&message, &System::MessageDeduplicationId);
    ensure!(id == "delivery-1", "the deduplication id is {id:?}");
    let number = system(&message, &System::SequenceNumber);
    ensure!(
        Some(number) == sent.sequence_number(),
        "the number is {number:?}"
    );
    Ok(())
}

async fn a_message_of_a_fifo_queue_needs_a_group(b: Bench) -> Outcome {
    let queue = b.fifo(&[]).await?;
    let sent = queue
        .sending("x")
        .message_deduplication_id("1")
        .send()
        .await;
    refused(sent, "MissingParameter")
}

async fn a_message_of_a_standard_queue_may_have_a_group(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    queue.sending("x").message_group_id("tenant").send().await?;
    queue.sending("y").message_group_id("tenant").send().await?;
    // It does not hold messages back.
    for message in queue.take(2).await? {
        let group = system(&message, &System::MessageGroupId);
        ensure!(group == "tenant", "the group is {group:?}");
    }
    Ok(())
}

async fn the_name_of_a_fifo_queue_ends_so(b: Bench) -> Outcome {
    let fifo = [(Attribute::FifoQueue, "true")];
    let made = b.create(&Bench::name(), &fifo).await;
    ensure!(made.is_err(), "it was not refused");
    Ok(())
}

async fn the_same_attempt_gets_the_same_messages_again(b: Bench) -> Outcome {
    let queue = b.fifo(&[]).await?;
    queue.send_to("board", "1").await?;
    queue.send_to("board", "2").await?;
    let receive = || {
        queue
            .receiving()
            .receive_request_attempt_id("attempt-1")
            .send()
    };
    let first = receive().await?.messages.unwrap_or_default();
    let again = receive().await?.messages.unwrap_or_default();
    ensure!(bodies(&first) == ["1", "2"], "{:?}", bodies(&first));
    ensure!(
        bodies(&again) == ["1", "2"],
        "the retry got {:?}",
        bodies(&again)
    );
    ensure!(
        first.iter().map(handle).eq(again.iter().map(handle)),
        "the handles are others"
    );
    Ok(())
}

async fn an_attempt_is_forgotten_when_its_messages_were_changed(b: Bench) -> Outcome {
    let queue = b.fifo(&[]).await?;
    queue.send_to("board", "1").await?;
    queue.send_to("board", "2").await?;
    let receive = || {
        queue
            .receiving()
            .receive_request_attempt_id("attempt-1")
            .send()
    };
    let first = receive().await?.messages.unwrap_or_default();
    ensure!(first.len() == 2, "{} received", first.len());
    queue.delete(&first[0]).await?;
    let again = receive().await?.messages.unwrap_or_default();
    ensure!(again.is_empty(), "the retry got {:?}", bodies(&again));
    Ok(())
}
