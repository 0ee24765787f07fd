//! What each message has achieved so far: which functions succeeded, whether all did, which
//! fell over it, and how often each failed.
//!
//! So a redelivery invokes only what has not succeeded yet, and a message that was delivered but
//! could not be deleted is deleted when it comes again. Bounded: the least recently touched goes.

use std::collections::{BTreeMap, BTreeSet};

use crate::lease::MessageId;

/// How far a message has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Achieved {
    /// The functions that succeeded.
    pub functions: BTreeSet<String>,
    /// The functions that fell over it, through its own fault.
    pub blamed: BTreeSet<String>,
    /// How often each function failed with it, where that is counted.
    pub failed: BTreeMap<String, u32>,
    /// The message is done: all that is left is to delete it.
    pub done: bool,
}

/// What is remembered of the messages seen last.
#[derive(Debug)]
pub struct Memory {
    capacity: usize,
    clock: u64,
    entries: BTreeMap<MessageId, (u64, Achieved)>,
    by_age: BTreeMap<u64, MessageId>,
}

impl Memory {
    /// Remembers up to `capacity` messages.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            clock: 0,
            entries: BTreeMap::new(),
            by_age: BTreeMap::new(),
        }
    }

    /// How far the message had come.
    pub fn recall(&self, message: &str) -> Achieved {
        (self.entries.get(message))
            .map(|(_, achieved)| achieved.clone())
            .unwrap_or_default()
    }

    /// A function succeeded with the message.
    pub fn succeeded(&mut self, message: &MessageId, function: &str) {
        self.touch(message).functions.insert(function.to_owned());
    }

    /// A function fell over the message, through the message's own fault.
    pub fn blamed(&mut self, message: &MessageId, function: &str) {
        self.touch(message).blamed.insert(function.to_owned());
    }

    /// Whether a function fell over the message before.
    pub fn is_blamed(&self, message: &str, function: &str) -> bool {
        let achieved = self.entries.get(message);
        achieved.is_some_and(|(_, achieved)| achieved.blamed.contains(function))
    }

    /// Begins to count how often a function fails with the message, where it is not counted yet: what
    /// was before is not known, and each of its receives is taken for a failure.
    pub fn count(&mut self, message: &MessageId, function: &str, receive_count: u32) {
        let failed = &mut self.touch(message).failed;
        if !failed.contains_key(function) {
            failed.insert(function.to_owned(), receive_count.saturating_sub(1));
        }
    }

    /// A function failed with the message.
    pub fn failed(&mut self, message: &MessageId, function: &str) {
        if let Some(failed) = self.touch(message).failed.get_mut(function) {
            *failed = failed.saturating_add(1);
        }
    }

    /// How often a function failed with the message; `None` where that is not known.
    pub fn failures(&self, message: &str, function: &str) -> Option<u32> {
        let (_, achieved) = self.entries.get(message)?;
        achieved.failed.get(function).copied()
    }

    /// Nothing is left to do but to delete the message.
    pub fn done(&mut self, message: &MessageId) {
        let achieved = self.touch(message);
        achieved.done = true;
        achieved.functions.clear();
        achieved.blamed.clear();
        achieved.failed.clear();
    }

    /// How many messages are remembered.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn touch(&mut self, message: &MessageId) -> &mut Achieved {
        self.clock += 1;
        let age = self.clock;
        let (entry_age, _) = self.entries.entry(message.clone()).or_default();
        self.by_age.remove(entry_age);
        *entry_age = age;
        self.by_age.insert(age, message.clone());
        while self.entries.len() > self.capacity {
            let Some((_, oldest)) = self.by_age.pop_first() else {
                break;
            };
            self.entries.remove(&oldest);
        }
        &mut self.entries.entry(message.clone()).or_default().1
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
        assert_eq!(memory.recall("m1"), Achieved::default());
        memory.succeeded(&id(1), "a.ns");
        memory.succeeded(&id(1), "b.ns");
        assert_eq!(memory.recall("m1").functions.len(), 2);
        assert!(!memory.recall("m1").done);
        memory.done(&id(1));
        assert!(memory.recall("m1").done);
    }

    #[test]
    fn what_fell_over_a_message_is_remembered() {
        let mut memory = Memory::new(10);
        memory.blamed(&id(1), "f");
        assert!(memory.is_blamed("m1", "f"));
        assert!(!memory.is_blamed("m1", "g") && !memory.is_blamed("m2", "f"));
    }

    #[test]
    fn failures_are_counted_from_the_receive_at_which_the_message_was_first_seen() {
        let mut memory = Memory::new(10);
        assert_eq!(memory.failures("m1", "f"), None);
        memory.count(&id(1), "f", 1);
        assert_eq!(memory.failures("m1", "f"), Some(0));
        memory.failed(&id(1), "f");
        // Received for the fourth time, and tried once.
        memory.count(&id(1), "f", 4);
        assert_eq!(memory.failures("m1", "f"), Some(1));
        memory.count(&id(2), "f", 4);
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
        memory.succeeded(&id(1), "f");
        memory.done(&id(3));
        assert!(memory.recall("m1").done);
        assert!(!memory.recall("m2").done);
        assert_eq!((memory.len(), memory.by_age.len()), (2, 2));
    }
}
