//! Asynchronous calls whose callbacks go wrong, and filters.

use std::time::Duration;

use anyhow::ensure;
use serde_json::json;
use tokio::time::sleep;

use crate::field::{Field, Layout};
use crate::function::Reply;
use crate::matrix::rows;

rows! {
    "Modes and filters";
    callbacks_that_are_lost_cost_their_timeout:
        "mode async; the callbacks of 3 of 5 calls are lost",
        "called again after callback_timeout, with the same Idempotency-Key";
    callbacks_that_come_twice_settle_once:
        "mode async; every callback comes twice",
        "the second is answered and settles nothing";
    callbacks_that_come_too_late_do_not_run_the_message_again:
        "mode async; the callback of a success comes after callback_timeout",
        "the message is not settled by it, and its function is not called again";
    an_asynchronous_call_that_fails_is_made_again:
        "mode async; 500 twice for each of 5 messages",
        "the status in the callback decides: tried again, done once";
    a_gateway_without_a_queue_is_an_outage:
        "mode async; 404 for /async-function for 3 s, maxReceiveCount 3",
        "paused and probed; nothing is dead-lettered";
    a_connector_killed_while_it_waits_for_callbacks_loses_nothing:
        "mode async; kill −9 with 5 callbacks outstanding",
        "the messages come again; their old callbacks settle nothing";
    what_a_batch_names_as_failed_is_tried_again_alone:
        "mode batch; 2 of 6 messages are named in batchItemFailures, twice each",
        "the others are done once; those two are tried again until they are";
    an_answer_to_a_batch_that_names_nothing_is_no_success:
        "mode batch; the first answer is 200 with the text OK",
        "all of that batch are tried again, and done once";
    what_a_filter_does_not_let_through_goes_the_declared_way:
        "a filter for 4 of 12 messages, on_filtered=dead-letter, and a function that fails once for each",
        "the 4 are done, the others are in the dead-letter queue";
}

fn by_callback() -> Layout {
    Layout::default()
        .set("mode", "async")
        .set("callback_address", "127.0.0.1")
        .set("callback_port", "0")
        .set("callback_timeout", "3s")
        .receives(10)
}

fn in_batches() -> Layout {
    Layout::default()
        .set("mode", "batch")
        .set("batch_size", "6")
        .set("batch_window", "300ms")
        .set("max_messages", "10")
        .receives(10)
}

async fn what_a_batch_names_as_failed_is_tried_again_alone() -> anyhow::Result<String> {
    let mut field = Field::new(in_batches()).await?;
    let fails = |message: &str| matches!(message, "m2" | "m4");
    field.function().answers(move |call| {
        let fails = call.attempt <= 2 && fails(&call.message);
        Reply::status(if fails { 500 } else { 200 })
    });
    field.send(6).await?;
    let tally = field.tally().await?;
    let calls = |of: &dyn Fn(&str) -> bool| -> usize {
        let log = field.function().log();
        let seen = log.messages.iter().filter(|(message, _)| of(message));
        seen.map(|(_, seen)| seen.calls).sum()
    };
    let (failed, others) = (calls(&fails), calls(&|message| !fails(message)));
    ensure!(
        (failed, others) == (6, 4),
        "{failed} and {others} calls, {tally:?}"
    );
    Ok(format!(
        "{}; 3 calls each, and 1",
        tally.all_done_once()?.says()
    ))
}

async fn an_answer_to_a_batch_that_names_nothing_is_no_success() -> anyhow::Result<String> {
    let mut field = Field::new(in_batches()).await?;
    field.function().answers(|call| {
        if call.attempt == 1 {
            Reply::status(500).body("OK")
        } else {
            Reply::ok()
        }
    });
    field.send(1).await?;
    let tally = field.tally().await?;
    ensure!(tally.most_calls == 2, "{tally:?}");
    Ok(format!("{}; 2 calls", tally.all_done_once()?.says()))
}

async fn callbacks_that_are_lost_cost_their_timeout() -> anyhow::Result<String> {
    let mut field = Field::new(by_callback()).await?;
    field
        .gateway_fault(json!({"route": "callback", "times": 3, "effect": {"drop": true}}))
        .await?;
    field.send(5).await?;
    let tally = field.tally().await?;
    ensure!(tally.most_calls >= 2, "{tally:?}");
    Ok(format!("{}; 1 key each", tally.all_done()?.says()))
}

async fn callbacks_that_come_twice_settle_once() -> anyhow::Result<String> {
    let mut field = Field::new(by_callback()).await?;
    field
        .gateway_fault(json!({"route": "callback", "effect": {"twice": true}}))
        .await?;
    field.send(5).await?;
    let tally = field.tally().await?;
    Ok(tally.all_done_once()?.says())
}

async fn callbacks_that_come_too_late_do_not_run_the_message_again() -> anyhow::Result<String> {
    let mut field = Field::new(
        by_callback()
            .set("backoff_min", "3s")
            .set("backoff_max", "3s"),
    )
    .await?;
    field
        .gateway_fault(json!({"route": "callback", "times": 1, "effect": {"delay_ms": 3200}}))
        .await?;
    field.send(1).await?;
    let tally = field.tally().await?;
    // Whether the message was back already when the callback came is the drawn backoff's choice.
    ensure!(tally.most_calls <= 2, "{tally:?}");
    Ok(format!("{}; at most 2 calls", tally.all_done()?.says()))
}

async fn an_asynchronous_call_that_fails_is_made_again() -> anyhow::Result<String> {
    let mut field = Field::new(by_callback()).await?;
    field
        .function()
        .answers(|call| Reply::status(if call.attempt <= 2 { 500 } else { 200 }));
    field.send(5).await?;
    let tally = field.tally().await?;
    ensure!(tally.most_calls == 3, "{tally:?}");
    Ok(format!("{}; 3 calls each", tally.all_done_once()?.says()))
}

async fn a_gateway_without_a_queue_is_an_outage() -> anyhow::Result<String> {
    let mut field = Field::new(by_callback().receives(3)).await?;
    field
        .gateway_fault(json!({"route": "async-function", "effect": {"status": 404}}))
        .await?;
    field.send(5).await?;
    sleep(Duration::from_secs(3)).await;
    ensure!(field.dead().await? == 0, "none is dead-lettered meanwhile");
    field.gateway_is_well().await?;
    let tally = field.tally().await?;
    Ok(tally.all_done_once()?.says())
}

async fn a_connector_killed_while_it_waits_for_callbacks_loses_nothing() -> anyhow::Result<String> {
    let mut field = Field::new(by_callback()).await?;
    field.function().answers(|call| {
        Reply::ok().after(Duration::from_millis(if call.attempt == 1 {
            1500
        } else {
            0
        }))
    });
    field.send(5).await?;
    field
        .until("5 calls run", |field| field.function().calls() == 5)
        .await?;
    field.kill().await?;
    field.start().await?;
    let tally = field.tally().await?;
    ensure!(tally.done == [5] && tally.dead == 0, "{tally:?}");
    Ok(tally.says())
}

async fn what_a_filter_does_not_let_through_goes_the_declared_way() -> anyhow::Result<String> {
    let layout = Layout::default()
        .set("filter", r#"{"body":[{"prefix":"m1"}]}"#)
        .set("on_filtered", "dead-letter");
    let mut field = Field::new(layout).await?;
    field
        .function()
        .answers(|call| Reply::status(if call.attempt == 1 { 500 } else { 200 }));
    field.send(12).await?;
    let tally = field.tally().await?;
    ensure!(tally.done == [4] && tally.dead == 8, "{tally:?}");
    Ok(tally.says())
}
