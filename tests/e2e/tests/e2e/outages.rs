//! Parts that go away in mid-work: nothing is lost, and receive counts are not burnt.

use std::time::Duration;

use harness::{Fate, Way};
use serde_json::json;

use super::{PATIENCE, all_deployed_once, not_applicable, send_cards, story, visibility};

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("card-{n}")).collect()
}

#[tokio::test]
async fn a_killed_function_loses_nothing_and_burns_no_receives() -> anyhow::Result<()> {
    let mut way = Way::start(visibility(5)).await?;
    way.function
        .as_mut()
        .expect("it was started")
        .kill()
        .await?;
    let cards = numbered(5);
    let ids = send_cards(&way, &cards).await?;
    // Long enough for three receives each, if they were made.
    tokio::time::sleep(Duration::from_secs(8)).await;
    for id in &ids {
        assert_eq!(way.fate(id).await?, Fate::Pending, "{}", story(&way, id));
    }
    way.start_function().await?;
    all_deployed_once(&way, &cards, &ids).await?;
    way.stop().await
}

#[tokio::test]
async fn a_gateway_that_goes_away_loses_nothing_and_burns_no_receives() -> anyhow::Result<()> {
    let way = Way::start(visibility(5)).await?;
    way.control
        .gateway_fault(json!({"effect": {"down": true}}))
        .await?;
    let cards = numbered(5);
    let ids = send_cards(&way, &cards).await?;
    tokio::time::sleep(Duration::from_secs(8)).await;
    for id in &ids {
        assert_eq!(way.fate(id).await?, Fate::Pending, "{}", story(&way, id));
    }
    way.control
        .call(
            http::Method::DELETE,
            "/gateway/faults",
            serde_json::Value::Null,
        )
        .await?;
    all_deployed_once(&way, &cards, &ids).await?;
    way.stop().await
}

#[tokio::test]
async fn a_queue_that_fails_and_drops_connections_for_a_while_is_survived() -> anyhow::Result<()> {
    let way = Way::start(visibility(5)).await?;
    if not_applicable(&way, "a queue that fails and drops connections") {
        return way.stop().await;
    }
    for effect in [
        json!({"fail": {"status": 500, "code": "InternalError"}}),
        json!({"throttle": {}}),
        json!({"drop": {}}),
    ] {
        way.control
            .sqs_fault(json!({"action": "ReceiveMessage", "times": 2, "effect": effect}))
            .await?;
    }
    let cards = numbered(5);
    let ids = send_cards(&way, &cards).await?;
    all_deployed_once(&way, &cards, &ids).await?;
    way.stop().await
}

#[tokio::test]
async fn a_killed_connector_loses_nothing() -> anyhow::Result<()> {
    let mut way = Way::start(visibility(3)).await?;
    way.control
        .backend(json!({"card": "*", "effect": {"slow_ms": 1000}}))
        .await?;
    let cards = numbered(20);
    let ids = send_cards(&way, &cards).await?;
    way.function
        .as_ref()
        .expect("it was started")
        .wait_for("that a card came", PATIENCE, |line| {
            line.milestone() == Some("DEPLOYMENT_REQUESTED")
        })
        .await?;
    way.kill_connector().await?;
    way.start_connector().await?;
    all_deployed_once(&way, &cards, &ids).await?;
    way.stop().await
}
