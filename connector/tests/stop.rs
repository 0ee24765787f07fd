//! The stop, with messages in every state and with an SQS that does not answer.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::fakes::gateway::Answer;
use crate::world::{World, eventually};

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[tokio::test(start_paused = true)]
async fn at_a_stop_under_load_each_message_is_deleted_or_given_back_whatever_its_state() {
    let (plain, busy, gone, fifo) = ("plain", "busy", "gone", "orders.fifo");
    let world = World::in_memory(2);
    let slow = |seconds| move |_: &_, _| Answer::of_function(200).after(secs(seconds));
    world.gateway.function("slow", plain, slow(3));
    world.gateway.function("endless", "endless", slow(25));
    world.gateway.function("in-order", fifo, slow(3));
    world.gateway.function("busy", busy, |_, _| {
        Answer::of_function(429).with("retry-after", "600")
    });
    world
        .gateway
        .function("gone", gone, |_, _| Answer::of_gateway(502));
    let queues = [plain, "endless", busy, gone, fifo];
    for n in 0..40 {
        world.sqs.send(plain, "{}");
        if n < 5 {
            for queue in ["endless", busy, gone] {
                world.sqs.send(queue, "{}");
            }
            world.sqs.send_with(fifo, "{}", json!({}), Some("g"));
        }
    }
    // Some settlements fail meanwhile.
    world.sqs.state().fail_deletes = 7;
    world.sqs.state().fail_changes = 7;
    let urls: Vec<String> = queues.iter().map(|queue| world.queue_url(queue)).collect();
    let urls = format!("--queue-url={}", urls.join(","));
    let flags = [
        &*urls,
        "--wait-time=5s",
        "--drain-timeout=10s",
        "--visibility-timeout=30s",
    ];
    let connector = world.start(&flags).await;
    eventually("they are at work", || {
        world.gateway.state().running > 32 + 5 && !world.gateway.calls("gone").is_empty()
    })
    .await;
    let sqs = world.sqs.clone();
    let late = throughline::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        sqs.send("busy", "late");
    });
    let (left, took) = connector.stop().await;
    let stopped = Instant::now();
    late.await.unwrap();
    assert_eq!(left, 0);
    assert!(
        took >= secs(10),
        "the endless ones had their budget: {took:?}"
    );
    assert!(took < secs(16), "{took:?}");
    let calls = |function| world.gateway.calls(function).len();
    let deleted = world.sqs.state().deleted.len();
    assert_eq!(
        deleted,
        calls("slow") + calls("in-order"),
        "what ran is deleted"
    );
    assert_eq!(
        calls("in-order"),
        1,
        "what waits for its group did not start"
    );
    // Nothing is hidden for longer than a short pause.
    tokio::time::sleep_until(stopped + secs(5)).await;
    for queue in queues {
        let kept = world.sqs.in_queue(queue).len();
        assert_eq!(world.sqs.visible(queue), kept, "{queue}");
        assert!(
            world.sqs.in_queue(&format!("{queue}-dlq")).is_empty(),
            "{queue}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_sqs_that_does_not_answer_holds_up_no_exit_and_what_is_left_is_counted() {
    let world = World::in_memory(0);
    world.gateway.function("f", "orders", |_, _| {
        Answer::of_function(200).after(secs(2))
    });
    for _ in 0..7 {
        world.sqs.send("orders", "{}");
    }
    let connector = world.start(&["--drain-timeout=8s"]).await;
    eventually("all run", || world.gateway.state().running == 7).await;
    for action in [
        "DeleteMessageBatch",
        "ChangeMessageVisibilityBatch",
        "ReceiveMessage",
    ] {
        world.sqs.state().hanging.insert(action.into(), usize::MAX);
    }
    let metrics = connector.metrics_handle();
    let (left, took) = connector.stop().await;
    assert_eq!(left, 7);
    assert!(took <= secs(8 + 6), "{took:?}");
    let settled = r#"messages_settled_total{queue="orders",verdict="left"} 7"#;
    let metrics = metrics.encode();
    assert!(metrics.contains(settled), "each has its end: {metrics}");
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_lasts_as_long_as_the_drain_is_not_aborted() {
    let world = World::in_memory(0);
    world
        .gateway
        .function("f", "orders", |_, _| Answer::of_function(200));
    let connector = world
        .start(&["--wait-time=20s", "--drain-timeout=20s"])
        .await;
    eventually("a poll is open", || {
        world.sqs.state().calls.contains_key("ReceiveMessage")
    })
    .await;
    let sqs = world.sqs.clone();
    let late = throughline::spawn(async move {
        tokio::time::sleep(Duration::from_millis(19_500)).await;
        sqs.send("orders", "{}");
    });
    let (left, _) = connector.stop().await;
    late.await.unwrap();
    assert_eq!((left, world.sqs.visible("orders")), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_receive_that_hangs_is_given_up_and_made_again() {
    let world = World::in_memory(0);
    world
        .gateway
        .function("f", "orders", |_, _| Answer::of_function(200));
    (world.sqs.state().hanging).insert("ReceiveMessage".into(), 2);
    world.sqs.send("orders", "{}");
    let started = Instant::now();
    let connector = world
        .start(&["--wait-time=20s", "--drain-timeout=20s"])
        .await;
    eventually("it is deleted", || world.sqs.state().deleted.len() == 1).await;
    let took = started.elapsed();
    assert!(
        took >= secs(50) && took < secs(55),
        "twice the wait and a margin: {took:?}"
    );
    connector.stop().await;
}
