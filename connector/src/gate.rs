//! Where a held message waits for its turn with one function.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::governor::{Governor, Intake, Pass, ProbeIntervals, Refusal, Turn};
use crate::limit::Bounds;
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
}

/// The right to make one call; dropped without a report it counts as abandoned.
#[derive(Debug)]
pub struct Admitted<'a> {
    gate: &'a Gate,
    /// Taken by the report.
    pass: Option<Pass>,
    number: u64,
    beside: usize,
}

/// A place at the gate during a pause, for a message that is held to probe with.
#[derive(Debug)]
pub struct Parked<'a>(&'a Gate);

impl Gate {
    /// Lets calls through within these bounds; tells `intake` when one ended.
    pub fn new(
        bounds: Bounds,
        intervals: ProbeIntervals,
        random: Random,
        levels: FunctionLevels,
        intake: Arc<Notify>,
    ) -> Self {
        let mut state = State {
            governor: Governor::new(bounds, intervals),
            levels,
            parked: 0,
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
            Turn::Go(pass) => {
                state.show();
                Ok(Admitted {
                    gate: self,
                    number: pass.number(),
                    beside: pass.beside(),
                    pass: Some(pass),
                })
            }
            turn => Err(turn),
        }
    }

    /// Takes a place for a message that was refused: always where it must be held, else only where
    /// one more is worth holding.
    pub fn park(&self, must_hold: bool) -> Option<Parked<'_>> {
        let mut state = self.lock();
        let parked = state.parked;
        (must_hold || state.governor.may_park(parked)).then(|| {
            state.parked += 1;
            Parked(self)
        })
    }

    /// Whether to receive, while `held` messages are held, and how many calls may run at once.
    pub fn look(&self, held: usize) -> (Intake, usize) {
        let state = self.lock();
        let may = state.governor.intake(Instant::now(), held);
        (may, state.governor.limit())
    }

    /// Why deliveries pause, where they do.
    pub fn paused(&self) -> Option<PauseReason> {
        self.lock().governor.paused()
    }

    /// Whether a call that was admitted after number `number` met the function in working order.
    pub fn reached_since(&self, number: u64) -> bool {
        self.lock().governor.reached_since(number)
    }

    /// The same for a call that at least `beside` others ran beside.
    pub fn reached_beside_since(&self, number: u64, beside: usize) -> bool {
        self.lock().governor.reached_beside_since(number, beside)
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

    /// How many others ran when it was let through.
    pub fn beside(&self) -> usize {
        self.beside
    }

    /// Whether the call is a probe of a pause.
    pub fn is_probe(&self) -> bool {
        self.pass.as_ref().is_some_and(Pass::is_probe)
    }

    /// The function is in working order; `took` where the call succeeded. `true` where this ended a
    /// pause.
    pub fn reached(mut self, took: Option<Duration>) -> bool {
        let now = Instant::now();
        self.report(|governor, pass| governor.reached(pass, now, took))
    }

    /// The call came to nothing through the fault of its own message. `true` where this ended a
    /// pause.
    pub fn cleared(mut self) -> bool {
        self.report(Governor::cleared)
    }

    /// The call was refused although others went through, under no less load, since its message was
    /// refused before.
    pub fn contradicted(mut self) {
        self.report(|governor, pass| {
            governor.contradicted(pass);
            false
        });
    }

    /// The function was not reached or has too much to do. `true` where this began a pause.
    pub fn refused(mut self, reason: PauseReason, retry_after: Option<Duration>) -> bool {
        let refusal = Refusal {
            reason,
            retry_after,
            random: self.gate.random.fraction(),
        };
        let now = Instant::now();
        self.report(|governor, pass| governor.refused(pass, now, refusal))
    }

    fn report(&mut self, tell: impl FnOnce(&mut Governor, &Pass) -> bool) -> bool {
        let Some(pass) = self.pass.take() else {
            return false;
        };
        tell(&mut self.gate.lock().governor, &pass)
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        let mut state = self.gate.lock();
        if let Some(pass) = &self.pass {
            state.governor.abandoned(pass);
        }
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
