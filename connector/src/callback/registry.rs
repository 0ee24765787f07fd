//! Which callbacks are waited for: pure, and generic over who waits.
//!
//! A callback is matched by a token that cannot be guessed, which is in the URL that only the gateway
//! was told, and by the id of the call. Whatever does not match settles nothing.

use std::collections::{BTreeMap, VecDeque};

/// A token, as it stands in the URL.
pub type Token = String;

/// How many tokens are remembered after nobody waits for them any more.
const REMEMBERED: usize = 10_000;

/// The calls of the process that wait for their callback.
#[derive(Debug)]
pub struct Registry<W, N> {
    pending: BTreeMap<Token, Pending<W, N>>,
    /// What came to its end, so that a second callback and a late one are told from a forged one.
    past: BTreeMap<Token, Past<N>>,
    order: VecDeque<Token>,
    capacity: usize,
}

#[derive(Debug)]
struct Pending<W, N> {
    call_id: String,
    waiter: W,
    note: N,
}

#[derive(Debug)]
struct Past<N> {
    call_id: String,
    called_back: bool,
    note: N,
}

/// What a callback is to us.
#[derive(Debug, PartialEq, Eq)]
pub enum Match<W, N> {
    /// The one that is waited for.
    Awaited(W),
    /// The first for a call that nobody waits for any more.
    Late(N),
    /// There was one before.
    Duplicate,
    /// Its token is known, and its call id is another.
    OtherCall,
    /// Its token is unknown: forged, or of an earlier process.
    Unknown,
}

impl<W, N> Match<W, N> {
    /// The name in log lines and metric labels.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Awaited(_) => "settled",
            Self::Late(_) => "late",
            Self::Duplicate => "duplicate",
            Self::OtherCall => "other_call",
            Self::Unknown => "unknown",
        }
    }
}

impl<W, N: Clone> Default for Registry<W, N> {
    fn default() -> Self {
        Self::remembering(REMEMBERED)
    }
}

impl<W, N: Clone> Registry<W, N> {
    /// Nothing waited for; remembers so many tokens after their end.
    pub fn remembering(capacity: usize) -> Self {
        Self {
            pending: BTreeMap::new(),
            past: BTreeMap::new(),
            order: VecDeque::new(),
            capacity,
        }
    }

    /// A call is about to be made: its callback may come before the gateway's 202 does. `note` is
    /// given back where the callback comes late.
    pub fn expect(&mut self, token: Token, call_id: String, waiter: W, note: N) {
        let pending = Pending {
            call_id,
            waiter,
            note,
        };
        self.pending.insert(token, pending);
    }

    /// Nobody waits any more. A callback may still come.
    pub fn give_up(&mut self, token: &str) {
        if let Some(pending) = self.pending.remove(token) {
            self.remember(token, pending.call_id, pending.note, false);
        }
    }

    /// A callback came.
    pub fn called_back(&mut self, token: &str, call_id: Option<&str>) -> Match<W, N> {
        let fits = |expected: &str| call_id == Some(expected);
        match self.pending.get(token) {
            Some(pending) if !fits(&pending.call_id) => return Match::OtherCall,
            Some(_) => {}
            None => {
                return match self.past.get_mut(token) {
                    None => Match::Unknown,
                    Some(past) if !fits(&past.call_id) => Match::OtherCall,
                    Some(past) if past.called_back => Match::Duplicate,
                    Some(past) => {
                        past.called_back = true;
                        Match::Late(past.note.clone())
                    }
                };
            }
        }
        let Some(pending) = self.pending.remove(token) else {
            return Match::Unknown;
        };
        self.remember(token, pending.call_id, pending.note, true);
        Match::Awaited(pending.waiter)
    }

    /// How many callbacks are waited for.
    pub fn len(&self) -> usize {
        self.pending.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    fn remember(&mut self, token: &str, call_id: String, note: N, called_back: bool) {
        let past = Past {
            call_id,
            called_back,
            note,
        };
        self.past.insert(token.to_owned(), past);
        self.order.push_back(token.to_owned());
        while self.order.len() > self.capacity {
            if let Some(oldest) = self.order.pop_front() {
                self.past.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn registry() -> Registry<&'static str, &'static str> {
        let mut registry = Registry::remembering(2);
        registry.expect("t1".into(), "c1".into(), "first", "one");
        registry.expect("t2".into(), "c2".into(), "second", "two");
        registry
    }

    #[test]
    fn the_callback_that_is_waited_for_comes_once() {
        let mut registry = registry();
        assert_eq!(
            registry.called_back("t1", Some("c1")),
            Match::Awaited("first")
        );
        assert_eq!(registry.called_back("t1", Some("c1")), Match::Duplicate);
        assert_eq!(registry.len(), 1);
    }

    #[test]
    fn neither_a_wrong_token_nor_a_wrong_call_settles_anything() {
        let mut registry = registry();
        assert_eq!(registry.called_back("t3", Some("c1")), Match::Unknown);
        assert_eq!(registry.called_back("", None), Match::Unknown);
        assert_eq!(registry.called_back("t1", Some("c2")), Match::OtherCall);
        assert_eq!(registry.called_back("t1", None), Match::OtherCall);
        assert_eq!(
            registry.called_back("t1", Some("c1")),
            Match::Awaited("first")
        );
    }

    #[test]
    fn a_late_callback_is_told_from_a_second_one() {
        let mut registry = registry();
        registry.give_up("t1");
        assert_eq!(registry.called_back("t1", Some("c9")), Match::OtherCall);
        assert_eq!(registry.called_back("t1", Some("c1")), Match::Late("one"));
        assert_eq!(registry.called_back("t1", Some("c1")), Match::Duplicate);
        registry.give_up("t1");
        registry.give_up("never");
        assert_eq!(registry.len(), 1);
    }

    #[test]
    fn only_so_many_are_remembered_after_their_end() {
        let mut registry = registry();
        registry.give_up("t1");
        registry.give_up("t2");
        registry.expect("t3".into(), "c3".into(), "third", "three");
        registry.give_up("t3");
        assert_eq!(registry.called_back("t1", Some("c1")), Match::Unknown);
        assert_eq!(registry.called_back("t3", Some("c3")), Match::Late("three"));
        assert_eq!((registry.past.len(), registry.order.len()), (2, 2));
    }

    proptest! {
        /// Whatever happens in whatever order, a call is settled at most once, by its own callback,
        /// and not after it was given up.
        #[test]
        fn a_call_is_settled_at_most_once_and_by_its_own_callback(
            steps in proptest::collection::vec((0..3_u8, 0..4_usize, 0..4_usize), 0..80),
        ) {
            let mut registry: Registry<usize, usize> = Registry::default();
            let mut open = [false; 4];
            let mut expected = [false; 4];
            for (step, token, call) in steps {
                match step {
                    // Tokens are never used twice.
                    0 if !expected[token] => {
                        registry.expect(format!("t{token}"), format!("c{token}"), token, token);
                        (open[token], expected[token]) = (true, true);
                    }
                    1 => {
                        registry.give_up(&format!("t{token}"));
                        open[token] = false;
                    }
                    2 => {
                        let found = registry.called_back(&format!("t{token}"), Some(&format!("c{call}")));
                        match found {
                            Match::Awaited(who) => {
                                prop_assert!(who == token && token == call && open[token]);
                                open[token] = false;
                            }
                            Match::Late(who) => prop_assert!(who == token && token == call && !open[token]),
                            _ => prop_assert!(!open[token] || token != call),
                        }
                    }
                    _ => {}
                }
                prop_assert_eq!(registry.len(), open.iter().filter(|open| **open).count());
            }
        }
    }
}
