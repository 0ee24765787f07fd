//! Learns what a queue says of itself before the first receive.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::filtering;
use crate::lane::{DeadLetters, Lane, Phase, RedrivePolicy};
use crate::nag::Nag;
use crate::queue::{IllegiblePolicy, Queue, QueueError, QueueErrorKind, Redrive};

/// The longest pause between two questions: with one of them, shorter than what liveness allows.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How often the redrive policy is read again while messages come. An idle queue asks nothing.
const AGAIN: Duration = Duration::from_secs(10 * 60);
/// How soon it is read again when the dead-letter queue takes nothing.
const DOUBTS: Duration = Duration::from_secs(30);

/// Asks for the redrive policy until the queue answers, at growing intervals; returns at the stop.
/// Where asking is not permitted, the connector works without: rejected messages are retried then.
pub(crate) async fn until_reachable(lane: &Arc<Lane>) {
    let mut nag = Nag::default();
    let mut pause = Duration::from_millis(250);
    let mut phase = lane.phase.clone();
    loop {
        let asked = tokio::select! {
            biased;
            _ = phase.wait_for(|phase| *phase >= Phase::Draining) => return,
            asked = ask(lane, || lane.progressed()) => asked,
        };
        lane.progressed();
        match asked {
            Ok(policy) => {
                lane.set_reachable(true);
                if nag.over() {
                    tracing::info!(queue = lane.queue.name(), "the queue answers");
                }
                tell(lane, &policy, "the queue is there");
                lane.set_redrive(policy);
                filtering::advise(lane);
                return;
            }
            Err(error) if may_not_ask(&error) => {
                tracing::warn!(
                    queue = lane.queue.name(), error = %error,
                    "the redrive policy may not be read: rejected messages are retried, not dead-lettered, and since nobody knows how many receives a message has, each is held from its second on while a function is out; allow sqs:GetQueueAttributes"
                );
                filtering::advise(lane);
                return;
            }
            Err(error) => {
                lane.set_trouble(&error);
                if nag.due(Instant::now()).is_some() {
                    tracing::warn!(queue = lane.queue.name(), url = lane.queue.url(), error = %error, remedy = error.kind.remedy(), "the queue is not reachable; tried again at growing intervals");
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

/// Reads the redrive policy again now and then, so that one that is added, changed or taken away is
/// taken up. Where the queue does not answer, what is known stays; a policy that
/// cannot be read counts as unknown. Runs until dropped.
pub(crate) async fn keep_current(lane: Arc<Lane>) {
    let mut received = 0;
    loop {
        tokio::select! {
            biased;
            () = async {
                sleep(DOUBTS).await;
                lane.redrive_in_doubt.notified().await;
            } => {}
            () = sleep(AGAIN.mul_f64(0.9 + 0.1 * lane.shared.random.fraction())) => {
                if lane.received() == received {
                    continue;
                }
            }
        }
        received = lane.received();
        match ask(&lane, || ()).await {
            Ok(new) => {
                let known = lane.redrive();
                if known != new {
                    let message = match known {
                        RedrivePolicy::Unknown => "the redrive policy of the queue is known now",
                        _ => "the redrive policy of the queue has changed",
                    };
                    tell(&lane, &new, message);
                    lane.set_redrive(new);
                    filtering::advise(&lane);
                }
            }
            Err(error) => {
                tracing::debug!(queue = lane.queue.name(), error = %error, "the redrive policy could not be read again");
            }
        }
    }
}

fn tell(lane: &Lane, policy: &RedrivePolicy, message: &str) {
    let dead_letters = match policy {
        RedrivePolicy::Known(dead_letters) => Some(dead_letters),
        RedrivePolicy::Unknown | RedrivePolicy::Absent => None,
    };
    tracing::info!(
        queue = lane.queue.name(),
        topic = lane.config.topic.as_str(),
        dead_letter_queue = dead_letters.map(|dlq| dlq.queue.name()),
        max_receive_count = dead_letters.map(|dlq| dlq.policy.max_receive_count),
        "{message}"
    );
}

fn may_not_ask(error: &QueueError) -> bool {
    error.kind == QueueErrorKind::Denied && error.reason.contains("AccessDenied")
}

async fn ask(lane: &Lane, progressed: impl Fn()) -> Result<RedrivePolicy, QueueError> {
    progressed();
    let policy = match lane.queue.redrive().await? {
        Ok(Some(policy)) => policy,
        Ok(None) => return Ok(RedrivePolicy::Absent),
        Err(illegible) => {
            tracing::warn!(
                queue = lane.queue.name(), error = %illegible, remedy = IllegiblePolicy::REMEDY,
                "the redrive policy cannot be read: rejected messages are retried, not dead-lettered, and since nobody knows how many receives a message has, each is held from its second on while a function is out"
            );
            return Ok(RedrivePolicy::Unknown);
        }
    };
    progressed();
    let queue = match lane.queue.dead_letter_queue(&policy.target).await {
        Ok(queue) => queue,
        Err(error) if error.kind == QueueErrorKind::Unreachable => return Err(error),
        Err(error) => {
            if error.kind == QueueErrorKind::NotFound {
                tracing::warn!(
                    queue = lane.queue.name(),
                    dead_letter_queue = policy.target.name,
                    "the dead-letter queue of the redrive policy is not there: rejected messages are retried until it is; make it, or change the policy"
                );
            }
            // Not there, or not permitted to ask: the URL has the form of the queue's own.
            sibling(&lane.queue, &policy)
        }
    };
    Ok(RedrivePolicy::Known(Arc::new(DeadLetters {
        queue,
        policy,
    })))
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
