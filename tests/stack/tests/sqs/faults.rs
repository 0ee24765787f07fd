//! Faults: each does what it says, as often as it says, and is gone when it is used up.

use std::time::{Duration, Instant};

use aws_sdk_sqs::error::ProvideErrorMetadata as _;
use aws_sdk_sqs::types::DeleteMessageBatchRequestEntry as Delete;

use crate::server::{Server, bodies, body, code, handle};

#[tokio::test]
async fn fail_answers_with_the_status_and_code_and_does_nothing() {
    let server = Server::start().await;
    let url = server.queue("q", &[]);
    server.fault(r#"{"action":"SendMessage","times":1,"effect":{"fail":{"status":500,"code":"InternalError"}}}"#);
    server.fault(r#"{"action":"*","after":1,"times":1,"effect":{"fail":{"status":403,"code":"ExpiredToken"}}}"#);
    let send = || {
        server
            .client
            .send_message()
            .queue_url(&url)
            .message_body("a")
            .send()
    };
    let error = send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 500);
    assert_eq!(error.code(), Some("InternalError"));
    let error = send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 403);
    assert_eq!(error.code(), Some("ExpiredToken"));
    assert_eq!(server.sqs.counts("q").unwrap().all(), 0);
    send().await.unwrap();
    let fired: Vec<_> = server
        .sqs
        .faults()
        .list()
        .iter()
        .map(|fault| fault.fired)
        .collect();
    assert_eq!(fired, [1, 1]);
    assert_eq!(server.sqs.requests()["SendMessage"], 3);
}

#[tokio::test]
async fn throttle_is_the_error_that_the_sdk_knows() {
    let server = Server::start().await;
    let url = server.queue("q", &[]);
    server.fault(r#"{"action":"ReceiveMessage","queue":"q","times":1,"effect":{"throttle":{}}}"#);
    server.fault(r#"{"action":"ReceiveMessage","times":1,"effect":{"throttle":{"code":"ThrottlingException"}}}"#);
    let receive = || server.client.receive_message().queue_url(&url).send();
    let error = receive().await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_request_throttled());
    assert_eq!(code(receive().await), "ThrottlingException");
    receive().await.unwrap();
}

#[tokio::test]
async fn delay_waits_before_the_action_or_before_the_answer() {
    let server = Server::start().await;
    for (queue, after, sent_by_then) in [("early", "false", 0), ("late", "true", 1)] {
        let url = server.queue(queue, &[]);
        let delay = format!(r#"{{"delay":{{"ms":200,"after":{after}}}}}"#);
        server.fault(&format!(
            r#"{{"action":"SendMessage","queue":"{queue}","effect":{delay}}}"#
        ));
        let start = Instant::now();
        let (_, sent) = tokio::join!(server.send(&url, "a"), async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            server.sqs.totals(queue).unwrap().sent
        });
        assert_eq!(sent, sent_by_then, "{queue}");
        assert!(start.elapsed() >= Duration::from_millis(200));
        assert_eq!(server.sqs.totals(queue).unwrap().sent, 1);
    }
}

#[tokio::test]
async fn drop_closes_the_connection_before_or_after_the_action() {
    let server = Server::start().await;
    let url = server.queue("q", &[]);
    server.fault(r#"{"action":"SendMessage","times":1,"effect":{"drop":{}}}"#);
    server
        .fault(r#"{"action":"SendMessage","after":1,"times":1,"effect":{"drop":{"after":true}}}"#);
    let send = || {
        server
            .client
            .send_message()
            .queue_url(&url)
            .message_body("a")
            .send()
    };
    let mut sent = Vec::new();
    for _ in 0..2 {
        let error = send().await.unwrap_err();
        assert!(error.raw_response().is_none(), "{error:?}");
        sent.push(server.sqs.totals("q").unwrap().sent);
    }
    assert_eq!(sent, [0, 1]);
    send().await.unwrap();
}

#[tokio::test]
async fn hang_says_nothing_for_a_while_and_then_closes() {
    let server = Server::start().await;
    let url = server.queue("q", &[]);
    server.fault(r#"{"action":"SendMessage","times":1,"effect":{"hang":{"ms":200}}}"#);
    let start = Instant::now();
    let send = server
        .client
        .send_message()
        .queue_url(&url)
        .message_body("a")
        .send();
    assert!(send.await.unwrap_err().raw_response().is_none());
    assert!(start.elapsed() >= Duration::from_millis(200));
    assert_eq!(server.sqs.totals("q").unwrap().sent, 0);
}

#[tokio::test]
async fn duplicate_delivers_the_same_message_twice() {
    let server = Server::start().await;
    let url = server.queue("q", &[]);
    server.send(&url, "a").await;
    server.fault(r#"{"action":"*","times":1,"effect":{"duplicate":{}}}"#);
    let first = server.receive_one(&url).await;
    let second = server.receive_one(&url).await;
    assert_eq!(first.message_id, second.message_id);
    assert_ne!(first.receipt_handle, second.receipt_handle);
    assert!(server.receive(&url).await.is_empty());
    server.delete(&url, &first).await;
    server.delete(&url, &second).await;
    assert_eq!(server.sqs.counts("q").unwrap().all(), 0);
}

#[tokio::test]
async fn fail_entries_fails_some_entries_of_a_batch_that_is_answered_200() {
    let server = Server::start().await;
    let url = server.queue("q", &[]);
    for number in 0..4 {
        server.send(&url, &number.to_string()).await;
    }
    let messages = server.receive(&url).await;
    assert_eq!(bodies(&messages), ["0", "1", "2", "3"]);
    let delete = || {
        let entries = messages.iter().map(|message| {
            let delete = Delete::builder()
                .id(body(message))
                .receipt_handle(handle(message));
            delete.build().unwrap()
        });
        let batch = server.client.delete_message_batch().queue_url(&url);
        batch.set_entries(Some(entries.collect())).send()
    };
    server.fault(r#"{"action":"DeleteMessageBatch","times":1,"effect":{"fail_entries":{"code":"InternalError","every":2}}}"#);
    let answer = delete().await.unwrap();
    let failed: Vec<_> = answer
        .failed()
        .iter()
        .map(|f| (f.id(), f.code(), f.sender_fault()))
        .collect();
    assert_eq!(
        failed,
        [("1", "InternalError", false), ("3", "InternalError", false)]
    );
    assert_eq!(server.sqs.counts("q").unwrap().in_flight, 2);
    let answer = delete().await.unwrap();
    assert_eq!((answer.successful().len(), answer.failed().len()), (4, 0));
    assert_eq!(server.sqs.counts("q").unwrap().all(), 0);
}
