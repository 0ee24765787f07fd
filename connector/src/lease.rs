//! Who holds which message until when: the in-flight tracker, pure, with the time passed in.
//!
//! A lease counts from the instant at which the receive was *sent*, and an extension from the
//! instant at which it was asked for; the deadline moves only after SQS confirmed it. So what this
//! module believes is never longer than what SQS grants.
//!
//! A message that is lost and comes again has a new lease, of another generation: nothing that was
//! still under way for the old one touches the new. Only a message that is done keeps its place
//! when its lease ends, so that when it comes again the delete goes on, with the newer handle.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

/// SQS holds a message for one receiver at most this long in all, counted from the receive.
pub const MAX_HELD: Duration = Duration::from_secs(12 * 60 * 60);

/// The most entries one SQS batch call takes.
pub const BATCH: usize = 10;

/// The id of a message; leases are kept by it, so that a message has one lease.
pub type MessageId = Arc<str>;

/// What SQS handed out with a message, and takes back to delete it or to change its visibility.
pub type ReceiptHandle = Arc<str>;

/// One delivery's claim on its message: void once its lease is lost, whatever comes after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The message.
    pub message: MessageId,
    /// Which of its leases.
    generation: u64,
}

/// What a claim is worth now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The lease holds.
    Held,
    /// The message is done, and its lease ended because SQS refused the handle.
    Refused,
    /// The message is done, and its lease ended by time.
    RanOut,
    /// It is void.
    Void,
}

/// Whether a delivery may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Enough of the lease is left, surely.
    Ready,
    /// Not before an extension is confirmed.
    NotYet,
    /// What is left of the 12 hours does not suffice: the message is to be given back.
    Never,
}

#[derive(Debug)]
struct Lease {
    generation: u64,
    handle: ReceiptHandle,
    received: Instant,
    deadline: Instant,
    /// Whether SQS surely grants it until the deadline.
    sure: bool,
    /// When to ask for the next extension.
    renew: Instant,
    /// An extension is on its way: asked for at this instant.
    asked: Option<Instant>,
    failures: u32,
    /// It is being given back: an extension now would undo that.
    releasing: bool,
    /// All that is left to do is to delete the message.
    done: bool,
    /// The lease of a message that is done ended.
    ended: Option<Standing>,
}

/// One extension to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Whose.
    pub message: MessageId,
    /// With which handle.
    pub handle: ReceiptHandle,
    /// For how many seconds from now.
    pub seconds: u32,
}

/// The leases of one queue, ordered by the instant at which something is to be done.
#[derive(Debug)]
pub struct Leases {
    visibility: Duration,
    generation: u64,
    leases: HashMap<MessageId, Lease>,
    agenda: BTreeSet<(Instant, MessageId)>,
}

impl Leases {
    /// A tracker for messages that are received with this visibility timeout.
    pub fn new(visibility: Duration) -> Self {
        Self {
            visibility,
            generation: 0,
            leases: HashMap::new(),
            agenda: BTreeSet::new(),
        }
    }

    /// A message was received by a call that was sent at `sent`. Where the message is held already,
    /// the new handle takes the place of the old, since SQS only promises to obey the newest:
    /// `None` then. `random`, from 0 up to 1, spreads the renewals.
    ///
    /// A long poll may bring the message so late that little or nothing of the lease is left, counted
    /// from `sent`. Such a lease is not sure: it is extended at once, and until that is
    /// [`confirmed`](Self::confirmed) nobody should rely on it.
    pub fn track(
        &mut self,
        message: &MessageId,
        handle: ReceiptHandle,
        sent: Instant,
        now: Instant,
        random: f64,
    ) -> Option<Claim> {
        let known = self.take(message);
        let sure = sent + self.visibility >= now + self.visibility / 4;
        self.generation += u64::from(known.is_none());
        let generation = known.as_ref().map_or(self.generation, |l| l.generation);
        let lease = Lease {
            generation,
            handle,
            received: sent,
            // Not sure: it may have been granted as late as now, so it is given up no earlier.
            deadline: if sure { sent } else { now } + self.visibility,
            sure,
            renew: if sure {
                sent + self.renewal(random)
            } else {
                now
            },
            asked: None,
            failures: 0,
            releasing: false,
            done: known.as_ref().is_some_and(|lease| lease.done),
            ended: None,
        };
        self.put(message, lease);
        known.is_none().then(|| Claim {
            message: message.clone(),
            generation,
        })
    }

    /// The message is done, all that is left is to delete it: it keeps its place from now on, even
    /// when the lease ends first.
    pub fn done(&mut self, claim: &Claim) {
        if let Some(lease) = self.leases.get_mut(&claim.message) {
            lease.done |= lease.generation == claim.generation;
        }
    }

    /// Up to ten extensions that are due. Those that would be due within a tenth of the visibility go
    /// along: what one receive brought is extended by one call. What failed just now keeps its pause.
    /// They count as asked for at `now` until [`confirmed`](Self::confirmed) or
    /// [`failed`](Self::failed).
    pub fn due(&mut self, now: Instant) -> Vec<Extension> {
        let (mut due, horizon) = (Vec::new(), now + self.visibility / 10);
        for (at, message) in self.agenda.iter().take_while(|(at, _)| *at <= horizon) {
            let is_early = *at > now;
            if due.len() == BATCH || (is_early && due.is_empty()) {
                break;
            }
            let asks = |lease: &Lease| {
                let goes_along = lease.failures == 0 && self.extension(lease, now) > 0;
                let is_free = lease.asked.is_none() && !lease.releasing;
                is_free && now < lease.deadline && (!is_early || goes_along)
            };
            if self.leases.get(message).is_some_and(asks) {
                due.push(message.clone());
            }
        }
        let mut extensions = Vec::with_capacity(due.len());
        for message in due {
            let Some(mut lease) = self.take(&message) else {
                continue;
            };
            let seconds = self.extension(&lease, now);
            if seconds > 0 {
                lease.asked = Some(now);
                extensions.push(Extension {
                    seconds,
                    handle: lease.handle.clone(),
                    message: message.clone(),
                });
            } else {
                // The 12 hours are over but for what is granted: nothing to do until the deadline.
                lease.renew = lease.deadline;
            }
            self.put(&message, lease);
        }
        extensions
    }

    /// SQS confirmed an extension: only now the deadline moves. What it confirmed for a handle that
    /// was replaced meanwhile, or for a lease that is gone, changes nothing.
    pub fn confirmed(&mut self, extension: &Extension, random: f64) {
        let Some(mut lease) = self.take_asked(extension) else {
            return;
        };
        if let Some(asked) = lease.asked.take() {
            let granted = Duration::from_secs(extension.seconds.into());
            lease.deadline = asked + granted;
            lease.sure = true;
            lease.renew = asked + self.renewal(random).min(granted);
            lease.failures = 0;
        }
        self.put(&extension.message, lease);
    }

    /// An extension failed: tried again after a pause that doubles, until the deadline.
    pub fn failed(&mut self, extension: &Extension, now: Instant, random: f64) {
        let Some(mut lease) = self.take_asked(extension) else {
            return;
        };
        lease.asked = None;
        let pause = Duration::from_millis(100) * (1 << lease.failures.min(5));
        lease.renew = now + pause.mul_f64(0.5 + 0.5 * random);
        lease.failures += 1;
        self.put(&extension.message, lease);
    }

    /// SQS says that the handle is no longer good: the lease is lost now. `true` where it was ours.
    /// For a message that is done that is no loss: most likely its delete was just obeyed.
    pub fn revoked(&mut self, extension: &Extension) -> bool {
        let Some(mut lease) = self.take_asked(extension) else {
            return false;
        };
        let lost = !lease.done;
        if lease.done {
            lease.ended = Some(Standing::Refused);
            self.put(&extension.message, lease);
        }
        lost
    }

    /// Ends the leases whose deadline has passed. All but the messages that are done lose their place.
    pub fn expire(&mut self, now: Instant) -> Vec<MessageId> {
        // Deadlines are on the agenda too, never behind the renewal that stands there instead.
        let lost: Vec<MessageId> = (self.agenda.iter())
            .take_while(|(at, _)| *at <= now)
            .filter(|(_, message)| self.leases.get(message).is_some_and(|l| l.deadline <= now))
            .map(|(_, message)| message.clone())
            .collect();
        for message in &lost {
            if let Some(mut lease) = self.take(message)
                && lease.done
            {
                lease.ended = Some(Standing::RanOut);
                self.put(message, lease);
            }
        }
        lost
    }

    /// The message is about to be given back: no extension is asked for from now on, which SQS might
    /// obey after that, so that the message would stay away for another time than it is to. `false`
    /// where one is on its way already: it is to be answered first.
    pub fn releasing(&mut self, claim: &Claim) -> bool {
        let Some(lease) = self.of(claim) else {
            return true;
        };
        if lease.asked.is_some() {
            return false;
        }
        self.set_releasing(claim, true);
        true
    }

    /// It was not given back: its lease is extended again.
    pub fn not_released(&mut self, claim: &Claim) {
        self.set_releasing(claim, false);
    }

    fn set_releasing(&mut self, claim: &Claim, releasing: bool) {
        if self.of(claim).is_some()
            && let Some(mut lease) = self.take(&claim.message)
        {
            lease.releasing = releasing;
            self.put(&claim.message, lease);
        }
    }

    /// The message is settled: nothing more to do for it. `false` where the claim was void.
    pub fn finish(&mut self, claim: &Claim) -> bool {
        self.of(claim).is_some() && self.take(&claim.message).is_some()
    }

    /// The newest handle of a message, while the claim holds; of one that is done, for as long as
    /// it has its place.
    pub fn handle(&self, claim: &Claim) -> Option<ReceiptHandle> {
        self.of(claim).map(|lease| lease.handle.clone())
    }

    /// How long the message has been held, counted as SQS counts the 12 hours.
    pub fn held(&self, claim: &Claim, now: Instant) -> Duration {
        self.of(claim).map_or(Duration::ZERO, |lease| {
            now.saturating_duration_since(lease.received)
        })
    }

    /// How long the lease surely lasts from now, where it holds.
    pub fn remaining(&self, claim: &Claim, now: Instant) -> Option<Duration> {
        self.of(claim)
            .filter(|lease| lease.sure && lease.ended.is_none())
            .map(|lease| lease.deadline.saturating_duration_since(now))
    }

    /// What the claim is worth.
    pub fn standing(&self, claim: &Claim) -> Standing {
        self.of(claim).map_or(Standing::Void, |lease| {
            lease.ended.unwrap_or(Standing::Held)
        })
    }

    /// Whether a delivery may start that may take as long as `work`. The lease is extended while the
    /// delivery runs, so what is needed at its start is time enough for that: a quarter of the
    /// visibility, or all of `work` where that is less. Where less is left, an extension is due now.
    ///
    /// A message that has used up more than half of its 12 hours is given back while it still can
    /// be, where the rest is shorter than `work`: it is received with another 12.
    pub fn readiness(&mut self, claim: &Claim, work: Duration, now: Instant) -> Readiness {
        let needed = (self.visibility / 4).min(work);
        let held = self.held(claim, now);
        if held > MAX_HELD / 2 && MAX_HELD.saturating_sub(held) < work {
            return Readiness::Never;
        }
        match self.remaining(claim, now) {
            Some(left) if left >= needed && left > Duration::ZERO => return Readiness::Ready,
            Some(_) => {}
            // Not sure is extended already, and of what is lost somebody else is told.
            None => return Readiness::NotYet,
        }
        if let Some(mut lease) = self.take(&claim.message) {
            // What failed just now keeps its pause.
            if lease.failures == 0 {
                lease.renew = lease.renew.min(now);
            }
            self.put(&claim.message, lease);
        }
        Readiness::NotYet
    }

    /// When to look again.
    pub fn next(&self) -> Option<Instant> {
        self.agenda.first().map(|(at, _)| *at)
    }

    /// How many messages are held.
    pub fn len(&self) -> usize {
        self.leases.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.leases.is_empty()
    }

    /// Half of the visibility, less up to a fifth of that.
    fn renewal(&self, random: f64) -> Duration {
        (self.visibility / 2).mul_f64(1.0 - 0.2 * random.clamp(0.0, 1.0))
    }

    /// The seconds an extension may ask for: what is left of the 12 hours, less one for the way.
    fn extension(&self, lease: &Lease, now: Instant) -> u32 {
        let left = MAX_HELD.saturating_sub(now.saturating_duration_since(lease.received));
        let seconds = self
            .visibility
            .as_secs()
            .min(left.as_secs().saturating_sub(1));
        // One that would not reach beyond what is granted already helps nobody.
        let reach = now + Duration::from_secs(seconds);
        if reach > lease.deadline || !lease.sure {
            u32::try_from(seconds).unwrap_or(0)
        } else {
            0
        }
    }

    /// When this lease wants attention: its renewal, or its deadline where no renewal is possible.
    fn attention(&self, lease: &Lease) -> Instant {
        let is_free = lease.asked.is_none() && !lease.releasing;
        let can_renew = is_free && self.extension(lease, lease.renew) > 0;
        if can_renew {
            lease.renew.min(lease.deadline)
        } else {
            lease.deadline
        }
    }

    fn of(&self, claim: &Claim) -> Option<&Lease> {
        (self.leases.get(&claim.message)).filter(|lease| lease.generation == claim.generation)
    }

    fn put(&mut self, message: &MessageId, lease: Lease) {
        if lease.ended.is_none() {
            self.agenda
                .insert((self.attention(&lease), message.clone()));
        }
        self.leases.insert(message.clone(), lease);
    }

    fn take(&mut self, message: &MessageId) -> Option<Lease> {
        let lease = self.leases.remove(message)?;
        self.agenda
            .remove(&(self.attention(&lease), message.clone()));
        Some(lease)
    }

    fn take_asked(&mut self, extension: &Extension) -> Option<Lease> {
        let lease = self.leases.get(&extension.message)?;
        if lease.handle != extension.handle || lease.ended.is_some() {
            return None;
        }
        self.take(&extension.message)
    }
}

#[cfg(test)]
#[path = "lease_tests.rs"]
mod tests;
