//! The line of receivers that wait at a queue.
//!
//! Only the first in line looks for messages; when it leaves, served or not, the next one is woken.
//! So waiting receivers are served in the order they came, and a receiver that went away took
//! nothing with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Notify;

use super::model::message::Millis;

/// A place in the line; the lower, the further in front.
pub(crate) type Place = u64;

#[derive(Debug, Default)]
pub(crate) struct Line {
    waiting: BTreeMap<Place, Arc<Notify>>,
    next: Place,
    /// When the first in line looks again by itself.
    alarm: Option<Millis>,
}

impl Line {
    pub(crate) fn join(&mut self) -> (Place, Arc<Notify>) {
        let place = self.next;
        self.next += 1;
        let bell = Arc::new(Notify::new());
        self.waiting.insert(place, Arc::clone(&bell));
        (place, bell)
    }

    pub(crate) fn is_first(&self, place: Place) -> bool {
        self.waiting
            .first_key_value()
            .is_some_and(|(first, _)| *first == place)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) const fn set_alarm(&mut self, at: Option<Millis>) {
        self.alarm = at;
    }

    /// Takes a place out of the line and wakes who is first now, if that is another than before.
    pub(crate) fn leave(&mut self, place: Place) {
        let was_first = self.is_first(place);
        self.waiting.remove(&place);
        if was_first {
            self.alarm = None;
            self.wake_first();
        }
    }

    /// Something can be received from `due` on: wakes the first in line, unless its alarm rings by
    /// then.
    pub(crate) fn expect(&self, due: Millis) {
        if self.alarm.is_none_or(|alarm| due < alarm) {
            self.wake_first();
        }
    }

    /// Wakes everyone, since the queue is gone.
    pub(crate) fn wake_all(&self) {
        self.waiting.values().for_each(|bell| bell.notify_one());
    }

    fn wake_first(&self) {
        if let Some((_, bell)) = self.waiting.first_key_value() {
            bell.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rang(bell: &Notify) -> bool {
        use futures_util::FutureExt as _;
        bell.notified().now_or_never().is_some()
    }

    #[test]
    fn the_first_in_line_is_woken_and_then_the_next() {
        let mut line = Line::default();
        let (first, first_bell) = line.join();
        let (second, second_bell) = line.join();
        line.expect(5);
        assert!(rang(&first_bell) && !rang(&second_bell));
        line.leave(first);
        assert!(rang(&second_bell) && line.is_first(second));
        line.leave(second);
        assert!(line.is_empty());
    }

    #[test]
    fn who_leaves_from_the_middle_wakes_nobody() {
        let mut line = Line::default();
        let (_, first_bell) = line.join();
        let (second, _) = line.join();
        line.leave(second);
        assert!(!rang(&first_bell));
    }

    #[test]
    fn an_alarm_that_rings_in_time_is_not_rung_twice() {
        let mut line = Line::default();
        let (_, bell) = line.join();
        line.set_alarm(Some(10));
        line.expect(10);
        assert!(!rang(&bell));
        line.expect(9);
        assert!(rang(&bell));
    }
}
