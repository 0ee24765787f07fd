//! The connector itself dies, stops, or stands still.

use std::time::Duration;

use anyhow::ensure;
use serde_json::json;
use tokio::time::sleep;

use crate::field::{Field, Layout};
use crate::function::Reply;
use crate::matrix::rows;

rows! {
    "The connector";
    killed_in_mid_delivery_it_loses_nothing:
        "kill −9 with 8 calls at work, then a new start",
        "every message comes again and is done";
    killed_between_the_work_and_the_delete_it_delivers_again_with_the_same_key:
        "kill −9 while the delete of a finished message hangs",
        "at least once: the function sees the same Idempotency-Key again";
    killed_beside_another_it_loses_nothing:
        "two connectors, one killed in mid-delivery",
        "the other does all of it";
    killed_five_times_it_loses_nothing:
        "kill −9 five times, 700 ms apart, under load",
        "everything is done in the end";
    stopped_under_load_it_finishes_what_runs_and_gives_back_the_rest:
        "SIGTERM with 8 calls at work and more in the queue",
        "exit 0; what ran is done once; the rest is there for the next at once";
    stopped_with_a_call_that_outlasts_the_budget_it_exits_in_time:
        "SIGTERM with a call of 20 s and a budget of 2 s",
        "exit 0 within the budget and the flush; the message comes again";
    stopped_while_it_waits_for_messages_it_orphans_none:
        "SIGTERM in an open poll, and a message that comes right then",
        "the open poll ends; nothing is left invisible";
    stopped_twice_it_still_exits_well:
        "SIGTERM twice, with calls at work",
        "exit 0, and what ran is done";
    stopped_while_sqs_is_away_it_exits_in_time:
        "SQS drops every connection, then SIGTERM with a finished message not deleted",
        "exit 0 within the budget; the message comes again later";
    stopped_while_the_gateway_is_away_it_exits_in_time:
        "the gateway is down, then SIGTERM",
        "exit 0; nothing is dead-lettered";
    frozen_for_longer_than_its_leases_it_settles_nothing_of_others:
        "SIGSTOP for 4 s with leases of 2 s, a second connector takes over, SIGCONT",
        "lost leases are told, calls are cancelled, everything is done";
    started_twice_at_once_two_share_the_work:
        "two connectors on one queue",
        "each message is done once";
}

fn slow(millis: u64) -> Reply {
    Reply::ok().after(Duration::from_millis(millis))
}

async fn killed_in_mid_delivery_it_loses_nothing() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default().receives(10)).await?;
    field.function().answers(|_| slow(1500));
    field.send(8).await?;
    field
        .until("8 calls run", |field| field.function().calls() >= 8)
        .await?;
    field.kill().await?;
    field.function().answers(|_| Reply::ok());
    field.start().await?;
    let tally = field.tally().await?;
    Ok(tally.all_done()?.says())
}

async fn killed_between_the_work_and_the_delete_it_delivers_again_with_the_same_key()
-> anyhow::Result<String> {
    let mut field = Field::new(Layout::default()).await?;
    field
        .sqs_fault(json!({"action": "DeleteMessageBatch", "effect": {"hang": {"ms": 30_000}}}))
        .await?;
    field.send(1).await?;
    field
        .until("it is done", |field| field.function().successes() == 1)
        .await?;
    sleep(Duration::from_millis(200)).await;
    field.kill().await?;
    field.sqs_is_well().await?;
    field.start().await?;
    let tally = field.tally().await?;
    ensure!(tally.all_done()?.most_successes == 2, "{tally:?}");
    Ok(format!("{}; 2 deliveries, 1 key", tally.says()))
}

async fn killed_beside_another_it_loses_nothing() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default().receives(10)).await?;
    let other = field.another().await?;
    field
        .function()
        .answers(|call| slow(if call.number <= 10 { 1000 } else { 10 }));
    field.send(40).await?;
    field
        .until("10 calls run", |field| field.function().calls() >= 10)
        .await?;
    field.kill().await?;
    let tally = field.tally().await?;
    drop(other);
    Ok(tally.all_done()?.says())
}

async fn killed_five_times_it_loses_nothing() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default().receives(100)).await?;
    field.function().answers(|_| slow(50));
    field.send(100).await?;
    for _ in 0..5 {
        sleep(Duration::from_millis(700)).await;
        field.kill().await?;
        field.start().await?;
    }
    let tally = field.tally().await?;
    Ok(tally.all_done()?.says())
}

async fn stopped_under_load_it_finishes_what_runs_and_gives_back_the_rest() -> anyhow::Result<String>
{
    let mut field = Field::new(Layout::default().set("concurrency", "8")).await?;
    field.function().answers(|_| slow(800));
    field.send(30).await?;
    field
        .until("8 calls run", |field| field.function().calls() >= 8)
        .await?;
    let (code, took) = field.stop().await?;
    ensure!(
        code == Some(0) && took < Duration::from_secs(8),
        "{code:?} after {took:?}"
    );
    let held = field.number("orders", "counts", "in_flight").await?;
    ensure!(held == 0, "{held} are still held:\n{}", field.tail());
    field.function().answers(|_| Reply::ok());
    field.start().await?;
    let tally = field.tally().await?;
    Ok(format!(
        "exit 0, 0 held after it; {}, each once",
        tally.all_done_once()?.says()
    ))
}

async fn stopped_with_a_call_that_outlasts_the_budget_it_exits_in_time() -> anyhow::Result<String> {
    let layout = Layout::default()
        .set("drain_timeout", "2s")
        .set("upstream_timeout", "30s")
        .set("visibility_timeout", "30s");
    let mut field = Field::new(layout).await?;
    field.function().answers(|_| slow(20_000));
    field.send(1).await?;
    field
        .until("the call runs", |field| field.function().calls() == 1)
        .await?;
    let (code, took) = field.stop().await?;
    ensure!(
        code == Some(0) && took < Duration::from_secs(8),
        "{code:?} after {took:?}"
    );
    field.function().answers(|_| Reply::ok());
    field.start().await?;
    let tally = field.tally().await?;
    Ok(format!(
        "exit 0 in less than 8 s; {}",
        tally.all_done_once()?.says()
    ))
}

async fn stopped_while_it_waits_for_messages_it_orphans_none() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default().set("wait_time", "3s")).await?;
    sleep(Duration::from_millis(700)).await;
    field.connector().signal("TERM").await?;
    field.send(3).await?;
    let (code, _) = field.stop().await?;
    let held = field.number("orders", "counts", "in_flight").await?;
    ensure!(
        code == Some(0) && held == 0,
        "{code:?}, {held} held:\n{}",
        field.tail()
    );
    field.start().await?;
    let tally = field.tally().await?;
    Ok(format!(
        "exit 0, 0 held after it; {}",
        tally.all_done_once()?.says()
    ))
}

async fn stopped_twice_it_still_exits_well() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default()).await?;
    field.function().answers(|_| slow(1000));
    field.send(4).await?;
    field
        .until("4 calls run", |field| field.function().calls() == 4)
        .await?;
    field.connector().signal("TERM").await?;
    sleep(Duration::from_millis(200)).await;
    let (code, _) = field.stop().await?;
    let tally = field.tally().await?;
    ensure!(code == Some(0), "{code:?}");
    Ok(format!(
        "exit 0; {}, each once",
        tally.all_done_once()?.says()
    ))
}

async fn stopped_while_sqs_is_away_it_exits_in_time() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default().set("drain_timeout", "2s")).await?;
    field.function().answers(|_| slow(500));
    field.send(1).await?;
    field
        .until("the call runs", |field| field.function().calls() == 1)
        .await?;
    field
        .sqs_fault(json!({"action": "*", "effect": {"drop": {}}}))
        .await?;
    field
        .until("it is done", |field| field.function().successes() == 1)
        .await?;
    let (code, took) = field.stop().await?;
    ensure!(
        code == Some(0) && took < Duration::from_secs(12),
        "{code:?} after {took:?}"
    );
    field.sqs_is_well().await?;
    field.start().await?;
    let tally = field.tally().await?;
    Ok(format!(
        "exit 0 in less than 12 s; {}",
        tally.all_done()?.says()
    ))
}

async fn stopped_while_the_gateway_is_away_it_exits_in_time() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default()).await?;
    field
        .gateway_fault(json!({"effect": {"down": true}}))
        .await?;
    field.send(5).await?;
    sleep(Duration::from_secs(2)).await;
    let (code, took) = field.stop().await?;
    ensure!(
        code == Some(0) && took < Duration::from_secs(13),
        "{code:?} after {took:?}"
    );
    field.gateway_is_well().await?;
    field.start().await?;
    let tally = field.tally().await?;
    Ok(format!("exit 0; {}", tally.all_done_once()?.says()))
}

async fn frozen_for_longer_than_its_leases_it_settles_nothing_of_others() -> anyhow::Result<String>
{
    let mut field = Field::new(Layout::default().receives(10)).await?;
    field
        .function()
        .answers(|call| slow(if call.attempt == 1 { 1500 } else { 10 }));
    field.send(5).await?;
    field
        .until("5 calls run", |field| field.function().calls() >= 5)
        .await?;
    field.connector().signal("STOP").await?;
    let other = field.another().await?;
    sleep(Duration::from_secs(4)).await;
    field.connector().signal("CONT").await?;
    let tally = field.tally().await?;
    drop(other);
    let lost = field
        .lines()
        .iter()
        .filter(|line| line.text.contains("the lease of a message is lost"))
        .count();
    ensure!(
        lost > 0,
        "it says which leases were lost:\n{}",
        field.tail()
    );
    ensure!(tally.dead == 0 && tally.done == [5], "{tally:?}");
    Ok(format!("{}; lost leases are told", tally.says()))
}

async fn started_twice_at_once_two_share_the_work() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default()).await?;
    let other = field.another().await?;
    field.function().answers(|_| slow(20));
    field.send(60).await?;
    let tally = field.tally().await?;
    drop(other);
    Ok(format!("{}, each once", tally.all_done_once()?.says()))
}
