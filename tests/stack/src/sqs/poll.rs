//! Receiving, with patience.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time;

use super::Sqs;
use super::action::Action;
use super::line::Place;
use super::model::account::{Outcome, Wish};
use super::model::message::{Millis, Received};
use super::model::refusal::{Code, Refusal};

/// One look at the queue.
enum Look {
    Done(Vec<Received>),
    /// Look again when woken, at the latest then. Holds the place in line if it was taken just now.
    Wait(Millis, Option<(Place, Arc<Notify>)>),
}

/// A place in a queue's line, which is left when this is dropped: when messages came, when the
/// patience ended, and when the client went away.
struct Waiting<'a> {
    sqs: &'a Sqs,
    queue: &'a str,
    place: Place,
    bell: Arc<Notify>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.sqs.lock();
        if let Some(line) = state.lines.get_mut(self.queue) {
            line.leave(self.place);
            if line.is_empty() {
                state.lines.remove(self.queue);
            }
        }
    }
}

impl Sqs {
    /// Receives at once, or waits up to `wait` (the queue's own time without it) for a message to
    /// arrive, to become visible again or to end its delay. On a FIFO queue, a receive with the id of
    /// an earlier attempt gets what that one got, while nothing happened to it.
    ///
    /// Cancel-safe: a receive that is dropped while it waits has taken nothing.
    ///
    /// # Errors
    ///
    /// No such queue, at the start or while waiting; too much in flight (short poll, standard).
    pub(super) async fn receive(
        &self,
        queue: &str,
        wish: Wish,
        wait: Option<Millis>,
        attempt: Option<&str>,
    ) -> Result<Vec<Received>, Refusal> {
        let (start, wait, fifo) = self.with(|account, now| {
            let queue = account.queue(queue, now)?;
            queue.totals.count(Action::ReceiveMessage);
            let wait = wait.unwrap_or(queue.settings.wait * 1000);
            Ok((now, wait, queue.settings.fifo))
        })?;
        let Some(attempt) = attempt.filter(|_| fifo) else {
            return self.receive_anew(queue, wish, wait, start + wait).await;
        };
        if let Some(again) = self.with(|account, now| account.retry(queue, attempt, wish, now))? {
            return Ok(again);
        }
        let received = self.receive_anew(queue, wish, wait, start + wait).await?;
        self.with(|account, now| account.remember_attempt(queue, attempt, &received, now))?;
        Ok(received)
    }

    async fn receive_anew(
        &self,
        queue: &str,
        wish: Wish,
        wait: Millis,
        until: Millis,
    ) -> Result<Vec<Received>, Refusal> {
        let mut waiting: Option<Waiting<'_>> = None;
        loop {
            let place = waiting.as_ref().map(|waiting| waiting.place);
            let again = match self.look(queue, wish, wait > 0, place, until)? {
                Look::Done(received) => return Ok(received),
                Look::Wait(again, joined) => {
                    if let Some((place, bell)) = joined {
                        waiting = Some(Waiting {
                            sqs: self,
                            queue,
                            place,
                            bell,
                        });
                    }
                    again
                }
            };
            let now = self.options.clock.now();
            if now >= until {
                return Ok(Vec::new());
            }
            // At least a millisecond, the clock's step: a due time that is now must not spin.
            let pause = Duration::from_millis(again.min(until).saturating_sub(now).max(1));
            let Some(waiting) = &waiting else {
                return Ok(Vec::new());
            };
            tokio::select! {
                biased;
                () = waiting.bell.notified() => {}
                () = time::sleep(pause) => {}
            }
        }
    }

    /// Looks for messages if it is this receiver's turn, and joins the line if there are none.
    fn look(
        &self,
        queue: &str,
        wish: Wish,
        patient: bool,
        place: Option<Place>,
        until: Millis,
    ) -> Result<Look, Refusal> {
        let mut state = self.lock();
        let now = self.options.clock.now();
        state.account.advance_moves(now);
        let turn = match (state.lines.get(queue), place) {
            (Some(line), Some(place)) => line.is_first(place),
            (Some(line), None) => !patient || line.is_empty(),
            (None, _) => true,
        };
        if turn {
            let fifo = state.account.queue(queue, now)?.settings.fifo;
            let outcome = state.account.receive(queue, wish, now)?;
            // Before leaving the lock: what was taken may have sent dead letters elsewhere.
            state.wake(now);
            match outcome {
                Outcome::Got(received) => return Ok(Look::Done(received)),
                Outcome::OverLimit if !patient && !fifo => {
                    return Err(Refusal::new(
                        Code::OverLimit,
                        "Too many messages in flight for this queue.",
                    ));
                }
                Outcome::OverLimit | Outcome::Nothing if !patient => {
                    return Ok(Look::Done(Vec::new()));
                }
                Outcome::OverLimit | Outcome::Nothing => {}
            }
        } else {
            state.account.queue(queue, now)?;
        }
        let due = state.account.next_due(queue, now);
        let name = Arc::from(queue);
        let line = state.lines.entry(name).or_default();
        let joined = place.is_none().then(|| line.join());
        let first = place
            .or(joined.as_ref().map(|(place, _)| *place))
            .is_some_and(|place| line.is_first(place));
        let again = if first { due.unwrap_or(until) } else { until };
        if first {
            line.set_alarm(Some(again));
        }
        Ok(Look::Wait(again, joined))
    }
}
