//! Spans: that they are one trace with the sender's, the function's and the log lines.

use serde_json::{Value, json};

use crate::fakes::collector::{Collector, attribute, hex};
use crate::fakes::gateway::Answer;
use crate::process::Running;
use crate::world::{QUEUE, World, until};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SENDER: &str = "b7ad6b7169203331";
const KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "AKIATEST"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receive_process_invoke_and_settle_are_one_trace_with_the_senders_and_the_functions() {
    let world = World::new().await;
    let (collector, endpoint) = Collector::start().await;
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    let traceparent = format!("00-{TRACE}-{SENDER}-01");
    let attributes = json!({
        "traceparent": {"DataType": "String", "StringValue": traceparent},
        "correlation_id": {"DataType": "String", "StringValue": "kan-7"},
    });
    let id = world.sqs.send_with(QUEUE, "{}", attributes, None);
    let env = [&KEYS[..], &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]].concat();
    let running = Running::start_with(&world.flags(&[]), &env);
    until("it is deleted", || world.sqs.state().deleted.contains(&id)).await;
    // What is left is sent before the process ends.
    let (code, lines) = tokio::task::block_in_place(|| running.terminate());
    assert_eq!(code, Some(0));

    let one = |name: &str| {
        let mut spans = collector.named(&format!("{name} {QUEUE}"));
        assert_eq!(spans.len(), 1, "{name}: {spans:?}");
        spans.remove(0)
    };
    let (receive, process, settle) = (one("receive"), one("process"), one("settle"));
    let invoke = collector.named("invoke f.openfaas-fn").remove(0);

    for span in [&process, &invoke, &settle] {
        assert_eq!(hex(&span.trace_id), TRACE, "{}", span.name);
    }
    assert_eq!(hex(&process.parent_span_id), SENDER);
    assert_eq!(invoke.parent_span_id, process.span_id);
    assert_eq!(settle.parent_span_id, process.span_id);
    assert_ne!(
        hex(&receive.trace_id),
        TRACE,
        "many senders' messages come with one receive"
    );
    assert!(receive.parent_span_id.is_empty());
    let links = |span: &opentelemetry_proto::tonic::trace::v1::Span| -> Vec<String> {
        span.links.iter().map(|link| hex(&link.span_id)).collect()
    };
    assert_eq!(links(&receive), [SENDER]);
    assert_eq!(links(&process), [hex(&receive.span_id)]);

    // The function's own span hangs on the call's, and the lines have the process's.
    let call = world.gateway.calls("f").remove(0);
    let expected = format!("00-{TRACE}-{}-01", hex(&invoke.span_id));
    assert_eq!(call.header("traceparent"), expected);
    let last: Value = (lines.iter())
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|line| line["milestone"] == "MESSAGE_DELETED")
        .unwrap();
    assert_eq!(last["trace.id"], TRACE);
    assert_eq!(last["span.id"], hex(&process.span_id));

    assert_eq!(attribute(&receive, "messaging.batch.message_count"), "1");
    for (span, operation) in [
        (&receive, "receive"),
        (&process, "process"),
        (&settle, "settle"),
    ] {
        assert_eq!(attribute(span, "messaging.system"), "aws_sqs");
        assert_eq!(attribute(span, "messaging.destination.name"), QUEUE);
        assert_eq!(attribute(span, "messaging.operation.type"), operation);
    }
    assert_eq!(attribute(&process, "messaging.message.id"), id);
    assert_eq!(
        attribute(&process, "messaging.message.conversation_id"),
        "kan-7"
    );
    assert_eq!(attribute(&settle, "throughline.verdict"), "delete");
    assert_eq!(attribute(&invoke, "http.response.status_code"), "200");
    assert!(process.end_time_unix_nano >= process.start_time_unix_nano);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_is_an_error_and_what_the_sender_does_not_sample_is_not_sent() {
    let world = World::new().await;
    let (collector, endpoint) = Collector::start().await;
    world.gateway.function("f", QUEUE, |_, n| {
        Answer::of_function(if n == 0 { 500 } else { 200 })
    });
    let env = [&KEYS[..], &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]].concat();
    let running = Running::start_with(&world.flags(&[]), &env);
    let id = world.sqs.send(QUEUE, "{}");
    until("it is deleted", || world.sqs.state().deleted.contains(&id)).await;
    let unsampled = format!("00-{TRACE}-{SENDER}-00");
    let attributes = json!({"traceparent": {"DataType": "String", "StringValue": unsampled}});
    let id = world.sqs.send_with(QUEUE, "{}", attributes, None);
    until("the unsampled one is deleted", || {
        world.sqs.state().deleted.contains(&id)
    })
    .await;
    let (code, _) = tokio::task::block_in_place(|| running.terminate());
    assert_eq!(code, Some(0));

    let processed = collector.named(&format!("process {QUEUE}"));
    assert_eq!(processed.len(), 2, "{processed:?}");
    assert_eq!(
        processed[0].trace_id, processed[1].trace_id,
        "each try is in the message's trace"
    );
    assert!(
        processed[0].parent_span_id.is_empty(),
        "without a sender it begins there"
    );
    let verdicts = processed
        .iter()
        .map(|span| attribute(span, "throughline.verdict"));
    assert_eq!(verdicts.collect::<Vec<_>>(), ["retry", "delete"]);
    assert_eq!(attribute(&processed[0], "error.type"), "retry");
    let called = collector.named("invoke f.openfaas-fn");
    assert_eq!(attribute(&called[0], "http.response.status_code"), "500");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_not_there_holds_nothing_up() {
    let world = World::new().await;
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    let env = [
        &KEYS[..],
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")],
    ]
    .concat();
    let running = Running::start_with(&world.flags(&[]), &env);
    for _ in 0..20 {
        world.sqs.send(QUEUE, "{}");
    }
    until("all are deleted", || world.sqs.state().deleted.len() == 20).await;
    let (code, _) = tokio::task::block_in_place(|| running.terminate());
    assert_eq!(code, Some(0));
}
