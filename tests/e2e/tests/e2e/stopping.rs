//! SIGTERM in mid-work: what runs ends well, what has not started goes back, nothing is lost.

use std::time::{Duration, Instant};

use harness::Way;
use serde_json::json;

use super::{PATIENCE, all_deployed_once, send_cards, visibility};

async fn in_mid_work(cards: &[String]) -> anyhow::Result<(Way, Vec<String>)> {
    let way = Way::start(visibility(60)).await?;
    way.control
        .backend(json!({"card": "*", "effect": {"slow_ms": 1000}}))
        .await?;
    let ids = send_cards(&way, cards).await?;
    way.function
        .as_ref()
        .expect("it was started")
        .wait_for("that a card came", PATIENCE, |line| {
            line.milestone() == Some("DEPLOYMENT_REQUESTED")
        })
        .await?;
    Ok((way, ids))
}

#[tokio::test]
async fn a_connector_that_is_stopped_in_mid_work_finishes_it_and_loses_nothing()
-> anyhow::Result<()> {
    let cards: Vec<String> = (0..30).map(|n| format!("card-{n}")).collect();
    let (mut way, ids) = in_mid_work(&cards).await?;
    let status = way.stop_connector().await?;
    assert_eq!(status.code(), Some(0));
    let stopped = Instant::now();
    way.start_connector().await?;
    all_deployed_once(&way, &cards, &ids).await?;
    // What it held was released, not left to its visibility timeout.
    assert!(
        stopped.elapsed() < Duration::from_secs(45),
        "{:?}",
        stopped.elapsed()
    );
    way.stop().await
}

#[tokio::test]
async fn a_function_that_is_stopped_in_mid_work_answers_what_it_took() -> anyhow::Result<()> {
    let cards: Vec<String> = (0..10).map(|n| format!("card-{n}")).collect();
    let (mut way, ids) = in_mid_work(&cards).await?;
    let mut function = way.function.take().expect("it was started");
    let status = function.stop(PATIENCE).await?;
    assert_eq!(status.code(), Some(0), "{:?}", function.lines().last());
    assert!(
        function
            .lines()
            .iter()
            .any(|line| line.says("stopped; every request was answered"))
    );
    way.start_function().await?;
    all_deployed_once(&way, &cards, &ids).await?;
    way.stop().await
}
