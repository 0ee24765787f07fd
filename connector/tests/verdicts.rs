//! Each verdict, seen at SQS.

use std::time::Duration;

use crate::fakes::gateway::Answer;
use crate::world::{QUEUE, World, until};

#[tokio::test]
async fn a_failing_message_is_retried_and_ends_in_the_dead_letter_queue_by_sqs_own_policy() {
    let world = World::new().await;
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(500));
    let connector = world.start(&[]).await;
    world.sqs.send(QUEUE, "poison");
    until("it is in the dead-letter queue", || {
        world.sqs.in_queue("orders-dlq").len() == 1
    })
    .await;
    assert_eq!(world.gateway.calls("f").len(), 3);
    assert_eq!(world.sqs.state().deleted.len(), 0);
    let (_, metrics) = connector.get("/metrics").await;
    assert!(
        metrics.contains(r#"messages_settled_total{queue="orders",verdict="retry"} 3"#),
        "{metrics}"
    );
    connector.stop().await;
}

#[tokio::test]
async fn a_rejected_message_goes_to_the_dead_letter_queue_at_once_with_the_reason() {
    let world = World::new().await;
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(400));
    let connector = world.start(&[]).await;
    let id = world.sqs.send(QUEUE, "bad");
    until("it is deleted", || {
        world.sqs.state().deleted == [id.clone()]
    })
    .await;
    let dead = world.sqs.in_queue("orders-dlq");
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].body, "bad");
    let attribute = |name: &str| {
        dead[0].attributes[name]["StringValue"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(attribute("throughline_reason"), "rejected with status 400");
    assert_eq!(attribute("throughline_status"), "400");
    assert_eq!(attribute("throughline_function"), "f.openfaas-fn");
    assert_eq!(attribute("correlation_id"), id);
    assert_eq!(world.gateway.calls("f").len(), 1);
    connector.stop().await;
}

#[tokio::test]
async fn when_the_dead_letter_queue_refuses_nothing_is_deleted() {
    let world = World::new().await;
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(400));
    world.sqs.state().broken.insert("SendMessage".into(), 1);
    let connector = world.start(&[]).await;
    let id = world.sqs.send(QUEUE, "bad");
    until("it is deleted", || {
        world.sqs.state().deleted == [id.clone()]
    })
    .await;
    assert_eq!(
        world.gateway.calls("f").len(),
        2,
        "the first was retried, since it could not be sent on"
    );
    assert_eq!(world.sqs.in_queue("orders-dlq").len(), 1);
    connector.stop().await;
}

#[tokio::test]
async fn without_a_dead_letter_queue_a_rejected_message_is_retried() {
    let world = World::with_max_receive_count(0).await;
    world.gateway.function("f", QUEUE, |_, before| {
        Answer::of_function(if before < 2 { 422 } else { 200 })
    });
    let connector = world.start(&[]).await;
    let id = world.sqs.send(QUEUE, "{}");
    until("it is deleted", || {
        world.sqs.state().deleted == [id.clone()]
    })
    .await;
    assert_eq!(world.gateway.calls("f").len(), 3);
    connector.stop().await;
}

async fn an_outage_burns_nothing(outage: Answer) {
    let world = World::new().await;
    world.gateway.function("f", QUEUE, move |_, before| {
        if before < 3 {
            outage.clone()
        } else {
            Answer::of_function(200)
        }
    });
    let connector = world.start(&["--max-messages=1", "--concurrency=1"]).await;
    for _ in 0..3 {
        world.sqs.send(QUEUE, "{}");
    }
    until("the queue pauses", || world.gateway.calls("f").len() == 2).await;
    let (_, metrics) = connector.get("/metrics").await;
    let paused = r#"paused{queue="orders",function="f.openfaas-fn",reason="infrastructure"} 1"#;
    assert!(metrics.contains(paused), "{metrics}");
    until("all are deleted", || world.sqs.state().deleted.len() == 3).await;
    let calls = world.gateway.calls("f");
    let first = |call: &crate::fakes::gateway::Call| call.header("x-sqs-receive-count") == "1";
    assert!(calls.iter().all(first), "a receive was burnt");
    assert_eq!(world.sqs.in_queue("orders-dlq").len(), 0);
    connector.stop().await;
}

#[tokio::test]
async fn a_provider_that_is_unreachable_pauses_the_queue_and_burns_no_receives() {
    an_outage_burns_nothing(Answer::of_gateway(502)).await;
}

#[tokio::test]
async fn a_function_that_is_not_found_pauses_the_queue_and_burns_no_receives() {
    an_outage_burns_nothing(Answer::of_gateway(404)).await;
}

#[tokio::test]
async fn a_function_without_endpoints_pauses_the_queue_and_burns_no_receives() {
    let answer = Answer::of_gateway(503).with("x-openfaas-internal", "proxy");
    an_outage_burns_nothing(answer).await;
}

#[tokio::test]
async fn in_an_outage_what_is_held_beside_the_probe_is_given_back_unless_that_could_dead_letter_it()
{
    for (max_receive_count, given_back) in [(10, 4), (2, 0)] {
        let world = World::with_max_receive_count(max_receive_count).await;
        let slow = Duration::from_millis(200);
        world
            .gateway
            .function("f", QUEUE, move |_, _| Answer::of_gateway(502).after(slow));
        for _ in 0..5 {
            world.sqs.send(QUEUE, "{}");
        }
        let connector = world.start(&[]).await;
        until("a probe failed too", || world.gateway.calls("f").len() > 5).await;
        tokio::time::sleep(slow).await;
        let changes = world.sqs.state().changes.clone();
        assert_eq!(changes.len(), given_back, "{changes:?}");
        assert!(changes.iter().all(|(_, seconds)| *seconds == 5));
        assert_eq!(world.sqs.in_queue("orders-dlq").len(), 0);
        connector.stop().await;
    }
}

#[tokio::test]
async fn a_message_on_which_the_function_falls_over_does_not_stop_its_queue() {
    let world = World::with_max_receive_count(0).await;
    world.gateway.function("f", QUEUE, |call, _| {
        if call.body == "poison" {
            Answer::of_gateway(502)
        } else {
            Answer::of_function(200)
        }
    });
    let connector = world
        .start(&[
            "--backoff-min=60s",
            "--backoff-max=60s",
            "--probe-max=500ms",
        ])
        .await;
    world.sqs.send(QUEUE, "poison");
    until("the queue pauses", || !world.gateway.calls("f").is_empty()).await;
    for _ in 0..10 {
        world.sqs.send(QUEUE, "good");
    }
    until("the good ones are deleted", || {
        world.sqs.state().deleted.len() == 10
    })
    .await;
    until("the poison is retried as a failure", || {
        !world.sqs.state().changes.is_empty()
    })
    .await;
    connector.stop().await;
}

#[tokio::test]
async fn too_many_requests_holds_the_message_for_as_long_as_the_function_asks() {
    let world = World::new().await;
    world
        .gateway
        .function("f", QUEUE, |_, before| match before {
            0 => Answer::of_function(429).with("retry-after", "2"),
            _ => Answer::of_function(200),
        });
    let connector = world.start(&[]).await;
    let started = std::time::Instant::now();
    let id = world.sqs.send(QUEUE, "{}");
    until("it is deleted", || {
        world.sqs.state().deleted == [id.clone()]
    })
    .await;
    assert!(started.elapsed() >= Duration::from_secs(2));
    assert_eq!(
        world.gateway.calls("f")[1].header("x-sqs-receive-count"),
        "1"
    );
    connector.stop().await;
}

#[tokio::test]
async fn a_burst_of_messages_on_a_busy_function_reaches_it_without_burning_receives() {
    let world = World::new().await;
    let gateway = world.gateway.clone();
    let busy = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    gateway.function("f", QUEUE, move |_, _| {
        // Four in a hundred calls are refused at first, as with a small max_inflight.
        if busy.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 12 {
            Answer::of_function(429)
        } else {
            Answer::of_function(200)
        }
    });
    for _ in 0..30 {
        world.sqs.send(QUEUE, "{}");
    }
    let connector = world.start(&["--concurrency=12"]).await;
    until("all are deleted", || world.sqs.state().deleted.len() == 30).await;
    let calls = world.gateway.calls("f");
    assert!(
        calls
            .iter()
            .all(|call| call.header("x-sqs-receive-count") == "1")
    );
    connector.stop().await;
}

#[tokio::test]
async fn a_call_that_hangs_is_given_up_after_the_timeout_and_tried_again_without_a_receive() {
    let world = World::new().await;
    world.gateway.function("f", QUEUE, |_, before| {
        Answer::of_function(200).after(Duration::from_secs(if before == 0 { 60 } else { 0 }))
    });
    let connector = world.start(&["--upstream-timeout=300ms"]).await;
    let id = world.sqs.send(QUEUE, "{}");
    until("it is deleted", || {
        world.sqs.state().deleted == [id.clone()]
    })
    .await;
    assert_eq!(
        world.gateway.calls("f")[1].header("x-sqs-receive-count"),
        "1"
    );
    connector.stop().await;
}
