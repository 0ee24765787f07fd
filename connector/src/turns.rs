//! The turns of one delivery: each function's is waited for, taken and reported for itself.
//!
//! A function that is out holds up nobody but itself: the message is held for it where that is
//! right, and it is tried again at its next probe, while the calls to the others are made and what
//! succeeds is remembered.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::blame::{Evidence, falls_over, is_turned_away};
use crate::gate::Admitted;
use crate::gates::Subscriber;
use crate::gateway::Call;
use crate::governor::{LONGEST_ASKED, STUBBORN};
use crate::judgement::Part;
use crate::lane::{Lane, Phase};
use crate::lease::Claim;
use crate::message::Message;
use crate::verdict::{Class, PauseReason, Terms, Verdict, classify, judge};

/// What is delivered in one go, a message or a batch, as it takes its turns.
#[derive(Debug)]
pub(crate) struct Turns<'a> {
    lane: &'a Lane,
    claims: &'a [Claim],
    receive_count: u32,
    group: Option<&'a str>,
    given_up: GivenUp,
}

/// How one function fared.
#[derive(Debug)]
pub(crate) struct Fared {
    pub(crate) part: Part,
    /// The last call, where one was made.
    pub(crate) call: Option<Call>,
}

/// Why no turn was taken.
enum Instead {
    Stopping,
    /// It is given back, for the sake of another function that is out.
    Out,
    /// Too little is left of the time that SQS lets it be held.
    WornOut,
    /// The function does not subscribe any more.
    Unsubscribed,
}

impl<'a> Turns<'a> {
    /// For a message with this claim.
    pub(crate) fn new(lane: &'a Lane, claim: &'a Claim, message: &'a Message) -> Self {
        Self {
            lane,
            claims: std::slice::from_ref(claim),
            receive_count: message.receive_count,
            group: message.group.as_deref(),
            given_up: GivenUp::default(),
        }
    }

    /// Calls a function in its turn, again at each probe while it is out, and reports each call to
    /// the function's gate; `call` is told how many tries were refused before, and gives `None` where
    /// it was not made. `None` where the function does not subscribe any more.
    pub(crate) async fn take<C>(
        &self,
        subscriber: &Subscriber,
        call: impl Fn(u32) -> C,
    ) -> Option<Fared>
    where
        C: Future<Output = Option<Call>>,
    {
        let (lane, gate) = (self.lane, &subscriber.gate);
        let known = self.is_known(&subscriber.function);
        self.count(subscriber);
        let (mut last, mut parked) = (None::<Call>, None);
        let (mut refusals, mut since, mut well_before) = (0, 0, 0);
        let (mut newest_refused, mut contradicted, mut not_before) = (0, 0, None);
        loop {
            let fared = |part, call| Some(Fared { part, call });
            // Others do not wait for it once it is known that they go through where it does not.
            let standing = if contradicted > 0 || known {
                refusals.max(STUBBORN)
            } else {
                refusals
            };
            let admitted = match self.turn(subscriber, standing, not_before).await {
                Ok(admitted) => admitted,
                Err(Instead::Stopping) => return fared(Part::Stopping, last),
                Err(Instead::Out) => return fared(Part::Out, last),
                Err(Instead::WornOut) => return fared(Part::WornOut, last),
                Err(Instead::Unsubscribed) => return None,
            };
            let is_suspect = known || last.as_ref().is_some_and(|call| falls_over(&call.outcome));
            let is_well =
                is_suspect && Box::pin(lane.shared.gateway.is_well(&subscriber.function)).await;
            let Some(call) = call(refusals).await else {
                let stopping = lane.is_draining();
                return fared(if stopping { Part::Stopping } else { Part::Out }, last);
            };
            let outcome = &call.outcome;
            well_before = if is_well && falls_over(outcome) {
                well_before + 1
            } else {
                0
            };
            let is_contradicted = refusals > 0
                && is_turned_away(outcome)
                && gate.reached_beside_since(newest_refused, admitted.beside());
            contradicted += u32::from(is_contradicted);
            let evidence = Evidence {
                refusals,
                contradicted,
                others_since_this_call: gate.reached_since(admitted.number()),
                others_since_refusal: refusals > 0 && gate.reached_since(since),
                well_before,
                known,
            };
            let blamed = evidence.blames(outcome);
            let verdict = judge(outcome, &self.terms(subscriber, blamed));
            let Verdict::Pause {
                reason,
                retry_after,
            } = verdict
            else {
                if verdict != Verdict::Delete {
                    self.failed(&subscriber.function);
                }
                let ended_a_pause = if blamed {
                    self.blame(subscriber, &call);
                    admitted.cleared()
                } else {
                    let success = classify(outcome) == Class::Success;
                    admitted.reached(success.then_some(call.took))
                };
                if ended_a_pause {
                    tracing::info!(
                        queue = lane.queue.name(),
                        function = &*subscriber.function,
                        "the function is reached again: the queue is received from"
                    );
                }
                return fared(Part::Judged(verdict), Some(call));
            };
            if refusals == 0 {
                since = admitted.number();
            }
            refusals += 1;
            newest_refused = admitted.number();
            // Nor is it news where it was to blame before.
            let says_nothing = is_contradicted || (known && is_turned_away(outcome));
            not_before = says_nothing.then(|| Instant::now() + self.again(refusals, retry_after));
            if says_nothing {
                admitted.contradicted();
            } else if admitted.refused(reason, retry_after) {
                tracing::warn!(
                    queue = lane.queue.name(),
                    function = &*subscriber.function,
                    reason = reason.kind(),
                    "the queue pauses until a probe succeeds: {outcome}"
                );
            }
            // Too much to do ends soon: giving back would only burn receives. An outage may last,
            // and another replica may reach what this one does not.
            let must_hold = reason == PauseReason::Overload
                || lane.must_hold_group(self.receive_count, self.group);
            if parked.is_none() {
                parked = gate.park(must_hold);
            }
            if parked.is_none() {
                self.given_up.set();
                return fared(Part::Out, Some(call));
            }
            last = Some(call);
        }
    }

    /// Waits for a turn, unless there is a reason to wait no longer.
    async fn turn<'g>(
        &self,
        subscriber: &'g Subscriber,
        refusals: u32,
        not_before: Option<Instant>,
    ) -> Result<Admitted<'g>, Instead> {
        let lane = self.lane;
        if lane.is_draining() {
            return Err(Instead::Stopping);
        }
        let (mut phase, mut topics) = (lane.phase.clone(), lane.shared.topics.clone());
        let unsubscribed = async {
            let gone = topics.wait_for(|now| !lane.gates.subscribes(now, &subscriber.function));
            if gone.await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let out = async {
            self.given_up.wait().await;
            // A turn that is only waited for in line comes soon.
            if subscriber.gate.paused().is_none() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            _ = phase.wait_for(|phase| *phase >= Phase::Draining) => Err(Instead::Stopping),
            () = unsubscribed => Err(Instead::Unsubscribed),
            () = out => Err(Instead::Out),
            // Before its turn, so that no turn is spent on waiting for an extension; and after it,
            // since a turn may have been long in coming.
            admitted = async {
                if let Some(not_before) = not_before {
                    sleep_until(not_before).await;
                }
                self.ready().await?;
                let admitted = subscriber.gate.admit(refusals).await;
                self.ready().await?;
                Ok(admitted)
            } => admitted,
        }
    }

    /// Returns once each lease suffices for a call.
    async fn ready(&self) -> Result<(), Instead> {
        let upstream = self.lane.shared.gateway.timeout();
        for claim in self.claims {
            if !self.lane.holding.ready(claim, upstream).await {
                return Err(Instead::WornOut);
            }
        }
        Ok(())
    }

    /// How long a message waits that is turned away while others go through.
    fn again(&self, refusals: u32, retry_after: Option<Duration>) -> Duration {
        let probes = self.lane.config.probes;
        let doubled = probes
            .first
            .saturating_mul(1 << refusals.saturating_sub(1).min(16));
        let asked = retry_after.unwrap_or_default().min(LONGEST_ASKED);
        doubled.min(probes.longest).max(asked)
    }

    /// A try is counted where the function wants no more than some.
    fn count(&self, subscriber: &Subscriber) {
        if subscriber.rules.attempts.is_none() {
            return;
        }
        let mut memory = self.lane.memory();
        for claim in self.claims {
            memory.count(&claim.message, &subscriber.function, self.receive_count);
        }
    }

    fn failed(&self, function: &str) {
        let mut memory = self.lane.memory();
        for claim in self.claims {
            if memory.failures(&claim.message, function).is_some() {
                memory.failed(&claim.message, function);
            }
        }
    }

    /// How often the function has failed, this time included; by the receives where it was forgotten.
    fn tries(&self, function: &str) -> u32 {
        let memory = self.lane.memory();
        let failures = |claim: &Claim| memory.failures(&claim.message, function);
        let most = self.claims.iter().filter_map(failures).max();
        most.map_or(self.receive_count, |failures| failures.saturating_add(1))
    }

    fn terms<'r>(&self, subscriber: &'r Subscriber, blamed: bool) -> Terms<'r> {
        let rules = &*subscriber.rules;
        Terms {
            receive_count: self.receive_count,
            tries: self.tries(&subscriber.function),
            backoff: self.lane.config.backoff,
            on_rejection: self.lane.on_rejection(),
            rules,
            blamed,
            random: self.lane.shared.random.fraction(),
        }
    }

    /// Whether the function fell over it before.
    fn is_known(&self, function: &str) -> bool {
        let memory = self.lane.memory();
        let mut claims = self.claims.iter();
        claims.any(|claim| memory.is_blamed(&claim.message, function))
    }

    /// Remembers that the function fell over it. Which message of a batch it was cannot be told.
    fn blame(&self, subscriber: &Subscriber, call: &Call) {
        let function = &subscriber.function;
        let [claim] = self.claims else { return };
        if falls_over(&call.outcome) || is_turned_away(&call.outcome) {
            self.lane.memory().blamed(&claim.message, function);
        }
        tracing::warn!(
            queue = self.lane.queue.name(),
            function = &**function,
            "the function is well and this message is not: it is retried and counted as a failure: {}",
            call.outcome
        );
    }
}

/// Set once, where what is delivered is not held for a function that is out.
#[derive(Debug, Default)]
struct GivenUp {
    is: AtomicBool,
    told: Notify,
}

impl GivenUp {
    fn set(&self) {
        self.is.store(true, Ordering::Relaxed);
        self.told.notify_waiters();
    }

    async fn wait(&self) {
        let mut told = std::pin::pin!(self.told.notified());
        told.as_mut().enable();
        if !self.is.load(Ordering::Relaxed) {
            told.await;
        }
    }
}
