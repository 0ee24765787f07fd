//! Moving dead letters back.

use serde::{Deserialize, Serialize};

use super::super::model::move_task::{MoveTask, Status};
use super::super::model::refusal::Refusal;
use super::{Answer, Asked, within, write};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    source_arn: Option<String>,
    destination_arn: Option<String>,
    max_number_of_messages_per_second: Option<i64>,
    max_results: Option<i64>,
    task_handle: Option<String>,
}

impl Input {
    fn source(&self) -> Result<&str, Refusal> {
        let source = self.source_arn.as_deref();
        source.ok_or_else(|| Refusal::missing("SourceArn"))
    }
}

pub(super) fn start(asked: &Asked<'_>) -> Answer {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        task_handle: String,
    }
    let input: Input = asked.read()?;
    let task_handle = asked.sqs.with(|account, now| {
        let destination = input.destination_arn.clone();
        let rate = input.max_number_of_messages_per_second;
        account.start_move(input.source()?, destination, rate, now)
    })?;
    write(&Output { task_handle })
}

pub(super) fn cancel(asked: &Asked<'_>) -> Answer {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        approximate_number_of_messages_moved: u64,
    }
    let input: Input = asked.read()?;
    let handle = input
        .task_handle
        .ok_or_else(|| Refusal::missing("TaskHandle"))?;
    let moved = asked
        .sqs
        .with(|account, now| account.cancel_move(&handle, now))?;
    write(&Output {
        approximate_number_of_messages_moved: moved,
    })
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    /// Only of a task that runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    task_handle: Option<String>,
    status: &'static str,
    source_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_number_of_messages_per_second: Option<u64>,
    approximate_number_of_messages_moved: u64,
    approximate_number_of_messages_to_move: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<&'static str>,
    started_timestamp: u64,
}

impl From<MoveTask> for Listed {
    fn from(task: MoveTask) -> Self {
        Self {
            task_handle: (task.status == Status::Running).then_some(task.handle),
            status: task.status.name(),
            source_arn: task.source_arn,
            destination_arn: task.destination_arn,
            max_number_of_messages_per_second: task.per_second,
            approximate_number_of_messages_moved: task.moved,
            approximate_number_of_messages_to_move: task.to_move,
            failure_reason: task.failure,
            started_timestamp: task.started_at,
        }
    }
}

pub(super) fn list(asked: &Asked<'_>) -> Answer {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        results: Vec<Listed>,
    }
    let input: Input = asked.read()?;
    let reason = "Must be between 1 and 10, if provided.";
    let most = within("MaxResults", input.max_results, 1..=10, reason)?;
    let most = most
        .and_then(|most| usize::try_from(most).ok())
        .unwrap_or(1);
    let tasks = asked
        .sqs
        .with(|account, now| account.moves(input.source()?, now))?;
    write(&Output {
        results: tasks.into_iter().take(most).map(Listed::from).collect(),
    })
}
