//! Several functions on one topic.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::fakes::gateway::Answer;
use crate::world::{QUEUE, World, eventually};

fn well(world: &World, name: &str) {
    world
        .gateway
        .function(name, QUEUE, |_, _| Answer::of_function(200));
}

#[tokio::test(start_paused = true)]
async fn a_slow_function_holds_back_neither_the_others_nor_the_other_messages() {
    let world = World::in_memory(3);
    well(&world, "quick");
    world.gateway.function("slow", QUEUE, |_, _| {
        Answer::of_function(200).after(Duration::from_secs(20))
    });
    for _ in 0..10 {
        world.sqs.send(QUEUE, "{}");
    }
    let started = Instant::now();
    let connector = world.start(&[]).await;
    eventually("the quick one has all", || {
        world.gateway.calls("quick").len() == 10
    })
    .await;
    assert!(started.elapsed() < Duration::from_secs(2));
    eventually("all are deleted", || world.sqs.state().deleted.len() == 10).await;
    assert!(started.elapsed() < Duration::from_secs(22), "side by side");
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_held_for_a_function_that_is_out_is_delivered_to_the_others_once() {
    let world = World::in_memory(3);
    well(&world, "a");
    let back = Instant::now() + Duration::from_secs(600);
    world.gateway.function("b", QUEUE, move |_, _| {
        if Instant::now() < back {
            Answer::of_gateway(502)
        } else {
            Answer::of_function(200)
        }
    });
    let connector = world.start(&["--probe-min=1s"]).await;
    world.sqs.send(QUEUE, "{}");
    eventually("a has it", || world.gateway.calls("a").len() == 1).await;
    sleep(Duration::from_secs(300)).await;
    let metrics = connector.metrics();
    for (function, paused) in [("a", 0), ("b", 1)] {
        let line = format!(
            "paused{{queue=\"orders\",function=\"{function}.openfaas-fn\",reason=\"infrastructure\"}} {paused}"
        );
        assert!(metrics.contains(&line), "{line} is not in\n{metrics}");
    }
    assert!(world.gateway.calls("b").len() > 10, "b is probed");
    eventually("it is deleted", || world.sqs.state().deleted.len() == 1).await;
    assert_eq!(world.gateway.calls("a").len(), 1);
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_function_that_failed_is_not_called_again_with_each_probe_of_another() {
    let world = World::in_memory(3);
    world.gateway.function("fails", QUEUE, |_, before| {
        Answer::of_function(if before == 0 { 500 } else { 200 })
    });
    world.gateway.function("out", QUEUE, |_, before| {
        if before < 6 {
            Answer::of_gateway(502)
        } else {
            Answer::of_function(200)
        }
    });
    let connector = world.start(&["--probe-min=1s"]).await;
    world.sqs.send(QUEUE, "{}");
    eventually("the other is back", || {
        world.gateway.calls("out").len() == 7
    })
    .await;
    assert_eq!(world.gateway.calls("fails").len(), 1);
    eventually("it is deleted", || world.sqs.state().deleted.len() == 1).await;
    assert_eq!(world.gateway.calls("fails").len(), 2);
    assert_eq!(world.gateway.calls("out").len(), 7, "it had succeeded");
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn each_function_has_a_limit_of_its_own() {
    let world = World::in_memory(3);
    well(&world, "idle");
    world.gateway.function("busy", QUEUE, |_, before| {
        Answer::of_function(if before == 0 { 429 } else { 200 })
    });
    let connector = world.start(&["--concurrency=8"]).await;
    world.sqs.send(QUEUE, "{}");
    eventually("it is deleted", || world.sqs.state().deleted.len() == 1).await;
    let metrics = connector.metrics();
    for (function, limit) in [("busy", 4), ("idle", 8)] {
        let line = format!(
            "concurrency_limit{{queue=\"orders\",function=\"{function}.openfaas-fn\"}} {limit}"
        );
        assert!(metrics.contains(&line), "{line} is not in\n{metrics}");
    }
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_function_that_unsubscribes_while_it_is_out_is_not_waited_for() {
    let world = World::in_memory(3);
    well(&world, "stays");
    world
        .gateway
        .function("leaves", QUEUE, |_, _| Answer::of_gateway(502));
    let connector = world.start(&["--probe-min=1s"]).await;
    world.sqs.send(QUEUE, "{}");
    eventually("it was tried", || !world.gateway.calls("leaves").is_empty()).await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(world.sqs.state().deleted.len(), 0);
    world.gateway.remove("leaves");
    eventually("it is deleted", || world.sqs.state().deleted.len() == 1).await;
    assert_eq!(world.gateway.calls("stays").len(), 1);
    assert!(!connector.metrics().contains("leaves.openfaas-fn\"} 32"));
    connector.stop().await;
}
