//! What is promised of each call, beside order: checked when it comes in.

use std::collections::BTreeMap;
use std::time::Duration;

use sqs_connector::config::Mode;
use stack::sqs::Effect;
use tokio::time::Instant;

use crate::ledger::{Call, End, Ledger};
use crate::scenario::{Act, Profile};
use crate::world::Ending;

/// Calls that were on their way together with one that was turned away. A batch that gathers already
/// goes out all the same.
const ON_THE_WAY: Duration = Duration::from_millis(300);

impl Ledger {
    /// Whether a call ends when its caller gives it up. One in the gateway's queue goes on, as does a
    /// batch for the rest of it.
    pub(crate) fn cancels(&self) -> bool {
        self.profile != Profile::Chaos || self.scenario.variety.mode == Mode::Single
    }

    pub(crate) fn check_call(&mut self, call: Call, now: Instant, ending: &BTreeMap<u32, Ending>) {
        let (process, n, function) = call;
        let mut found = Vec::new();
        let mut say = |what: String| found.push(what);
        if !self.scenario.messages[n].let_through {
            say(format!(
                "the filter does not let message {n} through, and function {function} got it"
            ));
        }
        // After a standstill its time is up in the moment in which the answer is there.
        let stands = |(_, act): &(Duration, Act)| matches!(act, Act::StandStill(_));
        let remembers = match self.profile {
            Profile::Calm | Profile::Failures => true,
            Profile::Outage | Profile::Chaos => {
                self.scenario.variety.mode == Mode::Single && !self.scenario.acts.iter().any(stands)
            }
        };
        if self.heard.contains(&call) && remembers {
            say(format!(
                "process {process} calls function {function} with message {n} although it heard of its success"
            ));
        }
        let early = self
            .not_before
            .get(&(n, function))
            .filter(|until| now < **until);
        if let Some(until) = early
            && self.profile != Profile::Chaos
        {
            say(format!(
                "message {n} reaches function {function} {:?} before that may be tried again",
                *until - now
            ));
        }
        let rules = &self.scenario.variety.rules[function];
        let failures = self.pages[n].failures.get(&function).copied().unwrap_or(0);
        if let Some(most) = rules.attempts
            && failures >= most
            && self.functions == 1
            && self.may_dead_letter
            && self.profile == Profile::Failures
        {
            say(format!(
                "message {n} is tried again after {failures} failures, and function {function} wants {most}"
            ));
        }
        if let Some(most) = self.scenario.variety.max_bytes
            && self.cancels()
        {
            // One that is tried in place of a suspect comes on top.
            let bytes = |n: usize| self.scenario.body(n).len();
            let mut at_work: Vec<usize> = (self.running.keys())
                .filter(|(of, _, _)| *of == process)
                .map(|(_, n, _)| *n)
                .chain([n])
                .collect();
            at_work.sort_unstable();
            at_work.dedup();
            let held: usize = at_work.iter().map(|n| bytes(*n)).sum();
            if at_work.len() > 2 && held > most + bytes(n) {
                say(format!(
                    "process {process} has {held} bytes at work, {most} are configured"
                ));
            }
        }
        if self.is_exclusive() {
            let beside = (self.running.keys()).find(|(other, m, f)| {
                let lives = !matches!(ending.get(other), Some(Ending::Killed | Ending::Over));
                *other != process && (*m, *f) == (n, function) && lives
            });
            if let Some((other, _, _)) = beside {
                say(format!(
                    "message {n} is with function {function} by process {process}, and still by process {other}, whose lease has ended"
                ));
            }
        }
        self.violations.extend(found);
    }

    /// Whether a message is handed to a second process only after the lease of the first has ended.
    fn is_exclusive(&self) -> bool {
        let confuses = |act: &Act| match act {
            Act::StandStill(_) => true,
            Act::SqsFault(fault) => fault.effect == Effect::Duplicate {},
            _ => false,
        };
        self.scenario.variety.mode == Mode::Single
            && !self.scenario.acts.iter().any(|(_, act)| confuses(act))
    }

    /// A process asks the gateway for a function: not with a message for which it was asked to leave it
    /// alone. One that was not refused yet may be tried: that one message is turned away for ever stops
    /// no other.
    pub(crate) fn tries(&mut self, call: Call) {
        let (process, n, function) = call;
        let now = Instant::now();
        let until = self.patience.get(&call).filter(|until| now < **until);
        if let Some(until) = until
            && self.profile != Profile::Chaos
        {
            self.violations.push(format!(
                "process {process} tries function {function} with message {n} {:?} too early: the gateway asked for patience",
                *until - now
            ));
        }
    }

    /// The gateway asks a process to leave a function alone for so long. Of calls that were on their way
    /// together the first one's word counts.
    pub(crate) fn asked(&mut self, call: Call, patience: Duration) {
        let now = Instant::now();
        let on_the_way = match self.scenario.variety.mode {
            Mode::Batch(limits) => ON_THE_WAY + limits.window,
            Mode::Single | Mode::Async { .. } => ON_THE_WAY,
        };
        let (process, _, function) = call;
        let spoken = self.spoken.entry((process, function)).or_insert(now);
        if *spoken + on_the_way < now {
            *spoken = now;
        }
        self.patience.insert(call, *spoken + patience);
    }

    /// A process was told of a success.
    pub(crate) fn heard(&mut self, call: Call) {
        let (process, _, function) = call;
        self.patience
            .retain(|(p, _, f), _| (*p, *f) != (process, function));
        self.heard.insert(call);
    }

    /// A function failed with a message, among so many of one call; with this status, where it
    /// answered at all.
    pub(crate) fn failed(
        &mut self,
        call: Call,
        receive: u32,
        end: End,
        status: Option<u16>,
        among: usize,
    ) {
        let (_, n, function) = call;
        if end == End::Failed && status.is_some() {
            self.answered(call);
        }
        let rules = &self.scenario.variety.rules[function];
        let asked = self.scenario.messages[n].retry_after;
        let page = &mut self.pages[n];
        page.failed.insert(receive);
        page.failed_alone |= among == 1;
        // One that hangs or falls over is tried again without end while nothing shows that it is to blame.
        let failures = page.failures.entry(function).or_default();
        *failures += u32::from(end == End::Failed && status.is_some());
        // After a restart what was received before counts as tries.
        let tries = receive.max(*failures);
        let is_last = rules.attempts.is_some_and(|most| tries >= most);
        let unwanted = (rules.codes.zip(status))
            .is_some_and(|(codes, status)| status >= 300 && !codes.contains(&status));
        page.rejected |= is_last || unwanted;
        if end == End::Failed && status.is_some() && !page.rejected {
            let asked = asked.filter(|_| !self.scenario.variety.is_batch());
            let wait = rules.min_wait.unwrap_or(0).max(asked.unwrap_or(0));
            self.not_before
                .insert((n, function), Instant::now() + Duration::from_secs(wait));
        }
    }
}
