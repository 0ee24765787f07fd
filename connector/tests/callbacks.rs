//! Mode async: the gateway takes the call, and the callback decides.

use std::time::Duration;

use crate::fakes::gateway::{Answer, call_back};
use crate::world::{Connector, QUEUE, World, until};

async fn start(world: &World, more: &[&str]) -> Connector {
    let mut flags = vec![
        "--asynchronous-invocation",
        "--callback-address=127.0.0.1",
        "--callback-port=0",
    ];
    flags.extend(more);
    world.start(&flags).await
}

/// The callbacks that came to this.
async fn counted(connector: &Connector, result: &str) -> bool {
    let (_, metrics) = connector.get("/metrics").await;
    metrics.contains(&format!("callbacks_total{{result=\"{result}\"}} 1"))
}

#[tokio::test]
async fn a_message_is_deleted_after_its_callback_and_not_before() {
    let world = World::new().await;
    let slow = Duration::from_millis(700);
    (world.gateway).function("f", QUEUE, move |_, _| Answer::of_function(200).after(slow));
    let connector = start(&world, &[]).await;
    let id = world.sqs.send(QUEUE, "{}");
    until("it runs", || world.gateway.state().running == 1).await;
    assert!(world.sqs.state().deleted.is_empty());
    let (status, missing) = connector.get("/readyz").await;
    assert_eq!(status, 200, "{missing}");
    until("it is deleted", || {
        world.sqs.state().deleted == [id.clone()]
    })
    .await;
    until("it was thanked for", || {
        world.gateway.state().called_back == [200]
    })
    .await;
    let call = &world.gateway.calls("f")[0];
    assert_eq!(call.header("x-correlation-id"), id);
    assert_eq!(call.header("idempotency-key"), id);
    assert!(counted(&connector, "settled").await);
    connector.stop().await;
}

#[tokio::test]
async fn the_functions_status_decides_as_it_does_in_a_direct_call() {
    let world = World::new().await;
    world.gateway.function("f", QUEUE, |call, before| {
        let status = match &call.body[..] {
            b"bad" => 422,
            _ if before == 0 => 500,
            _ => 200,
        };
        Answer::of_function(status)
    });
    let connector = start(&world, &[]).await;
    let shaky = world.sqs.send(QUEUE, "shaky");
    until("it is deleted", || {
        world.sqs.state().deleted == [shaky.clone()]
    })
    .await;
    assert_eq!(world.gateway.calls("f").len(), 2);
    world.sqs.send(QUEUE, "bad");
    until("it is set aside", || {
        world.sqs.in_queue("orders-dlq").len() == 1
    })
    .await;
    let dead = world.sqs.in_queue("orders-dlq");
    let status = &dead[0].attributes["throughline_status"]["StringValue"];
    assert_eq!(status, "422");
    connector.stop().await;
}

#[tokio::test]
async fn a_callback_that_never_comes_costs_its_time_and_the_message_comes_again() {
    let world = World::new().await;
    (world.gateway).function("f", QUEUE, |_, _| Answer::of_function(200));
    world.gateway.state().lost_callbacks = 1;
    let flags = ["--upstream-timeout=1s", "--callback-timeout=1s"];
    let connector = start(&world, &flags).await;
    let id = world.sqs.send(QUEUE, "{}");
    until("it is deleted", || {
        world.sqs.state().deleted == [id.clone()]
    })
    .await;
    let calls = world.gateway.calls("f");
    assert_eq!(calls.len(), 2);
    assert!(
        calls
            .iter()
            .all(|call| call.header("idempotency-key") == id)
    );
    assert_ne!(calls[0].callback_url(), calls[1].callback_url());
    let (_, metrics) = connector.get("/metrics").await;
    assert!(metrics.contains(r#"outcome="no_callback"} 1"#), "{metrics}");
    connector.stop().await;
}

#[tokio::test]
async fn a_callback_that_comes_twice_is_counted_and_changes_nothing() {
    let world = World::new().await;
    (world.gateway).function("f", QUEUE, |_, _| Answer::of_function(200));
    world.gateway.state().doubled_callbacks = 1;
    let connector = start(&world, &[]).await;
    world.sqs.send(QUEUE, "{}");
    until("it came twice", || {
        world.gateway.state().called_back.len() == 2
    })
    .await;
    assert_eq!(world.gateway.state().called_back, [200, 200]);
    assert!(counted(&connector, "duplicate").await);
    until("it is deleted", || world.sqs.state().deleted.len() == 1).await;
    connector.stop().await;
}

#[tokio::test]
async fn who_does_not_know_the_token_and_the_call_settles_nothing() {
    let world = World::new().await;
    (world.gateway).function("f", QUEUE, |_, _| Answer::of_function(200));
    // The right one comes at the end of this test.
    world.gateway.state().lost_callbacks = 1;
    let connector = start(&world, &[]).await;
    world.sqs.send(QUEUE, "{}");
    until("it was called", || world.gateway.calls("f").len() == 1).await;
    let call = world.gateway.calls("f").remove(0);
    let (url, call_id) = (call.callback_url(), call.header("x-call-id"));
    let done = Answer::of_function(200);
    let guessed = format!("{}0", &url[..url.len() - 1]);
    let guessed = if guessed == url {
        format!("{}1", &url[..url.len() - 1])
    } else {
        guessed
    };
    let root = &url[..url.rfind('/').unwrap()];
    assert_eq!(call_back(&guessed, call_id, &done).await, 404);
    assert_eq!(call_back(root, call_id, &done).await, 404);
    assert_eq!(call_back(url, "another", &done).await, 404);
    assert_eq!(call_back(url, "", &done).await, 404);
    let mut silent = Answer::of_function(200);
    silent.status = 42;
    assert_eq!(call_back(url, call_id, &silent).await, 400);
    assert!(counted(&connector, "unknown").await);
    assert!(counted(&connector, "no_status").await);
    assert!(world.sqs.state().deleted.is_empty());
    assert_eq!(call_back(url, call_id, &done).await, 200);
    until("it is deleted", || world.sqs.state().deleted.len() == 1).await;
    assert_eq!(world.gateway.calls("f").len(), 1);
    connector.stop().await;
}

#[tokio::test]
async fn a_late_callback_spares_the_function_the_next_delivery() {
    let world = World::new().await;
    (world.gateway).function("f", QUEUE, |_, _| Answer::of_function(200));
    world.gateway.state().lost_callbacks = 2;
    let flags = ["--upstream-timeout=1s", "--callback-timeout=4s"];
    let connector = start(&world, &flags).await;
    let id = world.sqs.send(QUEUE, "{}");
    until("it was called again", || {
        world.gateway.calls("f").len() == 2
    })
    .await;
    let first = world.gateway.calls("f").remove(0);
    let done = Answer::of_function(200);
    let answer = call_back(first.callback_url(), first.header("x-call-id"), &done).await;
    assert_eq!(answer, 200);
    assert!(counted(&connector, "late").await);
    until("it is deleted", || {
        world.sqs.state().deleted == [id.clone()]
    })
    .await;
    assert_eq!(world.gateway.calls("f").len(), 2);
    connector.stop().await;
}

#[tokio::test]
async fn without_the_gateways_queue_receiving_pauses_and_burns_nothing() {
    let world = World::new().await;
    (world.gateway).function("f", QUEUE, |_, _| Answer::of_function(200));
    world.gateway.state().queueing = Some(404);
    let connector = start(&world, &[]).await;
    let id = world.sqs.send(QUEUE, "{}");
    let paused = r#"paused{queue="orders",function="f.openfaas-fn",reason="infrastructure"} 1"#;
    loop {
        let (_, metrics) = connector.get("/metrics").await;
        if metrics.contains(paused) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.gateway.state().queueing = None;
    until("it is deleted", || {
        world.sqs.state().deleted == [id.clone()]
    })
    .await;
    assert_eq!(
        world.gateway.calls("f")[0].header("x-sqs-receive-count"),
        "1"
    );
    connector.stop().await;
}

#[tokio::test]
async fn what_is_too_large_for_the_gateways_queue_is_set_aside_and_says_so() {
    let world = World::new().await;
    (world.gateway).function("f", QUEUE, |_, _| Answer::of_function(200));
    world.gateway.state().queueing = Some(500);
    let connector = start(&world, &[]).await;
    world.sqs.send(QUEUE, &"x".repeat(256_001));
    until("it is set aside", || {
        world.sqs.in_queue("orders-dlq").len() == 1
    })
    .await;
    let dead = world.sqs.in_queue("orders-dlq");
    let reason = &dead[0].attributes["throughline_reason"]["StringValue"];
    let reason = reason.as_str().unwrap();
    assert!(
        reason.contains("256001 bytes are more than the gateway takes"),
        "{reason}"
    );
    connector.stop().await;
}

#[tokio::test]
async fn at_the_stop_a_callback_is_waited_for_within_the_budget() {
    let world = World::new().await;
    let slow = Duration::from_millis(800);
    (world.gateway).function("f", QUEUE, move |_, _| Answer::of_function(200).after(slow));
    let connector = start(&world, &[]).await;
    let id = world.sqs.send(QUEUE, "{}");
    until("it runs", || world.gateway.state().running == 1).await;
    let (left, _) = connector.stop().await;
    assert_eq!((left, &world.sqs.state().deleted), (0, &vec![id]));
}

#[tokio::test]
async fn at_the_end_of_the_budget_what_still_waits_for_its_callback_is_given_back() {
    let world = World::new().await;
    (world.gateway).function("f", QUEUE, |_, _| Answer::of_function(200));
    world.gateway.state().lost_callbacks = 1;
    let connector = start(&world, &["--drain-timeout=1s"]).await;
    let id = world.sqs.send(QUEUE, "{}");
    until("it was called", || world.gateway.calls("f").len() == 1).await;
    let (left, took) = connector.stop().await;
    assert!(took < Duration::from_secs(8), "{took:?}");
    assert_eq!(left, 0);
    let given_back = world.sqs.state().changes.last().cloned();
    assert_eq!(given_back.map(|(message, _)| message), Some(id));
    assert!(world.sqs.state().deleted.is_empty());
}
