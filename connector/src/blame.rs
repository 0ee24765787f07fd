//! Whose fault it is that a call came to nothing: the message's, or that of what it was sent to.
//!
//! A message on which a function hangs or falls over looks like an outage from here. It must neither
//! stop its queue, nor may an outage ever be taken for its fault: that would cost receives until the
//! message is in the dead-letter queue. So the message is to blame only where something else shows
//! that the function was well just then:
//!
//! - Others went through: a call that began after the first of this message's calls failed was
//!   answered by the function. For a message on which it hangs, one that began while it hung is
//!   enough. A call that began earlier says nothing: the outage may have begun since.
//! - The function said that it was well, at its `/_/health` through the gateway, right before the
//!   call that fell over; and this [`CONVICTING`] times in a row, or once for a message that was to
//!   blame before. This is how a message that is alone in its queue comes to an end. What hangs is
//!   never judged by this: a function whose database hangs says that it is well.
//! - For a message that is turned away (overload, or as if the function were missing): it was
//!   refused [`CONVICTING`] times in a row although, each time, since its refusal before, a call
//!   beside as many others was answered by the function. What is too much for a function is too much
//!   for all, and what was missing is there for all: once says nothing, again and again does.
//!
//! Where nothing shows it, the message is held and tried again, for as long as SQS lets it be held.

use crate::governor::STUBBORN;
use crate::verdict::{Class, Outcome, Transport, classify};

/// So many times in a row the function was well before a call that fell over, or answered others
/// between two that were turned away.
pub const CONVICTING: u32 = 5;

/// What is known when a call with a message came back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// How many calls of this delivery were refused before.
    pub refusals: u32,
    /// A call that began after this one was answered by the function.
    pub others_since_this_call: bool,
    /// A call that began after the first refused one was.
    pub others_since_refusal: bool,
    /// How many times in a row, this one included, the function was well right before.
    pub well_before: u32,
    /// How many times, this one included, the message was refused although the function had answered
    /// others, under no less load, since it was refused before.
    pub contradicted: u32,
    /// The message was to blame before.
    pub known: bool,
}

impl Evidence {
    /// Whether the message is to blame for what became of the call.
    pub fn blames(&self, outcome: &Outcome) -> bool {
        if hangs(outcome) {
            return self.others_since_this_call
                || (self.refusals >= 1 && self.others_since_refusal);
        }
        if is_turned_away(outcome) {
            return self.refusals >= STUBBORN && self.contradicted >= CONVICTING;
        }
        falls_over(outcome)
            && ((self.refusals >= 2 && self.others_since_refusal)
                || self.well_before >= CONVICTING
                || (self.known && self.well_before >= 1))
    }
}

/// Nothing came back in all the time that there was.
pub fn hangs(outcome: &Outcome) -> bool {
    classify(outcome) == Class::Hang
}

/// It was told to come again later, or that the function is not there.
pub fn is_turned_away(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Answered(answer) => match classify(outcome) {
            Class::Overload => true,
            Class::Infrastructure => matches!(answer.status, 400..=499),
            _ => false,
        },
        Outcome::Failed(_) | Outcome::Indirect(_) => false,
    }
}

/// What the gateway or the function makes of a message that it falls over, and of an outage.
pub fn falls_over(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Failed(Transport::Dropped) => true,
        Outcome::Answered(answer) => {
            classify(outcome) == Class::Infrastructure && matches!(answer.status, 500..=599)
        }
        Outcome::Failed(_) | Outcome::Indirect(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Answer;
    use proptest::prelude::*;

    const DROPPED: Outcome = Outcome::Failed(Transport::Dropped);
    const TIMEOUT: Outcome = Outcome::Failed(Transport::Timeout);

    fn answered(status: u16) -> Outcome {
        Outcome::Answered(Answer {
            status,
            empty: true,
            ..Answer::default()
        })
    }

    #[test]
    fn a_message_that_falls_over_is_to_blame_when_others_go_through_meanwhile() {
        let evidence = |refusals, others| Evidence {
            refusals,
            others_since_refusal: others,
            ..Evidence::default()
        };
        for outcome in [DROPPED, answered(502)] {
            assert!(evidence(2, true).blames(&outcome));
            assert!(!evidence(1, true).blames(&outcome), "once may be chance");
            assert!(!evidence(100, false).blames(&outcome));
        }
    }

    #[test]
    fn a_message_that_is_alone_is_to_blame_when_the_function_was_well_again_and_again() {
        let evidence = |well_before, known| Evidence {
            refusals: 100,
            well_before,
            known,
            ..Evidence::default()
        };
        assert!(evidence(CONVICTING, false).blames(&DROPPED));
        assert!(!evidence(CONVICTING - 1, false).blames(&DROPPED));
        assert!(evidence(1, true).blames(&DROPPED), "known for it");
        assert!(
            !evidence(0, true).blames(&DROPPED),
            "an outage may have begun"
        );
        assert!(
            !evidence(100, true).blames(&TIMEOUT),
            "its database may hang"
        );
    }

    #[test]
    fn a_message_on_which_the_function_hangs_is_to_blame_when_others_go_through_meanwhile() {
        let meanwhile = Evidence {
            others_since_this_call: true,
            ..Evidence::default()
        };
        assert!(meanwhile.blames(&TIMEOUT));
        assert!(!meanwhile.blames(&DROPPED));
        let since = Evidence {
            refusals: 1,
            others_since_refusal: true,
            ..Evidence::default()
        };
        assert!(since.blames(&TIMEOUT));
    }

    #[test]
    fn a_message_that_is_turned_away_is_to_blame_when_others_go_through_each_time() {
        let evidence = |refusals, contradicted| Evidence {
            refusals,
            contradicted,
            ..Evidence::default()
        };
        for outcome in [404, 405, 429, 503].map(answered) {
            assert!(evidence(5, 5).blames(&outcome));
            assert!(!evidence(100, 4).blames(&outcome), "may be chance");
        }
    }

    proptest! {
        #[test]
        fn no_message_is_to_blame_when_nothing_shows_that_the_function_is_well(
            refusals in any::<u32>(), known in any::<bool>(), status in 100..600_u16,
        ) {
            let evidence = Evidence { refusals, known, ..Evidence::default() };
            for outcome in [DROPPED, TIMEOUT, answered(status)] {
                prop_assert!(!evidence.blames(&outcome));
            }
        }

        #[test]
        fn a_missing_gateway_is_no_messages_fault(
            refusals in any::<u32>(), well_before in any::<u32>(), known in any::<bool>(),
            contradicted in any::<u32>(),
        ) {
            let evidence = Evidence {
                refusals, well_before, known, contradicted,
                others_since_this_call: true,
                others_since_refusal: true,
            };
            for outcome in [Transport::Connect, Transport::Hung].map(Outcome::Failed) {
                prop_assert!(!evidence.blames(&outcome));
            }
        }

        #[test]
        fn overload_and_a_missing_function_are_no_messages_fault_unless_contradicted_repeatedly(
            refusals in any::<u32>(), well_before in any::<u32>(), known in any::<bool>(),
            contradicted in 0..CONVICTING,
        ) {
            let evidence = Evidence {
                refusals, well_before, known, contradicted,
                others_since_this_call: true,
                others_since_refusal: true,
            };
            for outcome in [404, 405, 429, 503].map(answered) {
                prop_assert!(!evidence.blames(&outcome));
            }
        }
    }
}
