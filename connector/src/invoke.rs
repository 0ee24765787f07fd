//! From a message to the verdict on it: its turn, its functions, their outcomes.

use std::time::Duration;

use futures_util::future::join_all;
use throughline::{context, milestone};

use crate::delivery::AWAY;
use crate::gateway::Call;
use crate::headers::headers;
use crate::lane::{Lane, Phase};
use crate::lease::Claim;
use crate::message::Message;
use crate::verdict::{Class, Outcome, PauseReason, Terms, Transport, Verdict, classify, judge};

/// What is to become of a message, and why.
#[derive(Debug)]
pub(crate) struct Conclusion {
    pub(crate) verdict: Verdict,
    /// The lease is lost: nothing is settled by us.
    pub(crate) lost: bool,
    /// How long it stays away where it is given back.
    pub(crate) away: Duration,
    /// The function that decided, and its status.
    pub(crate) function: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) reason: String,
}

impl Conclusion {
    fn new(verdict: Verdict, reason: impl Into<String>) -> Self {
        Self {
            verdict,
            lost: false,
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

    /// Given back behind a message that came before it in its group.
    pub(crate) fn behind(away: Duration) -> Self {
        Self {
            away,
            ..Self::new(
                Verdict::Release,
                "one that came before it in its group comes again first",
            )
        }
    }

    /// Given back to be received with another 12 hours.
    fn worn_out() -> Self {
        Self {
            away: Duration::ZERO,
            ..Self::new(
                Verdict::Release,
                "less is left of the 12 hours that SQS lets it be held than the function may take",
            )
        }
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

/// Delivers the message to every function that has not succeeded with it yet, as often as pauses
/// make it necessary, until there is a verdict.
pub(crate) async fn conclude(lane: &Lane, claim: &Claim, message: &Message) -> Conclusion {
    let mut refusals = 0;
    let mut reached_before = 0;
    let mut parked = None;
    let mut phase = lane.phase.clone();
    let mut topics = lane.shared.topics.clone();
    loop {
        let achieved = lane.memory().recall(&message.id);
        if achieved.done {
            lane.shared.metrics.duplicate(lane.queue.name());
            return Conclusion::new(
                Verdict::Delete,
                "it was done before and is only deleted now",
            );
        }
        let subscribed = lane.functions();
        if subscribed.is_empty() {
            // Given back, it might be gone to the dead-letter queue when its function is there again.
            if lane.must_hold(message.receive_count) && !lane.is_draining() {
                tokio::select! {
                    biased;
                    _ = phase.wait_for(|phase| *phase >= Phase::Draining) => {}
                    changed = topics.changed() => if changed.is_ok() { continue },
                }
            }
            return Conclusion::new(
                Verdict::Release,
                "no function is subscribed to its topic any more",
            );
        }
        let todo: Vec<String> = subscribed
            .into_iter()
            .filter(|f| !achieved.functions.contains(f))
            .collect();
        if todo.is_empty() {
            return Conclusion::new(Verdict::Delete, "every function has succeeded with it");
        }
        let upstream = lane.shared.gateway.timeout();
        let admitted = tokio::select! {
            biased;
            _ = phase.wait_for(|phase| *phase >= Phase::Draining) => None,
            // Before its turn, so that no turn is spent on waiting for an extension; and after it,
            // since a turn may have been long in coming.
            admitted = async {
                if !lane.holding.ready(claim, upstream).await { return Err(()) }
                let admitted = lane.gate.admit(refusals).await;
                lane.holding.ready(claim, upstream).await.then_some(admitted).ok_or(())
            } => Some(admitted),
        };
        let Some(admitted) = admitted else {
            if lane.must_hold(message.receive_count) {
                // Our own open poll would receive it once more, and that might be once too often.
                let mut polls = lane.open_polls.subscribe();
                let _ = polls.wait_for(|open| *open == 0).await;
            }
            return Conclusion::stopping();
        };
        let Ok(admitted) = admitted else {
            return Conclusion::worn_out();
        };
        let calls = join_all(
            todo.iter()
                .map(|function| invoke(lane, message, function, refusals)),
        )
        .await;
        let blamed = refusals >= 2 && lane.gate.reached() > reached_before;
        let (verdict, decisive) = judge_all(lane, message, &calls, blamed);
        let Verdict::Pause {
            reason,
            retry_after,
        } = verdict
        else {
            if admitted.reached() {
                tracing::info!(
                    queue = lane.queue.name(),
                    "functions are reached again: the queue is received from"
                );
            }
            let mut conclusion = Conclusion::new(verdict, calls[decisive].outcome.to_string());
            conclusion.function = Some(todo[decisive].clone());
            conclusion.status = calls[decisive].outcome.status();
            return conclusion;
        };
        let outcome = &calls[decisive].outcome;
        if refusals == 0 {
            reached_before = lane.gate.reached();
        }
        refusals += 1;
        if admitted.refused(reason, retry_after) {
            tracing::warn!(
                queue = lane.queue.name(),
                function = todo[decisive],
                reason = reason.kind(),
                "the queue pauses until a probe succeeds: {outcome}"
            );
        }
        // Too much to do ends soon: giving back would only burn receives. An outage may last, and
        // another replica may reach what this one does not.
        let must_hold = reason == PauseReason::Overload || lane.must_hold(message.receive_count);
        if parked.is_none() {
            parked = lane.gate.park(must_hold);
        }
        if parked.is_none() {
            let mut conclusion = Conclusion::new(Verdict::Release, outcome.to_string());
            conclusion.function = Some(todo[decisive].clone());
            conclusion.status = outcome.status();
            return conclusion;
        }
    }
}

/// The verdict over all calls, and which of them decided.
fn judge_all(lane: &Lane, message: &Message, calls: &[Call], blamed: bool) -> (Verdict, usize) {
    let terms = Terms {
        receive_count: message.receive_count,
        backoff: lane.config.backoff,
        on_rejection: lane.on_rejection(),
        random: lane.shared.random.fraction(),
    };
    let mut whole = (Verdict::Delete, 0);
    for (n, call) in calls.iter().enumerate() {
        let mut verdict = judge(&call.outcome, &terms);
        if blamed && may_be_the_messages_fault(&call.outcome) {
            // Others went through while this one failed again and again: it must not stop them.
            verdict = Verdict::RetryAfter(terms.backoff.delay(terms.receive_count, terms.random));
        }
        let combined = whole.0.clone().and(verdict.clone());
        let decides = combined != whole.0 || n == 0;
        whole = (combined, if decides { n } else { whole.1 });
    }
    whole
}

/// A message on which the gateway or the function falls over looks like an outage.
fn may_be_the_messages_fault(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Failed(Transport::Dropped) => true,
        Outcome::Answered(answer) => {
            classify(outcome) == Class::Infrastructure && matches!(answer.status, 500..=599)
        }
        Outcome::Failed(_) => false,
    }
}

async fn invoke(lane: &Lane, message: &Message, function: &str, refusals: u32) -> Call {
    let call_id = lane.shared.random.uuid().to_string();
    let outer = context();
    let inner = outer
        .clone()
        .with_call_id(&call_id)
        .with_trace(outer.trace().child());
    let headers = headers(lane, message, &inner);
    inner
        .scope(async {
            milestone!("FUNCTION_INVOKED", function, attempt = message.receive_count, probes = (refusals > 0).then_some(refusals), "function invoked");
            if lane.shared.printing.request_body {
                tracing::info!(function, body = %String::from_utf8_lossy(&message.body), "request body");
            }
            let now = lane.shared.wall_clock.now();
            let call = lane.shared.gateway.invoke(function, headers, message.body.clone(), now).await;
            // At once: the delivery may be cancelled while another function is still at work.
            if classify(&call.outcome) == Class::Success {
                lane.memory().succeeded(&message.id, function);
            }
            print(lane, function, &call);
            call
        })
        .await
}

fn print(lane: &Lane, function: &str, call: &Call) {
    let metrics = &lane.shared.metrics;
    metrics.invoked(lane.queue.name(), function, call.outcome.kind(), call.took);
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
