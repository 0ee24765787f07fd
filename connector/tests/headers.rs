//! What of a message reaches a function as headers, and what never does.

use serde_json::json;

use crate::fakes::gateway::{Answer, Call};
use crate::world::{QUEUE, World, until};

/// Delivers one message with these attributes; gives the call that its function got.
async fn delivered(flags: &[&str], body: &str, attributes: serde_json::Value) -> Call {
    let world = World::new().await;
    (world.gateway).function("f", QUEUE, |_, _| Answer::of_function(200));
    let connector = world.start(flags).await;
    world.sqs.send_with(QUEUE, body, attributes, None);
    until("the message is deleted", || {
        world.sqs.state().deleted.len() == 1
    })
    .await;
    connector.stop().await;
    let calls = world.gateway.calls("f");
    assert_eq!(calls.len(), 1);
    calls.into_iter().next().unwrap()
}

fn text(value: &str) -> serde_json::Value {
    json!({"DataType": "String", "StringValue": value})
}

#[tokio::test]
async fn attributes_of_every_type_arrive_as_headers() {
    let attributes = json!({
        "kind": text("order.placed"),
        "price": {"DataType": "Number", "StringValue": "12.50"},
        "thumb": {"DataType": "Binary.png", "BinaryValue": "AP8="},
    });
    let call = delivered(&[], "{}", attributes).await;
    assert_eq!(call.header("X-Sqs-Attr-kind"), "order.placed");
    assert_eq!(call.header("X-Sqs-Attr-kind-Type"), "");
    assert_eq!(call.header("X-Sqs-Attr-price"), "12.50");
    assert_eq!(call.header("X-Sqs-Attr-price-Type"), "Number");
    assert_eq!(call.header("X-Sqs-Attr-thumb"), "AP8=");
    assert_eq!(call.header("X-Sqs-Attr-thumb-Type"), "Binary.png");
    assert_eq!(call.header("X-Sqs-Attr-thumb-Encoding"), "base64");
    assert_eq!(call.header("X-SQS-Sent-Timestamp"), "1700000000000");
}

#[tokio::test]
async fn a_header_breaking_attribute_never_reaches_the_wire() {
    let evil = "a\r\nX-Evil: 1\r\n\r\nPOST /function/other HTTP/1.1";
    let attributes = json!({
        "note": text(evil),
        "bad name\r\nX-Evil": text("v"),
        "correlation_id": text(evil),
        "traceparent": text(evil),
        "content_type": text(evil),
        "baggage": text(evil),
    });
    let call = delivered(&[], "{}", attributes).await;
    assert!(!call.headers.contains_key("x-evil"));
    assert_eq!(call.header("X-Sqs-Attr-note-Encoding"), "base64");
    assert_eq!(call.header("X-Sqs-Attr-bad%20name%0D%0AX-Evil"), "v");
    assert_eq!(
        call.header("x-correlation-id"),
        call.header("x-sqs-message-id")
    );
    assert!(call.header("traceparent").starts_with("00-"));
    assert_eq!(call.header("content-type"), "text/plain");
    assert_eq!(call.header("baggage"), "");
}

#[tokio::test]
async fn attributes_that_are_too_large_for_headers_are_left_out_and_the_message_arrives() {
    let attributes = json!({"large": text(&"x".repeat(200_000)), "small": text("v")});
    let call = delivered(&[], "{}", attributes.clone()).await;
    assert!(!call.headers.contains_key("x-sqs-attr-large"));
    assert_eq!(call.header("x-sqs-attr-small"), "v");
    let call = delivered(&["--attribute-header-bytes=0"], "{}", attributes).await;
    assert!(!call.headers.contains_key("x-sqs-attr-small"));
}

#[tokio::test]
async fn the_type_of_the_content_comes_from_the_message_before_the_configuration() {
    let flags = ["--content-type=application/xml"];
    let attributes = json!({"Content-Type": text("application/json; charset=utf-8")});
    let call = delivered(&flags, "{}", attributes).await;
    assert_eq!(
        call.header("content-type"),
        "application/json; charset=utf-8"
    );
    let call = delivered(&flags, "{}", json!({"content_type": text("no type")})).await;
    assert_eq!(call.header("content-type"), "application/xml");
}

#[tokio::test]
async fn the_state_of_a_trace_and_its_baggage_go_on_with_it() {
    let w3c = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let attributes = json!({
        "traceparent": text(w3c), "tracestate": text("vendor=1"), "baggage": text("tenant=7"),
    });
    let call = delivered(&[], "{}", attributes).await;
    assert_eq!(call.header("tracestate"), "vendor=1");
    assert_eq!(call.header("baggage"), "tenant=7");
    let attributes = json!({"traceparent": text("none"), "tracestate": text("vendor=1")});
    let call = delivered(&[], "{}", attributes).await;
    assert_eq!(call.header("tracestate"), "", "it is of another trace");
}

#[tokio::test]
async fn the_state_of_a_trace_its_baggage_and_the_attributes_share_8_kib() {
    let w3c = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let attributes = json!({
        "traceparent": text(w3c), "tracestate": text(&"s".repeat(5_000)),
        "baggage": text(&"b".repeat(5_000)), "kind": text("order.placed"),
        "note": text(&"n".repeat(4_000)),
    });
    let call = delivered(&[], "{}", attributes).await;
    assert_eq!(call.header("tracestate").len(), 5_000);
    assert_eq!(call.header("baggage"), "", "there is no room for it");
    assert_eq!(call.header("x-sqs-attr-kind"), "order.placed");
    assert_eq!(call.header("x-sqs-attr-note"), "", "nor for this");
    let all = call.headers.iter();
    let bytes: usize = all
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    assert!(bytes < 9 * 1024, "{bytes} bytes of headers");
    let attributes = json!({"baggage": text("tenant=7"), "kind": text("order.placed")});
    let call = delivered(&["--attribute-header-bytes=0"], "{}", attributes).await;
    assert_eq!(call.header("baggage"), "tenant=7");
    assert_eq!(call.header("x-sqs-attr-kind"), "");
}

#[tokio::test]
async fn an_event_of_s3_through_sns_keeps_the_id_of_the_request_that_caused_it() {
    let event = json!({"Records": [{"eventSource": "aws:s3", "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810"}}]});
    let body = json!({
        "Type": "Notification", "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "Message": event.to_string(),
    });
    let call = delivered(&[], &body.to_string(), json!({})).await;
    assert_eq!(call.header("x-correlation-id"), "C3D13FE58DE4C810");
    assert_eq!(&call.body[..], body.to_string().as_bytes());
}
