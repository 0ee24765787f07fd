//! SQS moves the messages by itself.

use std::io::Write;
use std::time::Duration;

use anyhow::Context as _;
use indicatif::ProgressBar;
use tokio::time::sleep;

use super::Pair;
use crate::queue::MoveTask;

/// What came of it.
pub(super) enum Moved {
    /// All are back.
    All,
    /// It ended before that.
    Some,
    /// The server knows no such thing.
    Unsupported,
}

/// SQS starts no task that would move faster.
const FASTEST: u32 = 500;
const LOOK_AGAIN: Duration = Duration::from_secs(1);

pub(super) async fn move_all(
    pair: &Pair,
    rate: Option<u32>,
    out: &mut dyn Write,
) -> anyhow::Result<Moved> {
    let rate = rate.and_then(|rate| i32::try_from(rate.min(FASTEST)).ok());
    let (from, to) = (&pair.dead.arn, &pair.known.arn);
    match pair.dlq.start_move(from, to, rate).await {
        Ok(_) => {}
        Err(error) if error.is_unsupported() => return Ok(Moved::Unsupported),
        Err(error) => {
            return Err(error).context(
                "SQS does not begin to move; allow sqs:StartMessageMoveTask, sqs:ReceiveMessage, sqs:DeleteMessage and sqs:GetQueueAttributes on the dead-letter queue and sqs:SendMessage on the queue, or use --copy",
            );
        }
    }
    let bar = ProgressBar::new(pair.dead.visible);
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    loop {
        let task = pair.dlq.latest_move(from).await?;
        let Some(task) = task else {
            anyhow::bail!("SQS no longer knows of the move it began");
        };
        bar.set_length(task.to_move.unwrap_or(pair.dead.visible).max(task.moved));
        bar.set_position(task.moved);
        if !task.is_running() {
            bar.finish_and_clear();
            return conclude(pair, &task, out);
        }
        tokio::select! {
            biased;
            _ = &mut interrupted => {
                bar.finish_and_clear();
                let moved = match &task.handle {
                    Some(handle) => pair.dlq.cancel_move(handle).await?,
                    None => task.moved,
                };
                writeln!(out, "interrupted: about {moved} messages are back in {}", pair.source.name())?;
                return Ok(Moved::Some);
            }
            () = sleep(LOOK_AGAIN) => {}
        }
    }
}

fn conclude(pair: &Pair, task: &MoveTask, out: &mut dyn Write) -> anyhow::Result<Moved> {
    let (moved, to) = (task.moved, pair.source.name());
    if task.status == "COMPLETED" {
        writeln!(out, "SQS moved {moved} messages back to {to}")?;
        return Ok(Moved::All);
    }
    let reason = task.failure.as_deref().unwrap_or("no reason given");
    let status = &task.status;
    writeln!(
        out,
        "the move ended as {status} after {moved} messages: {reason}"
    )?;
    Ok(Moved::Some)
}
