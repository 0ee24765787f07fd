//! What breaks around the connector, and what it makes of it.

use std::time::Duration;

use crate::fakes::gateway::Answer;
use crate::world::{QUEUE, World, until};

#[tokio::test]
async fn deletes_that_fail_for_single_entries_are_tried_again_for_those_alone() {
    let world = World::new().await;
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    world.sqs.state().fail_deletes = 7;
    for _ in 0..20 {
        world.sqs.send(QUEUE, "{}");
    }
    let connector = world.start(&[]).await;
    until("all are deleted", || world.sqs.state().deleted.len() == 20).await;
    assert_eq!(world.gateway.calls("f").len(), 20, "none ran twice");
    connector.stop().await;
}

#[tokio::test]
async fn a_message_that_was_done_but_not_deleted_is_deleted_on_redelivery_without_running_again() {
    let world = World::with_max_receive_count(20).await;
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    // Deletes fail for longer than the lease lasts, extensions too.
    world
        .sqs
        .state()
        .broken
        .insert("DeleteMessageBatch".into(), 6);
    world.sqs.state().fail_changes = 12;
    let connector = world.start(&["--visibility-timeout=2s"]).await;
    let id = world.sqs.send(QUEUE, "{}");
    until("it is deleted", || {
        world.sqs.state().deleted == [id.clone()]
    })
    .await;
    assert_eq!(world.gateway.calls("f").len(), 1);
    let (_, metrics) = connector.get("/metrics").await;
    assert!(
        metrics.contains(r#"leases_lost_total{queue="orders"} "#),
        "{metrics}"
    );
    connector.stop().await;
}

#[tokio::test]
async fn a_long_call_keeps_its_message_by_extending_it() {
    let world = World::new().await;
    world.gateway.function("f", QUEUE, |_, _| {
        Answer::of_function(200).after(Duration::from_millis(3500))
    });
    let connector = world.start(&["--visibility-timeout=1s"]).await;
    let id = world.sqs.send(QUEUE, "{}");
    until("it is deleted", || {
        world.sqs.state().deleted == [id.clone()]
    })
    .await;
    assert_eq!(world.gateway.calls("f").len(), 1);
    let (_, metrics) = connector.get("/metrics").await;
    assert!(
        metrics.contains(r#"leases_extended_total{queue="orders"}"#),
        "{metrics}"
    );
    connector.stop().await;
}

#[tokio::test]
async fn a_lost_lease_cancels_the_call_and_the_message_is_not_settled_by_us() {
    let world = World::with_max_receive_count(20).await;
    world.gateway.function("f", QUEUE, |_, before| {
        Answer::of_function(200).after(Duration::from_secs(if before == 0 { 60 } else { 0 }))
    });
    world.sqs.state().fail_changes = 5;
    let connector = world.start(&["--visibility-timeout=1s"]).await;
    let id = world.sqs.send(QUEUE, "{}");
    until("it is deleted", || {
        world.sqs.state().deleted == [id.clone()]
    })
    .await;
    let calls = world.gateway.calls("f");
    assert_eq!(calls.len(), 2);
    assert_ne!(calls[1].header("x-sqs-receive-count"), "1");
    until("the first call is cancelled", || {
        world.gateway.state().running == 0
    })
    .await;
    connector.stop().await;
}

#[tokio::test]
async fn the_gateways_credentials_go_to_its_system_routes_and_never_to_a_function() {
    let world = World::new().await;
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    let secrets = tempfile::tempdir().unwrap();
    std::fs::write(secrets.path().join("basic-auth-user"), "admin\n").unwrap();
    std::fs::write(secrets.path().join("basic-auth-password"), "s3cret\n").unwrap();
    let path = format!("--secret-mount-path={}", secrets.path().display());
    let connector = world.start(&["--basic-auth=true", &path]).await;
    world.sqs.send(QUEUE, "{}");
    until("the message is deleted", || {
        world.sqs.state().deleted.len() == 1
    })
    .await;
    // base64 of admin:s3cret
    assert!(
        world
            .gateway
            .state()
            .authorization
            .iter()
            .all(|a| a.as_deref() == Some("Basic YWRtaW46czNjcmV0"))
    );
    assert_eq!(world.gateway.calls("f")[0].header("authorization"), "");
    connector.stop().await;
}

#[tokio::test]
async fn receives_that_fail_are_tried_again_with_pauses() {
    let world = World::new().await;
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    world.sqs.state().broken.insert("ReceiveMessage".into(), 3);
    world.sqs.send(QUEUE, "{}");
    let connector = world.start(&[]).await;
    until("the message is deleted", || {
        world.sqs.state().deleted.len() == 1
    })
    .await;
    let receives = world.sqs.state().calls["ReceiveMessage"];
    assert!((4..8).contains(&receives), "{receives} receives: it spins");
    connector.stop().await;
}

#[tokio::test]
async fn a_body_that_was_changed_on_its_way_is_not_delivered() {
    let world = World::new().await;
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    world.sqs.state().corrupt = 1;
    world.sqs.send(QUEUE, "true");
    let connector = world.start(&["--visibility-timeout=1s"]).await;
    until("the message is deleted", || {
        world.sqs.state().deleted.len() == 1
    })
    .await;
    let calls = world.gateway.calls("f");
    assert_eq!((calls.len(), &calls[0].body[..]), (1, &b"true"[..]));
    connector.stop().await;
}

#[tokio::test]
async fn what_came_behind_a_changed_body_in_its_group_does_not_run_before_it() {
    let queue = "orders.fifo";
    let world = World::new().await;
    world
        .gateway
        .function("f", queue, |_, _| Answer::of_function(200));
    world.sqs.state().corrupt = 1;
    for body in ["1", "2", "3"] {
        let attributes = serde_json::json!({});
        world.sqs.send_with(queue, body, attributes, Some("one"));
    }
    let url = format!("--queue-url={}", world.queue_url(queue));
    let connector = world.start(&[&url, "--visibility-timeout=1s"]).await;
    until("all are deleted", || world.sqs.state().deleted.len() == 3).await;
    let calls = world.gateway.calls("f");
    let bodies: Vec<&[u8]> = calls.iter().map(|call| &call.body[..]).collect();
    assert_eq!(bodies, [b"1", b"2", b"3"]);
    connector.stop().await;
}

#[tokio::test]
async fn an_idle_queue_costs_one_long_poll_at_a_time() {
    let world = World::new().await;
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    let connector = world.start(&["--concurrency=100"]).await;
    tokio::time::sleep(Duration::from_millis(3500)).await;
    let receives = world.sqs.state().calls["ReceiveMessage"];
    assert!(
        (3..=5).contains(&receives),
        "{receives} receives of one second each in 3.5 s"
    );
    connector.stop().await;
}

#[tokio::test]
async fn a_queue_polled_without_waiting_is_not_spun_on() {
    let world = World::new().await;
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    let connector = world.start(&["--wait-time=0s"]).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let receives = world.sqs.state().calls["ReceiveMessage"];
    assert!((1..=4).contains(&receives), "{receives} receives in 2 s");
    connector.stop().await;
}
