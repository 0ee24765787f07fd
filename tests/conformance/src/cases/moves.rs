//! Move tasks: dead letters go back.

use anyhow::{Context as _, ensure};
use aws_sdk_sqs::types::MessageSystemAttributeName as System;

use super::dead_letters::{die, pair};
use crate::bench::Bench;
use crate::case::{Case, Outcome, case};
use crate::queue::{Queue, system};
use crate::refusal::refused;

pub(super) const CASES: &[Case] = &[
    case!(dead_letters_go_back_to_where_they_came_from: "StartMessageMoveTask",
        "without DestinationArn the messages go back to their source queues")
    .elasticmq(
        "answers 500 after 21 seconds where there is no DestinationArn",
        "unexpected token",
    )
    .moto("has no move tasks", "unexpected token"),
    case!(dead_letters_may_go_elsewhere: "StartMessageMoveTask",
        "with DestinationArn the messages go there")
    .moto("has no move tasks", "unexpected token"),
    case!(a_moved_message_is_counted_anew: "Using dead-letter queues in Amazon SQS",
        "a redriven message is a new one: new id, new enqueue time, receive count from the start")
    .elasticmq(
        "answers 500 after 21 seconds where there is no DestinationArn",
        "unexpected token",
    )
    .moto("has no move tasks", "unexpected token"),
    case!(tasks_are_listed_with_what_they_moved: "ListMessageMoveTasks",
        "up to ten of the latest tasks of a source, each with status and counts")
    .elasticmq(
        "answers 500 after 21 seconds where there is no DestinationArn",
        "unexpected token",
    )
    .moto("has no move tasks", "unexpected token"),
    case!(a_slow_task_can_be_cancelled: "CancelMessageMoveTask",
        "a running task is stopped; what it moved stays moved, and the number is told")
    .elasticmq(
        "answers 500 after 21 seconds where there is no DestinationArn",
        "unexpected token",
    )
    .moto("has no move tasks", "unexpected token"),
    case!(only_one_task_runs_for_a_source: "StartMessageMoveTask",
        "one active task for a queue at a time")
    .elasticmq(
        "answers 500 after 21 seconds where there is no DestinationArn",
        "unexpected token",
    )
    .moto("has no move tasks", "unexpected token"),
    case!(a_source_must_be_a_dead_letter_queue: "StartMessageMoveTask",
        "only from a dead-letter queue whose sources are SQS queues"),
    case!(a_missing_source_is_refused: "StartMessageMoveTask",
        "ResourceNotFoundException: a resource does not exist")
    .elasticmq("refuses with QueueDoesNotExist", "\"QueueDoesNotExist\"")
    .moto("has no move tasks", "not ResourceNotFoundException"),
    case!(the_rate_is_at_most_five_hundred_a_second: "StartMessageMoveTask",
        "MaxNumberOfMessagesPerSecond is at most 500"),
    case!(a_task_that_is_none_can_not_be_cancelled: "CancelMessageMoveTask",
        "ResourceNotFoundException: a resource does not exist")
    .elasticmq(
        "answers 500 after 21 seconds where there is no DestinationArn",
        "unexpected token",
    )
    .moto("has no move tasks", "unexpected token"),
];

/// A pair with this many dead letters.
async fn dead(b: &Bench, count: usize) -> anyhow::Result<(Queue, Queue)> {
    let (queue, dead) = pair(b, 1, false).await?;
    for n in 0..count {
        queue.send(&format!("letter {n}")).await?;
        die(&queue, 1).await?;
    }
    Ok((queue, dead))
}

async fn dead_letters_go_back_to_where_they_came_from(b: Bench) -> Outcome {
    let (queue, dead) = dead(&b, 2).await?;
    let start = b.sqs.start_message_move_task();
    start.source_arn(dead.arn().await?).send().await?;
    queue.take(2).await?;
    dead.is_empty("after the move").await
}

async fn dead_letters_may_go_elsewhere(b: Bench) -> Outcome {
    let (_, dead) = dead(&b, 1).await?;
    let elsewhere = b.queue(&[]).await?;
    let start = b.sqs.start_message_move_task();
    let start = start.source_arn(dead.arn().await?);
    start.destination_arn(elsewhere.arn().await?).send().await?;
    elsewhere.take_one().await.map(drop)
}

async fn a_moved_message_is_counted_anew(b: Bench) -> Outcome {
    let (queue, dead) = dead(&b, 1).await?;
    let start = b.sqs.start_message_move_task();
    start.source_arn(dead.arn().await?).send().await?;
    let message = queue.take_one().await?;
    let count = system(&message, &System::ApproximateReceiveCount);
    ensure!(count == "1", "the receive count is {count}");
    Ok(())
}

async fn tasks_are_listed_with_what_they_moved(b: Bench) -> Outcome {
    let (queue, dead) = dead(&b, 2).await?;
    let arn = dead.arn().await?;
    let start = b.sqs.start_message_move_task();
    start.source_arn(&arn).send().await?;
    queue.take(2).await?;
    let list = b.sqs.list_message_move_tasks().source_arn(&arn);
    let listed = list.max_results(10).send().await?;
    let task = listed.results().first().context("no task is listed")?;
    ensure!(task.status() == Some("COMPLETED"), "{task:?}");
    ensure!(task.source_arn() == Some(&arn), "{task:?}");
    ensure!(task.approximate_number_of_messages_moved() == 2, "{task:?}");
    Ok(())
}

/// A task that moves a message a second, of three.
async fn slow(b: &Bench) -> anyhow::Result<(Queue, String)> {
    let (_, dead) = dead(b, 3).await?;
    let start = b.sqs.start_message_move_task();
    let start = start.source_arn(dead.arn().await?);
    let started = start.max_number_of_messages_per_second(1).send().await?;
    Ok((dead, started.task_handle.context("no TaskHandle")?))
}

async fn a_slow_task_can_be_cancelled(b: Bench) -> Outcome {
    let (dead, task) = slow(&b).await?;
    let cancel = b.sqs.cancel_message_move_task().task_handle(&task);
    let cancelled = cancel.send().await?;
    let moved = cancelled.approximate_number_of_messages_moved();
    ensure!((0..3).contains(&moved), "{moved} were moved");
    let list = b.sqs.list_message_move_tasks();
    let listed = list.source_arn(dead.arn().await?).send().await?;
    let status = listed.results().first().and_then(|task| task.status());
    ensure!(
        matches!(status, Some("CANCELLED" | "CANCELLING")),
        "the status is {status:?}"
    );
    Ok(())
}

async fn only_one_task_runs_for_a_source(b: Bench) -> Outcome {
    let (dead, _) = slow(&b).await?;
    let start = b.sqs.start_message_move_task();
    let second = start.source_arn(dead.arn().await?).send().await;
    ensure!(second.is_err(), "a second task was started");
    Ok(())
}

async fn a_source_must_be_a_dead_letter_queue(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let start = b.sqs.start_message_move_task();
    let started = start.source_arn(queue.arn().await?).send().await;
    ensure!(started.is_err(), "it was not refused");
    Ok(())
}

async fn a_missing_source_is_refused(b: Bench) -> Outcome {
    let queue = b.queue(&[]).await?;
    let arn = queue.arn().await?.replace(&queue.name, "nowhere");
    let start = b.sqs.start_message_move_task();
    refused(
        start.source_arn(arn).send().await,
        "ResourceNotFoundException",
    )
}

async fn the_rate_is_at_most_five_hundred_a_second(b: Bench) -> Outcome {
    let (_, dead) = dead(&b, 1).await?;
    let start = b.sqs.start_message_move_task();
    let start = start.source_arn(dead.arn().await?);
    let started = start.max_number_of_messages_per_second(501).send().await;
    ensure!(started.is_err(), "501 a second were not refused");
    Ok(())
}

async fn a_task_that_is_none_can_not_be_cancelled(b: Bench) -> Outcome {
    let (dead, task) = slow(&b).await?;
    let cancel = || b.sqs.cancel_message_move_task().task_handle(&task).send();
    cancel().await?;
    // One that has ended already.
    let twice = cancel().await;
    ensure!(twice.is_err(), "a cancelled task was cancelled");
    dead.arn().await.map(drop)
}
