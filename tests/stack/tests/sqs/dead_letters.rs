//! Redrive to a dead-letter queue, and back.

use std::time::Duration;

use aws_sdk_sqs::types::{MessageSystemAttributeName as System, QueueAttributeName};

use crate::server::{Server, bodies, code};

/// Makes `events` and `events-dlq` with two receives, and lets one message die.
async fn with_a_dead_letter(server: &Server) -> (String, String) {
    let timeout = Duration::from_secs(0);
    let dead = server
        .sqs
        .create_queue_with_dead_letters("events", 2, timeout)
        .unwrap();
    assert_eq!(dead, "events-dlq");
    let url = |name| server.sqs.queue_url(&server.address.to_string(), name);
    let (events, dead) = (url("events"), url(&dead));
    server.send(&events, "poison").await;
    for _ in 0..2 {
        assert_eq!(bodies(&server.receive(&events).await), ["poison"]);
    }
    assert!(server.receive(&events).await.is_empty());
    (events, dead)
}

#[tokio::test]
async fn a_message_that_is_received_too_often_goes_to_the_dead_letter_queue() {
    let server = Server::start().await;
    let (events, dead) = with_a_dead_letter(&server).await;
    let receive = server.client.receive_message().queue_url(&dead);
    let receive = receive.message_system_attribute_names(System::All);
    let letter = receive.send().await.unwrap().messages.unwrap().remove(0);
    let attributes = letter.attributes.as_ref().unwrap();
    assert_eq!(
        attributes[&System::DeadLetterQueueSourceArn],
        "arn:aws:sqs:us-east-1:000000000000:events"
    );
    assert_eq!(attributes[&System::ApproximateReceiveCount], "3");
    let policy = server
        .attribute(&events, QueueAttributeName::RedrivePolicy)
        .await
        .unwrap();
    assert!(policy.contains("\"maxReceiveCount\":2"), "{policy}");
    let sources = server
        .client
        .list_dead_letter_source_queues()
        .queue_url(&dead);
    assert_eq!(sources.send().await.unwrap().queue_urls(), [events]);
    let totals = server.sqs.totals("events").unwrap();
    assert_eq!((totals.sent, totals.dead_letters_out), (1, 1));
    assert_eq!(server.sqs.totals("events-dlq").unwrap().dead_letters_in, 1);
}

#[tokio::test]
async fn a_poll_at_the_dead_letter_queue_wakes_when_a_letter_comes() {
    let server = Server::start().await;
    let timeout = Duration::from_secs(0);
    let dead = server
        .sqs
        .create_queue_with_dead_letters("events", 1, timeout)
        .unwrap();
    let url = |name| server.sqs.queue_url(&server.address.to_string(), name);
    let (events, dead) = (url("events"), url(&dead));
    server.send(&events, "poison").await;
    server.receive_one(&events).await;
    let poll = server
        .client
        .receive_message()
        .queue_url(&dead)
        .wait_time_seconds(20);
    let (letter, ()) = tokio::join!(poll.send(), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(server.receive(&events).await.is_empty());
    });
    assert_eq!(bodies(&letter.unwrap().messages.unwrap()), ["poison"]);
}

#[tokio::test]
async fn dead_letters_are_moved_back_to_where_they_came_from() {
    let server = Server::start().await;
    let (events, _) = with_a_dead_letter(&server).await;
    let arn = server.sqs.queue_arn("events-dlq");
    let start = || server.client.start_message_move_task().source_arn(&arn);
    start().send().await.unwrap();
    assert_eq!(bodies(&server.receive(&events).await), ["poison"]);
    let list = server
        .client
        .list_message_move_tasks()
        .source_arn(&arn)
        .send()
        .await
        .unwrap();
    let task = &list.results()[0];
    assert_eq!(task.status.as_deref(), Some("COMPLETED"));
    assert_eq!(task.approximate_number_of_messages_moved, 1);
    assert!(task.task_handle.is_none());
    let wrong = server.sqs.queue_arn("events");
    let refused = server
        .client
        .start_message_move_task()
        .source_arn(wrong)
        .send()
        .await;
    assert_eq!(code(refused), "InvalidParameterValue");
    let refused = start()
        .destination_arn("arn:aws:sqs:us-east-1:000000000000:none")
        .send()
        .await;
    assert_eq!(code(refused), "ResourceNotFoundException");
}

#[tokio::test]
async fn a_slow_move_wakes_polls_and_can_be_cancelled() {
    let server = Server::start().await;
    let timeout = Duration::from_secs(30);
    let dead = server
        .sqs
        .create_queue_with_dead_letters("events", 2, timeout)
        .unwrap();
    let url = server.sqs.queue_url(&server.address.to_string(), &dead);
    for number in 0..5 {
        server.send(&url, &number.to_string()).await;
    }
    let (from, to) = (server.sqs.queue_arn(&dead), server.sqs.queue_arn("events"));
    let start = server
        .client
        .start_message_move_task()
        .source_arn(&from)
        .destination_arn(to);
    let start = start
        .max_number_of_messages_per_second(2)
        .send()
        .await
        .unwrap();
    let events = server.sqs.queue_url(&server.address.to_string(), "events");
    for number in ["0", "1"] {
        let poll = server
            .client
            .receive_message()
            .queue_url(&events)
            .wait_time_seconds(5);
        assert_eq!(
            bodies(&poll.send().await.unwrap().messages.unwrap()),
            [number]
        );
    }
    let handle = start.task_handle.unwrap();
    let cancel = || {
        server
            .client
            .cancel_message_move_task()
            .task_handle(&handle)
            .send()
    };
    assert_eq!(
        cancel().await.unwrap().approximate_number_of_messages_moved,
        2
    );
    assert_eq!(code(cancel().await), "ResourceNotFoundException");
    assert_eq!(server.sqs.counts(&dead).unwrap().visible, 3);
}

#[tokio::test]
async fn a_fifo_pair_is_made_by_its_name() {
    let server = Server::start().await;
    let timeout = Duration::from_secs(30);
    let dead = server
        .sqs
        .create_queue_with_dead_letters("e.fifo", 2, timeout)
        .unwrap();
    assert_eq!(dead, "e-dlq.fifo");
    assert!(server.sqs.counts(&dead).is_some());
}
