//! How functions want to be tried again, by their annotations.

use std::collections::BTreeSet;
use std::sync::Mutex;

use crate::fakes::gateway::Answer;
use crate::world::{QUEUE, World, eventually};

fn fails_with(world: &World, status: u16) {
    world
        .gateway
        .function("f", QUEUE, move |_, _| Answer::of_function(status));
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_attempts_are_used_up_goes_to_the_dead_letter_queue_with_the_reason() {
    let world = World::in_memory(10);
    fails_with(&world, 500);
    (world.gateway).annotate("f", "com.openfaas.retry.attempts", "3");
    let connector = world.start(&[]).await;
    world.sqs.send(QUEUE, "{}");
    eventually("it is in the dead-letter queue", || {
        world.sqs.in_queue("orders-dlq").len() == 1
    })
    .await;
    assert_eq!(world.gateway.calls("f").len(), 3);
    let reason = world.sqs.in_queue("orders-dlq")[0].attributes["throughline_reason"].clone();
    let expected = "failed at each of 3 tries, the last time with status 500";
    assert_eq!(reason["StringValue"], expected);
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_status_that_is_not_among_a_functions_codes_is_permanent() {
    let world = World::in_memory(10);
    fails_with(&world, 500);
    (world.gateway).annotate("f", "com.openfaas.retry.codes", "502, 504");
    let connector = world.start(&[]).await;
    world.sqs.send(QUEUE, "{}");
    eventually("it is in the dead-letter queue", || {
        world.sqs.in_queue("orders-dlq").len() == 1
    })
    .await;
    assert_eq!(world.gateway.calls("f").len(), 1);
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn waits_are_the_functions_own_and_a_bad_value_leaves_the_default() {
    let world = World::in_memory(10);
    let started = tokio::time::Instant::now();
    world.gateway.function("f", QUEUE, |_, before| {
        Answer::of_function(if before == 0 { 500 } else { 200 })
    });
    (world.gateway).annotate("f", "com.openfaas.retry.min_wait", "100s");
    (world.gateway).annotate("f", "com.openfaas.retry.max_wait", "200s");
    (world.gateway).annotate("f", "com.openfaas.retry.attempts", "some");
    let connector = world.start(&[]).await;
    world.sqs.send(QUEUE, "{}");
    eventually("it is deleted", || world.sqs.state().deleted.len() == 1).await;
    let took = started.elapsed().as_secs();
    assert!((100..205).contains(&took), "{took} s");
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_receive_that_was_no_try_uses_up_no_attempt() {
    let world = World::in_memory(10);
    // At first it is out, and all but one are given back; then it fails once with each.
    let failed = Mutex::new((0, BTreeSet::new()));
    world.gateway.function("f", QUEUE, move |call, _| {
        let (calls, failed) = &mut *failed.lock().unwrap();
        *calls += 1;
        if *calls <= 12 {
            return Answer::of_gateway(404);
        }
        let first = failed.insert(call.header("x-sqs-message-id").to_owned());
        Answer::of_function(if first { 500 } else { 200 })
    });
    (world.gateway).annotate("f", "com.openfaas.retry.attempts", "2");
    let connector = world.start(&["--concurrency=10"]).await;
    for _ in 0..10 {
        world.sqs.send(QUEUE, "{}");
    }
    eventually("all are deleted", || world.sqs.state().deleted.len() == 10).await;
    let calls = world.gateway.calls("f");
    let receives = calls.iter().map(|call| call.header("x-sqs-receive-count"));
    assert!(receives.max() >= Some("3"), "some were given back");
    connector.stop().await;
}
