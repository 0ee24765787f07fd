//! What must not stop a queue, use up its receives, or fill the memory.

use std::time::Duration;

use serde_json::json;

use crate::fakes::gateway::Answer;
use crate::world::{QUEUE, World, eventually, until};

/// Looks like an outage, whoever is to blame.
fn looks_like_an_outage() -> Answer {
    Answer::of_gateway(502)
}

#[tokio::test]
async fn one_poisoned_message_does_not_stop_a_queue_that_holds_one_at_a_time() {
    let world = World::with_max_receive_count(0).await;
    world.gateway.function("f", QUEUE, |call, _| {
        if &call.body[..] == b"poison" {
            looks_like_an_outage()
        } else {
            Answer::of_function(200)
        }
    });
    world.sqs.send(QUEUE, "poison");
    let connector = world
        .start(&["--concurrency=1", "--probe-min=20ms", "--probe-max=50ms"])
        .await;
    until("it is probed with", || world.gateway.calls("f").len() > 1).await;
    world.sqs.send(QUEUE, "good");
    until("the other is deleted", || {
        world.sqs.state().deleted.len() == 1
    })
    .await;
    connector.stop().await;
}

#[tokio::test]
async fn one_poisoned_group_does_not_stop_the_other_groups() {
    let queue = "orders.fifo";
    let world = World::with_max_receive_count(0).await;
    world.gateway.function("f", queue, |call, _| {
        if &call.body[..] == b"poison" {
            looks_like_an_outage()
        } else {
            Answer::of_function(200)
        }
    });
    for body in ["poison", "behind it", "behind both"] {
        world.sqs.send_with(queue, body, json!({}), Some("bad"));
    }
    let url = format!("--queue-url={}", world.queue_url(queue));
    // All the room there is is taken by the one group.
    let flags = [
        url.as_str(),
        "--concurrency=3",
        "--probe-min=20ms",
        "--probe-max=50ms",
    ];
    let connector = world.start(&flags).await;
    until("it is probed with", || world.gateway.calls("f").len() > 1).await;
    let good = world.sqs.send_with(queue, "good", json!({}), Some("good"));
    until("the other group goes on", || {
        world.sqs.state().deleted.contains(&good)
    })
    .await;
    let calls = world.gateway.calls("f");
    assert!(
        calls.iter().all(|call| !call.body.starts_with(b"behind")),
        "none ran before the one it came after"
    );
    connector.stop().await;
}

#[tokio::test]
async fn a_gateway_that_hangs_uses_up_no_receives() {
    let world = World::new().await;
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    world.sqs.send(QUEUE, "first");
    let connector = world.start(&["--upstream-timeout=300ms"]).await;
    until("the first is deleted", || {
        world.sqs.state().deleted.len() == 1
    })
    .await;
    world.gateway.state().hangs = true;
    for _ in 0..3 {
        world.sqs.send(QUEUE, "{}");
    }
    tokio::time::sleep(Duration::from_secs(8)).await;
    let receives: Vec<u32> = (world.sqs.in_queue(QUEUE).iter())
        .map(|message| message.receives)
        .collect();
    assert!(
        receives.len() == 3 && receives.iter().all(|n| *n < 3),
        "{receives:?}"
    );
    world.gateway.state().hangs = false;
    until("all are deleted", || world.sqs.state().deleted.len() == 4).await;
    assert!(world.sqs.in_queue("orders-dlq").is_empty());
    connector.stop().await;
}

#[tokio::test]
async fn a_function_that_is_gone_for_a_while_costs_a_message_no_receive_it_does_not_have() {
    let world = World::with_max_receive_count(1).await;
    world
        .gateway
        .function("f", QUEUE, |_, _| looks_like_an_outage());
    let id = world.sqs.send(QUEUE, "{}");
    let connector = world
        .start(&["--probe-min=300ms", "--probe-max=300ms"])
        .await;
    until("it was tried", || !world.gateway.calls("f").is_empty()).await;
    world.gateway.remove("f");
    tokio::time::sleep(Duration::from_secs(7)).await;
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    until("it is deleted", || {
        world.sqs.state().deleted == [id.clone()]
    })
    .await;
    connector.stop().await;
}

#[tokio::test]
async fn what_succeeded_is_remembered_although_another_function_was_cut_off() {
    let world = World::with_max_receive_count(20).await;
    world
        .gateway
        .function("quick", QUEUE, |_, _| Answer::of_function(200));
    world.gateway.function("slow", QUEUE, |_, before| {
        Answer::of_function(200).after(Duration::from_secs(if before == 0 { 60 } else { 0 }))
    });
    world.sqs.state().fail_changes = 8;
    world.sqs.send(QUEUE, "{}");
    let connector = world.start(&["--visibility-timeout=1s"]).await;
    until("it is deleted", || world.sqs.state().deleted.len() == 1).await;
    assert_eq!(world.gateway.calls("slow").len(), 2);
    assert_eq!(world.gateway.calls("quick").len(), 1);
    connector.stop().await;
}

#[tokio::test]
async fn an_extension_that_hangs_leaves_time_for_another() {
    let world = World::new().await;
    world.gateway.function("f", QUEUE, |_, _| {
        Answer::of_function(200).after(Duration::from_secs(4))
    });
    world.sqs.state().hang_changes = 1;
    world.sqs.send(QUEUE, "{}");
    let connector = world.start(&["--visibility-timeout=3s"]).await;
    until("it is deleted", || world.sqs.state().deleted.len() == 1).await;
    assert_eq!(world.gateway.calls("f").len(), 1, "its lease was not lost");
    connector.stop().await;
}

#[tokio::test]
async fn polls_that_come_back_empty_at_once_are_not_spun_on() {
    let world = World::new().await;
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    world.sqs.state().never_waits = true;
    let connector = world.start(&["--wait-time=20s"]).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let receives = world.sqs.state().calls["ReceiveMessage"];
    assert!((1..=4).contains(&receives), "{receives} receives in 2 s");
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_confirms_no_delete_does_not_fill_the_memory() {
    let world = World::in_memory(3);
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    let broken = usize::MAX;
    let action = "DeleteMessageBatch".to_owned();
    world.sqs.state().broken.insert(action.clone(), broken);
    for _ in 0..1200 {
        world.sqs.send(QUEUE, "{}");
    }
    let connector = world.start(&["--concurrency=20"]).await;
    eventually("many are done", || world.gateway.calls("f").len() >= 1000).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let done = world.gateway.calls("f").len();
    assert!(done < 1100, "{done} are done and not deleted");
    world.sqs.state().broken.insert(action, 0);
    eventually("all are deleted", || {
        world.sqs.state().deleted.len() == 1200
    })
    .await;
    assert_eq!(world.gateway.calls("f").len(), 1200, "none ran twice");
    connector.stop().await;
}
