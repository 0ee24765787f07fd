//! Takes messages that have their turn, and sends them to their function batch by batch.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use throughline::Context;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::assembler::{Assembler, Limits};
use super::call::call;
use super::record::FRAME;
use crate::gateway::Call;
use crate::lane::{Lane, Phase};
use crate::lease::{Claim, Standing};

/// A batch waits at least this long, for those that came in the same receive.
const GATHER: Duration = Duration::from_millis(5);

/// Takes messages for batches; a clone takes them into the same.
#[derive(Clone, Debug)]
pub struct Batches(mpsc::UnboundedSender<Entry>);

/// A message on its way to one function.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) function: Arc<str>,
    pub(crate) claim: Claim,
    pub(crate) record: Bytes,
    pub(crate) receive_count: u32,
    /// In how large a batch it may go.
    pub(crate) share: usize,
    /// The message's own.
    pub(crate) context: Context,
    /// Told what the call came to for this message; dropped where none was made.
    pub(crate) reply: oneshot::Sender<Call>,
}

/// What the messages are given to.
#[derive(Debug)]
pub struct Driver {
    limits: Limits,
    entries: mpsc::UnboundedReceiver<Entry>,
}

impl Batches {
    /// The place to hand messages in, and what works on them. The channel is bounded by the messages
    /// that are held.
    pub fn new(limits: Limits) -> (Self, Driver) {
        let (sender, entries) = mpsc::unbounded_channel();
        let limits = Limits {
            window: limits.window.max(GATHER),
            bytes: limits.bytes.saturating_sub(FRAME).max(1),
            ..limits
        };
        (Self(sender), Driver { limits, entries })
    }

    /// Hands a message in.
    pub(crate) fn add(&self, entry: Entry) {
        // Where nobody takes it any more, its reply is dropped with it: no call was made.
        let _ = self.0.send(entry);
    }
}

impl Driver {
    /// Sends batches, until every clone of the sender is gone. From the stop on, no call is begun.
    pub async fn run(mut self, lane: Arc<Lane>) {
        let mut open: BTreeMap<Arc<str>, Assembler<Entry>> = BTreeMap::new();
        let mut calls = JoinSet::new();
        let mut phase = lane.phase.clone();
        let (mut stopped, mut lapsed) = (false, Vec::new());
        loop {
            let next = open.values().filter_map(Assembler::next).min();
            let next = next.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
            let mut leaving = Vec::new();
            tokio::select! {
                biased;
                _ = phase.wait_for(|phase| *phase >= Phase::Draining), if !stopped => {
                    stopped = true;
                    open.clear();
                }
                Some(_) = calls.join_next() => {}
                entry = self.entries.recv() => match entry {
                    // Dropped, it is given back at once.
                    Some(_) if stopped => {}
                    Some(entry) => leaving = self.add(&mut open, entry),
                    None => return,
                },
                () = sleep_until(next) => {
                    let now = Instant::now();
                    leaving = open.values_mut().flat_map(|batches| batches.due(now)).collect();
                }
            }
            open.retain(|_, batches| !batches.is_empty());
            lapsed.retain(|entry: &Entry| !entry.reply.is_closed());
            for batch in leaving {
                // The process may have stood still for longer than a lease; that it is lost is told
                // elsewhere, and until then its delivery waits.
                let (batch, late): (Vec<Entry>, Vec<Entry>) = (batch.into_iter())
                    .filter(|entry| !entry.reply.is_closed())
                    .partition(|entry| lane.holding.standing(&entry.claim) == Standing::Held);
                lapsed.extend(late);
                if !batch.is_empty() {
                    calls.spawn(call(lane.clone(), batch));
                }
            }
        }
    }

    fn add(
        &self,
        open: &mut BTreeMap<Arc<str>, Assembler<Entry>>,
        entry: Entry,
    ) -> Vec<Vec<Entry>> {
        // With the comma behind it.
        let (bytes, share) = (entry.record.len() + 1, entry.share);
        open.entry(entry.function.clone())
            .or_insert_with(|| Assembler::new(self.limits))
            .push(Instant::now(), entry, bytes, share)
    }
}
