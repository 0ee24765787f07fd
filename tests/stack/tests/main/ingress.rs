//! The ingress: what goes in as a webhook comes off the queue as an envelope, byte for byte.

use std::time::{SystemTime, UNIX_EPOCH};

use http::Method;
use serde_json::{Value, json};
use stack::{Stack, StackOptions};
use throughline::{Envelope, TraceParent};

use crate::caller::{Answer, call, get, post, post_json};
use crate::start;

pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");

pub(crate) async fn sqs(stack: &Stack, action: &str, mut body: Value) -> Value {
    body["QueueUrl"] = format!("{}/000000000000/kanban-events", stack.urls().sqs).into();
    let target = format!("AmazonSQS.{action}");
    let headers = [
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amz-target", target.as_str()),
    ];
    let url = format!("{}/", stack.urls().sqs);
    let answer = call(Method::POST, &url, &headers, body.to_string())
        .await
        .unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

async fn receive(stack: &Stack) -> Value {
    let asked = json!({"MaxNumberOfMessages": 1, "MessageSystemAttributeNames": ["All"]});
    let received = sqs(stack, "ReceiveMessage", asked).await;
    let message = received["Messages"][0].clone();
    assert!(
        message.is_object(),
        "a message lies on the queue: {received}"
    );
    let handle = json!({"ReceiptHandle": message["ReceiptHandle"]});
    sqs(stack, "DeleteMessage", handle).await;
    message
}

pub(crate) async fn envelope(stack: &Stack) -> Envelope {
    let message = receive(stack).await;
    Envelope::parse(message["Body"].as_str().unwrap().as_bytes()).unwrap()
}

pub(crate) async fn is_empty(stack: &Stack) -> bool {
    let received = sqs(stack, "ReceiveMessage", json!({})).await;
    received["Messages"].as_array().is_none_or(Vec::is_empty)
}

pub(crate) async fn send(
    stack: &Stack,
    headers: &[(&str, &str)],
    body: impl Into<bytes::Bytes>,
) -> Answer {
    let url = format!("{}/hooks/jira", stack.urls().ingress);
    call(Method::POST, &url, headers, body).await.unwrap()
}

#[tokio::test]
async fn every_body_that_is_text_comes_through_byte_for_byte() {
    let stack = start().await;
    let every_byte: Vec<u8> = (0..=255).collect();
    let bodies: [&[u8]; 12] = [
        br#"{"webhookEvent":"jira:issue_updated"}"#,
        b"&DelaySeconds=900",
        b"a=1&MessageBody=x&QueueUrl=y",
        b"1+1=2 and a + b",
        b"100%25 %2B %zz %",
        br#"it's "quoted" \"twice\" \\"#,
        "Zürich → 東京 🚀".as_bytes(),
        b"",
        b"[1, 2,\n 3]",
        b"not json at all",
        b"\xff\xfe\x00 is not UTF-8",
        &every_byte,
    ];
    for content_type in ["application/json", "application/x-www-form-urlencoded"] {
        for body in bodies {
            let answer = send(&stack, &[("content-type", content_type)], body.to_vec()).await;
            assert_eq!(answer.status, 200);
            let envelope = envelope(&stack).await;
            let text = String::from_utf8_lossy(body);
            assert_eq!(envelope.body, text.as_bytes(), "{text}");
            let id = envelope.correlation_id.as_str();
            assert_eq!(answer.json(), json!({"correlation_id": id}));
            assert_eq!(answer.header("x-correlation-id"), Some(id));
            assert_eq!(
                answer.header("x-amzn-requestid"),
                Some(envelope.request_id.as_str())
            );
        }
    }
}

#[tokio::test]
async fn no_sender_can_choose_an_id() {
    let stack = start().await;
    let chosen = "3f2b1c00-0000-4000-8000-000000000001";
    let headers = [
        JSON,
        ("X-Correlation-ID", chosen),
        ("x-amzn-RequestId", chosen),
        ("X-Call-Id", chosen),
    ];
    let body = json!({"correlation_id": chosen, "v": 1, "body_b64": ""}).to_string();
    let first = send(&stack, &headers, body.clone()).await;
    let second = send(&stack, &headers, body).await;
    assert_ne!(
        first.header("x-correlation-id"),
        second.header("x-correlation-id")
    );
    for answer in [first, second] {
        let envelope = envelope(&stack).await;
        assert_ne!(envelope.correlation_id.as_str(), chosen);
        assert_ne!(envelope.request_id, chosen);
        assert!(!answer.text().contains(chosen));
    }
}

#[tokio::test]
async fn the_envelope_has_the_headers_that_functions_look_at_and_no_others() {
    let stack = start().await;
    let headers = [
        ("Content-Type", "application/json; charset=utf-8"),
        ("X-Hub-Signature", "sha256=00ff"),
        ("Authorization", "Basic aG9vazpwYXNz"),
        ("X-GitHub-Event", "one"),
        ("X-GitHub-Event", "two"),
        ("Cookie", "session=secret"),
        ("Keep-Alive", "timeout=5"),
        ("X-Forwarded-For", "192.0.2.1"),
    ];
    send(&stack, &headers, "{}").await;
    let envelope = envelope(&stack).await;
    assert_eq!(envelope.source, "jira");
    let header = |name: &str| envelope.headers.get(name).map(String::as_str);
    assert_eq!(
        header("content-type"),
        Some("application/json; charset=utf-8")
    );
    assert_eq!(header("x-hub-signature"), Some("sha256=00ff"));
    assert_eq!(header("authorization"), Some("Basic aG9vazpwYXNz"));
    assert_eq!(header("x-github-event"), Some("one, two"));
    let names: Vec<_> = envelope.headers.keys().map(String::as_str).collect();
    let expected = [
        "authorization",
        "content-type",
        "x-github-event",
        "x-hub-signature",
    ];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn asana_gets_its_secret_back_and_nobody_else_does() {
    let stack = start().await;
    for (source, echoed) in [("asana", Some("s3cret")), ("jira", None)] {
        let url = format!("{}/hooks/{source}", stack.urls().ingress);
        let headers = [JSON, ("X-Hook-Secret", "s3cret")];
        let answer = call(Method::POST, &url, &headers, "{}").await.unwrap();
        assert_eq!(answer.header("x-hook-secret"), echoed);
        assert_eq!(envelope(&stack).await.headers["x-hook-secret"], "s3cret");
    }
}

#[tokio::test]
async fn the_time_is_when_it_came_unless_it_is_pinned() {
    let stack = start().await;
    let clock = format!("{}/ingress/clock", stack.urls().control);
    let now_ms = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_millis() as u64
    };
    let before = now_ms();
    send(&stack, &[JSON], "{}").await;
    let received_at = envelope(&stack).await.received_at_ms;
    assert!((before..=now_ms()).contains(&received_at), "{received_at}");

    let pin = json!({"received_at_ms": 1_741_079_724_316_u64});
    assert_eq!(post_json(&clock, pin.clone()).await.status, 204);
    assert_eq!(get(&clock).await.json(), pin);
    send(&stack, &[JSON], "{}").await;
    assert_eq!(envelope(&stack).await.received_at_ms, 1_741_079_724_316);

    assert_eq!(
        post_json(&clock, json!({"received_at_ms": null}))
            .await
            .status,
        204
    );
    send(&stack, &[JSON], "{}").await;
    assert!(envelope(&stack).await.received_at_ms >= before);
    for (bad, says) in [
        (json!({}), "missing field `received_at_ms`"),
        (
            json!({"received_at_ms": 1, "zone": "UTC"}),
            "unknown field `zone`",
        ),
        (json!({"received_at_ms": "noon"}), "invalid type"),
    ] {
        let answer = post_json(&clock, bad).await;
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains(says), "{}", answer.text());
    }
}

#[tokio::test]
async fn the_trace_goes_along_to_the_queue() {
    let stack = start().await;
    send(&stack, &[JSON], "{}").await;
    let message = receive(&stack).await;
    let header = message["Attributes"]["AWSTraceHeader"].as_str().unwrap();
    assert!(TraceParent::parse_aws(header).is_some(), "{header}");
}

#[tokio::test]
async fn a_fifo_queue_keeps_the_order_of_each_source() {
    let options = StackOptions {
        queues: vec!["events.fifo".into()],
        ..StackOptions::default()
    };
    let stack = Stack::start(options).await.unwrap();
    let hooks = format!("{}/hooks", stack.urls().ingress);
    for body in ["1", "2", "2"] {
        assert_eq!(post(&format!("{hooks}/jira"), body).await.status, 200);
    }
    let asked = json!({
        "QueueUrl": format!("{}/000000000000/events.fifo", stack.urls().sqs),
        "MaxNumberOfMessages": 10,
        "MessageSystemAttributeNames": ["MessageGroupId"],
    });
    let headers = [
        ("x-amz-target", "AmazonSQS.ReceiveMessage"),
        ("content-type", "application/x-amz-json-1.0"),
    ];
    let url = format!("{}/", stack.urls().sqs);
    let answer = call(Method::POST, &url, &headers, asked.to_string())
        .await
        .unwrap()
        .json();
    let messages = answer["Messages"].as_array().unwrap();
    let body = |message: &Value| {
        Envelope::parse(message["Body"].as_str().unwrap().as_bytes())
            .unwrap()
            .body
    };
    assert_eq!(
        messages.iter().map(body).collect::<Vec<_>>(),
        ["1", "2", "2"]
    );
    assert!(
        messages
            .iter()
            .all(|message| message["Attributes"]["MessageGroupId"] == "jira")
    );
}
