//! Batches: limits, and a result for each entry.

use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry as Change, DeleteMessageBatchRequestEntry as Delete,
    SendMessageBatchRequestEntry as Send,
};

use crate::server::{Server, bodies, code, handle};

fn send(id: &str, body: &str) -> Send {
    Send::builder().id(id).message_body(body).build().unwrap()
}

#[tokio::test]
async fn each_entry_of_a_send_has_its_own_result() {
    let server = Server::start().await;
    let url = server.queue("q", &[("MaximumMessageSize", "1024")]);
    let batch = server.client.send_message_batch().queue_url(&url);
    let entries = vec![
        send("good", "1"),
        send("bell", "\u{7}"),
        send("long", &"x".repeat(1025)),
        send("also-good_2", "2"),
    ];
    let sent = batch.set_entries(Some(entries)).send().await.unwrap();
    let successful: Vec<_> = sent.successful().iter().map(|done| done.id()).collect();
    assert_eq!(successful, ["good", "also-good_2"]);
    let failed: Vec<_> = sent
        .failed()
        .iter()
        .map(|f| (f.id(), f.code(), f.sender_fault()))
        .collect();
    assert_eq!(
        failed,
        [
            ("bell", "InvalidMessageContents", true),
            ("long", "InvalidParameterValue", true)
        ]
    );
    assert_eq!(bodies(&server.receive(&url).await), ["1", "2"]);
}

#[tokio::test]
async fn a_batch_as_a_whole_has_limits() {
    let server = Server::start().await;
    let url = server.queue("q", &[]);
    let batch = |entries: Vec<Send>| {
        let batch = server.client.send_message_batch().queue_url(&url);
        batch.set_entries(Some(entries)).send()
    };
    let many = (0..11).map(|id| send(&id.to_string(), "x")).collect();
    let short = |code: String| code.replace("AWS.SimpleQueueService.", "");
    assert_eq!(
        short(code(batch(many).await)),
        "TooManyEntriesInBatchRequest"
    );
    assert_eq!(short(code(batch(Vec::new()).await)), "EmptyBatchRequest");
    let twice = vec![send("a", "x"), send("a", "x")];
    assert_eq!(short(code(batch(twice).await)), "BatchEntryIdsNotDistinct");
    assert_eq!(
        short(code(batch(vec![send("a:b", "x")]).await)),
        "InvalidBatchEntryId"
    );
    let half = "x".repeat(524_288);
    let fits = vec![send("a", &half), send("b", &half)];
    batch(fits).await.unwrap();
    let long = vec![send("a", &half), send("b", &half), send("c", "x")];
    assert_eq!(short(code(batch(long).await)), "BatchRequestTooLong");
    assert_eq!(server.sqs.totals("q").unwrap().sent, 2);
}

#[tokio::test]
async fn deletes_and_changes_in_batches_fail_entry_by_entry() {
    let server = Server::start().await;
    let url = server.queue("q", &[]);
    for body in ["1", "2", "3"] {
        server.send(&url, body).await;
    }
    let messages = server.receive(&url).await;
    let change = |id: &str, handle: &str| {
        let change = Change::builder().id(id).receipt_handle(handle);
        change.visibility_timeout(0).build().unwrap()
    };
    let entries = vec![change("0", handle(&messages[0])), change("1", "garbage")];
    let batch = server
        .client
        .change_message_visibility_batch()
        .queue_url(&url);
    let changed = batch
        .set_entries(Some(entries.clone()))
        .send()
        .await
        .unwrap();
    assert_eq!(changed.successful().len(), 1);
    assert_eq!(changed.failed()[0].code(), "ReceiptHandleIsInvalid");
    assert_eq!(server.sqs.counts("q").unwrap().visible, 1);
    let batch = server
        .client
        .change_message_visibility_batch()
        .queue_url(&url);
    let again = batch.set_entries(Some(entries)).send().await.unwrap();
    assert_eq!(
        again.failed()[0].code(),
        "AWS.SimpleQueueService.MessageNotInflight"
    );
    let delete = |id: &str, handle: &str| {
        Delete::builder()
            .id(id)
            .receipt_handle(handle)
            .build()
            .unwrap()
    };
    let entries = vec![
        delete("1", handle(&messages[1])),
        delete("x", "garbage"),
        delete("2", handle(&messages[2])),
    ];
    let batch = server.client.delete_message_batch().queue_url(&url);
    let deleted = batch.set_entries(Some(entries)).send().await.unwrap();
    assert_eq!((deleted.successful().len(), deleted.failed().len()), (2, 1));
    assert_eq!(
        (deleted.failed()[0].id(), deleted.failed()[0].sender_fault()),
        ("x", true)
    );
    assert_eq!(server.sqs.counts("q").unwrap().all(), 1);
}
