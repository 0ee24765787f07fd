//! Behaviours that are switched on from outside, for good or for the next few times. Pure.

use std::num::NonZeroU32;

use serde::Serialize;

/// What is switched on, in the order in which it was. The first that fits is the one that acts.
#[derive(Debug)]
pub(crate) struct Switches<T> {
    on: Vec<Switch<T>>,
    next_id: u64,
}

/// One behaviour that is switched on.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Switch<T> {
    pub(crate) id: u64,
    /// How often it still acts; `None` is until it is switched off.
    pub(crate) times: Option<NonZeroU32>,
    /// How often it has acted.
    pub(crate) hits: u64,
    #[serde(flatten)]
    pub(crate) what: T,
}

impl<T> Default for Switches<T> {
    fn default() -> Self {
        Self {
            on: Vec::new(),
            next_id: 1,
        }
    }
}

impl<T: Clone> Switches<T> {
    /// Switches something on; returns its id.
    pub(crate) fn add(&mut self, what: T, times: Option<NonZeroU32>) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.on.push(Switch {
            id,
            times,
            hits: 0,
            what,
        });
        id
    }

    /// The first one that fits; counts it, and forgets it after its last time.
    pub(crate) fn take(&mut self, fits: impl Fn(&T) -> bool) -> Option<T> {
        let at = self.on.iter().position(|switch| fits(&switch.what))?;
        let switch = &mut self.on[at];
        switch.hits += 1;
        let what = switch.what.clone();
        if let Some(times) = switch.times {
            match NonZeroU32::new(times.get() - 1) {
                Some(left) => switch.times = Some(left),
                None => drop(self.on.remove(at)),
            }
        }
        Some(what)
    }

    pub(crate) fn all(&self) -> Vec<Switch<T>> {
        self.on.clone()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.on.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.on.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counted_switch_acts_that_often_and_then_the_next_one_does() {
        let mut switches = Switches::default();
        switches.add("twice", NonZeroU32::new(2));
        switches.add("for good", None);
        let taken: Vec<_> = (0..4).filter_map(|_| switches.take(|_| true)).collect();
        assert_eq!(taken, ["twice", "twice", "for good", "for good"]);
        assert_eq!(switches.all()[0].hits, 2);
    }

    #[test]
    fn what_does_not_fit_is_neither_taken_nor_counted() {
        let mut switches = Switches::default();
        switches.add("a", NonZeroU32::new(1));
        assert_eq!(switches.take(|what| *what == "b"), None);
        assert_eq!(switches.all()[0].hits, 0);
        switches.clear();
        assert!(switches.is_empty());
    }
}
