//! What a function gets, and when the message is gone.

use serde_json::json;

use crate::fakes::gateway::Answer;
use crate::world::{QUEUE, World, until};

#[tokio::test]
async fn a_message_is_delivered_with_its_headers_and_deleted() {
    let world = World::new().await;
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    let connector = world.start(&["--content-type=application/json"]).await;
    let w3c = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let attributes = json!({
        "correlation_id": {"DataType": "String", "StringValue": "kan-7"},
        "traceparent": {"DataType": "String", "StringValue": w3c},
    });
    let id = world.sqs.send_with(QUEUE, r#"{"a":1}"#, attributes, None);
    until("the message is deleted", || {
        world.sqs.state().deleted == [id.clone()]
    })
    .await;

    let calls = world.gateway.calls("f");
    assert_eq!(calls.len(), 1);
    let call = &calls[0];
    assert_eq!(&call.body[..], br#"{"a":1}"#);
    assert_eq!(call.header("x-correlation-id"), "kan-7");
    assert!(
        call.header("traceparent")
            .starts_with("00-0af7651916cd43dd8448eb211c80319c-")
    );
    assert_ne!(
        call.header("traceparent"),
        w3c,
        "the call has a span of its own"
    );
    assert_eq!(call.header("x-sqs-message-id"), id);
    assert_eq!(call.header("x-sqs-queue-url"), world.queue_url(QUEUE));
    assert_eq!(call.header("x-topic"), QUEUE);
    assert_eq!(call.header("x-connector"), "throughline-sqs");
    assert_eq!(call.header("idempotency-key"), id);
    assert_eq!(call.header("x-sqs-receive-count"), "1");
    assert_eq!(call.header("content-type"), "application/json");
    assert_eq!(call.header("x-call-id").len(), 36);
    assert_eq!(call.header("authorization"), "");

    let (_, metrics) = connector.get("/metrics").await;
    assert!(
        metrics.contains(r#"messages_settled_total{queue="orders",verdict="delete"} 1"#),
        "{metrics}"
    );
    assert!(
        metrics.contains(r#"invocations_total{function="f.openfaas-fn",outcome="2xx"} 1"#),
        "{metrics}"
    );
    assert!(
        !metrics.contains("kan-7") && !metrics.contains(&id),
        "ids are no labels"
    );
    assert_eq!(connector.get("/healthz").await.0, 200);
    assert_eq!(connector.get("/readyz").await.0, 200);
    assert_eq!(connector.stop().await.0, 0);
}

#[tokio::test]
async fn bodies_are_delivered_byte_for_byte() {
    let world = World::new().await;
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    let connector = world.start(&[]).await;
    let bodies = [
        String::new(),
        "no json".to_owned(),
        "\u{1}\u{7f}\t\r\n\u{fffd}\u{1f980} binary-ish".to_owned(),
        "{\"broken\":".to_owned(),
        "x".repeat(1024 * 1024),
    ];
    for body in &bodies {
        world.sqs.send(QUEUE, body);
    }
    until("all are deleted", || {
        world.sqs.state().deleted.len() == bodies.len()
    })
    .await;
    let mut seen: Vec<_> = world
        .gateway
        .calls("f")
        .into_iter()
        .map(|call| call.body)
        .collect();
    let mut sent: Vec<_> = bodies
        .iter()
        .map(|body| body.clone().into())
        .collect::<Vec<bytes::Bytes>>();
    seen.sort();
    sent.sort();
    assert!(seen == sent, "some body was changed on its way");
    connector.stop().await;
}

#[tokio::test]
async fn with_several_functions_the_message_goes_when_all_succeeded_and_only_the_rest_is_invoked_again()
 {
    let world = World::with_max_receive_count(10).await;
    world
        .gateway
        .function("good", QUEUE, |_, _| Answer::of_function(200));
    world
        .gateway
        .function("late", &format!("other, {QUEUE}"), |_, before| {
            Answer::of_function(if before < 2 { 500 } else { 200 })
        });
    world
        .gateway
        .function("unconcerned", "other", |_, _| Answer::of_function(200));
    let connector = world.start(&[]).await;
    let id = world.sqs.send(QUEUE, "{}");
    until("the message is deleted", || {
        world.sqs.state().deleted == [id.clone()]
    })
    .await;
    assert_eq!(
        world.gateway.calls("good").len(),
        1,
        "what succeeded is not invoked again"
    );
    let late = world.gateway.calls("late");
    assert_eq!(late.len(), 3);
    assert_eq!(world.gateway.calls("unconcerned").len(), 0);
    let counts: Vec<_> = late
        .iter()
        .map(|call| call.header("x-sqs-receive-count").to_owned())
        .collect();
    assert_eq!(counts, ["1", "2", "3"]);
    assert!(late.iter().all(|call| call.header("idempotency-key") == id));
    assert_ne!(late[0].header("x-call-id"), late[1].header("x-call-id"));
    connector.stop().await;
}

#[tokio::test]
async fn a_fifo_group_is_worked_off_in_order_even_through_a_failure() {
    let world = World::with_max_receive_count(10).await;
    let queue = "orders.fifo";
    world.gateway.function("f", queue, |call, before| {
        Answer::of_function(if call.body == "a2" && before < 4 {
            500
        } else {
            200
        })
    });
    for n in 0..5 {
        for group in ["a", "b"] {
            world
                .sqs
                .send_with(queue, &format!("{group}{n}"), json!({}), Some(group));
        }
    }
    let connector = world
        .start(&[&format!("--queue-url={}", world.queue_url(queue))])
        .await;
    until("all are deleted", || world.sqs.state().deleted.len() == 10).await;
    for group in ["a", "b"] {
        let mut order: Vec<String> = (world.gateway.calls("f").iter())
            .map(|call| String::from_utf8_lossy(&call.body).into_owned())
            .filter(|body| body.starts_with(group))
            .collect();
        order.dedup();
        assert_eq!(
            order,
            (0..5).map(|n| format!("{group}{n}")).collect::<Vec<_>>()
        );
    }
    connector.stop().await;
}

#[tokio::test]
async fn as_many_messages_run_at_once_as_are_allowed_and_no_more() {
    let world = World::new().await;
    world.gateway.function("f", QUEUE, |_, _| {
        Answer::of_function(200).after(std::time::Duration::from_millis(100))
    });
    for _ in 0..40 {
        world.sqs.send(QUEUE, "{}");
    }
    let connector = world.start(&["--concurrency=8", "--max-messages=3"]).await;
    until("all are deleted", || world.sqs.state().deleted.len() == 40).await;
    assert_eq!(world.gateway.state().most_running, 8);
    assert_eq!(world.gateway.calls("f").len(), 40);
    connector.stop().await;
}
