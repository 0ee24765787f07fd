//! All that surrounds the connector in a run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use sqs_connector::wall_clock::WallClock;
use stack::sqs::{Clock, Sqs, SqsOptions};
use tokio::io::DuplexStream;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::dice::Dice;
use crate::ledger::{Call, Ledger};
use crate::log::Log;
use crate::scenario::{Act, Profile, Scenario};
use crate::trouble::queue_names;
use crate::weather::Weather;

/// When every run begins: 2026-01-01.
const BEGIN: Duration = Duration::from_secs(1_767_225_600);

/// How long a call may have been on its way when the function hears of it.
const ON_THE_WAY: Duration = Duration::from_millis(200);

/// SQS, the gateway and its functions, the network between them and the connector, and the book of
/// what happened.
pub(crate) struct World {
    pub(crate) scenario: Scenario,
    pub(crate) log: Log,
    pub(crate) sqs: Arc<Sqs>,
    pub(crate) weather: watch::Sender<Weather>,
    /// The servers' ends of all connections.
    pub(crate) connections: Mutex<JoinSet<()>>,
    ledger: Mutex<Ledger>,
    dice: Mutex<Dice>,
    started: Instant,
    /// How far the wall clock has jumped, in seconds.
    jumped: AtomicI64,
    /// How long nothing ran, until when.
    stood: Mutex<Vec<(Instant, Duration)>>,
    /// The processes that are to end, or have ended.
    processes: Mutex<BTreeMap<u32, Ending>>,
    /// Where each process takes callbacks.
    doors: Mutex<BTreeMap<u32, UnboundedSender<DuplexStream>>>,
    /// The ids that SQS gave to messages.
    ids: Mutex<BTreeMap<String, usize>>,
}

/// How a process ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    /// It was told to stop.
    Drains {
        since: Instant,
        deadline: Instant,
    },
    Killed,
    Over,
}

impl World {
    pub(crate) fn new(scenario: Scenario, keep_log: bool) -> Arc<Self> {
        let seed = scenario.seed;
        let sqs = Sqs::new(SqsOptions {
            seed: Dice::new(seed, 2).bits(),
            clock: Clock::starting_at(BEGIN),
            ..SqsOptions::default()
        });
        let setup = &scenario.setup;
        let (queue, _) = queue_names(setup.fifo);
        let made = match setup.max_receive_count {
            Some(most) => sqs
                .create_queue_with_dead_letters(queue, most, setup.visibility)
                .map(drop),
            None if setup.fifo => sqs.create_queue(queue, &[("ContentBasedDeduplication", "true")]),
            None => sqs.create_queue(queue, &[]),
        };
        made.expect("the queue can be made");
        Arc::new(Self {
            log: Log::new(keep_log),
            sqs,
            weather: watch::Sender::new(Weather::Fair),
            connections: Mutex::default(),
            ledger: Mutex::new(Ledger::new(&scenario)),
            dice: Mutex::new(Dice::new(seed, 3)),
            started: Instant::now(),
            jumped: AtomicI64::new(0),
            stood: Mutex::default(),
            processes: Mutex::default(),
            doors: Mutex::default(),
            ids: Mutex::default(),
            scenario,
        })
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn dice(&self) -> MutexGuard<'_, Dice> {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters something into the ledger, and logs what went against a promise.
    pub(crate) fn enter(&self, act: impl FnOnce(&mut Ledger)) {
        let mut ledger = self.ledger();
        let before = ledger.violations().len();
        act(&mut ledger);
        for violation in &ledger.violations()[before..] {
            self.log.say(|| format!("VIOLATION {violation}"));
        }
    }

    /// Notes what went against a promise.
    pub(crate) fn violation(&self, what: String) {
        self.enter(|ledger| ledger.violation(what));
    }

    /// The caller of a function went away. It may where the function takes too long, where the
    /// connection was torn, where the process was killed or its budget for the drain is used up; and
    /// in a run in which leases may be lost.
    pub(crate) fn cancelled(&self, (process, n, function): Call, ran: Duration) {
        let now = Instant::now();
        // Where the gateway did not take its connection, it waited for a while to reach it.
        let upstream = self.scenario.setup.upstream_timeout;
        let refused = self.ledger().refused.get(&process).copied();
        let waited = refused.is_some_and(|at| at + upstream + ran >= now);
        let processes = self.processes();
        let over = |process: &Ending| match *process {
            Ending::Drains { deadline, .. } => now >= deadline,
            Ending::Killed | Ending::Over => true,
        };
        let may = self.scenario.profile == Profile::Chaos
            || matches!(*self.weather.borrow(), Weather::Refused | Weather::Hang)
            || ran + ON_THE_WAY >= upstream
            || waited
            || processes.get(&process).is_some_and(over);
        drop(processes);
        if !may {
            self.violation(format!(
                "process {process} left its call of function {function} with message {n} after {ran:?}"
            ));
        }
    }

    pub(crate) fn processes(&self) -> MutexGuard<'_, BTreeMap<u32, Ending>> {
        self.processes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn doors(&self) -> MutexGuard<'_, BTreeMap<u32, UnboundedSender<DuplexStream>>> {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn connections(&self) -> MutexGuard<'_, JoinSet<()>> {
        (self.connections.lock()).unwrap_or_else(PoisonError::into_inner)
    }

    /// The gateway turned a call away; it may have asked for patience.
    pub(crate) fn turned_away(&self, call: Call, weather: Weather) {
        if let Weather::TooMany(Some(seconds)) = weather {
            let patience = Duration::from_secs(seconds);
            self.enter(|ledger| ledger.asked(call, patience));
        }
    }

    /// What reaches a function under the id of a message is that message, byte for byte.
    pub(crate) fn compare(&self, n: usize, id: &str, body: &[u8]) {
        let sent = self.of_id(id);
        let as_sent = sent.map(|sent| self.scenario.body(sent));
        if as_sent.as_deref().map(str::as_bytes) != Some(body) {
            self.violation(format!(
                "message {sent:?} reaches its function with another body than it was sent with, that of {n}"
            ));
        }
    }

    /// How long a request or an answer is on its way.
    pub(crate) fn flight(&self) -> Duration {
        let most = self.scenario.setup.flight;
        self.dice().millis(0, most)
    }

    /// The wall clock of the connector's machine.
    pub(crate) fn wall_clock(self: &Arc<Self>) -> WallClock {
        let world = self.clone();
        WallClock::told_by(move || {
            let true_time = SystemTime::UNIX_EPOCH + BEGIN + world.started.elapsed();
            let jumped = world.jumped.load(Ordering::Relaxed);
            let by = Duration::from_secs(jumped.unsigned_abs());
            if jumped < 0 {
                true_time - by
            } else {
                true_time + by
            }
        })
    }

    /// Whether a message may have been held for as long as SQS lets it.
    pub(crate) fn is_old(&self) -> bool {
        self.started.elapsed() > Duration::from_secs(12 * 3600)
    }

    pub(crate) fn is_chaos(&self) -> bool {
        self.scenario.profile == Profile::Chaos
    }

    /// Nothing runs for so long from now.
    pub(crate) fn stand_still(&self, time: Duration) {
        let mut stood = self.stood.lock().unwrap_or_else(PoisonError::into_inner);
        stood.push((Instant::now() + time, time));
    }

    /// How long nothing ran since then.
    pub(crate) fn stood_still(&self, since: Instant) -> Duration {
        let stood = self.stood.lock().unwrap_or_else(PoisonError::into_inner);
        let later = stood.iter().filter(|(at, _)| *at >= since);
        later.map(|(_, time)| *time).sum()
    }

    pub(crate) fn jump(&self, seconds: i64) {
        self.jumped.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Puts a message into the queue.
    pub(crate) async fn send(&self, n: usize) {
        let (queue, _) = queue_names(self.scenario.setup.fifo);
        let mut body = serde_json::json!({
            "QueueUrl": self.sqs.queue_url("sqs.sim", queue),
            "MessageBody": self.scenario.body(n),
        });
        if let Some(group) = self.scenario.messages[n].group {
            body["MessageGroupId"] = format!("g{group}").into();
        }
        let request = Request::post("/")
            .header("host", "sqs.sim")
            .header("x-amz-target", "AmazonSQS.SendMessage")
            .body(Full::new(Bytes::from(body.to_string())))
            .expect("a request");
        self.ledger().sent(n);
        let sent: Option<Response<Full<Bytes>>> = self.sqs.exchange(request).await;
        let answer = sent.filter(|answer| answer.status().is_success());
        let answer = answer.expect("no fault hits the sender");
        let answer = answer.into_body().collect().await.expect("it is in memory");
        let answer: serde_json::Value =
            serde_json::from_slice(&answer.to_bytes()).unwrap_or_default();
        let id = answer["MessageId"]
            .as_str()
            .expect("a message has an id")
            .to_owned();
        (self.ids.lock().unwrap_or_else(PoisonError::into_inner)).insert(id, n);
    }

    /// Looks which messages have left the queue since the last look, and enters it.
    pub(crate) fn look(&self) {
        self.collect_debts();
        self.enter(|ledger| ledger.check_ahead(Instant::now()));
        let (queue, dead) = queue_names(self.scenario.setup.fifo);
        let departed = self.sqs.departed(queue);
        if std::mem::replace(&mut self.ledger().departed, departed) != departed {
            let (there, dead) = (self.numbers(queue), self.numbers(dead));
            self.enter(|ledger| ledger.reconcile(&there, &dead));
        }
    }

    /// What SQS failed to delete has gone out again in time, unless nobody could.
    fn collect_debts(&self) {
        let processes = self.processes().clone();
        let overdue = self.ledger().handles.overdue(Instant::now());
        // After a standstill leases have ended of which the process hears only then.
        let stands = |(_, act): &(Duration, Act)| matches!(act, Act::StandStill(_));
        if overdue.is_empty() || self.scenario.acts.iter().any(stands) {
            return;
        }
        let (queue, _) = queue_names(self.scenario.setup.fifo);
        let held = self
            .sqs
            .messages(queue)
            .into_iter()
            .filter(|message| message.standing == "in_flight");
        let held: BTreeSet<usize> = held
            .filter_map(|message| number(message.body.as_bytes()))
            .collect();
        self.enter(|ledger| {
            for (process, n) in overdue {
                // Once its lease has ended, it is tried a few times more only.
                if held.contains(&n) && !processes.contains_key(&process) {
                    ledger.violation(format!(
                        "process {process} did not try again to delete message {n}, which had failed"
                    ));
                }
            }
        });
    }

    /// The message of an id.
    pub(crate) fn of_id(&self, id: &str) -> Option<usize> {
        let ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        ids.get(id).copied()
    }

    /// The messages that are in a queue.
    fn numbers(&self, queue: &str) -> BTreeSet<usize> {
        let messages = self.sqs.messages(queue);
        messages
            .iter()
            .filter_map(|message| number(message.body.as_bytes()))
            .collect()
    }
}

/// Which message this is the body of.
pub(crate) fn number(body: &[u8]) -> Option<usize> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    usize::try_from(body.get("n")?.as_u64()?).ok()
}
