//! SQS fails, throttles, loses answers, hands out twice, forgets.

use std::time::Duration;

use anyhow::ensure;
use harness::get;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::field::{Field, Layout};
use crate::function::Reply;
use crate::matrix::rows;

rows! {
    "SQS";
    receives_that_fail_are_tried_again:
        "500 InternalError for 4 receives",
        "tried again at growing intervals; everything is done";
    receives_that_are_throttled_are_tried_again:
        "RequestThrottled for 4 receives",
        "tried again at growing intervals; everything is done";
    an_answer_to_a_receive_that_was_lost_costs_its_messages_one_receive:
        "the connection is dropped after SQS has handed out messages, twice",
        "they come again after their visibility; everything is done once";
    a_receive_that_hangs_is_given_up_and_told:
        "a receive that never ends, although it waits 1 s",
        "given up after the wait and a margin; everything is done";
    deletes_that_fail_one_by_one_are_sent_again:
        "every second entry of the first 6 delete batches fails",
        "sent again until confirmed; nothing runs twice";
    deletes_that_fail_for_longer_than_the_lease_run_nothing_twice:
        "every delete fails for 5 s, with leases of 2 s",
        "remembered as done, and extended; nothing runs twice";
    an_answer_to_a_delete_that_was_lost_does_no_harm:
        "the connection is dropped after SQS has deleted, 3 times",
        "the delete is sent again; nothing runs twice";
    deletes_that_are_throttled_are_sent_again:
        "RequestThrottled for 5 delete batches",
        "sent again until confirmed; nothing runs twice";
    extensions_that_fail_are_asked_for_again_before_the_lease_ends:
        "2 extensions fail for each call of 5 s, with leases of 2 s",
        "asked for again in time; each is called once";
    a_lease_that_cannot_be_extended_cancels_its_call:
        "every extension fails, with a call of 6 s and leases of 2 s",
        "the call is cancelled, and told; SQS hands the message out again";
    a_lease_that_somebody_else_ended_cancels_its_call:
        "every extension is refused with ReceiptHandleIsInvalid during a call of 4 s",
        "the call is cancelled, and the message not settled by us";
    duplicates_do_not_run_beside_themselves:
        "SQS hands out every message twice",
        "the second neither runs beside the first nor after it";
    credentials_that_have_expired_are_survived:
        "403 ExpiredToken for every call for 3 s",
        "told once; tried again; everything is done";
    a_queue_that_is_deleted_and_made_again_is_taken_up:
        "the queue is deleted, and 2 s later made again",
        "told; what is sent to the new one is done";
    a_purge_in_mid_work_does_no_harm:
        "PurgeQueue with 5 calls at work",
        "their deletes find nothing, and the next messages are done";
    dead_letters_that_cannot_be_sent_are_not_lost:
        "the copy to the dead-letter queue fails twice for a rejected message",
        "not deleted before the copy is there";
    sqs_that_answers_slowly_does_no_harm:
        "every answer of SQS takes 400 ms",
        "everything is done once";
    one_queue_that_is_not_there_does_not_stop_another:
        "two queues are configured, one does not exist",
        "the other's messages are done; readiness names the missing one";
}

/// 20 messages, with this fault of SQS from the beginning.
async fn with_fault(layout: Layout, fault: Value) -> anyhow::Result<String> {
    let mut field = Field::new(layout).await?;
    field.sqs_fault(fault).await?;
    field.send(20).await?;
    let tally = field.tally().await?;
    Ok(tally.all_done_once()?.says())
}

async fn receives_that_fail_are_tried_again() -> anyhow::Result<String> {
    let effect = json!({"fail": {"status": 500, "code": "InternalError"}});
    with_fault(
        Layout::default(),
        json!({"action": "ReceiveMessage", "times": 4, "effect": effect}),
    )
    .await
}

async fn receives_that_are_throttled_are_tried_again() -> anyhow::Result<String> {
    with_fault(
        Layout::default(),
        json!({"action": "ReceiveMessage", "times": 4, "effect": {"throttle": {}}}),
    )
    .await
}

async fn an_answer_to_a_receive_that_was_lost_costs_its_messages_one_receive()
-> anyhow::Result<String> {
    let mut field = Field::quiet(Layout::default().receives(5)).await?;
    field.send(20).await?;
    field
        .sqs_fault(
            json!({"action": "ReceiveMessage", "times": 2, "effect": {"drop": {"after": true}}}),
        )
        .await?;
    field.start().await?;
    let tally = field.tally().await?;
    Ok(tally.all_done_once()?.says())
}

async fn a_receive_that_hangs_is_given_up_and_told() -> anyhow::Result<String> {
    let mut field = Field::quiet(Layout::default()).await?;
    field
        .sqs_fault(
            json!({"action": "ReceiveMessage", "times": 1, "effect": {"hang": {"ms": 120_000}}}),
        )
        .await?;
    field.start().await?;
    field.send(5).await?;
    let tally = field.tally().await?;
    let told = field
        .lines()
        .iter()
        .any(|line| line.text.contains("no answer within"));
    ensure!(told, "it is told:\n{}", field.tail());
    Ok(tally.all_done_once()?.says())
}

async fn deletes_that_fail_one_by_one_are_sent_again() -> anyhow::Result<String> {
    let effect = json!({"fail_entries": {"code": "InternalError", "every": 2}});
    with_fault(
        Layout::default(),
        json!({"action": "DeleteMessageBatch", "times": 6, "effect": effect}),
    )
    .await
}

async fn deletes_that_fail_for_longer_than_the_lease_run_nothing_twice() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default().receives(10)).await?;
    let effect = json!({"fail": {"status": 500, "code": "InternalError"}});
    field
        .sqs_fault(json!({"action": "DeleteMessageBatch", "effect": effect}))
        .await?;
    field.send(10).await?;
    sleep(Duration::from_secs(5)).await;
    field.sqs_is_well().await?;
    let tally = field.tally().await?;
    ensure!(tally.most_calls == 1, "{tally:?}");
    Ok(format!("{}; 1 call each", tally.all_done_once()?.says()))
}

async fn an_answer_to_a_delete_that_was_lost_does_no_harm() -> anyhow::Result<String> {
    with_fault(
        Layout::default(),
        json!({"action": "DeleteMessageBatch", "times": 3, "effect": {"drop": {"after": true}}}),
    )
    .await
}

async fn deletes_that_are_throttled_are_sent_again() -> anyhow::Result<String> {
    with_fault(
        Layout::default(),
        json!({"action": "DeleteMessageBatch", "times": 5, "effect": {"throttle": {}}}),
    )
    .await
}

fn long_calls() -> Layout {
    Layout::default()
        .set("short_visibility", "true")
        .set("upstream_timeout", "30s")
        .receives(10)
}

async fn extensions_that_fail_are_asked_for_again_before_the_lease_ends() -> anyhow::Result<String>
{
    let mut field = Field::new(long_calls()).await?;
    let effect = json!({"fail": {"status": 500, "code": "InternalError"}});
    field
        .sqs_fault(json!({"action": "ChangeMessageVisibilityBatch", "times": 2, "effect": effect}))
        .await?;
    field
        .function()
        .answers(|_| Reply::ok().after(Duration::from_secs(5)));
    field.send(5).await?;
    let tally = field.tally().await?;
    ensure!(tally.most_calls == 1, "{tally:?}");
    Ok(format!("{}; 1 call each", tally.all_done_once()?.says()))
}

async fn a_lease_that_cannot_be_extended_cancels_its_call() -> anyhow::Result<String> {
    let effect = json!({"fail": {"status": 500, "code": "InternalError"}});
    a_lost_lease(effect).await
}

async fn a_lease_that_somebody_else_ended_cancels_its_call() -> anyhow::Result<String> {
    let effect = json!({"fail_entries": {"code": "ReceiptHandleIsInvalid", "sender_fault": true, "every": 1}});
    a_lost_lease(effect).await
}

/// The first call of a message takes long, and its lease is lost meanwhile.
async fn a_lost_lease(effect: Value) -> anyhow::Result<String> {
    let mut field = Field::new(long_calls()).await?;
    field.function().answers(|call| {
        Reply::ok().after(Duration::from_secs(if call.attempt == 1 { 6 } else { 0 }))
    });
    field
        .sqs_fault(json!({"action": "ChangeMessageVisibilityBatch", "effect": effect}))
        .await?;
    field.send(1).await?;
    field
        .until("the lease is told to be lost", |field| {
            field
                .lines()
                .iter()
                .any(|line| line.text.contains("the lease of a message is lost"))
        })
        .await?;
    field.sqs_is_well().await?;
    let tally = field.tally().await?;
    ensure!(tally.most_calls == 2, "{tally:?}");
    Ok(format!(
        "{}; 2 calls, the first cancelled",
        tally.all_done_once()?.says()
    ))
}

async fn duplicates_do_not_run_beside_themselves() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default().receives(100)).await?;
    field
        .function()
        .answers(|_| Reply::ok().after(Duration::from_millis(300)));
    field
        .sqs_fault(json!({"action": "ReceiveMessage", "times": 10, "effect": {"duplicate": {}}}))
        .await?;
    field.send(20).await?;
    let tally = field.tally().await?;
    ensure!(tally.most_calls == 1, "{tally:?}");
    Ok(format!("{}; 1 call each", tally.all_done_once()?.says()))
}

async fn credentials_that_have_expired_are_survived() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default()).await?;
    let effect = json!({"fail": {"status": 403, "code": "ExpiredToken"}});
    for action in [
        "ReceiveMessage",
        "DeleteMessageBatch",
        "ChangeMessageVisibilityBatch",
    ] {
        field
            .sqs_fault(json!({"action": action, "effect": effect}))
            .await?;
    }
    field.send(10).await?;
    sleep(Duration::from_secs(3)).await;
    field.sqs_is_well().await?;
    field.send(10).await?;
    let tally = field.tally().await?;
    Ok(tally.all_done_once()?.says())
}

async fn a_queue_that_is_deleted_and_made_again_is_taken_up() -> anyhow::Result<String> {
    let mut field = Field::new(Layout {
        stack: vec!["--no-cooldowns".into()],
        ..Layout::default()
    })
    .await?;
    field.send(3).await?;
    field.emptied().await?;
    field.sqs("DeleteQueue", json!({})).await?;
    sleep(Duration::from_secs(2)).await;
    let told = field
        .lines()
        .iter()
        .any(|line| line.text.contains("cannot be received from"));
    ensure!(told, "it is told:\n{}", field.tail());
    field
        .sqs(
            "CreateQueue",
            json!({"QueueUrl": "", "QueueName": "orders"}),
        )
        .await?;
    field.send(3).await?;
    let tally = field.tally().await?;
    Ok(tally.all_done_once()?.says())
}

async fn a_purge_in_mid_work_does_no_harm() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default()).await?;
    field
        .function()
        .answers(|_| Reply::ok().after(Duration::from_millis(700)));
    field.send(5).await?;
    field
        .until("5 calls run", |field| field.function().calls() == 5)
        .await?;
    field.sqs("PurgeQueue", json!({})).await?;
    field.send(5).await?;
    field
        .until("all are done", |field| field.function().successes() == 10)
        .await?;
    let tally = field.tally().await?;
    Ok(tally.all_done_once()?.says())
}

async fn dead_letters_that_cannot_be_sent_are_not_lost() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default().receives(10)).await?;
    field.function().answers(|_| Reply::status(400));
    field.send(1).await?;
    let effect = json!({"fail": {"status": 500, "code": "InternalError"}});
    field
        .sqs_fault(json!({"action": "SendMessage", "times": 2, "effect": effect}))
        .await?;
    let tally = field.tally().await?;
    ensure!(tally.dead == 1 && tally.done == [0], "{tally:?}");
    Ok(tally.says())
}

async fn sqs_that_answers_slowly_does_no_harm() -> anyhow::Result<String> {
    with_fault(
        Layout::default(),
        json!({"action": "*", "effect": {"delay": {"ms": 400, "after": true}}}),
    )
    .await
}

async fn one_queue_that_is_not_there_does_not_stop_another() -> anyhow::Result<String> {
    let mut field = Field::quiet(Layout::default()).await?;
    let mut spec = field.spec();
    let both = |url: &str| format!("{url},{}", url.replace("/orders", "/nowhere"));
    for arg in &mut spec.args {
        let text = arg.to_string_lossy().into_owned();
        if text.starts_with("http") {
            *arg = both(&text).into();
        }
    }
    field.start_with(&spec).await?;
    field.send(10).await?;
    let tally = field.tally().await?;
    let ready = get(&format!("{}/readyz", field.way.admin()?)).await?;
    let says = String::from_utf8_lossy(&ready.body).into_owned();
    ensure!(
        ready.status == 200 && says.contains("nowhere"),
        "{} {says}",
        ready.status
    );
    Ok(format!(
        "{}; readyz 200, and names it",
        tally.all_done_once()?.says()
    ))
}
