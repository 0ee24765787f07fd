//! A filter: what is let through, and the three things that may become of the rest.

use serde_json::{Value, json};

use crate::fakes::gateway::Answer;
use crate::world::{Connector, QUEUE, World, until};

const ORDERS: &str =
    r#"--filter={"body":{"kind":["order"]},"messageAttributes":{"skip":[{"exists":false}]}}"#;

/// A connector with the filter, and a function that would succeed with everything.
async fn filtering(world: &World, queue: &str, choice: &str) -> Connector {
    (world.gateway).function("f", queue, |_, _| Answer::of_function(200));
    let url = format!("--queue-url={}", world.queue_url(queue));
    world.start(&[ORDERS, choice, &url]).await
}

fn bodies(world: &World) -> Vec<String> {
    (world.gateway.calls("f").iter())
        .map(|call| String::from_utf8_lossy(&call.body).into_owned())
        .collect()
}

fn skipped() -> Value {
    json!({"skip": {"DataType": "String", "StringValue": "yes"}})
}

async fn counted(connector: &Connector, verdict: &str, count: usize) {
    let (_, metrics) = connector.get("/metrics").await;
    let line = format!(r#"messages_settled_total{{queue="orders",verdict="{verdict}"}} {count}"#);
    assert!(metrics.contains(&line), "{line} is not in\n{metrics}");
}

#[tokio::test]
async fn what_the_filter_does_not_let_through_is_deleted_and_reaches_no_function() {
    let world = World::new().await;
    let connector = filtering(&world, QUEUE, "--on-filtered=delete").await;
    world.sqs.send(QUEUE, r#"{"kind":"refund"}"#);
    world.sqs.send(QUEUE, "plain text");
    world
        .sqs
        .send_with(QUEUE, r#"{"kind":"order","n":0}"#, skipped(), None);
    world.sqs.send(QUEUE, r#"{"kind":"order","n":1}"#);
    until("all are deleted", || world.sqs.state().deleted.len() == 4).await;
    assert_eq!(bodies(&world), [r#"{"kind":"order","n":1}"#]);
    counted(&connector, "filtered_delete", 3).await;
    counted(&connector, "delete", 1).await;
    connector.stop().await;
}

#[tokio::test]
async fn what_the_filter_does_not_let_through_is_given_back_and_not_at_once() {
    let world = World::with_max_receive_count(0).await;
    let connector = filtering(&world, QUEUE, "--on-filtered=release").await;
    let other = world.sqs.send(QUEUE, r#"{"kind":"refund"}"#);
    let own = world.sqs.send(QUEUE, r#"{"kind":"order"}"#);
    until("ours is deleted and the other is given back", || {
        let state = world.sqs.state();
        state.deleted == [own.clone()] && state.changes.contains(&(other.clone(), 5))
    })
    .await;
    assert_eq!(bodies(&world), [r#"{"kind":"order"}"#]);
    assert_eq!(world.sqs.in_queue(QUEUE).len(), 1);
    assert_eq!(
        world.sqs.visible(QUEUE),
        0,
        "no other would have it in a hot loop"
    );
    counted(&connector, "filtered_release", 1).await;
    connector.stop().await;
}

#[tokio::test]
async fn what_the_filter_does_not_let_through_goes_to_the_dead_letter_queue_with_the_reason() {
    let world = World::new().await;
    let connector = filtering(&world, QUEUE, "--on-filtered=dead-letter").await;
    let other = world.sqs.send(QUEUE, r#"{"kind":"refund"}"#);
    until("it is deleted", || {
        world.sqs.state().deleted == [other.clone()]
    })
    .await;
    let dead = world.sqs.in_queue("orders-dlq");
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].body, r#"{"kind":"refund"}"#);
    let reason = &dead[0].attributes["throughline_reason"]["StringValue"];
    assert_eq!(reason, "the queue's filter does not let it through");
    assert!(bodies(&world).is_empty());
    counted(&connector, "filtered_dead_letter", 1).await;
    connector.stop().await;
}

#[tokio::test]
async fn without_a_dead_letter_queue_nothing_is_lost() {
    let world = World::with_max_receive_count(0).await;
    let connector = filtering(&world, QUEUE, "--on-filtered=dead-letter").await;
    world.sqs.send(QUEUE, r#"{"kind":"refund"}"#);
    until("it was given back", || {
        !world.sqs.state().changes.is_empty()
    })
    .await;
    assert!(world.sqs.state().deleted.is_empty() && bodies(&world).is_empty());
    assert_eq!(world.sqs.in_queue(QUEUE).len(), 1);
    connector.stop().await;
}

#[tokio::test]
async fn a_group_keeps_its_order_around_what_is_filtered_out_of_it() {
    let world = World::with_max_receive_count(10).await;
    let queue = "orders.fifo";
    for n in 0..6 {
        let kind = if n % 2 == 0 { "order" } else { "refund" };
        let body = format!(r#"{{"kind":"{kind}","n":{n}}}"#);
        world.sqs.send_with(queue, &body, json!({}), Some("g"));
    }
    let connector = filtering(&world, queue, "--on-filtered=delete").await;
    until("all are deleted", || world.sqs.state().deleted.len() == 6).await;
    let expected: Vec<_> = [0, 2, 4]
        .map(|n| format!(r#"{{"kind":"order","n":{n}}}"#))
        .into();
    assert_eq!(bodies(&world), expected);
    assert!(world.sqs.state().deleted.is_sorted());
    connector.stop().await;
}

#[tokio::test]
async fn a_pause_of_the_functions_does_not_keep_what_concerns_none_of_them() {
    let world = World::new().await;
    (world.gateway).function("f", QUEUE, |_, _| Answer::of_function(429));
    let connector = world
        .start(&[ORDERS, "--on-filtered=delete", "--probe-min=10s"])
        .await;
    world.sqs.send(QUEUE, r#"{"kind":"order"}"#);
    let other = world.sqs.send(QUEUE, r#"{"kind":"refund"}"#);
    until("the other is deleted", || {
        world.sqs.state().deleted == [other.clone()]
    })
    .await;
    connector.stop().await;
}
