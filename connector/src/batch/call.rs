//! One call with a batch, and what it came to for each of its messages.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use throughline::{Context, CorrelationId, milestone};

use super::driver::Entry;
use super::record::document;
use super::report::{self, Unreadable};
use crate::gateway::Call;
use crate::headers;
use crate::indirect::Indirect;
use crate::invoke::print;
use crate::lane::Lane;
use crate::spans::record;
use crate::verdict::{Answer, Class, Outcome, classify};

/// The most of an answer that is read as a report; a thousand failures take a tenth of it.
const REPORT: usize = 1024 * 1024;

/// Makes the call and tells every message's delivery. The call is cancelled when the last of them
/// is given up.
pub(super) async fn call(lane: Arc<Lane>, mut batch: Vec<Entry>) {
    let context = context(&lane, &batch);
    let function = batch[0].function.clone();
    let body = document(batch.iter().map(|entry| &entry.record));
    let inside = context.clone();
    inside.sync_scope(|| announce(&lane, &batch, &context, body.len()));
    let headers = || headers::of_batch(&lane, &context);
    let now = lane.shared.wall_clock.now();
    let sent_id = context.correlation_id().as_str();
    let gateway = &lane.shared.gateway;
    let made = gateway.invoke_keeping(REPORT + 1, &function, sent_id, &headers, body, now);
    let given_up = join_all(batch.iter_mut().map(|entry| entry.reply.closed()));
    let made = tokio::select! {
        biased;
        made = made => made,
        _ = given_up => return,
    };
    tell_span(&lane, &batch, &context, &function, &made);
    let outcomes = context.sync_scope(|| {
        print(&lane, &function, &made);
        outcomes(&batch, &made, &function)
    });
    for (entry, outcome) in batch.into_iter().zip(outcomes) {
        // At once: the delivery may have been given up, or another function be at work still.
        if classify(&outcome) == Class::Success {
            lane.memory().succeeded(&entry.claim.message, &function);
        }
        let call = Call {
            outcome,
            ..made.clone()
        };
        // Nobody hears it where the delivery was given up.
        let _ = entry.reply.send(call);
    }
}

/// One message's call belongs to its span; that of several has a trace of its own and links to all.
fn tell_span(lane: &Lane, batch: &[Entry], context: &Context, function: &str, made: &Call) {
    let own = *context.trace();
    match batch {
        [only] => record::invoked(lane, function, made, own, Some(*only.context.trace()), &[]),
        _ if lane.shared.spans.is_on() => {
            let links: Vec<_> = batch.iter().map(|entry| *entry.context.trace()).collect();
            record::invoked(lane, function, made, own, None, &links);
        }
        _ => {}
    }
}

/// A line for the batch, and one for each message, which names the batch's call.
fn announce(lane: &Lane, batch: &[Entry], context: &Context, bytes: usize) {
    let (function, call_id) = (&*batch[0].function, context.call_id());
    let messages = batch.len();
    lane.shared.metrics.batch(lane.queue.name(), messages);
    milestone!(
        "BATCH_INVOKED",
        function,
        messages,
        bytes,
        "function invoked with a batch"
    );
    for entry in batch {
        entry.context.clone().sync_scope(|| {
            let attempt = entry.receive_count;
            milestone!(
                "FUNCTION_INVOKED",
                function,
                attempt,
                messages,
                batch_call_id = call_id,
                "function invoked in a batch"
            );
        });
    }
}

/// What the call came to for each message, in order.
fn outcomes(batch: &[Entry], made: &Call, function: &str) -> Vec<Outcome> {
    if classify(&made.outcome) != Class::Success {
        return vec![made.outcome.clone(); batch.len()];
    }
    let sent: BTreeSet<&str> = (batch.iter()).map(|entry| &*entry.claim.message).collect();
    let read = if made.body.len() > REPORT {
        Err(Unreadable::TooLong(REPORT))
    } else {
        report::read(&made.body, &sent)
    };
    match read {
        Ok(failed) => {
            let outcome = |entry: &Entry| match failed.get(&*entry.claim.message) {
                Some(status) => item_failed(*status),
                None => made.outcome.clone(),
            };
            batch.iter().map(outcome).collect()
        }
        Err(error) => {
            tracing::warn!(
                function,
                messages = batch.len(),
                "the answer to a batch does not say which messages failed: {error}; all of them count as failed. A function in mode batch answers with an empty body or with {{\"batchItemFailures\":[{{\"itemIdentifier\":\"<messageId>\"}}]}}"
            );
            vec![Outcome::Indirect(Indirect::Unreadable); batch.len()]
        }
    }
}

/// What a place in the report comes to. A status with which the function rejects the message for good
/// counts as if it had answered it to this message alone. Any other is a failure of the message and
/// no more: that the function is out, or busy, it says with the status of the whole answer.
fn item_failed(status: Option<u16>) -> Outcome {
    let alone = status.map(|status| {
        Outcome::Answered(Answer {
            status,
            by_function: true,
            ..Answer::default()
        })
    });
    alone
        .filter(|alone| classify(alone) == Class::Permanent)
        .unwrap_or(Outcome::Indirect(Indirect::ItemFailed))
}

/// One message keeps its own id; several share a new one, and each record says its own.
fn context(lane: &Lane, batch: &[Entry]) -> Context {
    let context = match batch {
        [only] => only.context.clone(),
        _ => {
            let id = lane.shared.random.uuid().to_string();
            Context::new(CorrelationId::parse(&id).expect("a UUID is a valid id"))
        }
    };
    let call_id = lane.shared.random.uuid().to_string();
    let trace = context.trace().child();
    context.with_call_id(&call_id).with_trace(trace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_status_that_rejects_for_good_is_more_than_a_failed_item() {
        for status in 0..=999 {
            let rejects = classify(&item_failed(Some(status))) == Class::Permanent;
            let passing = [408, 425, 429, 431];
            if rejects {
                assert!(
                    (400..500).contains(&status) && !passing.contains(&status),
                    "{status}"
                );
            } else {
                assert_eq!(item_failed(Some(status)), item_failed(None), "{status}");
            }
        }
        for status in [400, 404, 409, 422] {
            assert_eq!(
                classify(&item_failed(Some(status))),
                Class::Permanent,
                "{status}"
            );
        }
        assert_eq!(classify(&item_failed(None)), Class::Retryable);
    }
}
