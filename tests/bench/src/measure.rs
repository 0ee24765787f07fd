//! What is measured, and how.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use futures_util::future::join_all;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::Installed;
use crate::consumer::{Consumer, post_only};
use crate::process::Process;
use crate::samples::{Samples, percentile_ms};
use crate::stub::{Delays, Stub};

/// How many messages are in flight where nothing else is said.
pub(crate) const IN_FLIGHT: usize = 32;
/// The delays of a queue and a function as they are in a region.
pub(crate) const REAL: Delays = Delays {
    sqs: Duration::from_millis(20),
    function: Duration::from_millis(10),
};
/// One message each so often is low load.
pub(crate) const PACE: Duration = Duration::from_millis(50);

/// How much is measured.
#[derive(Clone, Debug)]
pub(crate) struct Extent {
    pub(crate) repetitions: usize,
    pub(crate) warm_up: u64,
    pub(crate) messages: u64,
    pub(crate) in_flight: Vec<usize>,
    pub(crate) rounds: u64,
    pub(crate) paced: u32,
    pub(crate) idle: Duration,
    /// A program with its arguments that runs each consumer, such as a profiler.
    pub(crate) under: Vec<String>,
}

impl Extent {
    pub(crate) fn full(repetitions: usize) -> Self {
        Self {
            repetitions,
            warm_up: 5_000,
            messages: 30_000,
            in_flight: vec![8, 32, 128, 512],
            rounds: 80,
            paced: 200,
            idle: Duration::from_secs(60),
            under: vec![],
        }
    }

    /// Only busy consumers, run by this program.
    pub(crate) fn run_under(&mut self, program: &str) {
        self.under = program.split_whitespace().map(str::to_owned).collect();
        (self.repetitions, self.paced, self.idle) = (1, 0, Duration::ZERO);
        self.in_flight.clear();
    }

    pub(crate) fn quick() -> Self {
        Self {
            repetitions: 1,
            warm_up: 200,
            messages: 500,
            in_flight: vec![8],
            rounds: 5,
            paced: 10,
            idle: Duration::ZERO,
            under: vec![],
        }
    }
}

/// What was measured of one consumer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    /// Milliseconds from exec to the first receive, and to the first call.
    pub(crate) first_receive: Samples,
    pub(crate) first_call: Samples,
    /// CPU seconds for 10,000 messages, messages a second, and SQS requests a message, without delays.
    pub(crate) cpu: Samples,
    pub(crate) rate: Samples,
    pub(crate) requests: Samples,
    /// CPU seconds for 10,000 messages with delays, at [`IN_FLIGHT`].
    pub(crate) cpu_real: Samples,
    /// MB.
    pub(crate) peak_rss: Samples,
    /// Messages a second with delays, by how many are in flight.
    pub(crate) rates: BTreeMap<usize, Samples>,
    /// Milliseconds from available to called, at low load.
    pub(crate) p50: Samples,
    pub(crate) p99: Samples,
    /// Receives of an idle minute.
    pub(crate) idle: Samples,
}

/// What was measured of all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Results {
    pub(crate) of: BTreeMap<Consumer, Measured>,
    /// Calls a second that a bare client makes of the function, by how many are in flight: the bound.
    pub(crate) bound: BTreeMap<usize, Samples>,
}

/// Measures everything, consumers in turns.
///
/// # Errors
/// When a consumer ends, or does not do its work.
pub(crate) async fn all(installed: &[Installed], extent: &Extent) -> anyhow::Result<Results> {
    let mut results = Results::default();
    for _ in 0..extent.repetitions {
        for (consumer, program) in installed {
            let what = consumer.name();
            let measured = results.of.entry(*consumer).or_default();
            let one = (*consumer, program.clone());
            busy(&one, extent, measured)
                .await
                .with_context(|| format!("{what}, busy"))?;
            if extent.paced > 0 {
                low_load(&one, extent, measured)
                    .await
                    .with_context(|| format!("{what}, low load"))?;
            }
            for in_flight in &extent.in_flight {
                let rate = real(&one, *in_flight, extent, measured).await;
                let rate = rate.with_context(|| format!("{what}, {in_flight} in flight"))?;
                measured.rates.entry(*in_flight).or_default().push(rate);
            }
        }
        for in_flight in &extent.in_flight {
            let rate = bound(*in_flight, extent).await?;
            results.bound.entry(*in_flight).or_default().push(rate);
        }
    }
    if !extent.idle.is_zero() {
        let counted = join_all(installed.iter().map(|one| idle(one, extent.idle))).await;
        for ((consumer, _), receives) in installed.iter().zip(counted) {
            results
                .of
                .entry(*consumer)
                .or_default()
                .idle
                .push(receives?);
        }
    }
    Ok(results)
}

/// A stub, and a consumer that works on it.
struct Session {
    stub: Stub,
    consumer: Process,
    _serving: JoinSet<()>,
}

impl Session {
    async fn start(
        one: &Installed,
        in_flight: usize,
        delays: Delays,
        messages: u64,
    ) -> anyhow::Result<Self> {
        Self::under(&[], one, in_flight, delays, messages).await
    }

    async fn under(
        by: &[String],
        one: &Installed,
        in_flight: usize,
        delays: Delays,
        messages: u64,
    ) -> anyhow::Result<Self> {
        let (stub, serve) = Stub::bind().await?;
        let mut serving = JoinSet::new();
        serving.spawn(serve);
        stub.delay(delays);
        stub.flood(messages);
        let (consumer, program) = one;
        let spec = (consumer.spec(program.clone(), &stub, in_flight)).under(by);
        let consumer = Process::start(&spec)?;
        Ok(Self {
            stub,
            consumer,
            _serving: serving,
        })
    }

    /// Waits until so many were deleted; gives when the last was.
    async fn deleted(&mut self, messages: u64) -> anyhow::Result<Instant> {
        let most = Duration::from_secs(60) + Duration::from_millis(messages);
        let until = Instant::now() + most;
        loop {
            let counts = self.stub.counts();
            if let Some(at) = counts.last_delete.filter(|_| counts.deleted >= messages) {
                return Ok(at);
            }
            self.consumer.check()?;
            if Instant::now() > until {
                bail!(
                    "{} of {messages} messages were deleted within {most:?}",
                    counts.deleted
                );
            }
            sleep(Duration::from_millis(2)).await;
        }
    }
}

async fn busy(one: &Installed, extent: &Extent, measured: &mut Measured) -> anyhow::Result<()> {
    let mut session = Session::under(
        &extent.under,
        one,
        IN_FLIGHT,
        Delays::default(),
        extent.warm_up,
    )
    .await?;
    session.deleted(extent.warm_up).await?;
    let counts = session.stub.counts();
    for (at, samples) in [
        (counts.first_receive, &mut measured.first_receive),
        (counts.first_post, &mut measured.first_call),
    ] {
        let at = at.context("messages were deleted, so they were received and sent")?;
        samples.push(at.duration_since(session.consumer.started).as_secs_f64() * 1000.0);
    }
    let (before, start) = (session.consumer.cpu()?, Instant::now());
    session.stub.flood(extent.messages);
    let end = session.deleted(extent.messages).await?;
    let cpu = session.consumer.cpu()?.saturating_sub(before);
    let messages = extent.messages as f64;
    measured.cpu.push(cpu.as_secs_f64() / messages * 10_000.0);
    measured
        .rate
        .push(messages / end.duration_since(start).as_secs_f64());
    measured
        .requests
        .push(session.stub.counts().sqs_requests() as f64 / messages);
    measured.peak_rss.push(session.consumer.peak_rss()?);
    Ok(())
}

async fn low_load(one: &Installed, extent: &Extent, measured: &mut Measured) -> anyhow::Result<()> {
    let mut session = Session::start(one, IN_FLIGHT, Delays::default(), 50).await?;
    session.deleted(50).await?;
    session.stub.pace(extent.paced, PACE);
    session.deleted(extent.paced.into()).await?;
    let mut latencies = session.stub.latencies();
    measured
        .p50
        .push(percentile_ms(&mut latencies, 0.5).context("paced messages are timed")?);
    measured
        .p99
        .push(percentile_ms(&mut latencies, 0.99).context("paced messages are timed")?);
    Ok(())
}

/// Messages a second with delays.
async fn real(
    one: &Installed,
    in_flight: usize,
    extent: &Extent,
    measured: &mut Measured,
) -> anyhow::Result<f64> {
    let messages = in_flight as u64 * extent.rounds;
    // Warmed up by as much as is measured: how many polls it takes is found by then.
    let mut session = Session::start(one, in_flight, REAL, messages).await?;
    session.deleted(messages).await?;
    let (before, start) = (session.consumer.cpu()?, Instant::now());
    session.stub.flood(messages);
    let end = session.deleted(messages).await?;
    if in_flight == IN_FLIGHT {
        let cpu = session.consumer.cpu()?.saturating_sub(before);
        measured
            .cpu_real
            .push(cpu.as_secs_f64() / messages as f64 * 10_000.0);
    }
    Ok(messages as f64 / end.duration_since(start).as_secs_f64())
}

/// Calls a second of a client that does nothing but call, always with so many in flight.
async fn bound(in_flight: usize, extent: &Extent) -> anyhow::Result<f64> {
    let calls = in_flight as u64 * extent.rounds;
    let (stub, serve) = Stub::bind().await?;
    let mut serving = JoinSet::new();
    serving.spawn(serve);
    stub.delay(REAL);
    stub.flood(0);
    let mut client = Process::start(&post_only(&stub, in_flight, calls)?)?;
    let until = Instant::now() + Duration::from_secs(60);
    while stub.counts().posts < calls {
        if Instant::now() > until {
            client.check()?;
            bail!("the bare client did not make its calls");
        }
        sleep(Duration::from_millis(1)).await;
    }
    let counts = stub.counts();
    let (first, last) = (
        counts.first_post.context("calls were made")?,
        counts.last_post.context("calls were made")?,
    );
    Ok(calls as f64 / (last - first + REAL.function).as_secs_f64())
}

/// Receives in an idle minute.
async fn idle(one: &Installed, lasting: Duration) -> anyhow::Result<f64> {
    let mut session = Session::start(one, IN_FLIGHT, Delays::default(), 500).await?;
    session.deleted(500).await?;
    // What was asked because of the work is over by then.
    sleep(Duration::from_secs(25)).await;
    session.stub.flood(0);
    sleep(lasting).await;
    session.consumer.check()?;
    let receives = session
        .stub
        .counts()
        .requests
        .get("ReceiveMessage")
        .copied()
        .unwrap_or_default();
    Ok(receives as f64 * 60.0 / lasting.as_secs_f64())
}
