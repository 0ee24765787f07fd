//! What a queue's loop starts for a message: a delivery that may panic, or a way back.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use throughline::milestone;

use crate::delivery::{Ended, Errand, Held, carry_out};
use crate::lane::Lane;

/// Carries out an errand for a message; a panic costs this message a receive and nothing else.
pub(crate) async fn attempt(lane: Arc<Lane>, held: Box<Held>, errand: Errand) -> Ended {
    let (claim, group) = (held.claim.clone(), held.message.group.clone());
    let receive_count = held.message.receive_count;
    let is_delivery = matches!(errand, Errand::Deliver);
    let carried_out = AssertUnwindSafe(carry_out(lane.clone(), held, errand)).catch_unwind();
    carried_out.await.unwrap_or_else(|_| {
        // Else its lease would be extended for ever.
        lane.holding.finish(&claim);
        lane.meter.settled("lost", None);
        milestone!(
            "MESSAGE_RETRIED",
            message_id = &*claim.message,
            queue = lane.queue.name(),
            verdict = "lost",
            receive_count,
            "a delivery panicked: SQS hands the message out again"
        );
        Ended {
            group,
            is_delivery,
            gone: false,
            away: 0,
        }
    })
}
