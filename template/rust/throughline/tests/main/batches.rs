//! Batches in the form of Lambda's SQS events: what fails is named, each record under its own id.

use serde_json::{Value, json};

use crate::call::{Answer, post};
use crate::process::Process;

fn record(id: &str, item: &str) -> Value {
    json!({
        "messageId": id, "receiptHandle": "handle", "body": json!({ "item": item }).to_string(),
        "attributes": { "ApproximateReceiveCount": "2" },
        "messageAttributes": {
            "correlation_id": { "stringValue": format!("card-{id}"), "stringListValues": [],
                "binaryListValues": [], "dataType": "String" },
        },
        "eventSource": "aws:sqs", "awsRegion": "eu-west-1",
    })
}

fn grouped(id: &str, item: &str, group: &str) -> Value {
    let mut record = record(id, item);
    record["attributes"]["MessageGroupId"] = group.into();
    record
}

async fn send(function: &Process, records: &[Value]) -> Answer {
    let body = json!({ "Records": records }).to_string();
    post("/", body).id("batch-1").to(function.port).await
}

fn failed(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let failures = answer.json()["batchItemFailures"]
        .as_array()
        .unwrap()
        .clone();
    let id = |failure: &Value| failure["itemIdentifier"].as_str().unwrap().to_owned();
    failures.iter().map(id).collect()
}

#[tokio::test]
async fn what_failed_is_named_and_each_record_is_logged_under_its_own_id() {
    let function = Process::start("batch", &[]);
    let mut broken = record("b", "");
    broken["body"] = "{".into();
    let records = [
        record("a", "tea"),
        broken,
        record("c", "panic"),
        record("d", "rice"),
    ];
    let answer = send(&function, &records).await;
    // The second is rejected for good; the third panicked, and may fare better the next time.
    assert_eq!(
        answer.json()["batchItemFailures"],
        json!([{ "itemIdentifier": "b", "statusCode": 400 }, { "itemIdentifier": "c" }])
    );
    assert_eq!(answer.id(), "batch-1");
    for (item, id) in [("tea", "card-a"), ("rice", "card-d")] {
        let ordered = |line: &Value| line["message"] == "ordered" && line["fields"]["item"] == item;
        assert_eq!(function.line_where(ordered).await["correlation_id"], id);
    }
    let milestone = function.line("ORDER_RECEIVED").await;
    assert_eq!(milestone["fields"]["attempt"], 2);
    let rejected = function.line("rejected with 400").await;
    assert_eq!(rejected["correlation_id"], "card-b");
    assert_eq!(
        function.line("no such item").await["correlation_id"],
        "card-c"
    );

    assert_eq!(
        failed(&send(&function, &[record("e", "tea")]).await),
        [""; 0]
    );
    assert_eq!(failed(&send(&function, &[]).await), [""; 0]);
}

#[tokio::test]
async fn a_groups_messages_go_one_by_one_and_what_follows_a_failed_one_fails_with_it() {
    let function = Process::start("batch", &[]);
    let answer = send(
        &function,
        &[
            grouped("a", "tea", "x"),
            grouped("b", "panic", "x"),
            grouped("c", "rice", "x"),
            grouped("d", "salt", "y"),
        ],
    )
    .await;
    assert_eq!(failed(&answer), ["b", "c"]);
    let skipped = function
        .line("a message before it in its group failed")
        .await;
    assert_eq!(skipped["correlation_id"], "card-c");
    let lines = function.lines();
    assert!(lines.iter().all(|line| line["fields"]["item"] != "rice"));
}

#[tokio::test]
async fn the_id_of_a_record_is_its_attributes_else_its_bodys_else_its_message_id() {
    let function = Process::start("batch", &[]);
    let bare = |id: &str, body: Value| json!({ "messageId": id, "body": body.to_string() });
    let mut hostile = record("m-3", "c");
    hostile["messageAttributes"]["correlation_id"]["stringValue"] = "two words".into();
    let records = [
        bare(
            "m-1",
            json!({ "item": "a", "correlation_id": "from-the-body" }),
        ),
        bare("m-2", json!({ "item": "b" })),
        hostile,
    ];
    assert_eq!(failed(&send(&function, &records).await), [""; 0]);
    for (item, id) in [("a", "from-the-body"), ("b", "m-2"), ("c", "m-3")] {
        let ordered = |line: &Value| line["message"] == "ordered" && line["fields"]["item"] == item;
        assert_eq!(function.line_where(ordered).await["correlation_id"], id);
    }
    let metrics = function.metrics().await;
    assert!(
        metrics.contains("\ncorrelation_ids_refused_total 1\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn what_is_not_done_shortly_before_the_deadline_fails_and_what_is_done_does_not() {
    let function = Process::start("batch", &[("exec_timeout", "600ms")]);
    let mut slow = record("b", "");
    slow["body"] = json!({ "item": "slow", "takes_ms": 9000 })
        .to_string()
        .into();
    let answer = send(&function, &[record("a", "tea"), slow]).await;
    assert_eq!(failed(&answer), ["b"]);
    function.line("answered shortly before its deadline").await;
}

#[tokio::test]
async fn a_document_that_is_none_is_rejected_and_any_other_body_is_one_message() {
    let function = Process::start("batch", &[]);
    let answer = send(&function, &[record("a", "tea"), json!({ "body": "{}" })]).await;
    assert_eq!(answer.status, 400);
    let reason = answer.json()["error"].as_str().unwrap().to_owned();
    assert!(
        reason.contains("Records[1]") && reason.contains("messageId"),
        "{reason}"
    );

    let single = post("/", r#"{"item":"tea"}"#)
        .id("single")
        .to(function.port)
        .await;
    assert_eq!(single.status, 200);
    let ordered = function
        .line_where(|line| line["message"] == "ordered")
        .await;
    assert_eq!(ordered["correlation_id"], "single");
}
