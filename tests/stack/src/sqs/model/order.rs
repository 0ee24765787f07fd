//! Which messages can be received now, and in which order.
//!
//! A standard queue gives out what became available first. A FIFO queue keeps each group in the
//! order it was sent: what can be received of a group is the run of available messages at its
//! front, so a message that is in flight (or delayed) holds all that come after it. Groups take
//! turns: the one whose front message has been available longest comes first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::message::Millis;

/// A message's number within its queue, in the order of arrival.
pub(crate) type Key = u64;

#[derive(Debug)]
pub(crate) enum Order {
    Standard(BTreeSet<(Millis, Key)>),
    Fifo(Groups),
}

#[derive(Debug, Default)]
pub(crate) struct Groups {
    groups: BTreeMap<Arc<str>, Group>,
    /// The groups whose front message is available, by since when.
    ready: BTreeMap<(Millis, Key), Arc<str>>,
}

#[derive(Debug, Default)]
struct Group {
    /// Every message of the group, with since when it is available, if it is.
    members: BTreeMap<Key, Option<Millis>>,
    ready: Option<(Millis, Key)>,
}

impl Order {
    pub(crate) fn new(fifo: bool) -> Self {
        if fifo {
            Self::Fifo(Groups::default())
        } else {
            Self::Standard(BTreeSet::new())
        }
    }

    /// A message is there, available since then or (None) not now.
    pub(crate) fn place(&mut self, key: Key, group: Option<&Arc<str>>, since: Option<Millis>) {
        match (self, group) {
            (Self::Standard(available), _) => {
                if let Some(since) = since {
                    available.insert((since, key));
                }
            }
            (Self::Fifo(groups), group) => groups.change(group, |members| {
                members.insert(key, since);
            }),
        }
    }

    /// A message that was placed with this `since` is placed anew or gone after this.
    pub(crate) fn remove(&mut self, key: Key, group: Option<&Arc<str>>, since: Option<Millis>) {
        match (self, group) {
            (Self::Standard(available), _) => {
                if let Some(since) = since {
                    available.remove(&(since, key));
                }
            }
            (Self::Fifo(groups), group) => groups.change(group, |members| {
                members.remove(&key);
            }),
        }
    }

    pub(crate) fn has_ready(&self) -> bool {
        match self {
            Self::Standard(available) => !available.is_empty(),
            Self::Fifo(groups) => !groups.ready.is_empty(),
        }
    }

    /// The keys to receive next, in order, until `counts` has been true `most` times.
    pub(crate) fn pick(&self, most: usize, mut counts: impl FnMut(Key) -> bool) -> Vec<Key> {
        let mut picked = Vec::new();
        let mut left = most;
        let mut take = |key: Key| {
            if left == 0 {
                return false;
            }
            picked.push(key);
            left -= usize::from(counts(key));
            true
        };
        match self {
            Self::Standard(available) => {
                available.iter().all(|(_, key)| take(*key));
            }
            Self::Fifo(groups) => {
                let fronts = groups
                    .ready
                    .values()
                    .filter_map(|name| groups.groups.get(name));
                fronts
                    .flat_map(|group| {
                        let run = group
                            .members
                            .iter()
                            .take_while(|(_, since)| since.is_some());
                        run.map(|(key, _)| *key)
                    })
                    .all(take);
            }
        }
        picked
    }
}

#[cfg(test)]
impl Order {
    /// Holds exactly what is visible of these messages, by what the messages themselves say.
    pub(super) fn check(&self, messages: &BTreeMap<Key, super::message::Message>) {
        use super::message::{Message, Standing};
        let since = |message: &Message| match message.standing {
            Standing::Visible { since } => Some(since),
            _ => None,
        };
        match self {
            Self::Standard(available) => {
                let visible = messages
                    .iter()
                    .filter_map(|(key, m)| Some((since(m)?, *key)));
                assert_eq!(*available, visible.collect::<BTreeSet<_>>());
            }
            Self::Fifo(groups) => {
                let members = groups.groups.values().flat_map(|group| &group.members);
                let members: BTreeMap<_, _> = members.map(|(key, since)| (*key, *since)).collect();
                let wanted = messages.iter().map(|(key, m)| (*key, since(m)));
                assert_eq!(members, wanted.collect::<BTreeMap<_, _>>());
                for (name, group) in &groups.groups {
                    let (key, front) = group.members.first_key_value().unwrap();
                    let ready = front.map(|since| (since, *key));
                    assert_eq!(group.ready, ready);
                    if let Some(ready) = ready {
                        assert_eq!(groups.ready.get(&ready), Some(name));
                    }
                }
                let fronts = groups.groups.values().filter(|group| group.ready.is_some());
                assert_eq!(groups.ready.len(), fronts.count());
            }
        }
    }
}

impl Groups {
    fn change(
        &mut self,
        name: Option<&Arc<str>>,
        change: impl FnOnce(&mut BTreeMap<Key, Option<Millis>>),
    ) {
        // Without a group there is nothing to keep in order; a FIFO queue refuses such a send.
        let Some(name) = name else { return };
        let group = self.groups.entry(Arc::clone(name)).or_default();
        change(&mut group.members);
        let ready = group
            .members
            .first_key_value()
            .and_then(|(key, since)| since.map(|since| (since, *key)));
        if ready != group.ready {
            if let Some(before) = group.ready.take() {
                self.ready.remove(&before);
            }
            if let Some(now) = ready {
                self.ready.insert(now, Arc::clone(name));
            }
            group.ready = ready;
        }
        if group.members.is_empty() {
            self.groups.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fifo(members: &[(Key, &str, Option<Millis>)]) -> Order {
        let mut order = Order::new(true);
        for (key, group, since) in members {
            order.place(*key, Some(&Arc::from(*group)), *since);
        }
        order
    }

    #[test]
    fn a_standard_queue_gives_what_is_available_longest() {
        let mut order = Order::new(false);
        order.place(1, None, Some(20));
        order.place(2, None, Some(10));
        order.place(3, None, None);
        assert_eq!(order.pick(10, |_| true), [2, 1]);
        assert_eq!(order.pick(1, |_| true), [2]);
        order.remove(2, None, Some(10));
        assert_eq!(order.pick(10, |_| true), [1]);
    }

    #[test]
    fn a_group_is_held_behind_its_message_in_flight() {
        let order = fifo(&[(1, "a", None), (2, "a", Some(5)), (3, "b", Some(6))]);
        assert_eq!(order.pick(10, |_| true), [3]);
        let order = fifo(&[(1, "a", Some(5)), (2, "a", None), (3, "a", Some(5))]);
        assert_eq!(order.pick(10, |_| true), [1]);
    }

    #[test]
    fn one_batch_takes_a_group_in_order_before_the_next() {
        let members = [
            (1, "a", Some(5)),
            (2, "b", Some(5)),
            (3, "a", Some(5)),
            (4, "b", Some(5)),
        ];
        assert_eq!(fifo(&members).pick(3, |_| true), [1, 3, 2]);
    }

    #[test]
    fn what_does_not_count_is_picked_on_the_way() {
        let order = fifo(&[(1, "a", Some(5)), (2, "a", Some(5)), (3, "a", Some(5))]);
        assert_eq!(order.pick(1, |key| key != 1), [1, 2]);
    }
}
