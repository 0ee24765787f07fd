//! The head of a FIFO group that failed: what becomes of it for the sake of those behind it.
//!
//! What is given back behind its head is received with it again, and SQS counts that receive for
//! all of them. So that none is moved to the dead-letter queue without ever having run, the group
//! stays held once a further receive could be too many for one that waits: the head is tried again
//! here after its pause, each try counted as a receive. When it has had as many as the redrive
//! policy allows, it goes to the dead-letter queue, and the next of the group has its turn.

use std::time::Duration;

use tokio::time::sleep;

use crate::invoke::{self, Conclusion};
use crate::lane::{Lane, Phase};
use crate::lease::{Claim, MAX_HELD};
use crate::message::Message;
use crate::verdict::{OnRejection, Verdict};

/// A head that failed by its own fault, or its function's.
#[derive(Clone, Copy, Debug)]
struct Failed {
    /// How often it was tried: its receives, and the tries here.
    tries: u32,
    /// For how long it has been held.
    held: Duration,
    /// How long it is to stay away.
    pause: Duration,
    /// How often the most received of those behind it was received.
    behind: u32,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// It goes back to the queue, and those behind it with it.
    Released,
    /// It is tried again here.
    Held,
    /// It goes to the dead-letter queue.
    Buried,
}

impl Failed {
    /// What becomes of it, where SQS moves what was received `most` times. What would be held for
    /// more than half of SQS's 12 hours goes back in any case.
    fn next(self, most: u32) -> Next {
        if self.tries >= most {
            Next::Buried
        } else if self.behind + 1 >= most && self.held + self.pause < MAX_HELD / 2 {
            Next::Held
        } else {
            Next::Released
        }
    }
}

/// Delivers a message until it neither fails nor is to be tried again here.
pub(crate) async fn conclude(lane: &Lane, claim: &Claim, message: &mut Message) -> Conclusion {
    let mut phase = lane.phase.clone();
    loop {
        let mut conclusion = invoke::conclude(lane, claim, message).await;
        let Verdict::RetryAfter(pause) = conclusion.verdict else {
            return conclusion;
        };
        let Some((behind, most)) = risk(lane, message) else {
            return conclusion;
        };
        let failed = Failed {
            tries: message.receive_count,
            held: lane.holding.held(claim),
            pause,
            behind,
        };
        match failed.next(most) {
            Next::Released => return conclusion,
            Next::Buried => {
                conclusion.verdict = Verdict::DeadLetter {
                    reason: format!(
                        "{}: tried {} times, and others of its group wait behind it",
                        conclusion.reason, failed.tries
                    ),
                };
                return conclusion;
            }
            Next::Held => {}
        }
        tracing::info!(
            queue = lane.queue.name(),
            message_id = &*message.id,
            receive_count = message.receive_count,
            pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
            "the head of a message group failed and is tried again here: a further receive could send those behind it to the dead-letter queue: {}",
            conclusion.reason
        );
        tokio::select! {
            biased;
            _ = phase.wait_for(|phase| *phase >= Phase::Draining) => return conclusion,
            () = sleep(pause) => {}
        }
        message.receive_count = message.receive_count.saturating_add(1);
    }
}

/// How often the most received of those behind it was received, and after how many receives SQS
/// moves a message; where there is such a bound, and where we are to send anything there ourselves.
fn risk(lane: &Lane, message: &Message) -> Option<(u32, u32)> {
    let behind = lane.awaited(message.group.as_deref())?;
    let dead_letters = lane.dead_letters()?;
    (lane.on_rejection() == OnRejection::DeadLetter)
        .then_some((behind, dead_letters.policy.max_receive_count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn next(tries: u32, behind: u32, most: u32) -> Next {
        let failed = Failed {
            tries,
            held: Duration::ZERO,
            pause: Duration::from_secs(1),
            behind,
        };
        failed.next(most)
    }

    #[test]
    fn a_group_is_released_while_it_has_receives_to_spare_then_held_until_its_head_has_used_up_its_own()
     {
        assert_eq!(next(1, 1, 3), Next::Released);
        assert_eq!(next(2, 2, 3), Next::Held);
        assert_eq!(next(3, 2, 3), Next::Buried);
        assert_eq!(next(1, 1, 2), Next::Held);
        assert_eq!(next(1, 1, 1), Next::Buried);
    }

    #[test]
    fn what_would_be_held_for_too_long_goes_back() {
        let failed = Failed {
            tries: 2,
            held: Duration::from_secs(3600),
            pause: MAX_HELD / 2,
            behind: 2,
        };
        assert_eq!(failed.next(3), Next::Released);
    }

    proptest! {
        #[test]
        fn none_behind_is_given_back_at_risk_and_no_head_has_more_tries_than_receives(
            tries in 1..20_u32, behind in 1..20_u32, most in 1..20_u32,
        ) {
            match next(tries, behind, most) {
                Next::Released => prop_assert!(behind + 1 < most),
                Next::Held => prop_assert!(tries < most),
                Next::Buried => prop_assert!(tries >= most),
            }
        }
    }
}
