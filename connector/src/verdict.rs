//! From what came back to what becomes of the message: the whole table.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use crate::backoff::Backoff;
use crate::indirect::Indirect;
use crate::retry_rules::RetryRules;

/// What a call to a function came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There was an answer.
    Answered(Answer),
    /// There was none.
    Failed(Transport),
    /// There was one, and not by the function for this message alone.
    Indirect(Indirect),
}

/// What of an answer decides.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The value of `X-OpenFaaS-Internal`, set where something other than the function answered.
    pub internal: Option<String>,
    /// The function itself was at work: it echoed our correlation id or told its duration.
    pub by_function: bool,
    /// The body was empty.
    pub empty: bool,
    /// The gateway's own timeout could have passed before the answer came.
    pub late: bool,
    /// `Retry-After`, read.
    pub retry_after: Option<Duration>,
}

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// No connection to the gateway.
    Connect,
    /// The connection ended before the answer was there.
    Dropped,
    /// The upstream timeout passed; the gateway itself answers.
    Timeout,
    /// The upstream timeout passed, and the gateway answers nothing at all.
    Hung,
}

/// Whose trouble it is; see the table in the README.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Done.
    Success,
    /// The function failed; another try may succeed.
    Retryable,
    /// The function rejects the message; another try would meet the same.
    Permanent,
    /// The function was not reached. No fault of the message.
    Infrastructure,
    /// The function has too much to do. No fault of the message.
    Overload,
    /// Nothing came back in all the time there was. The function's fault, or the message's; see
    /// [`crate::blame`].
    Hang,
}

/// What becomes of a message that its functions reject for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnRejection {
    /// To the dead-letter queue at once, with the reason as attributes.
    DeadLetter,
    /// Retried like a failure, until SQS's own redrive policy takes it.
    Retry,
}

/// What becomes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every function succeeded.
    Delete,
    /// Again after a pause.
    RetryAfter(Duration),
    /// Given back, to whoever receives it next.
    Release,
    /// To the dead-letter queue.
    DeadLetter {
        /// Why, in words fit for a message attribute.
        reason: String,
    },
    /// Held, and the queue not received from until a probe succeeds.
    Pause {
        /// Whose trouble it is.
        reason: PauseReason,
        /// How long the other side asked us to wait.
        retry_after: Option<Duration>,
    },
}

/// Why a queue is not received from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PauseReason {
    /// Functions are not reached.
    Infrastructure,
    /// A function has too much to do.
    Overload,
    /// A function answers nothing.
    Hang,
}

/// What a verdict rests on, besides the outcome.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// How often SQS has handed the message out, this time included.
    pub receive_count: u32,
    /// How often the function failed with it, this time included if it did.
    pub tries: u32,
    /// The bounds of the pause between two tries.
    pub backoff: Backoff,
    /// What becomes of rejected messages.
    pub on_rejection: OnRejection,
    /// How the function wants to be tried again.
    pub rules: &'a RetryRules,
    /// The message is to blame for what became of the call.
    pub blamed: bool,
    /// A number from 0 up to 1.
    pub random: f64,
}

/// Whose trouble an outcome is.
pub fn classify(outcome: &Outcome) -> Class {
    let answer = match outcome {
        Outcome::Answered(answer) => answer,
        Outcome::Failed(Transport::Timeout) => return Class::Hang,
        Outcome::Failed(Transport::Connect | Transport::Dropped | Transport::Hung) => {
            return Class::Infrastructure;
        }
        Outcome::Indirect(indirect) => return indirect.class(),
    };
    let by_proxy = answer.internal.as_deref() == Some("proxy");
    match answer.status {
        200..=299 => Class::Success,
        // Nor is what an ingress or a mesh on the way asks of us a word of the function on the message.
        401 | 403..=405 | 407 if !answer.by_function => Class::Infrastructure,
        // 431 is about the headers, and those of another try may be fewer.
        408 | 425 | 431 => Class::Retryable,
        429 => Class::Overload,
        400..=499 => Class::Permanent,
        500 | 503 if by_proxy => Class::Infrastructure,
        // The provider is not reached; or, after so long, the gateway's own timeout.
        502 if answer.empty && !answer.by_function && answer.late => Class::Hang,
        502 if answer.empty && !answer.by_function => Class::Infrastructure,
        503 => Class::Overload,
        _ => Class::Retryable,
    }
}

/// Whose trouble it is for a function that has `codes` of its own. They speak of what the function
/// itself answered: what was made on the way to it, and a function that was not reached, keep their
/// class. Overload that is to be tried again stays overload, since its pauses cost no receives.
fn classify_by(codes: &BTreeSet<u16>, outcome: &Outcome) -> Class {
    let class = classify(outcome);
    let Outcome::Answered(answer) = outcome else {
        return class;
    };
    if answer.internal.is_some() || answer.status < 300 {
        return class;
    }
    match class {
        Class::Overload if codes.contains(&answer.status) || !answer.by_function => class,
        Class::Retryable | Class::Permanent if codes.contains(&answer.status) => Class::Retryable,
        Class::Retryable | Class::Permanent | Class::Overload => Class::Permanent,
        Class::Success | Class::Infrastructure | Class::Hang => class,
    }
}

/// The verdict on one function's outcome.
pub fn judge(outcome: &Outcome, terms: &Terms<'_>) -> Verdict {
    let asked = match outcome {
        Outcome::Answered(answer) => answer.retry_after,
        Outcome::Indirect(indirect) => indirect.retry_after(),
        Outcome::Failed(_) => None,
    };
    let retry = || {
        let drawn = (terms.rules).pause(terms.backoff, terms.receive_count, terms.random);
        Verdict::RetryAfter(asked.map_or(drawn, |asked| asked.max(drawn)))
    };
    let reject = |reason| match terms.on_rejection {
        OnRejection::DeadLetter => Verdict::DeadLetter { reason },
        OnRejection::Retry => retry(),
    };
    let class = match &terms.rules.codes {
        _ if terms.blamed => Class::Retryable,
        Some(codes) => classify_by(codes, outcome),
        None => classify(outcome),
    };
    let pause = |reason| Verdict::Pause {
        reason,
        retry_after: asked,
    };
    match class {
        Class::Success => Verdict::Delete,
        Class::Retryable if terms.rules.used_up(terms.tries) => reject(format!(
            "failed at each of {} tries, the last time with {outcome}",
            terms.tries
        )),
        Class::Retryable => retry(),
        Class::Permanent => reject(format!("rejected with {outcome}")),
        Class::Infrastructure => pause(PauseReason::Infrastructure),
        Class::Overload => pause(PauseReason::Overload),
        Class::Hang => pause(PauseReason::Hang),
    }
}

impl Verdict {
    /// The verdict on a message with several functions: what asks for the most patience wins, so
    /// that a message is neither deleted nor dead-lettered while a function may still succeed.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::RetryAfter(one), Self::RetryAfter(two)) => Self::RetryAfter(one.max(two)),
            (one, two) if two.patience() > one.patience() => two,
            (one, _) => one,
        }
    }

    fn patience(&self) -> u8 {
        match self {
            Self::Delete => 0,
            Self::DeadLetter { .. } => 1,
            Self::RetryAfter(_) => 2,
            Self::Release => 3,
            Self::Pause { .. } => 4,
        }
    }

    /// The name in log lines and metric labels.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::RetryAfter(_) => "retry",
            Self::Release => "release",
            Self::DeadLetter { .. } => "dead_letter",
            Self::Pause { .. } => "pause",
        }
    }
}

impl PauseReason {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Infrastructure, Self::Overload, Self::Hang];

    /// The name in log lines and metric labels.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Infrastructure => "infrastructure",
            Self::Overload => "overload",
            Self::Hang => "hang",
        }
    }
}

impl Class {
    /// The name in the README's table.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Retryable => "application, retryable",
            Self::Permanent => "application, permanent",
            Self::Infrastructure => "infrastructure",
            Self::Overload => "overload",
            Self::Hang => "hang",
        }
    }
}

impl Outcome {
    /// The label of metrics: a status class or the kind of the transport error.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Answered(answer) => match answer.status {
                100..=199 => "1xx",
                200..=299 => "2xx",
                300..=399 => "3xx",
                400..=499 => "4xx",
                500..=599 => "5xx",
                _ => "other",
            },
            Self::Failed(Transport::Connect) => "connect",
            Self::Failed(Transport::Dropped) => "dropped",
            Self::Failed(Transport::Timeout) => "timeout",
            Self::Failed(Transport::Hung) => "hung",
            Self::Indirect(indirect) => indirect.kind(),
        }
    }

    /// The status, where there was an answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Answered(answer) => Some(answer.status),
            Self::Indirect(indirect) => indirect.status(),
            Self::Failed(_) => None,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(answer) => write!(f, "status {}", answer.status),
            Self::Indirect(indirect) => indirect.fmt(f),
            Self::Failed(Transport::Connect) => f.write_str("no connection to the gateway"),
            Self::Failed(Transport::Dropped) => f.write_str("the connection was dropped"),
            Self::Failed(Transport::Timeout) => {
                f.write_str("no answer within the upstream timeout")
            }
            Self::Failed(Transport::Hung) => {
                f.write_str("no answer within the upstream timeout, nor at the gateway's /healthz")
            }
        }
    }
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
