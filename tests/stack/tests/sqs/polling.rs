//! Long polls: when they wake, who is served first, and what a client takes with it when it leaves.

use std::time::{Duration, Instant};

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use stack::sqs::SqsOptions;
use tokio::time::{sleep, timeout};

use crate::server::{Server, bodies, body, handle};

/// Far less than a poll would wait that is not woken, and far more than a loaded machine takes.
const SOON: Duration = Duration::from_secs(5);

/// Waits until the server has been asked for messages so many times.
async fn asked(server: &Server, times: u64) {
    while server.sqs.requests().get("ReceiveMessage") < Some(&times) {
        sleep(Duration::from_millis(5)).await;
    }
    // What was asked for is counted just before it takes its place in line.
    sleep(Duration::from_millis(20)).await;
}

/// Polls, and gives what came and how long it took.
async fn poll(server: &Server, url: &str, seconds: i32) -> (Vec<String>, Duration) {
    let start = Instant::now();
    let receive = server
        .client
        .receive_message()
        .queue_url(url)
        .max_number_of_messages(10);
    let received = receive.wait_time_seconds(seconds).send().await.unwrap();
    let messages = received.messages.unwrap_or_default();
    (
        bodies(&messages).into_iter().map(str::to_owned).collect(),
        start.elapsed(),
    )
}

#[tokio::test]
async fn a_poll_wakes_when_a_message_arrives() {
    let server = Server::start().await;
    let url = server.queue("q", &[]);
    let sent_after = Duration::from_millis(150);
    let ((got, took), ()) = tokio::join!(poll(&server, &url, 20), async {
        sleep(sent_after).await;
        server.send(&url, "a").await;
    });
    assert_eq!(got, ["a"]);
    assert!(took >= sent_after && took < SOON, "{took:?}");
}

#[tokio::test]
async fn a_poll_wakes_when_a_visibility_timeout_ends_or_is_ended() {
    let server = Server::start().await;
    let url = server.queue("q", &[("VisibilityTimeout", "1")]);
    server.send(&url, "a").await;
    let start = Instant::now();
    server.receive_one(&url).await;
    let (got, _) = poll(&server, &url, 20).await;
    let took = start.elapsed();
    assert_eq!(got, ["a"]);
    assert!(
        took >= Duration::from_millis(995) && took < SOON,
        "{took:?}"
    );
    // Given back after 100 ms, while a poll waits for the end of those 30 s.
    let url = server.queue("other", &[("VisibilityTimeout", "30")]);
    server.send(&url, "b").await;
    let message = server.receive_one(&url).await;
    let ((got, took), ()) = tokio::join!(poll(&server, &url, 20), async {
        sleep(Duration::from_millis(100)).await;
        let change = server.client.change_message_visibility().queue_url(&url);
        let change = change
            .receipt_handle(handle(&message))
            .visibility_timeout(0);
        change.send().await.unwrap();
    });
    assert_eq!(got, [body(&message)]);
    assert!(took < SOON, "{took:?}");
}

#[tokio::test]
async fn a_poll_wakes_when_a_delay_ends_and_when_its_group_is_free() {
    let server = Server::start().await;
    let url = server.queue("q", &[]);
    let delayed = server
        .client
        .send_message()
        .queue_url(&url)
        .message_body("later");
    delayed.delay_seconds(1).send().await.unwrap();
    let (got, took) = poll(&server, &url, 20).await;
    assert_eq!(got, ["later"]);
    assert!(took < SOON, "{took:?}");

    let url = server.queue("q.fifo", &[("ContentBasedDeduplication", "true")]);
    for body in ["1", "2"] {
        let send = server
            .client
            .send_message()
            .queue_url(&url)
            .message_body(body);
        send.message_group_id("g").send().await.unwrap();
    }
    let receive = server.client.receive_message().queue_url(&url);
    let first = receive.send().await.unwrap().messages.unwrap().remove(0);
    let ((got, took), ()) = tokio::join!(poll(&server, &url, 20), async {
        sleep(Duration::from_millis(100)).await;
        server.delete(&url, &first).await;
    });
    assert_eq!(got, ["2"]);
    assert!(took < SOON, "{took:?}");
}

#[tokio::test]
async fn a_poll_ends_empty_when_its_time_is_over_and_by_the_queues_own_time() {
    let server = Server::start().await;
    let url = server.queue("q", &[("ReceiveMessageWaitTimeSeconds", "1")]);
    let start = Instant::now();
    assert!(server.receive(&url).await.is_empty());
    assert!(start.elapsed() >= Duration::from_millis(995));
    let url = server.queue("slow", &[("ReceiveMessageWaitTimeSeconds", "20")]);
    let (_, took) = poll(&server, &url, 0).await;
    assert!(took < SOON, "{took:?}");
}

#[tokio::test]
async fn waiting_polls_are_served_in_the_order_they_came() {
    let server = Server::start().await;
    let url = server.queue("q", &[]);
    let mut polls = Vec::new();
    for number in 1..=5 {
        let (client, url) = (server.client.clone(), url.clone());
        polls.push(throughline::spawn(async move {
            let receive = client
                .receive_message()
                .queue_url(url)
                .wait_time_seconds(20);
            let received = receive.send().await.unwrap();
            body(&received.messages.unwrap()[0]).to_owned()
        }));
        asked(&server, number).await;
    }
    for number in 0..5 {
        server.send(&url, &number.to_string()).await;
    }
    for (number, poll) in polls.into_iter().enumerate() {
        assert_eq!(poll.await.unwrap(), number.to_string());
    }
}

#[tokio::test]
async fn one_batch_of_messages_serves_every_poll_that_waits() {
    let server = Server::start().await;
    let url = server.queue("q", &[]);
    let receive = |client: aws_sdk_sqs::Client, url: String| async move {
        let receive = client
            .receive_message()
            .queue_url(url)
            .wait_time_seconds(20);
        receive.send().await.unwrap().messages.unwrap().len()
    };
    let polls: Vec<_> = (0..3)
        .map(|_| throughline::spawn(receive(server.client.clone(), url.clone())))
        .collect();
    asked(&server, 3).await;
    let start = Instant::now();
    // One call, so that each poll but the first is woken by the one before it.
    let entries = ["1", "2", "3"].map(|id| {
        let entry = SendMessageBatchRequestEntry::builder().id(id);
        entry.message_body(id).build().unwrap()
    });
    let batch = server.client.send_message_batch().queue_url(&url);
    let batch = batch.set_entries(Some(entries.into()));
    batch.send().await.unwrap();
    for poll in polls {
        assert_eq!(poll.await.unwrap(), 1);
    }
    assert!(start.elapsed() < SOON);
}

#[tokio::test]
async fn a_client_that_leaves_in_mid_poll_takes_no_message_with_it() {
    let server = Server::start().await;
    let url = server.queue("q", &[]);
    for _ in 0..3 {
        let abandoned = timeout(Duration::from_millis(50), poll(&server, &url, 20)).await;
        assert!(abandoned.is_err());
    }
    // The connections are closed by now; the server must have noticed.
    sleep(Duration::from_millis(200)).await;
    server.send(&url, "a").await;
    let (got, took) = poll(&server, &url, 20).await;
    assert_eq!(got, ["a"]);
    assert!(took < SOON, "{took:?}");
    assert_eq!(server.sqs.totals("q").unwrap().received, 1);
}

#[tokio::test]
async fn a_poll_at_a_queue_that_is_deleted_ends_with_an_error() {
    let server = Server::start().await;
    let url = server.queue("q", &[]);
    let receive = server
        .client
        .receive_message()
        .queue_url(&url)
        .wait_time_seconds(20);
    let (received, ()) = tokio::join!(receive.send(), async {
        sleep(Duration::from_millis(50)).await;
        server
            .client
            .delete_queue()
            .queue_url(&url)
            .send()
            .await
            .unwrap();
    });
    let error = received.unwrap_err();
    assert!(error.as_service_error().unwrap().is_queue_does_not_exist());
}

#[tokio::test]
async fn hundreds_of_polls_and_messages_lose_nothing_and_deliver_nothing_twice() {
    let server = Server::with(SqsOptions {
        seed: 7,
        ..SqsOptions::default()
    })
    .await;
    let url = server.queue("q", &[]);
    let workers: Vec<_> = (0..20)
        .map(|_| {
            let (client, url) = (server.client.clone(), url.clone());
            throughline::spawn(async move {
                let mut bodies = Vec::new();
                loop {
                    let receive = client.receive_message().queue_url(&url);
                    let receive = receive.max_number_of_messages(3).wait_time_seconds(1);
                    let messages = receive.send().await.unwrap().messages.unwrap_or_default();
                    if messages.is_empty() {
                        return bodies;
                    }
                    for message in messages {
                        let delete = client.delete_message().queue_url(&url);
                        delete
                            .receipt_handle(handle(&message))
                            .send()
                            .await
                            .unwrap();
                        bodies.push(body(&message).to_owned());
                    }
                }
            })
        })
        .collect();
    for number in 0..300 {
        server.send(&url, &number.to_string()).await;
    }
    let mut got = Vec::new();
    for worker in workers {
        got.extend(worker.await.unwrap());
    }
    got.sort_by_key(|body| body.parse::<u32>().unwrap());
    let wanted: Vec<_> = (0..300).map(|number| number.to_string()).collect();
    assert_eq!(got, wanted);
    let totals = server.sqs.totals("q").unwrap();
    assert_eq!(
        (totals.sent, totals.received, totals.deleted),
        (300, 300, 300)
    );
}
