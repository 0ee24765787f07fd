//! What happened to each message, and what must never happen.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use crate::ahead::{Ahead, Bounds};
use crate::given_back::Receive;
use crate::handles::Handles;
use crate::scenario::{Profile, Scenario};
use crate::world::Ending;
use sqs_connector::filter::OnFiltered;

/// A call that a process makes: which one, which message, which function.
pub(crate) type Call = (u32, usize, usize);

/// The book in which every event is entered, and checked against what was entered before.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) profile: Profile,
    pub(crate) functions: usize,
    concurrency: usize,
    pub(crate) max_receive_count: Option<u32>,
    pub(crate) may_dead_letter: bool,
    pub(crate) pages: Vec<Page>,
    pub(crate) running: BTreeMap<Call, Instant>,
    /// What each process asks for ahead of its calls.
    ahead: BTreeMap<u32, Ahead>,
    /// When a process' last call of a function began that the function answered.
    pub(crate) answered: BTreeMap<(u32, usize), Instant>,
    /// When a process was refused a connection to the gateway last.
    pub(crate) refused: BTreeMap<u32, Instant>,
    /// Departures from the queue that were accounted for.
    pub(crate) departed: u64,
    pub(crate) calls: u64,
    pub(crate) receives: u64,
    pub(crate) violations: Vec<String>,
    pub(crate) scenario: Scenario,
    pub(crate) handles: Handles,
    /// A function asked to be left alone with a message until then.
    pub(crate) not_before: BTreeMap<(usize, usize), Instant>,
    /// Until when the gateway asked a process to leave a function alone with a message.
    pub(crate) patience: BTreeMap<Call, Instant>,
    /// When it asked so of a function last.
    pub(crate) spoken: BTreeMap<(u32, usize), Instant>,
    /// The successes that were told to the process.
    pub(crate) heard: BTreeSet<Call>,
}

/// One message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    pub(crate) group: Option<usize>,
    /// Its place in the order of sending.
    sent: Option<usize>,
    gone: Option<Gone>,
    /// The functions that succeeded.
    succeeded: BTreeSet<usize>,
    /// Rejected for good by one of its functions.
    pub(crate) rejected: bool,
    /// The receives that ended in a failure of its own.
    pub(crate) failed: BTreeSet<u32>,
    /// How often each function was called.
    attempts: BTreeMap<usize, u32>,
    /// How often each function failed with it.
    pub(crate) failures: BTreeMap<usize, u32>,
    /// A function failed with it when it was called with nothing else.
    pub(crate) failed_alone: bool,
    /// As SQS handed it out last.
    pub(crate) receive: Option<Receive>,
    /// The receives that ended through no fault of its own, and may have.
    pub(crate) excused: BTreeSet<u32>,
}

/// How a message left the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gone {
    Deleted,
    DeadLettered,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Succeeded,
    Rejected,
    /// By the function.
    Failed,
    /// The function never answers.
    Hung,
    /// By what lies before the function, or because it has too much to do.
    Unreached,
}

impl Ledger {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let setup = &scenario.setup;
        let page = |planned: &crate::scenario::Planned| Page {
            group: planned.group,
            ..Page::default()
        };
        Self {
            profile: scenario.profile,
            functions: setup.functions,
            concurrency: setup.concurrency,
            max_receive_count: setup.max_receive_count,
            may_dead_letter: !setup.retry_rejected && setup.max_receive_count.is_some(),
            pages: scenario.messages.iter().map(page).collect(),
            running: BTreeMap::new(),
            ahead: BTreeMap::new(),
            answered: BTreeMap::new(),
            refused: BTreeMap::new(),
            departed: 0,
            calls: 0,
            receives: 0,
            violations: Vec::new(),
            scenario: scenario.clone(),
            handles: Handles::default(),
            not_before: BTreeMap::new(),
            patience: BTreeMap::new(),
            spoken: BTreeMap::new(),
            heard: BTreeSet::new(),
        }
    }

    pub(crate) fn violation(&mut self, what: String) {
        self.violations.push(what);
    }

    pub(crate) fn violations(&self) -> &[String] {
        &self.violations
    }

    pub(crate) fn sent(&mut self, n: usize) {
        let place = self.pages.iter().filter(|page| page.sent.is_some()).count();
        self.pages[n].sent = Some(place);
    }

    /// Whether every message that was sent has left the queue.
    pub(crate) fn is_settled(&self) -> bool {
        let open = |page: &Page| page.sent.is_some() && page.gone.is_none();
        !self.pages.iter().any(open)
    }

    /// The messages that are still there, with what is known of them.
    pub(crate) fn unsettled(&self) -> Vec<String> {
        let pages = self.pages.iter().enumerate();
        pages
            .filter(|(_, page)| page.sent.is_some() && page.gone.is_none())
            .map(|(n, page)| format!("message {n}: {page:?}"))
            .collect()
    }

    /// Which attempt of this function with this message this is, from 0.
    pub(crate) fn attempt(&mut self, n: usize, function: usize) -> u32 {
        let attempts = self.pages[n].attempts.entry(function).or_default();
        *attempts += 1;
        *attempts - 1
    }

    /// A call comes in, while these processes are ending or have ended.
    pub(crate) fn call(&mut self, call: Call, now: Instant, ending: &BTreeMap<u32, Ending>) {
        let (process, n, function) = call;
        self.calls += 1;
        self.check_call(call, now, ending);
        let page = &self.pages[n];
        if page.sent.is_none() {
            self.violations
                .push(format!("message {n} was delivered before it was sent"));
            return;
        }
        if let (Some(group), Some(place)) = (page.group, page.sent) {
            let earlier = |page: &Page| {
                page.group == Some(group)
                    && page.gone.is_none()
                    && page.sent.is_some_and(|other| other < place)
            };
            if let Some(first) = self.pages.iter().position(earlier) {
                self.violations.push(format!(
                    "process {process} calls function {function} with message {n} of group {group} while message {first}, sent before it, is not settled"
                ));
            }
        }
        self.tried(process, n);
        if self.running.insert(call, now).is_some() && self.cancels() {
            self.violations.push(format!(
                "process {process} calls function {function} with message {n} twice at once"
            ));
        }
        let at_work = self.at_work(process).len();
        // One more than is configured may be tried in place of a suspect.
        if at_work > self.concurrency + 1 && self.cancels() {
            self.violations.push(format!(
                "process {process} has {at_work} messages at work, {} are configured",
                self.concurrency
            ));
        }
    }

    /// The messages that a process has functions at work on.
    fn at_work(&self, process: u32) -> BTreeSet<usize> {
        let of_process = self.running.keys().filter(|(p, _, _)| *p == process);
        of_process.map(|(_, n, _)| *n).collect()
    }

    /// What a process asks for ahead of its calls.
    pub(crate) fn ahead(&mut self, process: u32) -> &mut Ahead {
        self.ahead.entry(process).or_default()
    }

    fn bounds(&self) -> Bounds {
        let setup = &self.scenario.setup;
        Bounds {
            concurrency: setup.concurrency,
            max_messages: setup.max_messages,
            fifo: setup.fifo,
            flight: Duration::from_millis(setup.flight),
            settle_window: setup.settle_window,
        }
    }

    /// A poll is opened, for so many messages; gives its number.
    pub(crate) fn poll(&mut self, process: u32, asked: usize) -> u64 {
        self.receives += 1;
        let (number, bounds) = (self.receives, self.bounds());
        let running = self.at_work(process);
        self.ahead(process).poll(number, asked, &running, bounds);
        number
    }

    /// A poll is answered with so many messages, or left.
    pub(crate) fn polled(&mut self, process: u32, number: u64, brought: usize) {
        let bounds = self.bounds();
        self.ahead(process).polled(number, brought, bounds);
    }

    /// Which processes asked for more than they may.
    pub(crate) fn check_ahead(&mut self, now: Instant) {
        for (process, ahead) in &mut self.ahead {
            // What lasts longer than its lease there, or comes twice, is had by nobody.
            for excess in ahead.excesses(now) {
                if self.profile != Profile::Chaos {
                    self.violations.push(format!("process {process} {excess}"));
                }
            }
        }
    }

    /// What a function made of a message, whether the caller hears of it or not.
    pub(crate) fn outcome(&mut self, call: Call, receive: u32, end: End) {
        let (_, n, function) = call;
        if matches!(end, End::Succeeded | End::Rejected) {
            self.answered(call);
        }
        match end {
            End::Succeeded => {
                self.in_order(n, function);
                self.pages[n].succeeded.insert(function);
            }
            End::Rejected => {
                self.pages[n].rejected = true;
                self.pages[n].failed_alone = true;
                self.pages[n].failed.insert(receive);
            }
            End::Failed | End::Hung => self.failed(call, receive, end, None, 1),
            End::Unreached => {}
        }
    }

    /// A function answers. What was called before a pause does not end it.
    pub(crate) fn answered(&mut self, call: Call) {
        let (process, _, function) = call;
        let began = self.running.get(&call).copied();
        let began = began.unwrap_or_else(Instant::now);
        let known = self.answered.entry((process, function)).or_insert(began);
        *known = began.max(*known);
    }

    /// A call is over. Gives how long it ran.
    pub(crate) fn over(&mut self, call: Call, now: Instant) -> Duration {
        now - self.running.remove(&call).unwrap_or(now)
    }

    /// A success of a message after that of a later one of its group is out of order.
    fn in_order(&mut self, n: usize, function: usize) {
        let page = &self.pages[n];
        let (Some(group), place) = (page.group, page.sent) else {
            return;
        };
        // What goes on behind the gateway's queue after its caller gave it up is no delivery.
        if page.gone.is_some() || page.succeeded.contains(&function) {
            return;
        }
        let later = |page: &Page| {
            page.group == Some(group) && page.sent > place && page.succeeded.contains(&function)
        };
        if let Some(later) = self.pages.iter().position(later) {
            self.violations.push(format!(
                "function {function} did message {n} of group {group} after message {later}, which was sent later"
            ));
        }
    }

    /// The messages that are in the queue now, and in its dead-letter queue.
    pub(crate) fn reconcile(&mut self, there: &BTreeSet<usize>, dead: &BTreeSet<usize>) {
        for n in 0..self.pages.len() {
            let page = &self.pages[n];
            if page.sent.is_none() || page.gone.is_some() || there.contains(&n) {
                continue;
            }
            let filtered = (!self.scenario.messages[n].let_through)
                .then_some(self.scenario.variety.filter)
                .flatten();
            let gone =
                if page.succeeded.len() == self.functions || filtered == Some(OnFiltered::Delete) {
                    Gone::Deleted
                } else if filtered.is_some() && dead.contains(&n) {
                    Gone::DeadLettered
                } else if dead.contains(&n) {
                    self.check_dead(n);
                    Gone::DeadLettered
                } else {
                    self.violations.push(format!(
                        "message {n} was deleted, of {} functions only {:?} succeeded with it",
                        self.functions, page.succeeded
                    ));
                    Gone::Deleted
                };
            self.pages[n].gone = Some(gone);
        }
    }

    /// A message is in the dead-letter queue: because it was rejected, or because it failed as often
    /// as it may. Only runs in which nothing but functions fails can tell the latter.
    fn check_dead(&mut self, n: usize) {
        let page = &self.pages[n];
        if page.rejected && self.may_dead_letter {
            return;
        }
        // Where the gateway comes and goes, a message may be blamed that is not to blame; one such try
        // may be the last that its function wants.
        let mut rules = self.scenario.variety.rules.iter();
        if self.profile == Profile::Chaos && rules.any(|rules| rules.attempts.is_some()) {
            return;
        }
        let most = self.max_receive_count.unwrap_or(u32::MAX);
        if self.scenario.variety.is_batch()
            && self.profile == Profile::Failures
            && page.group.is_none()
            && most > 1
            && !page.failed_alone
        {
            self.violations.push(format!(
                "message {n} is in the dead-letter queue, and no function failed with it alone"
            ));
        }
        let page = &self.pages[n];
        let no_fault_of_its_own = if page.group.is_none() {
            let counted = |k: &u32| page.failed.contains(k) || page.excused.contains(k);
            (1..=most).any(|k| !counted(&k)) || !page.failed.contains(&most)
        } else {
            self.failed_with_those_before(n) < most
        };
        if self.profile == Profile::Chaos || no_fault_of_its_own {
            self.violations.push(format!(
                "message {n} is in the dead-letter queue, and of {most} receives only {:?} ended in a failure of its own",
                page.failed
            ));
        }
    }

    /// SQS hands out a group's messages together: the failures of those before it are also receives of
    /// this one.
    fn failed_with_those_before(&self, n: usize) -> u32 {
        let page = &self.pages[n];
        let before = |other: &&Page| other.group == page.group && other.sent <= page.sent;
        let failed: usize = (self.pages.iter().filter(before))
            .map(|page| page.failed.len())
            .sum();
        u32::try_from(failed).unwrap_or(u32::MAX)
    }
}
