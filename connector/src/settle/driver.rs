//! Sends the batches, reads what became of every entry, and tries again what failed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::Batcher;
use crate::heartbeat::Holding;
use crate::lease::{Claim, ReceiptHandle, Standing};
use crate::queue::{CALL, Entry, Queue, QueueError, QueueErrorKind};
use crate::random::Random;

/// How often a delete is tried whose lease has ended. Until then it is tried for ever.
const TRIES: u32 = 8;

/// When to look again whether an extension that is on its way has been answered.
const EXTENDING: Duration = Duration::from_millis(20);

/// What is to become of a message at SQS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It is done with.
    Delete,
    /// It is to be handed out again after so many seconds.
    Visible(u32),
}

/// What came of a settlement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// SQS confirmed it.
    Done,
    /// The lease was gone first: SQS hands the message out again.
    Lost(String),
    /// The process stopped first: SQS hands the message out again.
    Left,
}

/// Takes settlements; dropping every clone ends the driver once all is settled.
#[derive(Clone, Debug)]
pub struct Settler {
    requests: mpsc::UnboundedSender<Request>,
    holding: Arc<Holding>,
}

#[derive(Debug)]
struct Request {
    claim: Claim,
    settlement: Settlement,
    /// Somebody waits for it.
    urgent: bool,
    failures: u32,
    /// A call went out with it of which nobody knows whether SQS obeyed.
    in_doubt: bool,
    reply: oneshot::Sender<Settled>,
}

type Answers = (
    Vec<Request>,
    Vec<ReceiptHandle>,
    Result<Vec<Entry>, QueueError>,
);

impl Settler {
    /// Makes a settler and the driver that does its work. The channel is bounded by the messages
    /// that are held: each has at most one settlement.
    pub fn new(
        queue: Queue,
        holding: Arc<Holding>,
        window: Duration,
        random: Random,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (sender, requests) = mpsc::unbounded_channel();
        let settler = Self {
            requests: sender,
            holding: holding.clone(),
        };
        let driver = Driver {
            queue,
            holding,
            random,
            deletes: Batcher::new(window),
            changes: Batcher::new(window),
            calls: JoinSet::new(),
        };
        (settler, driver.run(requests))
    }

    /// Settles a message, and returns once SQS confirmed it or never will. What is to be deleted is
    /// [`done`](Holding::done); a change of visibility ends with its lease, and never touches what
    /// comes after that.
    pub async fn settle(&self, claim: &Claim, settlement: Settlement) -> Settled {
        self.request(claim, settlement, false).await
    }

    /// The same without a wait for company: another message may not start before.
    pub async fn settle_at_once(&self, claim: &Claim, settlement: Settlement) -> Settled {
        self.request(claim, settlement, true).await
    }

    async fn request(&self, claim: &Claim, settlement: Settlement, urgent: bool) -> Settled {
        if settlement == Settlement::Delete {
            self.holding.done(claim);
        }
        let (reply, settled) = oneshot::channel();
        let request = Request {
            claim: claim.clone(),
            settlement,
            urgent,
            failures: 0,
            in_doubt: false,
            reply,
        };
        if self.requests.send(request).is_err() {
            return Settled::Left;
        }
        settled.await.unwrap_or(Settled::Left)
    }
}

struct Driver {
    queue: Queue,
    holding: Arc<Holding>,
    random: Random,
    deletes: Batcher<Request>,
    changes: Batcher<Request>,
    calls: JoinSet<Answers>,
}

impl Driver {
    async fn run(mut self, mut requests: mpsc::UnboundedReceiver<Request>) {
        let mut open = true;
        while open || !self.deletes.is_empty() || !self.changes.is_empty() || !self.calls.is_empty()
        {
            self.dispatch();
            let next = self
                .deletes
                .next()
                .into_iter()
                .chain(self.changes.next())
                .min();
            let wake = next.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
            tokio::select! {
                biased;
                Some(answers) = self.calls.join_next() => {
                    if let Ok((batch, handles, entries)) = answers {
                        self.read(batch, &handles, entries);
                    }
                }
                request = requests.recv(), if open => match request {
                    Some(request) => self.take(request),
                    None => open = false,
                },
                () = sleep_until(wake) => {}
            }
        }
    }

    fn take(&mut self, request: Request) {
        let batcher = match request.settlement {
            Settlement::Delete => &mut self.deletes,
            Settlement::Visible(_) => &mut self.changes,
        };
        let now = Instant::now();
        if request.urgent {
            batcher.push_urgent(now, request);
        } else {
            batcher.push(now, request);
        }
    }

    fn dispatch(&mut self) {
        let now = Instant::now();
        while let Some(batch) = self.deletes.due(now) {
            let (batch, handles) = self.with_handles(batch);
            let queue = self.queue.clone();
            if !batch.is_empty() {
                self.calls.spawn(Box::pin(async move {
                    let entries = queue.delete(&handles).await;
                    (batch, handles, entries)
                }));
            }
        }
        while let Some(batch) = self.changes.due(now) {
            let free = |request: &Request| self.holding.releasing(&request.claim);
            let (batch, early): (Vec<_>, Vec<_>) = batch.into_iter().partition(free);
            for request in early {
                self.changes.again(now + EXTENDING, request);
            }
            let (batch, handles) = self.with_handles(batch);
            let changes: Vec<_> = (handles.iter().cloned().zip(&batch))
                .map(|(handle, request)| match request.settlement {
                    Settlement::Visible(seconds) => (handle, seconds),
                    Settlement::Delete => (handle, 0),
                })
                .collect();
            let queue = self.queue.clone();
            if !batch.is_empty() {
                self.calls.spawn(Box::pin(async move {
                    let entries = queue.change_visibility(&changes, CALL).await;
                    (batch, handles, entries)
                }));
            }
        }
    }

    /// The newest handle of each; what has lost its lease is answered here.
    fn with_handles(&self, batch: Vec<Request>) -> (Vec<Request>, Vec<ReceiptHandle>) {
        let mut held = (
            Vec::with_capacity(batch.len()),
            Vec::with_capacity(batch.len()),
        );
        for request in batch {
            match self.holding.handle(&request.claim) {
                Some(handle) => {
                    held.0.push(request);
                    held.1.push(handle);
                }
                None => answer(request, Settled::Lost("the lease ran out".into())),
            }
        }
        held
    }

    fn read(
        &mut self,
        batch: Vec<Request>,
        handles: &[ReceiptHandle],
        entries: Result<Vec<Entry>, QueueError>,
    ) {
        let (mut in_doubt, mut together) = (false, None);
        let entries = entries.unwrap_or_else(|error| {
            in_doubt = matches!(
                error.kind,
                QueueErrorKind::Unreachable | QueueErrorKind::Failed
            );
            // One pause for all: what went together goes together again.
            let failures = batch.iter().map(|request| request.failures).max();
            let is_throttled = error.kind == QueueErrorKind::Throttled;
            together = Some(self.pause(failures.unwrap_or(0), is_throttled));
            vec![Entry::Failed(error.to_string()); batch.len()]
        });
        let now = Instant::now();
        for ((mut request, handle), entry) in batch.into_iter().zip(handles).zip(entries) {
            let standing = self.holding.standing(&request.claim);
            let settled = match entry {
                Entry::Failed(reason) => {
                    request.in_doubt |= in_doubt;
                    self.again(request, standing, &reason, now, together);
                    continue;
                }
                Entry::Done => Settled::Done,
                Entry::Refused(reason) => refused(&request, standing, reason),
            };
            if self.holding.settled(&request.claim, handle) {
                answer(request, settled);
            } else {
                // An open poll of ours brought it once more: only its newest handle counts.
                self.take(request);
            }
        }
    }

    /// How long to wait after so many failures. Where SQS asks to slow down: four times as long.
    fn pause(&self, failures: u32, is_throttled: bool) -> Duration {
        let first = Duration::from_millis(if is_throttled { 400 } else { 100 });
        let doubled = first * (1 << failures.min(5));
        doubled.mul_f64(0.5 + 0.5 * self.random.fraction())
    }

    fn again(
        &mut self,
        mut request: Request,
        standing: Standing,
        reason: &str,
        now: Instant,
        together: Option<Duration>,
    ) {
        tracing::debug!(
            message_id = &*request.claim.message,
            reason,
            "an entry of a batch failed; it goes out again"
        );
        request.failures += 1;
        if standing == Standing::Void || (standing != Standing::Held && request.failures >= TRIES) {
            self.holding.finish(&request.claim);
            answer(
                request,
                Settled::Lost(format!("the lease ran out: {reason}")),
            );
            return;
        }
        let pause = together.unwrap_or_else(|| self.pause(request.failures - 1, false));
        let at = now + pause;
        match request.settlement {
            Settlement::Delete => self.deletes.again(at, request),
            Settlement::Visible(_) => {
                self.holding.not_released(&request.claim);
                self.changes.again(at, request);
            }
        }
    }
}

/// What it means that SQS no longer takes the handle. While nobody else can have received the
/// message, a refused delete that went out before says that it was obeyed then.
fn refused(request: &Request, standing: Standing, reason: String) -> Settled {
    let alone = matches!(standing, Standing::Held | Standing::Refused);
    if request.settlement == Settlement::Delete && request.in_doubt && alone {
        Settled::Done
    } else {
        Settled::Lost(reason)
    }
}

fn answer(request: Request, settled: Settled) {
    // Nobody waits where the delivery was given up; SQS knows all the same.
    let _ = request.reply.send(settled);
}
