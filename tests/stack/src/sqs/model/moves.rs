//! Starting, listing, cancelling and carrying out the moves of dead letters.

use std::sync::Arc;

use super::account::Account;
use super::message::Millis;
use super::move_task::{MoveTask, Status};
use super::refusal::{Code, Refusal};

/// Ended tasks are remembered, this many of each source.
const REMEMBERED: usize = 10;

impl Account {
    /// Starts to move what is visible in `source_arn`; the handle cancels it.
    ///
    /// # Errors
    ///
    /// A queue that is not there, a source that is nobody's dead-letter queue, a rate out of range,
    /// or a task that runs there already.
    pub(crate) fn start_move(
        &mut self,
        source_arn: &str,
        destination_arn: Option<String>,
        per_second: Option<i64>,
        now: Millis,
    ) -> Result<String, Refusal> {
        let source = self.moved_from(source_arn)?;
        if let Some(destination) = &destination_arn
            && self.by_arn(destination).is_none()
        {
            return Err(no_resource("DestinationArn"));
        }
        if self.sources(&source, None)?.is_empty() {
            return Err(Refusal::invalid_value(
                "Source queue must be configured as a Dead Letter Queue.",
            ));
        }
        let per_second = per_second
            .map(|rate| {
                u64::try_from(rate)
                    .ok()
                    .filter(|rate| (1..=500).contains(rate))
                    .ok_or_else(|| {
                        Refusal::parameter(
                            "MaxNumberOfMessagesPerSecond",
                            rate,
                            "Must be between 1 and 500, if provided.",
                        )
                    })
            })
            .transpose()?;
        self.advance_moves(now);
        let runs = |task: &MoveTask| task.source == source && task.status == Status::Running;
        if self.tasks.iter().any(runs) {
            return Err(Refusal::invalid_value(
                "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
            ));
        }
        let handle = format!("{}:{source}", self.seed.uuid());
        let to_move = self.queue(&source, now)?.counts().visible as u64;
        self.tasks.push(MoveTask {
            handle: handle.clone(),
            source,
            source_arn: source_arn.to_owned(),
            destination_arn,
            per_second,
            started_at: now,
            to_move,
            moved: 0,
            status: Status::Running,
            failure: None,
        });
        self.advance_moves(now);
        Ok(handle)
    }

    /// The tasks of this source, the latest first.
    ///
    /// # Errors
    ///
    /// When the queue is not there.
    pub(crate) fn moves(
        &mut self,
        source_arn: &str,
        now: Millis,
    ) -> Result<Vec<MoveTask>, Refusal> {
        let source = self.moved_from(source_arn)?;
        self.advance_moves(now);
        let tasks = self.tasks.iter().rev().filter(|task| task.source == source);
        Ok(tasks.take(REMEMBERED).cloned().collect())
    }

    /// Stops a task; what it moved stays moved, and the count is returned.
    ///
    /// # Errors
    ///
    /// When the handle is none, or of no task that runs.
    pub(crate) fn cancel_move(&mut self, handle: &str, now: Millis) -> Result<u64, Refusal> {
        self.advance_moves(now);
        let Some((_, source)) = handle.split_once(':') else {
            return Err(Refusal::invalid_value(
                "Value for parameter TaskHandle is invalid.",
            ));
        };
        if !self.queues.contains_key(source) {
            return Err(no_resource("SourceArn"));
        }
        let task = self
            .tasks
            .iter_mut()
            .find(|task| task.handle == handle && task.status == Status::Running)
            .ok_or_else(|| Refusal::new(Code::ResourceNotFound, "Task does not exist."))?;
        task.status = Status::Cancelled;
        Ok(task.moved)
    }

    /// Moves what may have been moved by now.
    pub(crate) fn advance_moves(&mut self, now: Millis) {
        if self.tasks.iter().all(|task| task.status != Status::Running) {
            return;
        }
        let mut tasks = std::mem::take(&mut self.tasks);
        for task in tasks
            .iter_mut()
            .filter(|task| task.status == Status::Running)
        {
            self.advance_move(task, now);
        }
        self.tasks = tasks;
    }

    fn advance_move(&mut self, task: &mut MoveTask, now: Millis) {
        let allowed = task.allowed(now);
        while task.moved < allowed {
            let Ok(source) = self.queue(&task.source, now) else {
                return fail(task);
            };
            let Some(next) = source.next_to_move() else {
                // Others have received or deleted the rest.
                task.status = Status::Completed;
                return;
            };
            let arn = task
                .destination_arn
                .as_deref()
                .or(next.dead_letter_source.as_deref());
            let arn = arn.map(str::to_owned);
            let Some(destination) = arn.and_then(|arn| self.by_arn(&arn).cloned()) else {
                return fail(task);
            };
            let Some(message) = self
                .queue(&task.source, now)
                .ok()
                .and_then(|q| q.take_for_move())
            else {
                return;
            };
            let id = Arc::from(self.seed.uuid());
            if let Ok(queue) = self.queue(&destination, now) {
                queue.accept_moved(message, id, now);
            }
            task.moved += 1;
            self.touch(&destination);
        }
        if task.moved >= task.to_move {
            task.status = Status::Completed;
        }
    }

    fn moved_from(&self, source_arn: &str) -> Result<Arc<str>, Refusal> {
        self.by_arn(source_arn)
            .cloned()
            .ok_or_else(|| no_resource("SourceArn"))
    }
}

fn fail(task: &mut MoveTask) {
    task.status = Status::Failed;
    task.failure = Some(Code::QueueDoesNotExist.query_code());
}

fn no_resource(parameter: &str) -> Refusal {
    Refusal::new(
        Code::ResourceNotFound,
        format!("The resource that you specified for the {parameter} parameter doesn't exist."),
    )
}
