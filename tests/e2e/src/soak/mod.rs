//! Ten minutes of messages and faults against one connector: nothing is lost, nothing grows.

mod faults;
mod ledger;
mod load;
mod vitals;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use harness::{Options, QUEUE, Way};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use faults::Faults;
use ledger::{Ledger, Outcome};
use vitals::Vitals;

/// How long, how much, and which faults.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How long messages are sent.
    pub time: Duration,
    /// How many messages at most.
    pub messages: usize,
    /// The faults are drawn from this.
    pub seed: u64,
    /// Where to keep a copy of all log lines.
    pub logs: Option<PathBuf>,
}

/// How long everything may take to come to an end once nothing goes wrong any more.
const AFTERWARDS: Duration = Duration::from_secs(120);

/// Runs it; says what came of it, and fails where a promise was broken.
///
/// # Errors
/// When something was lost, dead-lettered wrongly, or grew, or when a part did not start.
pub async fn run(plan: Plan, mut say: impl FnMut(&str)) -> anyhow::Result<String> {
    let ledger = Arc::new(Ledger::new(plan.messages));
    let mut way = start(&ledger, &plan).await?;
    let id = way.connector.as_ref().and_then(harness::Process::id);
    let mut vitals = Vitals::of(id.context("the connector runs")?);
    let mut faults = Faults::drawn_from(plan.seed);
    let started = Instant::now();
    let mut sender = load::Sender::new(&way.urls.sqs, way.queue_url());
    let mut told = started;
    while started.elapsed() < plan.time && ledger.sent() < plan.messages {
        faults.next(&way.control).await?;
        // A backlog that is bounded: what is measured is the connector, not the queue's memory.
        let until = Instant::now() + Duration::from_secs(1);
        while Instant::now() < until && ledger.sent() < plan.messages {
            if ledger.open() > load::BACKLOG {
                sleep(Duration::from_millis(5)).await;
            } else {
                sender.send(&ledger).await?;
            }
        }
        vitals.look()?;
        if told.elapsed() > Duration::from_secs(10) {
            told = Instant::now();
            say(&format!(
                "{:>4} s  {} sent, {} open, {vitals}",
                started.elapsed().as_secs(),
                ledger.sent(),
                ledger.open()
            ));
        }
    }
    let busy = started.elapsed();
    faults.off(&way.control).await?;
    emptied(&way).await?;
    vitals.look()?;
    let outcome = ledger.outcome();
    let dead = count(&way.control.queues().await?, &format!("{QUEUE}-dlq"))?;
    let status = way.stop_connector().await?;
    ensure!(status.success(), "the connector ended with {status}");
    judge(&outcome, dead)?;
    vitals.judge()?;
    let rate = outcome.sent as f64 / busy.as_secs_f64();
    Ok(format!(
        "{} messages in {} s ({rate:.0}/s) with {} faults of {} kinds, seed {}: {} done, {dead} rejected and dead-lettered, 0 lost; {} delivered more than once; {vitals}",
        outcome.sent,
        busy.as_secs(),
        faults.injected(),
        faults.kinds(),
        plan.seed,
        outcome.done,
        outcome.again,
    ))
}

async fn start(ledger: &Arc<Ledger>, plan: &Plan) -> anyhow::Result<Way> {
    let set = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        (pairs.iter())
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    let mut way = Way::start_stack(Options {
        // Faults make messages come again; only what is rejected may be dead-lettered.
        stack: vec!["--max-receive-count".into(), "1000".into()],
        keep_lines: Some(1000),
        log_folder: plan.logs.clone(),
        connector: set(&[
            ("visibility_timeout", "5s"),
            ("upstream_timeout", "5s"),
            ("concurrency", "64"),
            ("backoff_min", "10ms"),
            ("backoff_max", "1s"),
            ("probe_min", "50ms"),
            ("probe_max", "500ms"),
            ("print_response", "false"),
        ]),
        ..Options::default()
    })
    .await?;
    let url = load::function(Arc::clone(ledger)).await?;
    way.control.register("worker", &url, QUEUE).await?;
    way.start_connector().await?;
    Ok(way)
}

/// Waits until the queue is empty.
async fn emptied(way: &Way) -> anyhow::Result<()> {
    let until = Instant::now() + AFTERWARDS;
    loop {
        let left = count(&way.control.queues().await?, QUEUE)?;
        if left == 0 {
            return Ok(());
        }
        ensure!(
            Instant::now() < until,
            "{left} messages are still in the queue {AFTERWARDS:?} after the last fault"
        );
        sleep(Duration::from_millis(200)).await;
    }
}

fn count(queues: &Value, queue: &str) -> anyhow::Result<usize> {
    let counts = &queues["queues"][queue]["counts"];
    let number = |name: &str| counts[name].as_u64();
    let all = [number("visible"), number("in_flight"), number("delayed")];
    let all: Option<u64> = all.into_iter().sum();
    usize::try_from(all.with_context(|| format!("the counts of {queue}"))?).context("a count")
}

fn judge(outcome: &Outcome, dead: usize) -> anyhow::Result<()> {
    ensure!(
        outcome.lost == 0,
        "{} messages were neither done nor rejected, the first of them number {:?}",
        outcome.lost,
        outcome.first_lost
    );
    ensure!(
        dead == outcome.rejected,
        "{} were rejected and {dead} are in the dead-letter queue",
        outcome.rejected
    );
    Ok(())
}
