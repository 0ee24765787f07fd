//! The engine: every queue's loop, heartbeat and settler, the topic map, and the admin server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::admin::{self, Health};
use crate::aws::{Accounts, Credentials};
use crate::batch::Batches;
use crate::callback::{Callbacks, Door, Listener};
use crate::commands::check;
use crate::config::{Config, Mode};
use crate::discovery::{Discovery, Topics};
use crate::gateway::Gateway;
use crate::heartbeat::Holding;
use crate::http::Http;
use crate::intake::Intake;
use crate::lane::{Lane, Phase, Shared};
use crate::learn;
use crate::metrics::Metrics;
use crate::queue::Queue;
use crate::random::Random;
use crate::settle::Settler;
use crate::spans::Spans;
use crate::wall_clock::WallClock;

/// How long settling may go on after the budget of the drain is used up.
const FLUSH: Duration = Duration::from_secs(5);

/// How long the lines may take that say what was left.
const LAST_LINES: Duration = Duration::from_secs(1);

/// What the engine takes from outside.
#[derive(Debug)]
pub struct Outside {
    /// The one HTTP client.
    pub http: Http,
    /// Where the AWS credentials come from.
    pub credentials: Credentials,
    /// Random numbers.
    pub random: Random,
    /// The time of day.
    pub wall_clock: WallClock,
    /// What is counted; a clone reads along.
    pub metrics: Metrics,
    /// Where spans go; by default nowhere.
    pub spans: Spans,
    /// Where the admin server listens; without it there is none.
    pub admin: Option<TcpListener>,
    /// Where callbacks come in; needed where the configuration has a place for them.
    pub callbacks: Option<Door>,
}

/// Runs until `stop` is ready, then drains. Returns how many messages were left unsettled; SQS
/// hands them out again.
pub async fn run(config: Config, outside: Outside, stop: impl Future<Output = ()>) -> usize {
    let metrics = outside.metrics.clone();
    let (phase, phase_seen) = watch::channel(Phase::Running);
    let (topics, topics_seen) = watch::channel(Topics::default());
    let gateway = Gateway::new(
        outside.http.clone(),
        config.gateway.url.clone(),
        config.gateway.upstream_timeout,
    );
    let shared = Shared {
        gateway: gateway.clone(),
        topics: topics_seen.clone(),
        metrics: metrics.clone(),
        spans: outside.spans.clone(),
        random: outside.random.clone(),
        wall_clock: outside.wall_clock.clone(),
        printing: config.printing,
        callbacks: callbacks(&config, &outside),
    };

    // Tasks of the process: they belong to no message, and end with this function.
    let mut background = JoinSet::new();
    let mut lanes = JoinSet::new();
    let mut known = Vec::new();
    let mut accounts = Accounts::new(
        outside.http.clone(),
        outside.credentials,
        config.home_region,
        outside.wall_clock,
        metrics.clone(),
    );
    for queue in &config.queues {
        let calls = Queue::new(
            accounts.of(queue).await,
            queue.url.as_str(),
            metrics.clone(),
        );
        metrics.price(calls.name(), queue.price_per_million_requests);
        let holding = Arc::new(Holding::new(
            queue.visibility_timeout,
            outside.random.clone(),
        ));
        let (settler, settling) = Settler::new(
            calls.clone(),
            holding.clone(),
            config.settle_window,
            outside.random.clone(),
        );
        let lane = Arc::new(Lane::new(
            queue.clone(),
            calls.clone(),
            shared.clone(),
            holding.clone(),
            settler,
            phase_seen.clone(),
        ));
        if let Mode::Batch(limits) = queue.mode {
            let (batches, driver) = Batches::new(limits);
            let _ = lane.batches.set(batches);
            background.spawn(driver.run(lane.clone()));
        }
        background.spawn(settling);
        background.spawn(holding.keep(calls, metrics.clone()));
        background.spawn(learn::keep_current(lane.clone()));
        known.push(lane.clone());
        lanes.spawn(async move {
            learn::until_reachable(&lane).await;
            let mut beside = JoinSet::new();
            beside.spawn(check::at_start(lane.clone()));
            let name = lane.queue.name().to_owned();
            (name, Intake::new(lane).run().await)
        });
    }
    for keeper in accounts.keepers() {
        background.spawn(keeper.renew());
    }
    let discovery = Discovery {
        http: outside.http.clone(),
        url: config.gateway.url.clone(),
        secrets: config.gateway.secrets.clone(),
        interval: config.gateway.rebuild_interval,
        random: outside.random,
        metrics: metrics.clone(),
    };
    background.spawn(discovery.run(topics));
    if let (Some(door), Some(callbacks)) = (outside.callbacks, &shared.callbacks) {
        let answering = Listener::new(callbacks.clone(), known.clone(), metrics.clone());
        background.spawn(answering.run(door));
    }
    let broken = Arc::new(AtomicBool::new(false));
    if let Some(listener) = outside.admin {
        let health = Health::new(known.clone(), topics_seen, gateway, metrics);
        let health = health.with_callbacks(shared.callbacks.clone());
        let health = health.with_broken(broken.clone());
        background.spawn(admin::run(listener, health));
    }

    tokio::pin!(stop);
    loop {
        tokio::select! {
            biased;
            () = &mut stop => break,
            // Only a panic ends one of these early; liveness fails then, and the process is replaced.
            Some(ended) = lanes.join_next() => {
                broken.store(true, Ordering::Relaxed);
                tracing::error!(error = ?ended.err(), "the loop of a queue ended");
            }
            Some(ended) = background.join_next() => {
                broken.store(true, Ordering::Relaxed);
                tracing::error!(error = ?ended.err(), "a part of the engine ended");
            }
        }
    }
    drain(&phase, background, lanes, config.drain_timeout).await
}

/// The calls that wait for callbacks, with the URL under which these reach us.
fn callbacks(config: &Config, outside: &Outside) -> Option<Callbacks> {
    let (place, door) = (config.callback.as_ref()?, outside.callbacks.as_ref()?);
    let port = door
        .address()
        .map_or(place.listen.port(), |addr| addr.port());
    let base = place.base(port);
    tracing::info!(url = base, "callbacks are asked for at this address");
    Some(Callbacks::new(base, outside.random.clone()))
}

async fn drain(
    phase: &watch::Sender<Phase>,
    mut background: JoinSet<()>,
    mut lanes: JoinSet<(String, usize)>,
    budget: Duration,
) -> usize {
    let started = Instant::now();
    tracing::info!(
        budget_ms = budget.as_millis() as u64,
        "stopping: no new polls; what runs may end"
    );
    let _ = phase.send(Phase::Draining);
    let mut left = 0;
    for (end, next) in [
        (budget, Some(Phase::Abandoning)),
        (budget + FLUSH, Some(Phase::Leaving)),
        (budget + FLUSH + LAST_LINES, None),
    ] {
        let end = sleep_until(started + end);
        tokio::pin!(end);
        loop {
            tokio::select! {
                biased;
                ended = lanes.join_next() => match ended {
                    Some(Ok((queue, unsettled))) => {
                        left += unsettled;
                        tracing::info!(queue, left = unsettled, "queue drained");
                    }
                    Some(Err(error)) => tracing::error!(%error, "the loop of a queue ended"),
                    None => break,
                },
                () = &mut end => break,
            }
        }
        if lanes.is_empty() {
            break;
        }
        match next {
            Some(Phase::Abandoning) => {
                tracing::warn!("the budget of the drain is used up: what still runs is given back");
            }
            Some(_) => {
                tracing::warn!(
                    "SQS does not answer: what is held is left, and handed out again after its visibility timeout"
                );
                // Without its settler every message tells that it is left.
                background.shutdown().await;
            }
            None => {}
        }
        if let Some(next) = next {
            let _ = phase.send(next);
        }
    }
    background.shutdown().await;
    lanes.shutdown().await;
    let took_ms = started.elapsed().as_millis() as u64;
    tracing::info!(took_ms, left, "stopped");
    left
}
