//! FIFO groups: what waits behind a message that fails pays nothing for it.

use std::time::Duration;

use serde_json::json;

use crate::fakes::gateway::{Answer, Gateway};
use crate::world::{QUEUE, World, eventually};

const FIFO: &str = "orders.fifo";

fn send(world: &World, bodies: &[&str]) {
    for body in bodies {
        world.sqs.send_with(FIFO, body, json!({}), Some("g"));
    }
}

fn bodies(gateway: &Gateway) -> Vec<String> {
    let calls = gateway.calls("f");
    let bodies = calls.iter().map(|call| String::from_utf8_lossy(&call.body));
    bodies.map(|body| body.into_owned()).collect()
}

fn dead(world: &World) -> Vec<String> {
    let dead = world.sqs.in_queue("orders.fifo-dlq");
    dead.into_iter().map(|message| message.body).collect()
}

#[tokio::test(start_paused = true)]
async fn a_head_that_always_fails_is_dead_lettered_alone_and_those_behind_it_run() {
    for most in 1..=4 {
        let world = World::in_memory(most);
        world.gateway.function("f", FIFO, |call, _| {
            Answer::of_function(if call.body == "1" { 500 } else { 200 })
        });
        send(&world, &["1", "2", "3", "4", "5"]);
        let queue = format!("--queue-url={}", world.queue_url(FIFO));
        let connector = world.start(&[&queue]).await;
        eventually("the others are deleted", || {
            world.sqs.state().deleted.len() == 5
        })
        .await;
        assert_eq!(dead(&world), ["1"], "after {most} receives");
        let mut expected = vec!["1"; most as usize];
        expected.extend(["2", "3", "4", "5"]);
        assert_eq!(bodies(&world.gateway), expected);
        let reason = &world.sqs.in_queue("orders.fifo-dlq")[0].attributes["throughline_reason"];
        let reason = reason["StringValue"].as_str().unwrap();
        assert!(reason.contains(&format!("tried {most} times")), "{reason}");
        connector.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_follows_a_head_that_was_dead_lettered_is_tried_again_too() {
    let world = World::in_memory(3);
    world.gateway.function("f", FIFO, |call, before| {
        // The second succeeds at its last try.
        let fails = call.body == "1" || call.body == "2" && before < 4;
        Answer::of_function(if fails { 500 } else { 200 })
    });
    send(&world, &["1", "2", "3"]);
    let queue = format!("--queue-url={}", world.queue_url(FIFO));
    let connector = world.start(&[&queue]).await;
    eventually("all are settled", || world.sqs.in_queue(FIFO).is_empty()).await;
    assert_eq!(dead(&world), ["1"]);
    assert_eq!(bodies(&world.gateway), ["1", "1", "1", "2", "2", "3"]);
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_hour_out_costs_nothing_behind_a_head_its_last_receive() {
    let world = World::in_memory(3);
    world.gateway.function("f", FIFO, |call, _| {
        Answer::of_function(if call.body == "before" { 200 } else { 502 })
    });
    // Those behind were received before, the head was not.
    send(&world, &["1", "2", "3"]);
    for behind in &mut world.sqs.state().queues.get_mut(FIFO).unwrap()[1..] {
        behind.receives = 1;
    }
    world.gateway.state().gone = true;
    let queue = format!("--queue-url={}", world.queue_url(FIFO));
    let connector = world.start(&[&queue, "--wait-time=20s"]).await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(dead(&world), Vec::<String>::new());
    let receives = world.sqs.in_queue(FIFO);
    let receives: Vec<u32> = receives.iter().map(|message| message.receives).collect();
    assert!(receives.iter().all(|n| *n <= 2), "{receives:?}");
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_fails_at_the_stop_is_not_received_again_by_an_open_poll_of_our_own() {
    for queue in [QUEUE, FIFO] {
        let world = World::in_memory(2);
        let seconds = Duration::from_secs;
        world.gateway.function("f", queue, move |_, _| {
            Answer::of_function(500).after(seconds(2))
        });
        for body in ["1", "2"] {
            world.sqs.send_with(queue, body, json!({}), Some("g"));
        }
        let flag = format!("--queue-url={}", world.queue_url(queue));
        let connector = world.start(&[&flag, "--wait-time=20s"]).await;
        eventually("it runs", || world.gateway.state().running > 0).await;
        tokio::time::sleep(seconds(1)).await;
        connector.stop().await;
        let receives = world.sqs.in_queue(queue);
        let receives: Vec<u32> = receives.iter().map(|message| message.receives).collect();
        assert_eq!(receives, [1, 1], "{queue}");
    }
}

/// What is dead when the function is back after so many hours, and what it ran then.
async fn after_an_outage(most: u32, hours: u64) -> (Vec<String>, Vec<String>) {
    let world = World::in_memory(most);
    let out = || Answer::of_gateway(502);
    world.gateway.function("f", FIFO, move |_, _| out());
    send(&world, &["1", "2", "3"]);
    let queue = format!("--queue-url={}", world.queue_url(FIFO));
    // Seldom, so that days are no more work than days.
    let flags = [
        "--probe-max=1m",
        "--visibility-timeout=10m",
        "--rebuild-interval=1h",
        "--wait-time=20s",
    ];
    let connector = world.start(&[&[&*queue], &flags[..]].concat()).await;
    tokio::time::sleep(Duration::from_secs(hours * 3600)).await;
    let before = world.gateway.calls("f").len();
    world
        .gateway
        .function("f", FIFO, |_, _| Answer::of_function(200));
    eventually("all have come to their end", || {
        world.sqs.in_queue(FIFO).is_empty()
    })
    .await;
    connector.stop().await;
    let ran = bodies(&world.gateway).split_off(before);
    (dead(&world), ran)
}

#[tokio::test(start_paused = true)]
async fn a_group_outlasts_an_outage_of_twelve_hours_for_each_receive_that_its_head_has_left() {
    // Those behind the head are held with it, in the one receive that they have.
    assert_eq!(
        after_an_outage(1, 11).await,
        (vec![], texts(&["1", "2", "3"]))
    );
    assert_eq!(
        after_an_outage(1, 13).await,
        (texts(&["1", "2", "3"]), vec![])
    );
    // Once given back they stay in the queue, and only the head is received to probe with.
    assert_eq!(
        after_an_outage(3, 35).await,
        (vec![], texts(&["1", "2", "3"]))
    );
    // Those behind it were given back long ago.
    assert_eq!(
        after_an_outage(3, 37).await,
        (texts(&["1"]), texts(&["2", "3"]))
    );
}

fn texts(bodies: &[&str]) -> Vec<String> {
    bodies.iter().map(|body| (*body).to_owned()).collect()
}
