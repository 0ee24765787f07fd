//! What a call came to where no function answered it for one message alone: in a batch, or through
//! the gateway's own queue.

use std::fmt;
use std::time::Duration;

use crate::verdict::Class;

/// The most that the Community Edition's gateway takes in for an asynchronous call.
pub const ASYNC_BYTES: usize = 256_000;

/// What a call came to for one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indirect {
    /// The function took the batch and named this message as one that it failed.
    ItemFailed,
    /// The function took the batch, and its answer does not say which messages it failed.
    Unreadable,
    /// The gateway did not take the call into its queue.
    NotTaken {
        /// What it answered.
        status: u16,
        /// How long it asks us to wait.
        retry_after: Option<Duration>,
    },
    /// The gateway does not take as much into its queue.
    TooLarge {
        /// What it answered.
        status: u16,
        /// So many bytes.
        bytes: usize,
    },
    /// The gateway took the call, and no callback came.
    NoCallback,
}

/// What the gateway's answer to an asynchronous call with so many bytes says; `None` where it took it.
///
/// The function has no part in this answer: whatever is not about the size is the gateway's trouble,
/// or that of its queue, and no fault of the message.
pub fn taken(status: u16, bytes: usize, retry_after: Option<Duration>) -> Option<Indirect> {
    match status {
        200..=299 => None,
        413 => Some(Indirect::TooLarge { status, bytes }),
        500 if bytes > ASYNC_BYTES => Some(Indirect::TooLarge { status, bytes }),
        _ => Some(Indirect::NotTaken {
            status,
            retry_after,
        }),
    }
}

impl Indirect {
    /// Whose trouble it is.
    pub fn class(&self) -> Class {
        match self {
            Self::ItemFailed | Self::Unreadable => Class::Retryable,
            Self::NoCallback => Class::Hang,
            Self::NotTaken { status: 429, .. } => Class::Overload,
            Self::NotTaken { .. } => Class::Infrastructure,
            Self::TooLarge { .. } => Class::Permanent,
        }
    }

    /// The label of metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ItemFailed => "item_failed",
            Self::Unreadable => "unreadable",
            Self::NotTaken { .. } => "not_taken",
            Self::TooLarge { .. } => "too_large",
            Self::NoCallback => "no_callback",
        }
    }

    /// The status, where there was an answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::NotTaken { status, .. } | Self::TooLarge { status, .. } => Some(*status),
            Self::ItemFailed | Self::Unreadable | Self::NoCallback => None,
        }
    }

    /// How long the other side asks us to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::NotTaken { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl fmt::Display for Indirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ItemFailed => f.write_str("a place among the batchItemFailures"),
            Self::Unreadable => f.write_str("no readable batchItemFailures"),
            Self::NotTaken { status: 404, .. } => f.write_str(
                "status 404 to an asynchronous call: the gateway has no queue (NATS) for them",
            ),
            Self::NotTaken { status, .. } => {
                write!(
                    f,
                    "status {status} from the gateway, which did not queue the call"
                )
            }
            Self::TooLarge { status, bytes } => write!(
                f,
                "status {status}: {bytes} bytes are more than the gateway takes for an asynchronous call ({ASYNC_BYTES} in its Community Edition)"
            ),
            Self::NoCallback => f.write_str("no callback within the callback timeout"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_to_an_asynchronous_call_but_those_about_its_size_is_the_gateways_trouble() {
        for status in 100..=599 {
            let (small, large) = (taken(status, 10, None), taken(status, 256_001, None));
            let classes = (small.map(|it| it.class()), large.map(|it| it.class()));
            let expected = match status {
                200..=299 => (None, None),
                413 => (Some(Class::Permanent), Some(Class::Permanent)),
                429 => (Some(Class::Overload), Some(Class::Overload)),
                500 => (Some(Class::Infrastructure), Some(Class::Permanent)),
                _ => (Some(Class::Infrastructure), Some(Class::Infrastructure)),
            };
            assert_eq!(classes, expected, "{status}");
        }
    }

    #[test]
    fn what_was_refused_for_its_size_says_so() {
        let said = taken(500, 300_000, None).unwrap().to_string();
        assert_eq!(
            said,
            "status 500: 300000 bytes are more than the gateway takes for an asynchronous call (256000 in its Community Edition)"
        );
        assert!(taken(404, 1, None).unwrap().to_string().contains("NATS"));
    }
}
