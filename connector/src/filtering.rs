//! Holds a message against its queue's filter before it waits for a turn or reaches a function.

use std::time::Duration;

use crate::backoff::Backoff;
use crate::delivery::AWAY;
use crate::filter::OnFiltered;
use crate::invoke::Conclusion;
use crate::lane::Lane;
use crate::message::Message;
use crate::verdict::Verdict;

/// Said of a message that is not let through, in log lines and in the dead-letter queue.
const REASON: &str = "the queue's filter does not let it through";

/// What becomes of the message where the filter does not let it through; `None` where it is to be
/// delivered. A message that was delivered before, and only has to be deleted, is not asked again.
pub(crate) fn screen(lane: &Lane, message: &Message) -> Option<Conclusion> {
    let filtering = lane.config.filtering.as_ref()?;
    if filtering.filter.matches(message) || lane.memory().is_done(&message.id) {
        return None;
    }
    let verdict = match filtering.otherwise {
        OnFiltered::Delete => Verdict::Delete,
        OnFiltered::Release => Verdict::Release,
        OnFiltered::DeadLetter => Verdict::DeadLetter {
            reason: REASON.into(),
        },
    };
    let away = release_pause(lane.config.backoff, message.receive_count);
    Some(Conclusion::filtered(verdict, away, REASON))
}

/// How long a message stays away that is given back for another receiver: 5 s after the first
/// receive, then twice as long each time, up to the longest pause of a retry. Were it back at once,
/// it would come here again and again.
fn release_pause(backoff: Backoff, receive_count: u32) -> Duration {
    let max = backoff.max.max(AWAY);
    Backoff { min: AWAY, max }.bound(receive_count)
}

/// Says at the start where the queue itself does not fit the choice.
pub(crate) fn advise(lane: &Lane) {
    let Some(filtering) = &lane.config.filtering else {
        return;
    };
    let queue = lane.queue.name();
    match (filtering.otherwise, lane.dead_letters()) {
        (OnFiltered::DeadLetter, None) => tracing::warn!(
            queue,
            "on_filtered is dead-letter, and the queue has no dead-letter queue that is known: what the filter does not let through is retried"
        ),
        (OnFiltered::Release, Some(dlq)) => tracing::warn!(
            queue,
            max_receive_count = dlq.policy.max_receive_count,
            "on_filtered is release, and each release costs the message a receive: SQS moves it to the dead-letter queue after max_receive_count of them"
        ),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_is_given_back_stays_away_longer_each_time() {
        let backoff = |max| Backoff {
            min: Duration::from_millis(1),
            max: Duration::from_secs(max),
        };
        let pauses = |max: u64| -> Vec<u64> {
            (1..=8)
                .map(|count| release_pause(backoff(max), count).as_secs())
                .collect()
        };
        assert_eq!(pauses(300), [5, 10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(pauses(1), [5; 8]);
    }
}
