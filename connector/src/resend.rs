//! Whether a request goes out a second time when its connection was dropped without an answer.
//!
//! Whoever is at the other end closes connections that were idle for a while, and may do so at the
//! very moment at which the next request leaves. Nobody is at fault then, nothing is out of order,
//! and a pause as for an outage would be wrong. So what is dropped without a byte of an answer, on
//! a connection that has served before, at once, goes out again: on a new connection, and only once.
//!
//! In the worst case the first one had arrived after all, and its answer got lost. For a function
//! that is a second delivery, which at-least-once allows and the `Idempotency-Key` makes bearable;
//! the alternative, to give the message back, would deliver it a second time just as well, only
//! later and at the price of a receive. Deletes and changes of visibility can be repeated. What a
//! lost receive had taken out is hidden for its visibility timeout whether or not it is repeated.

use std::time::Duration;

/// A connection that was closed is noticed within a round trip. What takes longer was being worked on.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Whether to send again what was dropped after `took`, on a connection that had `served` before.
pub(crate) fn is_worth_it(served: bool, took: Duration) -> bool {
    served && took < AT_ONCE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_dropped_at_once_on_a_used_connection_goes_out_again() {
        let (soon, late) = (Duration::from_millis(200), AT_ONCE);
        assert!(is_worth_it(true, soon));
        assert!(!is_worth_it(false, soon), "a new connection was not stale");
        assert!(!is_worth_it(true, late), "somebody was at work on it");
    }
}
