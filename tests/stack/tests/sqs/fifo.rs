//! FIFO queues.

use aws_sdk_sqs::operation::send_message::SendMessageOutput;
use aws_sdk_sqs::types::{
    MessageSystemAttributeName as System, SendMessageBatchRequestEntry as Entry,
};

use crate::server::{Server, bodies, code, handle};

async fn send(server: &Server, url: &str, group: &str, body: &str) -> SendMessageOutput {
    let send = server
        .client
        .send_message()
        .queue_url(url)
        .message_body(body);
    send.message_group_id(group).send().await.unwrap()
}

#[tokio::test]
async fn groups_go_in_order_and_wait_for_their_message_in_flight() {
    let server = Server::start().await;
    let url = server.queue("q.fifo", &[("ContentBasedDeduplication", "true")]);
    for (group, body) in [("a", "a1"), ("b", "b1"), ("a", "a2"), ("a", "a3")] {
        send(&server, &url, group, body).await;
    }
    let receive = server
        .client
        .receive_message()
        .queue_url(&url)
        .max_number_of_messages(2);
    let first = receive.send().await.unwrap().messages.unwrap();
    assert_eq!(bodies(&first), ["a1", "a2"]);
    assert_eq!(bodies(&server.receive(&url).await), ["b1"]);
    assert!(server.receive(&url).await.is_empty());
    server.delete(&url, &first[0]).await;
    assert!(server.receive(&url).await.is_empty());
    server.delete(&url, &first[1]).await;
    assert_eq!(bodies(&server.receive(&url).await), ["a3"]);
}

#[tokio::test]
async fn the_same_message_is_taken_once() {
    let server = Server::start().await;
    let url = server.queue("q.fifo", &[("ContentBasedDeduplication", "true")]);
    let first = send(&server, &url, "a", "same").await;
    let second = send(&server, &url, "b", "same").await;
    assert_eq!(first.message_id, second.message_id);
    assert_eq!(first.sequence_number, second.sequence_number);
    let other = send(&server, &url, "a", "other").await;
    let number = |sent: &SendMessageOutput| -> u128 {
        sent.sequence_number.as_deref().unwrap().parse().unwrap()
    };
    assert!(number(&other) > number(&first));
    let receive = server.client.receive_message().queue_url(&url);
    let receive = receive.receive_request_attempt_id("attempt-1");
    let received = receive
        .message_system_attribute_names(System::All)
        .send()
        .await
        .unwrap();
    let attributes = received.messages.unwrap().remove(0).attributes.unwrap();
    assert_eq!(attributes[&System::MessageGroupId], "a");
    assert_eq!(
        Some(&attributes[&System::SequenceNumber]),
        first.sequence_number.as_ref()
    );
    // SHA-256 of "same".
    assert_eq!(
        attributes[&System::MessageDeduplicationId],
        "0967115f2813a3541eaef77de9d9d5773f1c0c04314b0bbfe4ff3b3b1c55b5d5"
    );
}

#[tokio::test]
async fn a_send_needs_a_group_and_an_id_and_takes_no_delay_of_its_own() {
    let server = Server::start().await;
    let url = server.queue("q.fifo", &[]);
    let send = || {
        server
            .client
            .send_message()
            .queue_url(&url)
            .message_body("x")
    };
    assert_eq!(
        code(send().message_deduplication_id("d").send().await),
        "MissingParameter"
    );
    assert_eq!(
        code(send().message_group_id("g").send().await),
        "InvalidParameterValue"
    );
    let whole = || send().message_group_id("g").message_deduplication_id("d");
    assert_eq!(
        code(whole().delay_seconds(2).send().await),
        "InvalidParameterValue"
    );
    assert_eq!(
        code(whole().message_group_id("a b").send().await),
        "InvalidParameterValue"
    );
    whole().delay_seconds(0).send().await.unwrap();
    let entry = Entry::builder()
        .id("a")
        .message_body("x")
        .message_deduplication_id("e");
    let batch = server.client.send_message_batch().queue_url(&url);
    let refused = batch.entries(entry.build().unwrap()).send().await;
    assert_eq!(code(refused), "InvalidParameterValue");
}

#[tokio::test]
async fn an_expired_handle_deletes_nothing() {
    let server = Server::start().await;
    let url = server.queue("q.fifo", &[("ContentBasedDeduplication", "true")]);
    send(&server, &url, "a", "a1").await;
    let receive = server
        .client
        .receive_message()
        .queue_url(&url)
        .visibility_timeout(1);
    let message = receive.send().await.unwrap().messages.unwrap().remove(0);
    tokio::time::sleep(std::time::Duration::from_millis(1050)).await;
    let delete = server.client.delete_message().queue_url(&url);
    let refused = delete.receipt_handle(handle(&message)).send().await;
    assert_eq!(code(refused), "InvalidParameterValue");
    let change = server.client.change_message_visibility().queue_url(&url);
    let refused = change
        .receipt_handle(handle(&message))
        .visibility_timeout(5)
        .send()
        .await;
    assert_eq!(code(refused), "InvalidParameterValue");
    assert_eq!(server.sqs.counts("q.fifo").unwrap().visible, 1);
}
