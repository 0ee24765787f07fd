//! Order inside FIFO message groups: groups in parallel, strict inside, hold after a failure.

use std::collections::{BTreeMap, VecDeque};

use crate::lease::MessageId;

/// Holds back what must wait for an earlier message of its group.
///
/// A group has an entry exactly while one of its messages is at work or on its way back: what
/// arrives meanwhile waits, also for the last that is given back to be settled.
#[derive(Debug)]
pub struct Order<T> {
    groups: BTreeMap<String, Group<T>>,
}

#[derive(Debug)]
struct Group<T> {
    at_work: Option<MessageId>,
    /// The earliest of those that went back to the queue: nothing starts before it.
    first: Option<MessageId>,
    /// How many are on their way back to the queue.
    releasing: usize,
    /// `None` marks the place of one that came again while it is on its way back.
    waiting: VecDeque<(MessageId, Option<T>)>,
}

/// What to do when a message of a group is settled.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<T> {
    /// Deliver this one.
    Start(T),
    /// Give these back, in this order: an earlier one failed and comes again before them.
    Release(VecDeque<T>),
    /// Nothing waits.
    Idle,
}

impl<T> Default for Order<T> {
    fn default() -> Self {
        Self {
            groups: BTreeMap::new(),
        }
    }
}

impl<T> Order<T> {
    /// A message arrives. Given back where it may be delivered now, else it waits here.
    pub fn arrive(&mut self, name: &str, id: &MessageId, message: T) -> Option<T> {
        if let Some(group) = self.groups.get_mut(name) {
            group.waiting.push_back((id.clone(), Some(message)));
            return None;
        }
        let group = Group {
            at_work: Some(id.clone()),
            first: None,
            releasing: 0,
            waiting: VecDeque::new(),
        };
        self.groups.insert(name.to_owned(), group);
        Some(message)
    }

    /// A message that is held already came again. Where it is on its way back, what comes behind it
    /// goes the same way.
    pub fn again(&mut self, name: &str, id: &MessageId) {
        if let Some(group) = self.groups.get_mut(name) {
            let here = group.at_work.as_ref() == Some(id);
            if !here && group.waiting.iter().all(|(other, _)| other != id) {
                group.waiting.push_back((id.clone(), None));
            }
        }
    }

    /// The message of the group that was at work is gone from the queue: the next one may start.
    pub fn succeeded(&mut self, name: &str) -> Next<T> {
        if let Some(group) = self.groups.get_mut(name) {
            group.at_work = None;
        }
        self.next(name)
    }

    /// The message that was at work goes back to the queue: none that came after it may run before
    /// it. Each that is given back is to be reported as [`released`](Self::released).
    pub fn failed(&mut self, name: &str) -> Next<T> {
        let Some(group) = self.groups.get_mut(name) else {
            return Next::Idle;
        };
        group.first = group.at_work.take();
        let rest = group.give_back();
        if rest.is_empty() {
            return self.next(name);
        }
        Next::Release(rest)
    }

    /// A message of the group that was given back is settled, or lost: SQS has it either way.
    pub fn released(&mut self, name: &str) -> Next<T> {
        if let Some(group) = self.groups.get_mut(name) {
            group.releasing = group.releasing.saturating_sub(1);
        }
        self.next(name)
    }

    /// Takes out everything that has not started, each group in order, to be given back.
    pub fn drain(&mut self) -> Vec<T> {
        let mut all = Vec::new();
        for group in self.groups.values_mut() {
            if group.first.is_none() {
                group.first = group.waiting.front().map(|(id, _)| id.clone());
            }
            all.extend(group.give_back());
        }
        all
    }

    /// The messages of the group that wait.
    pub fn behind(&self, name: &str) -> impl Iterator<Item = &T> {
        let waiting = (self.groups.get(name)).map(|group| group.waiting.iter());
        (waiting.into_iter().flatten()).filter_map(|(_, message)| message.as_ref())
    }

    /// How many messages wait.
    pub fn waiting(&self) -> usize {
        self.groups.values().map(Group::waits).sum()
    }

    /// What may start now, if anything. What arrived while others were on their way back starts
    /// only if it begins with the first of those: the answer to a release may have been lost, and
    /// the message come again with those behind it before it was released a second time.
    fn next(&mut self, name: &str) -> Next<T> {
        let Some(group) = self.groups.get_mut(name) else {
            return Next::Idle;
        };
        if group.at_work.is_some() || group.releasing > 0 {
            return Next::Idle;
        }
        let rest = match (group.waiting.front(), &group.first) {
            (Some((id, None)), _) => {
                group.first = Some(id.clone());
                group.give_back()
            }
            (Some((id, Some(_))), Some(first)) if id != first => group.give_back(),
            _ => VecDeque::new(),
        };
        if !rest.is_empty() {
            return Next::Release(rest);
        }
        let Some((id, Some(message))) = group.waiting.pop_front() else {
            self.groups.remove(name);
            return Next::Idle;
        };
        (group.at_work, group.first) = (Some(id), None);
        Next::Start(message)
    }
}

impl<T> Group<T> {
    fn waits(&self) -> usize {
        let messages = self.waiting.iter().filter(|(_, message)| message.is_some());
        messages.count()
    }

    fn give_back(&mut self) -> VecDeque<T> {
        self.releasing += self.waits();
        self.waiting
            .drain(..)
            .filter_map(|(_, message)| message)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn arrive(order: &mut Order<usize>, group: &str, n: usize) -> Option<usize> {
        order.arrive(group, &format!("m{n}").into(), n)
    }

    #[test]
    fn groups_run_beside_each_other_and_inside_one_by_one() {
        let mut order = Order::default();
        assert_eq!(arrive(&mut order, "a", 1), Some(1));
        assert_eq!(arrive(&mut order, "a", 2), None);
        assert_eq!(arrive(&mut order, "b", 3), Some(3));
        assert_eq!(order.succeeded("a"), Next::Start(2));
        assert_eq!(order.succeeded("a"), Next::Idle);
        assert_eq!(arrive(&mut order, "a", 4), Some(4));
    }

    #[test]
    fn after_a_failure_the_rest_of_the_group_is_released_in_order() {
        let mut order = Order::default();
        arrive(&mut order, "a", 1);
        arrive(&mut order, "a", 2);
        arrive(&mut order, "a", 3);
        arrive(&mut order, "b", 4);
        assert_eq!(order.failed("a"), Next::Release(VecDeque::from([2, 3])));
        assert_eq!(order.released("a"), Next::Idle);
        assert_eq!(
            arrive(&mut order, "a", 1),
            None,
            "another is still on its way"
        );
        assert_eq!(
            order.released("a"),
            Next::Start(1),
            "the failed one comes again, first"
        );
        assert_eq!(order.failed("b"), Next::Idle);
    }

    #[test]
    fn what_comes_again_without_the_first_that_was_given_back_is_given_back_too() {
        let mut order = Order::default();
        for n in 1..=3 {
            arrive(&mut order, "a", n);
        }
        order.failed("a");
        assert_eq!(order.released("a"), Next::Idle);
        // The answer to the release of 2 was lost; it is on its way back again while 3 is here.
        assert_eq!(arrive(&mut order, "a", 3), None);
        assert_eq!(order.released("a"), Next::Release(VecDeque::from([3])));
        assert_eq!(order.released("a"), Next::Idle);
        assert_eq!(arrive(&mut order, "a", 1), Some(1));
    }

    #[test]
    fn what_comes_again_behind_one_that_is_on_its_way_back_is_given_back_too() {
        let mut order = Order::default();
        for n in 1..=2 {
            arrive(&mut order, "a", n);
        }
        order.failed("a");
        // All three come while the release of 2 is not confirmed.
        assert_eq!(arrive(&mut order, "a", 1), None);
        order.again("a", &"m2".into());
        assert_eq!(arrive(&mut order, "a", 3), None);
        assert_eq!(order.released("a"), Next::Start(1));
        assert_eq!(order.succeeded("a"), Next::Release(VecDeque::from([3])));
        assert_eq!(order.released("a"), Next::Idle);
        assert_eq!(arrive(&mut order, "a", 2), Some(2));
    }

    #[test]
    fn draining_takes_what_has_not_started() {
        let mut order = Order::default();
        for n in 0..4 {
            arrive(&mut order, "a", n);
        }
        assert_eq!(order.waiting(), 3);
        assert_eq!(order.drain(), [1, 2, 3]);
        assert_eq!(order.waiting(), 0);
    }

    proptest! {
        /// Messages of a FIFO queue are handed in as SQS would: what is released comes again later,
        /// in order, and before anything newer of its group.
        #[test]
        fn every_group_is_worked_off_in_order(
            groups in proptest::collection::vec(0..4_u8, 1..60),
            failures in proptest::collection::vec(any::<bool>(), 200),
        ) {
            let mut queue: BTreeMap<String, VecDeque<usize>> = BTreeMap::new();
            for (n, group) in groups.iter().enumerate() {
                queue.entry(group.to_string()).or_default().push_back(n);
            }
            let mut failures = failures.into_iter();
            for (group, mut messages) in queue {
                let sent: Vec<usize> = messages.iter().copied().collect();
                let mut order = Order::default();
                let mut done = Vec::new();
                while let Some(first) = messages.pop_front() {
                    let mut at_work = arrive(&mut order, &group, first);
                    // Up to two more of the group came in the same receive.
                    for _ in 0..2 {
                        if let Some(next) = messages.pop_front() {
                            prop_assert_eq!(arrive(&mut order, &group, next), None);
                        }
                    }
                    while let Some(message) = at_work.take() {
                        let next = if failures.next().unwrap_or(false) {
                            let next = order.failed(&group);
                            if let Next::Release(rest) = next {
                                for _ in 0..rest.len() {
                                    prop_assert_eq!(order.released(&group), Next::Idle);
                                }
                                for back in rest.into_iter().rev() { messages.push_front(back); }
                            }
                            messages.push_front(message);
                            break;
                        } else {
                            done.push(message);
                            order.succeeded(&group)
                        };
                        if let Next::Start(message) = next { at_work = Some(message); }
                    }
                }
                prop_assert_eq!(done, sent);
            }
        }
    }
}

#[cfg(test)]
#[path = "order_laws_tests.rs"]
mod laws;
