//! The redrive policy may change while the connector runs.

use std::time::Duration;

use crate::fakes::gateway::Answer;
use crate::world::{QUEUE, World, eventually};

const DLQ: &str = "orders-dlq";

#[tokio::test(start_paused = true)]
async fn a_policy_that_is_added_later_is_taken_up_while_messages_come() {
    let world = World::in_memory(0);
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(400));
    let connector = world
        .start(&["--backoff-min=30s", "--backoff-max=30s"])
        .await;
    world.sqs.send(QUEUE, "{}");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(world.gateway.calls("f").len() > 1, "it is retried");
    world.sqs.state().max_receive_count = 1000;
    tokio::time::sleep(Duration::from_secs(700)).await;
    assert_eq!(world.sqs.in_queue(DLQ).len(), 1);
    assert!(world.sqs.in_queue(QUEUE).is_empty());
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_queue_that_is_gone_loses_nothing_and_one_that_comes_back_is_used() {
    let world = World::in_memory(1000);
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(400));
    let connector = world
        .start(&["--backoff-min=30s", "--backoff-max=30s"])
        .await;
    world.sqs.state().dead_letter_queue_is_gone = true;
    world.sqs.send(QUEUE, "{}");
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(world.sqs.in_queue(QUEUE).len(), 1, "it is not lost");
    assert!(world.gateway.calls("f").len() > 3, "it is retried");
    // Once at the start, every 30 s for the doubts, and three times for the limit of what is in flight.
    let asked = world.sqs.state().calls["GetQueueAttributes"];
    assert!(
        (2..=14).contains(&asked),
        "asked {asked} times in 5 minutes"
    );
    world.sqs.state().dead_letter_queue_is_gone = false;
    eventually("it is set aside", || world.sqs.in_queue(DLQ).len() == 1).await;
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_queue_costs_its_long_polls_and_a_handful_of_requests_a_day() {
    let world = World::in_memory(3);
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    let connector = world
        .start(&["--wait-time=20s", "--rebuild-interval=1h"])
        .await;
    tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
    let calls = world.sqs.state().calls.clone();
    let polls = calls["ReceiveMessage"];
    let all: usize = calls.values().sum();
    assert!((4310..=4320).contains(&polls), "{polls} polls");
    assert!(all - polls <= 20, "{calls:?}");
    connector.stop().await;
}
