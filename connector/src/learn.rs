//! Learns what a queue says of itself before the first receive.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::lane::{DeadLetters, Lane, Phase};
use crate::nag::Nag;
use crate::queue::{Queue, QueueError, QueueErrorKind, Redrive};

/// The longest pause between two questions: with one of them, shorter than what liveness allows.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Asks for the redrive policy until the queue answers, at growing intervals; returns at the stop.
/// Where asking is not permitted, the connector works without: rejected messages are retried then.
pub(crate) async fn until_reachable(lane: &Arc<Lane>) {
    let mut nag = Nag::default();
    let mut pause = Duration::from_millis(250);
    let mut phase = lane.phase.clone();
    loop {
        let asked = ask(lane).await;
        lane.progressed();
        match asked {
            Ok(dead_letters) => {
                lane.set_reachable(true);
                if nag.over() {
                    tracing::info!(queue = lane.queue.name(), "the queue answers");
                }
                tracing::info!(
                    queue = lane.queue.name(),
                    topic = lane.config.topic.as_str(),
                    dead_letter_queue = dead_letters.as_ref().map(|dlq| dlq.queue.name()),
                    max_receive_count = dead_letters
                        .as_ref()
                        .map(|dlq| dlq.policy.max_receive_count),
                    "the queue is there"
                );
                let _ = lane.redrive.set(dead_letters);
                return;
            }
            Err(error)
                if error.kind == QueueErrorKind::Denied
                    && error.reason.contains("AccessDenied") =>
            {
                tracing::warn!(
                    queue = lane.queue.name(), error = %error,
                    "the redrive policy may not be read: rejected messages are retried, not dead-lettered; allow sqs:GetQueueAttributes"
                );
                return;
            }
            Err(error) => {
                if nag.due(Instant::now()).is_some() {
                    tracing::warn!(queue = lane.queue.name(), url = lane.queue.url(), error = %error, "the queue is not reachable; tried again at growing intervals");
                }
            }
        }
        tokio::select! {
            biased;
            _ = phase.wait_for(|phase| *phase >= Phase::Draining) => return,
            () = sleep(pause.mul_f64(0.5 + 0.5 * lane.shared.random.fraction())) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn ask(lane: &Lane) -> Result<Option<DeadLetters>, QueueError> {
    lane.progressed();
    let Some(policy) = lane.queue.redrive().await? else {
        return Ok(None);
    };
    lane.progressed();
    let queue = match lane.queue.dead_letter_queue(&policy.target).await {
        Ok(queue) => queue,
        Err(error) if error.kind == QueueErrorKind::Unreachable => return Err(error),
        // Not permitted to ask: the URL has the form of the queue's own.
        Err(_) => sibling(&lane.queue, &policy),
    };
    Ok(Some(DeadLetters { queue, policy }))
}

fn sibling(queue: &Queue, policy: &Redrive) -> Queue {
    let root = queue
        .url()
        .trim_end_matches('/')
        .rsplitn(3, '/')
        .nth(2)
        .unwrap_or_default();
    queue.with_url(&format!(
        "{root}/{}/{}",
        policy.target.account, policy.target.name
    ))
}
