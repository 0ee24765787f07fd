//! Where a held message waits for its turn with one function.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::governor::{Governor, Intake, ProbeIntervals, Turn};
use crate::metrics::FunctionLevels;
use crate::random::Random;
use crate::verdict::PauseReason;

/// A [`Governor`] that can be waited for.
#[derive(Debug)]
pub struct Gate {
    state: Mutex<State>,
    changed: Notify,
    /// Told as well: the loop that receives.
    intake: Arc<Notify>,
    random: Random,
}

#[derive(Debug)]
struct State {
    governor: Governor,
    levels: FunctionLevels,
    parked: usize,
    /// How many calls were admitted so far.
    admitted: u64,
    /// The newest of them that met the function in working order.
    newest_reached: u64,
}

/// The right to make one call; dropped without a report it counts as abandoned.
#[derive(Debug)]
pub struct Admitted<'a> {
    gate: &'a Gate,
    turn: Turn,
    number: u64,
}

/// A place at the gate during a pause, for a message that is held to probe with.
#[derive(Debug)]
pub struct Parked<'a>(&'a Gate);

impl Gate {
    /// Lets up to `ceiling` calls through at once; tells `intake` when one ended.
    pub fn new(
        ceiling: usize,
        intervals: ProbeIntervals,
        random: Random,
        levels: FunctionLevels,
        intake: Arc<Notify>,
    ) -> Self {
        let mut state = State {
            governor: Governor::new(ceiling, intervals),
            levels,
            parked: 0,
            admitted: 0,
            newest_reached: 0,
        };
        state.show();
        Self {
            state: Mutex::new(state),
            changed: Notify::new(),
            intake,
            random,
        }
    }

    /// Waits for a turn. Cancel-safe.
    pub async fn admit(&self, refusals: u32) -> Admitted<'_> {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            match self.turn(refusals) {
                Ok(admitted) => return admitted,
                Err(Turn::At(instant)) => tokio::select! {
                    biased;
                    () = changed => {}
                    () = sleep_until(instant) => {}
                },
                Err(_) => changed.await,
            }
        }
    }

    /// Takes a turn where there is one now; else says what to wait for.
    fn turn(&self, refusals: u32) -> Result<Admitted<'_>, Turn> {
        let mut state = self.lock();
        match state.governor.turn(Instant::now(), refusals) {
            turn @ (Turn::Go | Turn::Probe) => {
                state.admitted += 1;
                state.show();
                Ok(Admitted {
                    gate: self,
                    turn,
                    number: state.admitted,
                })
            }
            turn => Err(turn),
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

    /// Whether a call that was admitted after number `number` met the function in working order.
    pub fn reached_since(&self, number: u64) -> bool {
        self.lock().newest_reached > number
    }

    /// How many calls may run at once now.
    pub fn limit(&self) -> usize {
        self.lock().governor.limit()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn show(&mut self) {
        let governor = &self.governor;
        (self.levels).show(governor.running(), governor.limit(), governor.paused());
    }
}

impl Admitted<'_> {
    /// Which of the function's calls this is, counted from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The function is in working order. `true` where this ended a pause.
    pub fn reached(mut self) -> bool {
        let turn = std::mem::replace(&mut self.turn, Turn::Later);
        let mut state = self.gate.lock();
        state.newest_reached = state.newest_reached.max(self.number);
        state.governor.reached(turn)
    }

    /// The function was not reached or has too much to do. `true` where this began a pause.
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
        let mut state = self.gate.lock();
        state.governor.abandoned(self.turn);
        state.show();
        drop(state);
        self.gate.changed.notify_waiters();
        self.gate.intake.notify_one();
    }
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        self.0.lock().parked -= 1;
    }
}
