//! What a queue's loop starts for a message: a delivery that may panic, or a way back.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;

use crate::delivery::{Ended, Held, deliver};
use crate::lane::Lane;
use crate::settle::Settlement;

/// Delivers a message; a panic costs this delivery and nothing else.
pub(crate) async fn attempt(lane: Arc<Lane>, held: Held) -> Ended {
    let (id, group) = (held.message.id.clone(), held.message.group.clone());
    let delivered = AssertUnwindSafe(deliver(lane.clone(), held)).catch_unwind();
    delivered.await.unwrap_or_else(|_| {
        tracing::error!(
            message_id = &*id,
            "a delivery panicked; SQS hands the message out again"
        );
        // Else its lease would be extended for ever.
        lane.holding.finish(&id);
        Ended {
            group,
            gone: false,
            away: 0,
        }
    })
}

/// Gives back a message that waited behind one that failed, undelivered.
pub(crate) async fn give_back(lane: Arc<Lane>, held: Held, away: u32) -> Ended {
    let id = held.message.id.clone();
    lane.settler.settle(&id, Settlement::Visible(away)).await;
    let metrics = &lane.shared.metrics;
    metrics.settled(lane.queue.name(), "release", None);
    Ended {
        group: None,
        gone: false,
        away,
    }
}
