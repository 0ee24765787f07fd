//! Faults on demand: what the server is told to do wrong, how often, and how often it did.

mod plan;
mod spec;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

pub(crate) use self::plan::{Ending, Plan};
pub use self::spec::{BadFault, Effect, Entries, Fault, Pause, Target, When};
use super::action::Action;
use super::model::seed::Seed;

/// The faults that are on. They are consulted in the order they were added; each that is due fires,
/// until one of them ends the request. Every matching request counts for `after`, whatever other
/// faults make of it.
#[derive(Debug)]
pub struct Faults {
    /// Whether there is any, so that a request without faults takes no lock.
    any: AtomicBool,
    rules: Mutex<Rules>,
}

#[derive(Debug)]
struct Rules {
    active: Vec<Active>,
    next_id: u64,
    seed: Seed,
}

/// A fault that is on, and how it went so far.
#[derive(Debug, Clone, Serialize)]
pub struct Active {
    pub id: u64,
    #[serde(flatten)]
    pub fault: Fault,
    /// Requests that it is for.
    pub matched: u64,
    /// Requests that it did hit.
    pub fired: u64,
}

impl Faults {
    pub(crate) fn new(seed: Seed) -> Self {
        let rules = Rules {
            active: Vec::new(),
            next_id: 1,
            seed,
        };
        Self {
            any: AtomicBool::new(false),
            rules: Mutex::new(rules),
        }
    }

    /// Switches a fault on; the id is the one that [`Faults::list`] shows.
    ///
    /// # Errors
    ///
    /// When the fault contradicts itself.
    pub fn add(&self, fault: Fault) -> Result<u64, BadFault> {
        fault.check()?;
        let mut rules = self.lock();
        let id = rules.next_id;
        rules.next_id += 1;
        rules.active.push(Active {
            id,
            fault,
            matched: 0,
            fired: 0,
        });
        self.any.store(true, Ordering::Release);
        Ok(id)
    }

    /// Every fault that was added since the last [`Faults::clear`], used up or not.
    pub fn list(&self) -> Vec<Active> {
        self.lock().active.clone()
    }

    /// Switches all faults off.
    pub fn clear(&self) {
        self.any.store(false, Ordering::Release);
        self.lock().active.clear();
    }

    pub(crate) fn are_none(&self) -> bool {
        !self.any.load(Ordering::Acquire)
    }

    /// What goes wrong with this request.
    pub(crate) fn plan(&self, action: Action, queue: Option<&str>) -> Plan {
        let mut rules = self.lock();
        let Rules { active, seed, .. } = &mut *rules;
        let mut plan = Plan::default();
        for active in active {
            if !active.fault.matches(action, queue) {
                continue;
            }
            let before = active.matched;
            active.matched += 1;
            let due = !plan.is_ended()
                && before >= active.fault.after
                && active.fault.times.is_none_or(|times| active.fired < times)
                && active
                    .fault
                    .probability
                    .is_none_or(|odds| seed.chance(odds));
            if due {
                active.fired += 1;
                plan.add(&active.fault.effect);
            }
        }
        plan
    }

    fn lock(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(json: &str) -> Fault {
        serde_json::from_str(json).unwrap()
    }

    fn fired(faults: &Faults, action: Action, queue: &str, requests: usize) -> Vec<bool> {
        (0..requests)
            .map(|_| faults.plan(action, Some(queue)).is_ended())
            .collect()
    }

    #[test]
    fn a_fault_fires_n_times_after_the_first_few() {
        let faults = Faults::new(Seed::new(1));
        let json = r#"{"action":"SendMessage","after":1,"times":2,"effect":{"throttle":{}}}"#;
        faults.add(fault(json)).unwrap();
        assert_eq!(fired(&faults, Action::DeleteMessage, "q", 2), [false; 2]);
        assert_eq!(
            fired(&faults, Action::SendMessage, "q", 5),
            [false, true, true, false, false]
        );
        assert_eq!(faults.list()[0].fired, 2);
        faults.clear();
        assert!(faults.list().is_empty() && faults.are_none());
    }

    #[test]
    fn a_fault_may_be_for_one_queue_and_every_action() {
        let faults = Faults::new(Seed::new(1));
        faults
            .add(fault(r#"{"action":"*","queue":"a","effect":{"drop":{}}}"#))
            .unwrap();
        assert_eq!(fired(&faults, Action::GetQueueUrl, "a", 1), [true]);
        assert_eq!(fired(&faults, Action::GetQueueUrl, "b", 1), [false]);
    }

    #[test]
    fn chance_is_drawn_from_the_seed() {
        let run = |seed| {
            let faults = Faults::new(Seed::new(seed));
            let json = r#"{"action":"*","probability":0.5,"effect":{"throttle":{}}}"#;
            faults.add(fault(json)).unwrap();
            fired(&faults, Action::SendMessage, "q", 64)
        };
        assert_eq!(run(3), run(3));
        assert_ne!(run(3), run(4));
        assert!(run(3).contains(&true) && run(3).contains(&false));
    }
}
