//! What each message has achieved so far: which functions succeeded, whether all did, which
//! fell over it, and how often each failed.
//!
//! So a redelivery invokes only what has not succeeded yet, and a message that was delivered but
//! could not be deleted is deleted when it comes again. Bounded: the least recently touched goes.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use crate::lease::MessageId;

/// How far a message has come that is not done.
#[derive(Debug, Default)]
struct Achieved {
    /// The functions that succeeded.
    functions: Vec<Arc<str>>,
    /// The functions that fell over it, through its own fault.
    blamed: BTreeSet<Arc<str>>,
    /// How often each function failed with it, where that is counted.
    failed: BTreeMap<Arc<str>, u32>,
}

/// One message: nearly all are done, and those are to take little room.
#[derive(Debug)]
struct Entry {
    touched: u64,
    /// `None` where it is done: all that is left is to delete it.
    achieved: Option<Box<Achieved>>,
}

/// What is remembered of the messages seen last.
#[derive(Debug)]
pub struct Memory {
    capacity: usize,
    clock: u64,
    entries: HashMap<MessageId, Entry>,
    /// When which was touched, in that order; only the last of a message counts.
    touches: VecDeque<(u64, MessageId)>,
}

impl Memory {
    /// Remembers up to `capacity` messages.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            clock: 0,
            entries: HashMap::new(),
            touches: VecDeque::new(),
        }
    }

    /// Whether nothing is left to do but to delete the message.
    pub fn is_done(&self, message: &str) -> bool {
        (self.entries.get(message)).is_some_and(|entry| entry.achieved.is_none())
    }

    /// The functions that succeeded with a message that is not done.
    pub fn achieved(&self, message: &str) -> &[Arc<str>] {
        self.open(message).map_or(&[], |it| &it.functions)
    }

    /// A function succeeded with the message.
    pub fn succeeded(&mut self, message: &MessageId, function: &Arc<str>) {
        if let Some(achieved) = self.touch(message)
            && !achieved.functions.contains(function)
        {
            achieved.functions.push(function.clone());
        }
    }

    /// A function fell over the message, through the message's own fault.
    pub fn blamed(&mut self, message: &MessageId, function: &Arc<str>) {
        if let Some(achieved) = self.touch(message) {
            achieved.blamed.insert(function.clone());
        }
    }

    /// Whether a function fell over the message before.
    pub fn is_blamed(&self, message: &str, function: &str) -> bool {
        (self.open(message)).is_some_and(|achieved| achieved.blamed.contains(function))
    }

    /// Begins to count how often a function fails with the message, where it is not counted yet: what
    /// was before is not known, and each of its receives is taken for a failure.
    pub fn count(&mut self, message: &MessageId, function: &Arc<str>, receive_count: u32) {
        if let Some(achieved) = self.touch(message) {
            (achieved.failed.entry(function.clone())).or_insert(receive_count.saturating_sub(1));
        }
    }

    /// A function failed with the message.
    pub fn failed(&mut self, message: &MessageId, function: &str) {
        let failed = self
            .touch(message)
            .and_then(|it| it.failed.get_mut(function));
        if let Some(failed) = failed {
            *failed = failed.saturating_add(1);
        }
    }

    /// How often a function failed with the message; `None` where that is not known.
    pub fn failures(&self, message: &str, function: &str) -> Option<u32> {
        self.open(message)?.failed.get(function).copied()
    }

    /// Nothing is left to do but to delete the message.
    pub fn done(&mut self, message: &MessageId) {
        self.touch(message);
        if let Some(entry) = self.entries.get_mut(message) {
            entry.achieved = None;
        }
    }

    /// How many messages are remembered.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn open(&self, message: &str) -> Option<&Achieved> {
        self.entries.get(message)?.achieved.as_deref()
    }

    /// What is known of the message, unless it is done; from now on it is the newest.
    fn touch(&mut self, message: &MessageId) -> Option<&mut Achieved> {
        self.clock += 1;
        let touched = self.clock;
        self.touches.push_back((touched, message.clone()));
        if let Some(entry) = self.entries.get_mut(message) {
            entry.touched = touched;
        } else {
            self.forget_down_to(self.capacity - 1);
            let achieved = Some(Box::default());
            (self.entries).insert(message.clone(), Entry { touched, achieved });
        }
        if self.touches.len() > 2 * self.capacity {
            let is_last = |(at, message): &(u64, MessageId)| {
                (self.entries.get(message)).is_some_and(|entry| entry.touched == *at)
            };
            self.touches.retain(is_last);
        }
        self.entries.get_mut(message)?.achieved.as_deref_mut()
    }

    fn forget_down_to(&mut self, most: usize) {
        while self.entries.len() > most
            && let Some((at, message)) = self.touches.pop_front()
        {
            if (self.entries.get(&message)).is_some_and(|entry| entry.touched == at) {
                self.entries.remove(&message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: usize) -> MessageId {
        format!("m{n}").into()
    }

    #[test]
    fn functions_that_succeeded_are_remembered_until_the_message_is_done() {
        let mut memory = Memory::new(10);
        assert!(memory.achieved("m1").is_empty());
        for function in ["a.ns", "b.ns", "a.ns"] {
            memory.succeeded(&id(1), &function.into());
        }
        assert_eq!(memory.achieved("m1"), ["a.ns".into(), "b.ns".into()]);
        assert!(!memory.is_done("m1"));
        memory.done(&id(1));
        assert!(memory.is_done("m1") && memory.achieved("m1").is_empty());
    }

    #[test]
    fn what_fell_over_a_message_is_remembered() {
        let mut memory = Memory::new(10);
        memory.blamed(&id(1), &"f".into());
        assert!(memory.is_blamed("m1", "f"));
        assert!(!memory.is_blamed("m1", "g") && !memory.is_blamed("m2", "f"));
    }

    #[test]
    fn failures_are_counted_from_the_receive_at_which_the_message_was_first_seen() {
        let mut memory = Memory::new(10);
        assert_eq!(memory.failures("m1", "f"), None);
        memory.count(&id(1), &"f".into(), 1);
        assert_eq!(memory.failures("m1", "f"), Some(0));
        memory.failed(&id(1), "f");
        // Received for the fourth time, and tried once.
        memory.count(&id(1), &"f".into(), 4);
        assert_eq!(memory.failures("m1", "f"), Some(1));
        memory.count(&id(2), &"f".into(), 4);
        memory.failed(&id(2), "f");
        assert_eq!(memory.failures("m2", "f"), Some(4));
        memory.done(&id(2));
        assert_eq!(memory.failures("m2", "f"), None);
    }

    #[test]
    fn the_message_touched_longest_ago_is_forgotten_first() {
        let mut memory = Memory::new(2);
        memory.done(&id(1));
        memory.done(&id(2));
        memory.succeeded(&id(1), &"f".into());
        memory.done(&id(3));
        assert!(memory.is_done("m1"), "done it stays");
        assert!(!memory.is_done("m2"));
        assert!(memory.is_done("m3"));
        assert_eq!(memory.len(), 2);
    }

    #[test]
    fn however_often_messages_are_touched_what_is_kept_is_bounded() {
        let mut memory = Memory::new(10);
        for n in 0..10_000 {
            memory.failed(&id(n % 3), "f");
            memory.done(&id(n));
            assert!(memory.len() <= 10 && memory.touches.len() <= 20);
        }
        assert!(memory.is_done("m9999") && !memory.is_done("m9000"));
    }
}
