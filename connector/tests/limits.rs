//! Bounds: of memory here, and of what SQS lets a queue have in flight.

use std::time::Duration;

use crate::fakes::gateway::Answer;
use crate::world::{QUEUE, World, eventually};

const MIB: usize = 1024 * 1024;

fn counts(visible: u64, in_flight: u64) -> [(String, String); 2] {
    [
        ("ApproximateNumberOfMessages".into(), visible.to_string()),
        (
            "ApproximateNumberOfMessagesNotVisible".into(),
            in_flight.to_string(),
        ),
    ]
}

#[tokio::test(start_paused = true)]
async fn large_messages_are_held_only_as_far_as_the_bytes_allow_and_all_come_through() {
    let world = World::in_memory(0);
    world.gateway.function("f", QUEUE, |_, _| {
        Answer::of_function(200).after(Duration::from_secs(1))
    });
    for _ in 0..24 {
        world.sqs.send(QUEUE, &"x".repeat(MIB));
    }
    let connector = world.start(&["--max-bytes-in-flight=4MiB"]).await;
    eventually("all are deleted", || world.sqs.state().deleted.len() == 24).await;
    assert_eq!(world.gateway.state().most_running, 4);
    assert_eq!(world.gateway.calls("f").len(), 24);
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn small_messages_use_all_the_concurrency_whatever_the_bytes() {
    let world = World::in_memory(0);
    world.gateway.function("f", QUEUE, |_, _| {
        Answer::of_function(200).after(Duration::from_secs(1))
    });
    for _ in 0..200 {
        world.sqs.send(QUEUE, "{}");
    }
    let connector = world.start(&["--max-bytes-in-flight=1MiB"]).await;
    eventually("all are deleted", || world.sqs.state().deleted.len() == 200).await;
    assert_eq!(world.gateway.state().most_running, 32);
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_queue_with_too_much_in_flight_is_noticed_and_told_until_it_is_over() {
    const REACHED: &str = r#"in_flight_limit_reached{queue="orders"} 1"#;
    let world = World::in_memory(3);
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    world.sqs.state().attributes.extend(counts(1000, 119_990));
    let connector = world.start(&["--wait-time=20s"]).await;
    eventually("it is noticed", || connector.metrics().contains(REACHED)).await;
    let first = world.sqs.state().calls["GetQueueAttributes"];
    tokio::time::sleep(Duration::from_secs(600)).await;
    let asked = world.sqs.state().calls["GetQueueAttributes"] - first;
    assert!(
        (8..=11).contains(&asked),
        "asked {asked} times in 10 minutes"
    );
    world.sqs.send(QUEUE, "{}");
    eventually("it is over", || !connector.metrics().contains(REACHED)).await;
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_short_poll_that_is_refused_over_the_limit_is_told_too() {
    let world = World::in_memory(3);
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    world.sqs.state().over_limit = true;
    let connector = world.start(&["--wait-time=0s"]).await;
    eventually("it is noticed", || {
        connector
            .metrics()
            .contains(r#"in_flight_limit_reached{queue="orders"} 1"#)
    })
    .await;
    world.sqs.state().over_limit = false;
    world.sqs.send(QUEUE, "{}");
    eventually("it is deleted", || world.sqs.state().deleted.len() == 1).await;
    assert!(
        connector
            .metrics()
            .contains(r#"in_flight_limit_reached{queue="orders"} 0"#)
    );
    connector.stop().await;
}
