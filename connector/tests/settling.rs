//! Deletes and changes of visibility: what is tried again, and what never touches another delivery.

use std::time::Duration;

use serde_json::json;

use crate::fakes::gateway::Answer;
use crate::world::{QUEUE, World, eventually};

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[tokio::test(start_paused = true)]
async fn a_release_that_outlived_its_lease_does_not_touch_the_next_delivery() {
    let world = World::in_memory(0);
    // The first delivery fails; the second is at work for long.
    world.gateway.function("f", QUEUE, |_, before| {
        if before == 0 {
            Answer::of_function(500)
        } else {
            Answer::of_function(200).after(secs(60))
        }
    });
    let id = world.sqs.send(QUEUE, "{}");
    // The change of visibility fails until the lease has run out, and no extension helps.
    world.sqs.state().fail_changes = usize::MAX;
    let connector = world
        .start(&[
            "--upstream-timeout=90s",
            "--short-visibility",
            "--visibility-timeout=30s",
            "--backoff-min=77s",
            "--backoff-max=77s",
        ])
        .await;
    eventually("it runs again", || world.gateway.calls("f").len() == 2).await;
    world.sqs.state().fail_changes = 0;
    eventually("it is deleted", || {
        world.sqs.state().deleted == [id.clone()]
    })
    .await;
    assert_eq!(world.gateway.calls("f").len(), 2);
    let changes = world.sqs.state().changes.clone();
    assert!(
        !changes.is_empty() && changes.iter().all(|(_, seconds)| *seconds == 30),
        "only extensions reached the second delivery: {changes:?}"
    );
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_was_obeyed_and_not_confirmed_counts_as_a_delete() {
    let world = World::in_memory(0);
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    (world.sqs.state().obeyed_and_broken).insert("DeleteMessageBatch".into(), 1);
    world.sqs.send(QUEUE, "{}");
    let connector = world.start(&[]).await;
    eventually("it is settled", || {
        connector.held(QUEUE) == 0 && !world.sqs.state().deleted.is_empty()
    })
    .await;
    let metrics = connector.metrics();
    assert!(
        metrics.contains(r#"messages_settled_total{queue="orders",verdict="delete"} 1"#),
        "{metrics}"
    );
    assert!(!metrics.contains(r#"verdict="lost""#), "{metrics}");
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_done_is_deleted_once_although_its_lease_ran_out_and_it_came_again() {
    let world = World::in_memory(0);
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    let broken = usize::MAX;
    for action in ["DeleteMessageBatch", "ChangeMessageVisibilityBatch"] {
        world.sqs.state().broken.insert(action.into(), broken);
    }
    let id = world.sqs.send(QUEUE, "{}");
    let connector = world
        .start(&["--visibility-timeout=30s", "--short-visibility"])
        .await;
    // Several visibility timeouts pass.
    tokio::time::sleep(secs(100)).await;
    assert!(world.sqs.in_queue(QUEUE)[0].receives > 1, "it came again");
    for action in ["DeleteMessageBatch", "ChangeMessageVisibilityBatch"] {
        world.sqs.state().broken.insert(action.into(), 0);
    }
    eventually("it is deleted", || {
        world.sqs.state().deleted == [id.clone()]
    })
    .await;
    eventually("it is settled", || connector.held(QUEUE) == 0).await;
    assert_eq!(world.gateway.calls("f").len(), 1, "it did not run again");
    assert!(connector.metrics().contains(r#"verdict="delete"} 1"#));
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_does_not_start_before_a_short_lease_is_extended() {
    let world = World::in_memory(0);
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    let connector = world
        .start(&[
            "--visibility-timeout=8s",
            "--short-visibility",
            "--wait-time=20s",
            "--drain-timeout=20s",
        ])
        .await;
    eventually("a poll is open", || {
        world.sqs.state().calls.contains_key("ReceiveMessage")
    })
    .await;
    tokio::time::sleep(secs(7)).await;
    // For all the connector knows, one second of its lease is left.
    world.sqs.state().fail_changes = 3;
    world.sqs.send(QUEUE, "{}");
    tokio::time::sleep(Duration::from_millis(120)).await;
    assert_eq!(
        world.gateway.calls("f").len(),
        0,
        "no extension is confirmed"
    );
    eventually("it is deleted", || world.sqs.state().deleted.len() == 1).await;
    assert_eq!(world.sqs.state().fail_changes, 0);
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_delete_call_that_hangs_holds_up_no_other() {
    let world = World::in_memory(0);
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    (world.sqs.state().hanging).insert("DeleteMessageBatch".into(), 1);
    world.sqs.send(QUEUE, "first");
    let connector = world.start(&[]).await;
    tokio::time::sleep(secs(2)).await;
    let second = world.sqs.send(QUEUE, "second");
    tokio::time::sleep(secs(2)).await;
    assert_eq!(world.sqs.state().deleted, [second]);
    eventually("the first is deleted", || {
        world.sqs.state().deleted.len() == 2
    })
    .await;
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_lease_lost_in_the_middle_of_a_group_lets_nothing_run_before_it() {
    let world = World::in_memory(0);
    let queue = "orders.fifo";
    world.gateway.function("f", queue, |call, before| {
        // The first outlasts its lease once; the others fail now and then.
        let fails = before % 4 == 3;
        let after = if before == 0 && call.body == "0" {
            90
        } else {
            1
        };
        Answer::of_function(if fails { 500 } else { 200 }).after(secs(after))
    });
    for n in 0..8 {
        world
            .sqs
            .send_with(queue, &n.to_string(), json!({}), Some("g"));
    }
    // No extension for two visibility timeouts.
    world.sqs.state().fail_changes = 40;
    let url = format!("--queue-url={}", world.queue_url(queue));
    let connector = world
        .start(&[&url, "--visibility-timeout=30s", "--upstream-timeout=30s"])
        .await;
    eventually("all are deleted", || world.sqs.state().deleted.len() == 8).await;
    let mut order: Vec<String> = (world.gateway.calls("f").iter())
        .map(|call| String::from_utf8_lossy(&call.body).into_owned())
        .collect();
    order.dedup();
    let sorted: Vec<String> = (0..8).map(|n| n.to_string()).collect();
    assert_eq!(order, sorted);
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_delete_waits_for_company_unless_the_next_of_its_group_waits_for_it() {
    let world = World::in_memory(0);
    let queue = "orders.fifo";
    world
        .gateway
        .function("f", queue, |_, _| Answer::of_function(200));
    let url = format!("--queue-url={}", world.queue_url(queue));
    let connector = world.start(&[&url, "--settle-window=1s"]).await;
    for n in 0..5 {
        let body = n.to_string();
        world.sqs.send_with(queue, &body, json!({}), Some("g"));
    }
    let started = tokio::time::Instant::now();
    eventually("all are deleted", || world.sqs.state().deleted.len() == 5).await;
    let took = started.elapsed();
    assert!(took >= secs(1), "the last has nobody behind it: {took:?}");
    assert!(took < secs(3), "four windows were not waited for: {took:?}");
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_failed_in_one_call_goes_again_in_one_call() {
    for is_throttled in [false, true] {
        let world = World::in_memory(0);
        world
            .gateway
            .function("f", QUEUE, |_, _| Answer::of_function(200));
        for _ in 0..10 {
            world.sqs.send(QUEUE, "{}");
        }
        {
            let mut state = world.sqs.state();
            let failing = match is_throttled {
                true => &mut state.throttled,
                false => &mut state.broken,
            };
            failing.insert("DeleteMessageBatch".into(), 6);
        }
        let connector = world.start(&["--visibility-timeout=30s"]).await;
        eventually("all are deleted", || world.sqs.state().deleted.len() == 10).await;
        assert_eq!(world.sqs.state().calls["DeleteMessageBatch"], 7);
        connector.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_came_in_one_receive_is_extended_by_one_call_each_time() {
    let world = World::in_memory(0);
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200).after(secs(100)));
    for _ in 0..10 {
        world.sqs.send(QUEUE, "{}");
    }
    let flags = ["--visibility-timeout=30s", "--upstream-timeout=300s"];
    let connector = world.start(&flags).await;
    eventually("all are deleted", || world.sqs.state().deleted.len() == 10).await;
    let extensions = world.sqs.state().calls["ChangeMessageVisibilityBatch"];
    // Every 12 to 15 s.
    assert!((6..=8).contains(&extensions), "{extensions} calls");
    connector.stop().await;
}
