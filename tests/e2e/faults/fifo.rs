//! FIFO queues: in order inside a group, whatever happens.

use std::time::Duration;

use anyhow::ensure;
use serde_json::json;
use tokio::time::sleep;

use crate::field::{Field, Layout};
use crate::function::Reply;
use crate::matrix::rows;

rows! {
    "FIFO queues";
    order_survives_failures:
        "every fifth message fails twice, 3 groups of 10",
        "no message before an earlier one of its group";
    order_survives_a_kill:
        "kill −9 in mid-delivery, twice",
        "no message for the first time before an earlier one of its group is done";
    order_survives_deletes_that_fail:
        "every second entry of the first 8 delete batches fails",
        "no message before an earlier one of its group";
    order_survives_duplicates:
        "SQS hands out every message twice, 6 receives",
        "no message before an earlier one of its group; nothing runs twice";
    order_survives_an_outage:
        "503 for 3 s in the middle",
        "no message before an earlier one of its group";
    order_survives_a_stop_under_load:
        "SIGTERM with calls at work and more of their groups received",
        "no message before an earlier one of its group; each is done once";
    a_rejected_message_does_not_stop_its_group:
        "400 for one message in the middle of a group",
        "it is set aside, and the rest of the group goes on in order";
}

fn layout() -> Layout {
    Layout::default().fifo().receives(50)
}

/// Within each group, first successes come in the order of sending.
fn in_order(field: &Field) -> anyhow::Result<()> {
    let log = field.function().log();
    let mut last = [0; 3];
    let mut seen = std::collections::BTreeSet::new();
    for message in log
        .succeeded
        .iter()
        .filter(|message| seen.insert((*message).clone()))
    {
        let n: usize = message.trim_start_matches('m').parse()?;
        ensure!(
            n > last[n % 3],
            "{message} came before an earlier one of its group: {:?}",
            log.succeeded
        );
        last[n % 3] = n;
    }
    Ok(())
}

async fn order_survives_failures() -> anyhow::Result<String> {
    let mut field = Field::new(layout()).await?;
    field.function().answers(|call| {
        let fails = call.message.ends_with('5') || call.message.ends_with('0');
        Reply::status(if fails && call.attempt <= 2 { 500 } else { 200 })
    });
    field.send(30).await?;
    let tally = field.tally().await?;
    in_order(&field)?;
    Ok(format!("{}, in order", tally.all_done_once()?.says()))
}

async fn order_survives_a_kill() -> anyhow::Result<String> {
    let mut field = Field::new(layout()).await?;
    field
        .function()
        .answers(|_| Reply::ok().after(Duration::from_millis(100)));
    field.send(30).await?;
    for _ in 0..2 {
        sleep(Duration::from_millis(400)).await;
        field.kill().await?;
        field.start().await?;
    }
    let tally = field.tally().await?;
    in_order(&field)?;
    Ok(format!("{}, in order", tally.all_done()?.says()))
}

async fn order_survives_deletes_that_fail() -> anyhow::Result<String> {
    let mut field = Field::new(layout()).await?;
    let effect = json!({"fail_entries": {"code": "InternalError", "every": 2}});
    field
        .sqs_fault(json!({"action": "DeleteMessageBatch", "times": 8, "effect": effect}))
        .await?;
    field.send(30).await?;
    let tally = field.tally().await?;
    in_order(&field)?;
    Ok(format!("{}, in order", tally.all_done_once()?.says()))
}

async fn order_survives_duplicates() -> anyhow::Result<String> {
    let mut field = Field::new(layout()).await?;
    field
        .sqs_fault(json!({"action": "ReceiveMessage", "times": 6, "effect": {"duplicate": {}}}))
        .await?;
    field.send(30).await?;
    let tally = field.tally().await?;
    in_order(&field)?;
    Ok(format!("{}, in order", tally.all_done_once()?.says()))
}

async fn order_survives_an_outage() -> anyhow::Result<String> {
    let mut field = Field::new(layout().receives(3)).await?;
    field
        .function()
        .answers(|_| Reply::ok().after(Duration::from_millis(50)));
    field.send(30).await?;
    field
        .until("some are done", |field| field.function().successes() >= 5)
        .await?;
    field.function().answers(|_| Reply::status(503));
    sleep(Duration::from_secs(3)).await;
    field.function().answers(|_| Reply::ok());
    let tally = field.tally().await?;
    in_order(&field)?;
    Ok(format!("{}, in order", tally.all_done_once()?.says()))
}

async fn order_survives_a_stop_under_load() -> anyhow::Result<String> {
    let mut field = Field::new(layout()).await?;
    field
        .function()
        .answers(|_| Reply::ok().after(Duration::from_millis(200)));
    field.send(30).await?;
    field
        .until("some are done", |field| field.function().successes() >= 5)
        .await?;
    let (code, _) = field.stop().await?;
    ensure!(code == Some(0), "{code:?}");
    field.start().await?;
    let tally = field.tally().await?;
    in_order(&field)?;
    Ok(format!(
        "exit 0; {}, in order",
        tally.all_done_once()?.says()
    ))
}

async fn a_rejected_message_does_not_stop_its_group() -> anyhow::Result<String> {
    let mut field = Field::new(layout()).await?;
    field
        .function()
        .answers(|call| Reply::status(if call.message == "m10" { 400 } else { 200 }));
    field.send(30).await?;
    let tally = field.tally().await?;
    in_order(&field)?;
    ensure!(tally.dead == 1 && tally.done == [29], "{tally:?}");
    Ok(format!("{}, in order", tally.says()))
}
