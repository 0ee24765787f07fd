//! A message's part in batch mode: it hands itself in, and waits for what came of it.

use throughline::{Context, CorrelationId};
use tokio::sync::oneshot;

use super::driver::Entry;
use super::record::{Source, record};
use super::{Batches, Limits, share};
use crate::gates::Subscriber;
use crate::gateway::Call;
use crate::lane::Lane;
use crate::lease::Claim;
use crate::message::Message;

/// Sends the message to a function in some batch; its turn has come. `None` where the process stops
/// before the batch went. Cancel-safe: a message that is given up is left out, or not waited for.
pub(crate) async fn join(
    lane: &Lane,
    batches: &Batches,
    limits: Limits,
    subscriber: &Subscriber,
    claim: &Claim,
    message: &Message,
    context: &Context,
) -> Option<Call> {
    let (reply, made) = oneshot::channel();
    let share = if subscriber.gate.paused().is_some() {
        // It probes: with one message, and at once.
        1
    } else {
        let most = (lane.dead_letters()).map(|dlq| dlq.policy.max_receive_count);
        share(limits.size, message.receive_count, most)
    };
    let id: &CorrelationId = context.correlation_id();
    let source = Source::new(&lane.config.url, &lane.config.region);
    batches.add(Entry {
        function: subscriber.function.clone(),
        claim: claim.clone(),
        record: record(message, id, &source),
        receive_count: message.receive_count,
        share,
        context: context.clone(),
        reply,
    });
    made.await.ok()
}
