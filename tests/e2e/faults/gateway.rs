//! The gateway is away, or answers for functions it does not reach.

use std::time::Duration;

use anyhow::ensure;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::field::{Field, Layout};
use crate::function::Reply;
use crate::matrix::rows;

rows! {
    "The gateway";
    a_gateway_that_is_down_burns_no_receives:
        "the gateway refuses connections for 8 s, maxReceiveCount 3, leases of 2 s",
        "paused and probed; nothing is dead-lettered";
    a_gateway_that_comes_and_goes_loses_nothing:
        "down for 1 s, four times, under load",
        "everything is done";
    a_404_of_the_gateway_is_no_rejection:
        "404 with an empty body for 4 s, maxReceiveCount 3",
        "paused and probed; nothing is dead-lettered";
    a_405_of_the_gateway_is_no_rejection:
        "405 for 4 s, maxReceiveCount 3",
        "paused and probed; nothing is dead-lettered";
    an_empty_502_is_an_outage:
        "502 with an empty body for 4 s, maxReceiveCount 3",
        "paused and probed; nothing is dead-lettered";
    a_500_that_the_provider_made_is_an_outage:
        "500 with X-OpenFaaS-Internal: proxy for 4 s, maxReceiveCount 3",
        "paused and probed; nothing is dead-lettered";
    a_dropped_connection_is_an_outage_of_one_call:
        "the gateway drops the connection of the first 3 calls",
        "paused and probed; everything is done";
    an_answer_that_was_lost_is_delivered_again_with_the_same_key:
        "the gateway drops the connection after the function has done its work, 3 times",
        "at least once: the same Idempotency-Key again";
    a_gateway_that_hangs_burns_no_receives:
        "the gateway answers nothing, not even /healthz, for 9 s, maxReceiveCount 3",
        "paused and probed; nothing is dead-lettered";
    a_list_that_is_garbage_keeps_the_last_good_map:
        "GET /system/functions answers 200 with broken JSON",
        "messages go on flowing";
    a_list_that_is_refused_keeps_the_last_good_map:
        "GET /system/functions answers 401",
        "messages go on flowing";
    a_list_whose_connection_is_dropped_keeps_the_last_good_map:
        "GET /system/functions drops the connection",
        "messages go on flowing";
    a_gateway_that_is_away_at_the_start_is_waited_for:
        "the gateway is down before the connector starts",
        "nothing is received before the first map";
    a_function_that_is_removed_is_waited_for:
        "the only subscriber is removed for 4 s, maxReceiveCount 3",
        "nothing is received meanwhile, but for what an open poll brings";
    a_function_that_joins_gets_what_comes_from_then_on:
        "a second function subscribes while messages flow",
        "what is sent after the next refresh reaches both";
}

/// The effect is on for so many seconds, with 5 messages in the queue.
async fn for_a_while(effect: Value, seconds: u64) -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default()).await?;
    field.gateway_fault(effect).await?;
    field.send(5).await?;
    sleep(Duration::from_secs(seconds)).await;
    ensure!(field.dead().await? == 0, "none is dead-lettered meanwhile");
    field.gateway_is_well().await?;
    let tally = field.tally().await?;
    Ok(tally.all_done_once()?.says())
}

async fn a_gateway_that_is_down_burns_no_receives() -> anyhow::Result<String> {
    for_a_while(json!({"effect": {"down": true}}), 8).await
}

async fn a_gateway_that_comes_and_goes_loses_nothing() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default().receives(20)).await?;
    field
        .function()
        .answers(|_| Reply::ok().after(Duration::from_millis(100)));
    field.send(60).await?;
    for _ in 0..4 {
        sleep(Duration::from_millis(300)).await;
        field
            .gateway_fault(json!({"effect": {"down": true}}))
            .await?;
        sleep(Duration::from_secs(1)).await;
        field.gateway_is_well().await?;
    }
    let tally = field.tally().await?;
    Ok(tally.all_done()?.says())
}

async fn a_404_of_the_gateway_is_no_rejection() -> anyhow::Result<String> {
    for_a_while(json!({"function": "*", "effect": {"status": 404}}), 4).await
}

async fn a_405_of_the_gateway_is_no_rejection() -> anyhow::Result<String> {
    for_a_while(json!({"function": "*", "effect": {"status": 405}}), 4).await
}

async fn an_empty_502_is_an_outage() -> anyhow::Result<String> {
    for_a_while(json!({"function": "*", "effect": {"status": 502}}), 4).await
}

async fn a_500_that_the_provider_made_is_an_outage() -> anyhow::Result<String> {
    let effect = json!({"status": 500, "headers": {"X-OpenFaaS-Internal": "proxy"}});
    for_a_while(json!({"function": "*", "effect": effect}), 4).await
}

async fn a_dropped_connection_is_an_outage_of_one_call() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default()).await?;
    field
        .gateway_fault(json!({"function": "*", "times": 3, "effect": {"drop": true}}))
        .await?;
    field.send(5).await?;
    let tally = field.tally().await?;
    Ok(tally.all_done_once()?.says())
}

async fn an_answer_that_was_lost_is_delivered_again_with_the_same_key() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default().receives(10)).await?;
    field
        .gateway_fault(json!({"function": "*", "times": 3, "effect": {"drop_answer": true}}))
        .await?;
    field.send(1).await?;
    let tally = field.tally().await?;
    ensure!(tally.most_calls > 1, "{tally:?}");
    Ok(format!(
        "{}; several deliveries, 1 key",
        tally.all_done()?.says()
    ))
}

async fn a_gateway_that_hangs_burns_no_receives() -> anyhow::Result<String> {
    for_a_while(json!({"effect": {"delay_ms": 60_000}}), 9).await
}

/// The list goes wrong in this way, and after some refreshes messages are sent.
async fn without_a_list(effect: Value) -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default()).await?;
    field.send(1).await?;
    field
        .until("messages flow", |field| field.function().successes() == 1)
        .await?;
    for route in ["system/functions", "system/namespaces"] {
        field
            .gateway_fault(json!({"route": route, "effect": effect}))
            .await?;
    }
    sleep(Duration::from_secs(1)).await;
    field.send(9).await?;
    let tally = field.tally().await?;
    Ok(tally.all_done_once()?.says())
}

async fn a_list_that_is_garbage_keeps_the_last_good_map() -> anyhow::Result<String> {
    without_a_list(json!({"garbage": true})).await
}

async fn a_list_that_is_refused_keeps_the_last_good_map() -> anyhow::Result<String> {
    without_a_list(json!({"refuse_auth": true})).await
}

async fn a_list_whose_connection_is_dropped_keeps_the_last_good_map() -> anyhow::Result<String> {
    without_a_list(json!({"drop": true})).await
}

async fn a_gateway_that_is_away_at_the_start_is_waited_for() -> anyhow::Result<String> {
    let mut field = Field::quiet(Layout::default()).await?;
    field
        .gateway_fault(json!({"effect": {"down": true}}))
        .await?;
    field.send(5).await?;
    field.start().await?;
    sleep(Duration::from_secs(2)).await;
    let received = field.number("orders", "totals", "received").await?;
    ensure!(received == 0, "{received} receives");
    field.gateway_is_well().await?;
    let tally = field.tally().await?;
    Ok(format!(
        "0 receives before; {}",
        tally.all_done_once()?.says()
    ))
}

async fn a_function_that_is_removed_is_waited_for() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default()).await?;
    field.send(1).await?;
    field
        .until("messages flow", |field| field.function().successes() == 1)
        .await?;
    field.unsubscribe(0).await?;
    sleep(Duration::from_secs(1)).await;
    field.send(5).await?;
    sleep(Duration::from_secs(3)).await;
    ensure!(field.dead().await? == 0, "none is dead-lettered meanwhile");
    let url = field.function().url.clone();
    field.subscribe(0, &url).await?;
    let tally = field.tally().await?;
    Ok(tally.all_done_once()?.says())
}

async fn a_function_that_joins_gets_what_comes_from_then_on() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default().functions(2)).await?;
    field.unsubscribe(1).await?;
    sleep(Duration::from_secs(1)).await;
    field.send(5).await?;
    field.emptied().await?;
    let url = field.functions[1].url.clone();
    field.subscribe(1, &url).await?;
    sleep(Duration::from_secs(1)).await;
    field.send(5).await?;
    let tally = field.tally().await?;
    ensure!(tally.done == [10, 5] && tally.dead == 0, "{tally:?}");
    Ok(tally.says())
}
