//! The way of one message: receive ▸ correlate ▸ invoke ▸ verdict ▸ settle.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use throughline::{TraceParent, context, milestone};

use crate::backoff::visibility_seconds;
use crate::correlate::{Correlation, correlate};
use crate::dead_letter::{self, Rejection};
use crate::filtering::screen;
use crate::head;
use crate::headers::shortfall;
use crate::invoke::{Conclusion, conclude};
use crate::lane::{Lane, Phase};
use crate::lease::Claim;
use crate::message::Message;
use crate::room::Place;
use crate::settle::{Settled, Settlement};
use crate::spans::record::{self, Processed};
use crate::verdict::Verdict;

/// How long a message stays away that is given back through no fault of its own.
pub(crate) const AWAY: Duration = Duration::from_secs(5);

/// A message that is held, with the room it takes.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) message: Message,
    pub(crate) claim: Claim,
    /// Heard when the lease is lost.
    pub(crate) lost: oneshot::Receiver<()>,
    pub(crate) room: Place,
    /// The span of the receive that brought it, where spans are made.
    pub(crate) received: Option<TraceParent>,
}

/// What is to be done with a message.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Errand {
    /// It is to be delivered and settled.
    Deliver,
    /// It is given back untried, to stay away for so long.
    GiveBack { away: Duration, why: &'static str },
    /// The process stops: it is given back unless it runs already.
    Stop,
}

/// How an errand ended, for the order of the message's group.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) group: Option<String>,
    /// The message was its group's turn.
    pub(crate) is_delivery: bool,
    /// The message is gone from the queue.
    pub(crate) gone: bool,
    /// Else: how long it stays away, in seconds.
    pub(crate) away: u32,
}

/// Carries out the errand, settles the message and tells its end.
pub(crate) async fn carry_out(lane: Arc<Lane>, held: Box<Held>, errand: Errand) -> Ended {
    let correlation = correlate(&held.message);
    lane.shared
        .metrics
        .correlated(correlation.source.kind(), correlation.refused);
    let context = correlation.context(&held.message);
    let context = context.clone().with_trace(context.trace().child());
    context
        .scope(story(&lane, held, errand, &correlation))
        .await
}

async fn story(lane: &Lane, held: Box<Held>, errand: Errand, correlation: &Correlation) -> Ended {
    let Held {
        mut message,
        claim,
        mut lost,
        mut room,
        received,
    } = *held;
    let started = Instant::now();
    let bytes = message.body.len();
    let mut phase = lane.phase.clone();
    let shortfall = shortfall(lane, &message);
    if lane.shared.printing.milestones || correlation.refused > 0 || shortfall.is_any() {
        milestone!(
            "MESSAGE_RECEIVED",
            message_id = &*message.id,
            queue = lane.queue.name(),
            receive_count = message.receive_count,
            bytes,
            id_source = correlation.source.kind(),
            ids_refused = (correlation.refused > 0).then_some(correlation.refused),
            attributes_left_out = (shortfall.attributes > 0).then_some(shortfall.attributes),
            content_type_refused = shortfall.content_type.then_some(true),
            "message received"
        );
    }
    let concluded = async {
        let conclusion = match errand {
            Errand::GiveBack { away, why } => Conclusion::untried(away, why),
            Errand::Deliver => match screen(lane, &message) {
                Some(filtered) => filtered,
                None => head::conclude(lane, &claim, &mut message).await,
            },
            Errand::Stop => conclude(lane, &claim, &message).await,
        };
        let stays = matches!(
            conclusion.verdict,
            Verdict::Delete | Verdict::DeadLetter { .. }
        );
        // One open poll of ours is reckoned with in any case; each more may receive it once more.
        let open = u32::try_from(*lane.open_polls.borrow()).unwrap_or(u32::MAX);
        let receives = message.receive_count.saturating_add(open.saturating_sub(1));
        if !stays && lane.is_draining() && lane.must_hold(receives) {
            // Our own open poll would receive it once more, and that might be once too often.
            let mut polls = lane.open_polls.subscribe();
            let _ = polls.wait_for(|open| *open == 0).await;
        }
        conclusion
    };
    let conclusion = tokio::select! {
        biased;
        // Dropping the other branch cancels the call: another receiver has the message now.
        _ = &mut lost => Conclusion::lost(),
        conclusion = concluded => conclusion,
        _ = phase.wait_for(|phase| *phase >= Phase::Abandoning) => Conclusion::abandoned(),
    };
    if conclusion.verdict == Verdict::Delete && !conclusion.lost && !conclusion.filtered {
        lane.memory().done(&message.id);
    }
    // Settling is no delivery: the room is for the next message, and the body for nobody.
    let is_buried = matches!(conclusion.verdict, Verdict::DeadLetter { .. });
    if !is_buried {
        message.body.clear();
        message.attributes.clear();
        room.unload();
    }
    let room = (message.group.is_some() || is_buried).then_some(room);
    let settling = Instant::now();
    let ended = settle(lane, &claim, &message, correlation, &conclusion).await;
    drop(room);
    tell(lane, &message, &conclusion, &ended, started);
    if lane.shared.spans.is_on() {
        let own = *context().trace();
        let (verdict, unsettled) = match &ended.settled {
            Settled::Done => (ended.verdict, None),
            Settled::Lost(reason) => ("lost", Some(reason.as_str())),
            Settled::Left => ("left", Some("the process stopped first")),
        };
        let took = settling.elapsed();
        let outcome = (verdict, unsettled);
        record::settled(lane, &message, correlation, own, outcome, took);
        let failed = !(verdict.ends_with("delete") || conclusion.filtered);
        let processed = Processed {
            message: &message,
            correlation,
            own,
            received,
            bytes,
            verdict,
            failed: failed.then_some(conclusion.reason.as_str()),
            took: started.elapsed(),
        };
        record::processed(lane, &processed);
    }
    let gone = ended.settled == Settled::Done && ended.gone;
    Ended {
        group: message.group,
        is_delivery: matches!(errand, Errand::Deliver),
        gone,
        away: ended.away,
    }
}

struct Settling {
    settled: Settled,
    gone: bool,
    away: u32,
    verdict: &'static str,
}

/// Makes the verdict true at SQS.
async fn settle(
    lane: &Lane,
    claim: &Claim,
    message: &Message,
    correlation: &Correlation,
    conclusion: &Conclusion,
) -> Settling {
    let settling = |settled, gone, away, verdict| Settling {
        settled,
        gone,
        away,
        verdict,
    };
    if conclusion.lost {
        return settling(Settled::Lost(conclusion.reason.clone()), false, 0, "lost");
    }
    let pause = match &conclusion.verdict {
        Verdict::Delete => {
            let settled = settled(lane, claim, message, Settlement::Delete).await;
            return settling(settled, true, 0, "delete");
        }
        Verdict::DeadLetter { reason } => {
            match Box::pin(bury(lane, message, correlation, reason, conclusion)).await {
                Ok(()) => {
                    let settled = settled(lane, claim, message, Settlement::Delete).await;
                    return settling(settled, true, 0, "dead_letter");
                }
                Err(reason) => {
                    tracing::warn!(
                        reason,
                        "the message could not be sent to the dead-letter queue; it is not deleted, and retried"
                    );
                    (lane.config.backoff)
                        .delay(message.receive_count, lane.shared.random.fraction())
                }
            }
        }
        Verdict::RetryAfter(pause) => *pause,
        Verdict::Release | Verdict::Pause { .. } => conclusion.away,
    };
    let away = if pause.is_zero() {
        0
    } else {
        visibility_seconds(pause, lane.holding.held(claim))
    };
    let settled = settled(lane, claim, message, Settlement::Visible(away)).await;
    let verdict = if matches!(conclusion.verdict, Verdict::DeadLetter { .. }) {
        "retry"
    } else {
        conclusion.verdict.kind()
    };
    settling(settled, false, away, verdict)
}

/// Settles in company, unless the next of its group waits for this one.
async fn settled(lane: &Lane, claim: &Claim, message: &Message, settlement: Settlement) -> Settled {
    if lane.awaited(message.group.as_deref()).is_some() {
        lane.settler.settle_at_once(claim, settlement).await
    } else {
        lane.settler.settle(claim, settlement).await
    }
}

/// Sends a copy to the dead-letter queue; only after that the message may be deleted. Remembered
/// as done, so that a redelivery is neither delivered nor sent there a second time.
async fn bury(
    lane: &Lane,
    message: &Message,
    correlation: &Correlation,
    reason: &str,
    conclusion: &Conclusion,
) -> Result<(), String> {
    let dlq = lane
        .dead_letters()
        .ok_or("the queue has no dead-letter queue")?;
    let rejection = Rejection {
        reason: reason.to_owned(),
        function: (conclusion.function.as_deref().unwrap_or_default()).to_owned(),
        status: conclusion.status,
        queue: lane.queue.name().to_owned(),
    };
    let copy = dead_letter::copy(message, &correlation.id, &rejection);
    dlq.queue.send(&copy).await.map_err(|error| {
        lane.redrive_in_doubt.notify_one();
        error.to_string()
    })?;
    lane.memory().done(&message.id);
    Ok(())
}

/// The verdict on a message that its queue's filter did not let through, as it was settled.
fn filtered(verdict: &'static str) -> &'static str {
    match verdict {
        "delete" => "filtered_delete",
        "release" => "filtered_release",
        "dead_letter" => "filtered_dead_letter",
        // It could not be sent to the dead-letter queue.
        other => other,
    }
}

/// The one final line of a message.
fn tell(
    lane: &Lane,
    message: &Message,
    conclusion: &Conclusion,
    settling: &Settling,
    started: Instant,
) {
    let for_good = (settling.settled == Settled::Done && settling.gone && !conclusion.filtered)
        .then_some(message.sent_at_ms)
        .flatten();
    let age = for_good.map(|sent| lane.shared.wall_clock.age(sent));
    let verdict = match &settling.settled {
        Settled::Done if conclusion.filtered => filtered(settling.verdict),
        Settled::Done => settling.verdict,
        Settled::Lost(_) => "lost",
        Settled::Left => "left",
    };
    lane.meter.settled(verdict, age);
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    macro_rules! line {
        ($milestone:literal, $($message:tt)+) => {
            milestone!(
                $milestone,
                message_id = &*message.id,
                queue = lane.queue.name(),
                function = conclusion.function.as_deref(),
                status = conclusion.status,
                verdict,
                receive_count = message.receive_count,
                duration_ms,
                $($message)+
            )
        };
    }
    let away = settling.away;
    match (&settling.settled, verdict) {
        (Settled::Done, "filtered_delete") => {
            line!("MESSAGE_FILTERED", "message deleted: {}", conclusion.reason)
        }
        (Settled::Done, "filtered_dead_letter") => line!(
            "MESSAGE_FILTERED",
            "message sent to the dead-letter queue: {}",
            conclusion.reason
        ),
        (Settled::Done, "filtered_release") => line!(
            "MESSAGE_FILTERED",
            retry_in_s = away,
            "message given back for {away} s: {}",
            conclusion.reason
        ),
        (Settled::Done, "delete") => line!("MESSAGE_DELETED", "message deleted"),
        (Settled::Done, "dead_letter") => {
            line!(
                "MESSAGE_DEAD_LETTERED",
                "message sent to the dead-letter queue: {}",
                conclusion.reason
            )
        }
        (Settled::Done, _) => {
            line!(
                "MESSAGE_RETRIED",
                retry_in_s = away,
                "message comes again in {away} s: {}",
                conclusion.reason
            )
        }
        (Settled::Lost(reason), _) => {
            line!(
                "MESSAGE_RETRIED",
                reason,
                "message not settled, SQS hands it out again: {}",
                conclusion.reason
            )
        }
        (Settled::Left, _) => line!(
            "MESSAGE_RETRIED",
            "message left unsettled at the stop: SQS hands it out again"
        ),
    }
}
