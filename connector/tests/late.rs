//! What is not there yet, or not for a while, is waited for.

use std::time::Duration;

use tokio::net::TcpListener;

use crate::fakes::gateway::{Answer, Gateway};
use crate::world::{QUEUE, World, until};

#[tokio::test]
async fn a_gateway_that_comes_late_is_waited_for_before_anything_is_received() {
    let world = World::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    world.sqs.send(QUEUE, "{}");
    let connector = world
        .start(&[&format!("--gateway-url=http://{address}")])
        .await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    let (status, missing) = connector.get("/readyz").await;
    assert_eq!(status, 503);
    assert!(
        missing.contains("no topic map") && missing.contains("the gateway does not answer"),
        "{missing}"
    );
    assert_eq!(connector.get("/healthz").await.0, 200);
    assert_eq!(world.sqs.state().calls.get("ReceiveMessage"), None);

    let late = Gateway::default();
    late.function("f", QUEUE, |_, _| Answer::of_function(200));
    late.listen(TcpListener::bind(address).await.unwrap()).await;
    until("the message is deleted", || {
        world.sqs.state().deleted.len() == 1
    })
    .await;
    assert_eq!(connector.get("/readyz").await.0, 200);
    connector.stop().await;
}

#[tokio::test]
async fn a_function_that_comes_late_is_waited_for_before_anything_is_received() {
    let world = World::new().await;
    world
        .gateway
        .function("other", "another-topic", |_, _| Answer::of_function(200));
    world.sqs.send(QUEUE, "{}");
    let connector = world.start(&[]).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(world.sqs.state().calls.get("ReceiveMessage"), None);
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    until("the message is deleted", || {
        world.sqs.state().deleted.len() == 1
    })
    .await;
    connector.stop().await;
}

#[tokio::test]
async fn a_queue_that_comes_late_is_waited_for_and_the_others_go_on() {
    let world = World::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    world
        .gateway
        .function("f", &format!("{QUEUE},late"), |_, _| {
            Answer::of_function(200)
        });
    let urls = format!(
        "--queue-url={},http://{address}/000000000000/late",
        world.queue_url(QUEUE)
    );
    let connector = world.start(&[&urls]).await;
    world.sqs.send(QUEUE, "{}");
    until("the message is deleted", || {
        world.sqs.state().deleted.len() == 1
    })
    .await;
    let (status, besides) = connector.get("/readyz").await;
    assert!(
        status == 200 && besides.contains("queue late does not answer"),
        "{besides}"
    );

    world.sqs.send("late", "{}");
    world
        .sqs
        .listen(TcpListener::bind(address).await.unwrap())
        .await;
    until("the late one is deleted", || {
        world.sqs.state().deleted.len() == 2
    })
    .await;
    assert_eq!(connector.get("/readyz").await.0, 200);
    connector.stop().await;
}

#[tokio::test]
async fn garbage_from_the_gateway_keeps_the_last_good_map() {
    for (status, body) in [
        (200, "<html>"),
        (500, ""),
        (401, "invalid credentials"),
        (200, "{\"a\":1}"),
    ] {
        let world = World::new().await;
        world
            .gateway
            .function("f", QUEUE, |_, _| Answer::of_function(200));
        let connector = world.start(&[]).await;
        world.sqs.send(QUEUE, "{}");
        until("the first is deleted", || {
            world.sqs.state().deleted.len() == 1
        })
        .await;
        world.gateway.state().system = Some((status, body));
        tokio::time::sleep(Duration::from_millis(400)).await;
        world.sqs.send(QUEUE, "{}");
        until("the second is deleted", || {
            world.sqs.state().deleted.len() == 2
        })
        .await;
        connector.stop().await;
    }
}
