//! Messages that are given back through no fault of their own: when they may be, since each costs a
//! receive.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::ledger::Ledger;
use crate::scenario::Profile;
use crate::world::Ending;

/// So long a function was not reached before what was not tried is given back.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is held for longer may have to be received again, since SQS lets it be held for 12 hours.
const WORN_OUT: Duration = Duration::from_secs(11 * 3600);

/// A message as it was handed out last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Receive {
    process: u32,
    /// Which of its receives this is, from 1.
    count: u32,
    at: Instant,
    /// A function was called with it.
    tried: bool,
    /// By when it was given back, perhaps: an extension looks the same.
    returned: Option<Return>,
}

#[derive(Clone, Copy, Debug)]
struct Return {
    at: Instant,
    /// A function has answered the process nothing for [`PATIENCE`].
    out: bool,
    /// The process was stopping.
    stopping: bool,
}

impl Ledger {
    /// SQS hands out a message: what became of the receive before is known now.
    pub(crate) fn handed_out(
        &mut self,
        process: u32,
        n: usize,
        count: u32,
        ending: &BTreeMap<u32, Ending>,
    ) {
        let now = Instant::now();
        let receive = Receive {
            process,
            count,
            at: now,
            tried: false,
            returned: None,
        };
        if let Some(before) = self.pages[n].receive.replace(receive) {
            self.given_back(n, before, ending);
        }
        let is_to_be_called_with = self.scenario.messages[n].let_through;
        self.ahead(process).received(n, is_to_be_called_with);
    }

    /// A process changes the visibility of a message.
    pub(crate) fn returned(
        &mut self,
        process: u32,
        n: usize,
        seconds: u64,
        ending: &BTreeMap<u32, Ending>,
    ) {
        let now = Instant::now();
        let surely = seconds != self.scenario.setup.visibility.as_secs();
        if surely || seconds == 5 {
            self.ahead(process).settled(n, surely);
        }
        let silent = |function: usize| {
            let answered = self.answered.get(&(process, function));
            // The call was on its way when the connector began to wait.
            let flight = Duration::from_millis(4 * self.scenario.setup.flight);
            answered.is_none_or(|began| now - *began + flight >= PATIENCE)
        };
        let returned = Return {
            at: now,
            out: (0..self.functions).any(silent),
            stopping: ending.contains_key(&process),
        };
        if let Some(receive) = &mut self.pages[n].receive
            && receive.process == process
        {
            receive.returned = Some(returned);
        }
    }

    /// A function is called with a message.
    pub(crate) fn tried(&mut self, process: u32, n: usize) {
        self.ahead(process).called(n);
        if let Some(receive) = &mut self.pages[n].receive
            && receive.process == process
        {
            receive.tried = true;
        }
    }

    /// A message is in the queue again after this receive, and did not fail in it: it was given back
    /// while a function was out, two receives or more before its last.
    fn given_back(&mut self, n: usize, receive: Receive, ending: &BTreeMap<u32, Ending>) {
        let page = &self.pages[n];
        let is_own = page.rejected || page.failed.contains(&receive.count);
        let is_filtered = !self.scenario.messages[n].let_through;
        // SQS's faults lose receives, and of a FIFO group what waits shares those of the first.
        let is_unsure = self.profile == Profile::Chaos || page.group.is_some();
        if is_own || is_filtered || is_unsure {
            return;
        }
        self.pages[n].excused.insert(receive.count);
        let ended = receive.returned.map_or_else(Instant::now, |by| by.at);
        let is_stopping = match receive.returned {
            Some(by) => by.stopping,
            None => ending.contains_key(&receive.process),
        };
        if is_stopping || ended - receive.at > WORN_OUT {
            return;
        }
        let (process, count) = (receive.process, receive.count);
        if let Some(most) = self.max_receive_count
            && count + 1 >= most
        {
            self.violation(format!(
                "process {process} gave message {n} back at receive {count} of {most} through no fault of its own"
            ));
        }
        // The calls that meet no gateway are seen by nobody.
        let refused = (self.refused.get(&process)).is_some_and(|at| *at >= receive.at);
        if !receive.tried && !refused && !receive.returned.is_some_and(|by| by.out) {
            self.violation(format!(
                "process {process} gave message {n} back untried while every function answered"
            ));
        }
    }
}
