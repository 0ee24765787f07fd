//! Where a held message waits for its turn to be delivered.

use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::governor::{Governor, Intake, ProbeIntervals, Turn};
use crate::random::Random;
use crate::verdict::PauseReason;

/// A [`Governor`] that can be waited for.
#[derive(Debug)]
pub struct Gate {
    state: Mutex<State>,
    changed: Notify,
    random: Random,
}

#[derive(Debug)]
struct State {
    governor: Governor,
    parked: usize,
    /// How many calls met a function in working order.
    reached: u64,
}

/// The right to make one delivery; dropped without a report it counts as abandoned.
#[derive(Debug)]
pub struct Admitted<'a> {
    gate: &'a Gate,
    turn: Turn,
}

/// A place at the gate during a pause, for a message that is held to probe with.
#[derive(Debug)]
pub struct Parked<'a>(&'a Gate);

impl Gate {
    /// Lets up to `ceiling` deliveries through at once.
    pub fn new(ceiling: usize, intervals: ProbeIntervals, random: Random) -> Self {
        Self {
            state: Mutex::new(State {
                governor: Governor::new(ceiling, intervals),
                parked: 0,
                reached: 0,
            }),
            changed: Notify::new(),
            random,
        }
    }

    /// Waits for a turn. Cancel-safe.
    pub async fn admit(&self, refusals: u32) -> Admitted<'_> {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let turn = self.lock().governor.turn(Instant::now(), refusals);
            match turn {
                Turn::Go | Turn::Probe => return Admitted { gate: self, turn },
                Turn::Later => changed.await,
                Turn::At(instant) => tokio::select! {
                    biased;
                    () = changed => {}
                    () = sleep_until(instant) => {}
                },
            }
        }
    }

    /// Takes a place for a message that was refused: always where it must be held, else only where
    /// no other holds one.
    pub fn park(&self, must_hold: bool) -> Option<Parked<'_>> {
        let mut state = self.lock();
        (must_hold || state.parked == 0).then(|| {
            state.parked += 1;
            Parked(self)
        })
    }

    /// Whether to receive, while `held` messages are held.
    pub fn intake(&self, held: usize) -> Intake {
        self.lock().governor.intake(Instant::now(), held)
    }

    /// Why deliveries pause, where they do.
    pub fn paused(&self) -> Option<PauseReason> {
        self.lock().governor.paused()
    }

    /// Returns when a delivery ended since it was called.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// How many calls so far met a function in working order.
    pub fn reached(&self) -> u64 {
        self.lock().reached
    }

    /// How many deliveries may run at once now.
    pub fn limit(&self) -> usize {
        self.lock().governor.limit()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admitted<'_> {
    /// The functions are in working order. `true` where this ended a pause.
    pub fn reached(mut self) -> bool {
        let turn = std::mem::replace(&mut self.turn, Turn::Later);
        let mut state = self.gate.lock();
        state.reached += 1;
        state.governor.reached(turn)
    }

    /// A function was not reached or has too much to do. `true` where this began a pause.
    pub fn refused(mut self, reason: PauseReason, retry_after: Option<Duration>) -> bool {
        let turn = std::mem::replace(&mut self.turn, Turn::Later);
        let random = self.gate.random.fraction();
        let mut state = self.gate.lock();
        (state.governor).refused(turn, Instant::now(), reason, retry_after, random)
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        // After a report the turn is `Later`, for which this does nothing but wake the others.
        self.gate.lock().governor.abandoned(self.turn);
        self.gate.changed.notify_waiters();
    }
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        self.0.lock().parked -= 1;
    }
}
