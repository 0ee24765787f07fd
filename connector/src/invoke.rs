//! From a message to the verdict on it: its turn, its functions, their outcomes.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use throughline::{Context, context, milestone};

use crate::batch;
use crate::callback::{self, Whose};
use crate::config::Mode;
use crate::delivery::AWAY;
use crate::gates::Subscriber;
use crate::gateway::Call;
use crate::headers::headers;
use crate::judgement::{Part, weigh};
use crate::lane::{Lane, Phase};
use crate::lease::Claim;
use crate::message::Message;
use crate::spans::record;
use crate::turns::{Fared, Turns};
use crate::verdict::{Class, Verdict, classify};

/// What is to become of a message, and why.
#[derive(Debug)]
pub(crate) struct Conclusion {
    pub(crate) verdict: Verdict,
    /// The lease is lost: nothing is settled by us.
    pub(crate) lost: bool,
    /// The queue's filter does not let it through: no function is concerned.
    pub(crate) filtered: bool,
    /// How long it stays away where it is given back.
    pub(crate) away: Duration,
    /// The function that decided, or the only one there was, and its status.
    pub(crate) function: Option<Arc<str>>,
    pub(crate) status: Option<u16>,
    pub(crate) reason: String,
}

impl Conclusion {
    fn new(verdict: Verdict, reason: impl Into<String>) -> Self {
        Self {
            verdict,
            lost: false,
            filtered: false,
            away: AWAY,
            function: None,
            status: None,
            reason: reason.into(),
        }
    }

    /// The lease ended before the delivery did.
    pub(crate) fn lost() -> Self {
        Self {
            lost: true,
            ..Self::new(
                Verdict::Release,
                "its lease was lost while it was worked on",
            )
        }
    }

    /// Not let through by the queue's filter.
    pub(crate) fn filtered(verdict: Verdict, away: Duration, reason: &str) -> Self {
        Self {
            filtered: true,
            away,
            ..Self::new(verdict, reason)
        }
    }

    /// Given back before any function was called with it.
    pub(crate) fn untried(away: Duration, why: &'static str) -> Self {
        Self {
            away,
            ..Self::new(Verdict::Release, why)
        }
    }

    /// Given back to be received with another 12 hours: not at once, since an open poll of our own would
    /// have it before it is known here that it was given back, and that would cost a receive more.
    fn worn_out() -> Self {
        Self::new(
            Verdict::Release,
            "less is left of the 12 hours that SQS lets it be held than the function may take",
        )
    }

    /// Given back although a function may be at work on it: the budget of the drain is used up.
    pub(crate) fn abandoned() -> Self {
        Self::new(
            Verdict::Release,
            "the connector stops and can wait no longer for the function",
        )
    }

    /// Given back at once, since the process stops.
    pub(crate) fn stopping() -> Self {
        Self {
            away: Duration::ZERO,
            ..Self::new(
                Verdict::Release,
                "the connector stops before it was delivered",
            )
        }
    }
}

/// Delivers the message to every function that has not succeeded with it yet, to each in its own
/// turn, until there is a verdict.
pub(crate) async fn conclude(lane: &Lane, claim: &Claim, message: &Message) -> Conclusion {
    let turns = Turns::new(lane, claim, message);
    let mut fared: Vec<(Subscriber, Fared)> = Vec::new();
    loop {
        let (is_done, achieved) = {
            let memory = lane.memory();
            let achieved = memory.achieved(&message.id).to_vec();
            (memory.is_done(&message.id), achieved)
        };
        if is_done {
            lane.shared.metrics.duplicate(lane.queue.name());
            return Conclusion::new(
                Verdict::Delete,
                "it was done before and is only deleted now",
            );
        }
        let subscribers = lane.gates.subscribers();
        if subscribers.is_empty() {
            match wait_for_subscribers(lane, message).await {
                Some(conclusion) => return conclusion,
                None => continue,
            }
        }
        // Who subscribed while others were called is called as well, who left decides nothing.
        let is = |one: &Subscriber, other: &Subscriber| one.function == other.function;
        fared.retain(|(one, _)| subscribers.iter().any(|other| is(one, other)));
        let todo = subscribers.iter().filter(|one| {
            !achieved.contains(&one.function) && !fared.iter().any(|(other, _)| is(one, other))
        });
        let todo: Vec<&Subscriber> = todo.collect();
        let settled = |(_, fared): &(Subscriber, Fared)| matches!(fared.part, Part::Judged(_));
        if todo.is_empty() || !fared.iter().all(settled) {
            return over_all(&mut fared);
        }
        let take = |subscriber| {
            // Large, and moved along with all that waits for it else.
            let invoke =
                move |refusals| Box::pin(invoke(lane, claim, message, subscriber, refusals));
            turns.take(subscriber, invoke)
        };
        // Nearly always it is one.
        if let [only] = *todo {
            let one = take(only).await;
            fared.extend(one.map(|one| (only.clone(), one)));
        } else {
            let taken = Box::pin(join_all(todo.iter().copied().map(take))).await;
            let named = todo.into_iter().zip(taken);
            fared.extend(named.filter_map(|(one, fared)| Some((one.clone(), fared?))));
        }
    }
}

/// What is to become of the message, by what each function made of it.
fn over_all(fared: &mut Vec<(Subscriber, Fared)>) -> Conclusion {
    let whole = weigh(fared.iter().map(|(_, fared)| &fared.part), AWAY);
    let Some(decisive) = whole.decisive else {
        let mut conclusion = Conclusion::new(whole.verdict, "every function has succeeded with it");
        if let [(subscriber, Fared { call, .. })] = &fared[..] {
            conclusion.function = Some(subscriber.function.clone());
            conclusion.status = call.as_ref().and_then(|call| call.outcome.status());
        }
        return conclusion;
    };
    let (subscriber, Fared { part, call }) = fared.swap_remove(decisive);
    if part == Part::Stopping {
        return Conclusion {
            away: whole.away,
            ..Conclusion::stopping()
        };
    }
    if part == Part::WornOut {
        return Conclusion {
            away: whole.away,
            ..Conclusion::worn_out()
        };
    }
    let reason = call.as_ref().map(|call| call.outcome.to_string());
    let mut conclusion = Conclusion::new(whole.verdict, reason.unwrap_or_default());
    conclusion.away = whole.away;
    conclusion.function = Some(subscriber.function);
    conclusion.status = call.and_then(|call| call.outcome.status());
    conclusion
}

/// Holds a message that nobody wants, where giving it back could send it to the dead-letter queue
/// before its function is there again. `None` where somebody subscribed.
async fn wait_for_subscribers(lane: &Lane, message: &Message) -> Option<Conclusion> {
    let (mut phase, mut topics) = (lane.phase.clone(), lane.shared.topics.clone());
    if lane.must_hold_group(message.receive_count, message.group.as_deref()) && !lane.is_draining()
    {
        tokio::select! {
            biased;
            _ = phase.wait_for(|phase| *phase >= Phase::Draining) => {}
            // Not `changed`: a receiver's clone has seen only what the first one has.
            some = topics.wait_for(|now| lane.gates.has_subscribers(now)) => {
                if some.is_ok() {
                    return None;
                }
            }
        }
    }
    Some(Conclusion::new(
        Verdict::Release,
        "no function is subscribed to its topic any more",
    ))
}

/// Calls a function with the message, once, in the way of the queue's mode. `None` where the process
/// stops before the call was made.
async fn invoke(
    lane: &Lane,
    claim: &Claim,
    message: &Message,
    subscriber: &Subscriber,
    refusals: u32,
) -> Option<Call> {
    let outer = context();
    if let (Mode::Batch(limits), Some(batches)) = (lane.config.mode, lane.batches.get()) {
        let joined = batch::join(lane, batches, limits, subscriber, claim, message, &outer);
        return Box::pin(joined).await;
    }
    let call_id = lane.shared.random.uuid().to_string();
    let inner = outer
        .clone()
        .with_call_id(&call_id)
        .with_trace(outer.trace().child());
    let called = call(lane, message, subscriber, refusals, &inner);
    let call = inner.clone().scope(called).await;
    let (own, parent) = (*inner.trace(), *outer.trace());
    record::invoked(lane, &subscriber.function, &call, own, Some(parent), &[]);
    Some(call)
}

/// One call with one message, made inside `context`.
async fn call(
    lane: &Lane,
    message: &Message,
    subscriber: &Subscriber,
    refusals: u32,
    context: &Context,
) -> Call {
    let function = &*subscriber.function;
    let through = lane.shared.callbacks.as_ref();
    let by_callback = match lane.config.mode {
        Mode::Async { callback_timeout } => through.map(|through| (through, callback_timeout)),
        Mode::Single | Mode::Batch(_) => None,
    };
    if by_callback.is_some() && (lane.memory().achieved(&message.id)).contains(&subscriber.function)
    {
        tracing::info!(
            function,
            "its callback came late, and the function is not called again"
        );
        return callback::succeeded();
    }
    let attempt = message.receive_count;
    let probes = (refusals > 0).then_some(refusals);
    let mode = by_callback.is_some().then_some("async");
    if lane.shared.printing.milestones {
        milestone!(
            "FUNCTION_INVOKED",
            function,
            attempt,
            probes,
            mode,
            "function invoked"
        );
    }
    if lane.shared.printing.request_body {
        tracing::info!(function, body = %String::from_utf8_lossy(&message.body), "request body");
    }
    let (headers, body) = (|| headers(lane, message, context), message.body.clone());
    let call = match by_callback {
        Some((callbacks, most)) => {
            let whose = Whose {
                queue: lane.queue.url().into(),
                message: message.id.clone(),
                function: subscriber.function.clone(),
            };
            let call = callback::call(lane, callbacks, most, whose, context, &headers, body);
            Box::pin(call).await
        }
        None => {
            let now = lane.shared.wall_clock.now();
            (lane.shared.gateway)
                .invoke(
                    function,
                    context.correlation_id().as_str(),
                    &headers,
                    body,
                    now,
                )
                .await
        }
    };
    // At once: the delivery may be cancelled while another function is still at work.
    if classify(&call.outcome) == Class::Success {
        lane.memory().succeeded(&message.id, &subscriber.function);
    }
    print(lane, function, &call);
    call
}

/// The line of one call, and its count.
pub(crate) fn print(lane: &Lane, function: &str, call: &Call) {
    (lane.meter).invoked(function, call.outcome.kind(), call.took);
    let printing = lane.shared.printing;
    let failed = classify(&call.outcome) != Class::Success;
    if !(printing.response || failed) {
        return;
    }
    let body = printing
        .response_body
        .then(|| String::from_utf8_lossy(&call.body));
    let took_ms = u64::try_from(call.took.as_millis()).unwrap_or(u64::MAX);
    let (status, body) = (call.outcome.status(), body.as_deref());
    match &call.error {
        Some(error) => tracing::warn!(
            function,
            took_ms,
            reason = error,
            "no answer from the function: {}",
            call.outcome
        ),
        None if failed => tracing::warn!(
            function,
            status,
            took_ms,
            body,
            "function answered with {}",
            call.outcome
        ),
        None => tracing::info!(
            function,
            status,
            took_ms,
            body,
            "function answered with {}",
            call.outcome
        ),
    }
}
