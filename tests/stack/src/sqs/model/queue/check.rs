//! For tests: that the indexes and the messages agree.

use std::collections::BTreeSet;

use super::super::message::{Millis, Standing};
use super::super::order::Key;
use super::Queue;

impl Queue {
    /// Each index holds what stands there, and nothing else.
    pub(in super::super) fn check_indexes(&self) {
        let standing = |wanted: fn(Standing) -> Option<Millis>| -> BTreeSet<(Millis, Key)> {
            let messages = self.messages.iter();
            messages
                .filter_map(|(key, message)| Some((wanted(message.standing)?, *key)))
                .collect()
        };
        assert_eq!(
            self.in_flight,
            standing(|standing| match standing {
                Standing::InFlight { until, .. } => Some(until),
                _ => None,
            })
        );
        assert_eq!(
            self.delayed,
            standing(|standing| match standing {
                Standing::Delayed { until } => Some(until),
                _ => None,
            })
        );
        let ages = self
            .messages
            .iter()
            .map(|(key, message)| (message.sent_at, *key));
        assert_eq!(self.by_age, ages.collect());
        self.order.check(&self.messages);
    }
}
