//! SIGTERM at any moment loses nothing.

use std::time::Duration;

use serde_json::json;

use crate::fakes::gateway::Answer;
use crate::world::{QUEUE, World, until};

#[tokio::test]
async fn what_runs_at_the_stop_is_finished_and_deleted() {
    let world = World::new().await;
    world.gateway.function("f", QUEUE, |_, _| {
        Answer::of_function(200).after(Duration::from_millis(1500))
    });
    for _ in 0..5 {
        world.sqs.send(QUEUE, "{}");
    }
    let connector = world.start(&["--visibility-timeout=1s"]).await;
    until("all run", || world.gateway.state().running == 5).await;
    let (left, took) = connector.stop().await;
    assert_eq!(left, 0);
    assert!(took < Duration::from_secs(4), "{took:?}");
    assert_eq!(world.sqs.state().deleted.len(), 5);
}

#[tokio::test]
async fn what_waits_for_its_group_is_given_back_at_once() {
    let world = World::new().await;
    let queue = "orders.fifo";
    world.gateway.function("f", queue, |_, _| {
        Answer::of_function(200).after(Duration::from_millis(800))
    });
    for n in 0..4 {
        world
            .sqs
            .send_with(queue, &n.to_string(), json!({}), Some("g"));
    }
    let connector = world
        .start(&[&format!("--queue-url={}", world.queue_url(queue))])
        .await;
    until("the first runs", || world.gateway.state().running == 1).await;
    connector.stop().await;
    assert_eq!(world.gateway.calls("f").len(), 1);
    assert_eq!(world.sqs.state().deleted.len(), 1);
    assert_eq!(
        world.sqs.visible(queue),
        3,
        "the others can be received by someone else now"
    );
}

#[tokio::test]
async fn what_an_open_poll_brings_after_the_stop_is_given_back_at_once() {
    let world = World::new().await;
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    let connector = world.start(&["--wait-time=3s"]).await;
    until("a poll is open", || {
        world.sqs.state().calls.contains_key("ReceiveMessage")
    })
    .await;
    let sqs = world.sqs.clone();
    let late = throughline::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        sqs.send(QUEUE, "{}");
    });
    let (left, took) = connector.stop().await;
    late.await.unwrap();
    assert_eq!(left, 0);
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert_eq!(world.gateway.calls("f").len(), 0);
    assert_eq!(world.sqs.visible(QUEUE), 1);
}

#[tokio::test]
async fn a_call_that_outlasts_the_budget_is_given_back() {
    let world = World::new().await;
    world.gateway.function("f", QUEUE, |_, _| {
        Answer::of_function(200).after(Duration::from_secs(60))
    });
    let id = world.sqs.send(QUEUE, "{}");
    let connector = world.start(&["--drain-timeout=1s"]).await;
    until("it runs", || world.gateway.state().running == 1).await;
    let (left, took) = connector.stop().await;
    assert_eq!(left, 0, "it was given back, not left");
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert!(world.sqs.state().changes.contains(&(id, 5)));
    assert_eq!(world.sqs.in_queue(QUEUE).len(), 1);
}

#[tokio::test]
async fn what_a_pause_holds_is_given_back_at_the_stop() {
    let world = World::new().await;
    world.gateway.function("f", QUEUE, |_, _| {
        Answer::of_function(429).with("retry-after", "600")
    });
    for _ in 0..3 {
        world.sqs.send(QUEUE, "{}");
    }
    let connector = world.start(&[]).await;
    until("all were refused", || world.gateway.calls("f").len() == 3).await;
    let (left, took) = connector.stop().await;
    assert_eq!(left, 0);
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert_eq!(world.sqs.visible(QUEUE), 3);
}

#[tokio::test]
async fn a_stop_before_the_queue_was_ever_reached_is_a_stop() {
    let world = World::new().await;
    let connector = world
        .start(&["--queue-url=http://127.0.0.1:1/000000000000/nowhere"])
        .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (left, took) = connector.stop().await;
    assert_eq!(left, 0);
    assert!(took < Duration::from_secs(3), "{took:?}");
}
