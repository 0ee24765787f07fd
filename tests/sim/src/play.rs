//! Plays a scenario: every act at its time, then peace until all is settled, and the stop.

use std::cell::RefCell;
use std::sync::{Once, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::log;
use crate::process::Processes;
use crate::scenario::{Act, Scenario};
use crate::weather::Weather;
use crate::world::World;

/// How long it may take in peace until every message is settled.
const PATIENCE: Duration = Duration::from_secs(2 * 3600);

thread_local! {
    /// Where a panic of the engine is noted while a run is played on this thread.
    static PANICS: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// What came of a run.
#[derive(Debug)]
pub struct Run {
    pub seed: u64,
    /// What went against a promise; none where all went well.
    pub violations: Vec<String>,
    /// Every line, where it was asked for.
    pub log: Vec<String>,
    pub messages: usize,
    pub calls: u64,
    /// How much time passed in the run.
    pub lasted: Duration,
}

/// Plays the scenario of a seed, on this thread. The same seed gives the same run.
pub fn play(seed: u64, keep_log: bool) -> Run {
    note_panics();
    throughline::seed_ids(Some(seed));
    PANICS.set(Some(Vec::new()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O needs nothing from the system");
    let mut run = runtime.block_on(act(Scenario::new(seed), keep_log));
    drop(runtime);
    log::listen(None);
    throughline::seed_ids(None);
    let panics = PANICS.take().unwrap_or_default();
    run.violations.extend(panics);
    run
}

async fn act(scenario: Scenario, keep_log: bool) -> Run {
    let started = Instant::now();
    let world = World::new(scenario, keep_log);
    log::listen(Some(world.log.clone()));
    world.log.say(|| {
        let scenario = &world.scenario;
        format!(
            "seed {} {:?} {:?}",
            scenario.seed, scenario.profile, scenario.setup
        )
    });
    let mut processes = Processes::new(world.clone());
    for (at, act) in &world.scenario.acts {
        sleep_until(started + *at).await;
        perform(&world, &mut processes, act).await;
    }
    perform(&world, &mut processes, &Act::SqsWell).await;
    perform(&world, &mut processes, &Act::Gateway(Weather::Fair)).await;
    if processes.running() == 0 {
        processes.start();
    }
    if settle(&world).await {
        idle(&world, processes.running() as u64).await;
    }
    processes.terminate();
    let most = world.scenario.setup.drain_timeout + Duration::from_secs(60);
    if tokio::time::timeout(most, processes.ended()).await.is_err() {
        world.violation("a process never ended".to_owned());
    }
    drop(processes);
    let connections = std::mem::take(
        &mut *world
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner),
    );
    drop(connections);
    world.look();
    let ledger = world.ledger();
    Run {
        seed: world.scenario.seed,
        violations: ledger.violations().to_vec(),
        log: world.log.take(),
        messages: world.scenario.messages.len(),
        calls: ledger.calls,
        lasted: started.elapsed(),
    }
}

async fn perform(world: &World, processes: &mut Processes, act: &Act) {
    if !matches!(act, Act::Send(_) | Act::Start) {
        world.log.say(|| format!("{act:?}"));
    }
    match act {
        Act::Send(n) => {
            world.log.say(|| format!("message {n} is sent"));
            world.send(*n).await;
        }
        Act::SqsFault(fault) => {
            let added = world.sqs.faults().add(fault.clone());
            added.expect("a fault that can be meant");
        }
        Act::SqsWell => world.sqs.faults().clear(),
        Act::Gateway(weather) => {
            world.weather.send_replace(*weather);
        }
        Act::Terminate => processes.terminate(),
        Act::Kill => processes.kill(),
        Act::Start => processes.start(),
        Act::StandStill(time) => {
            world.stand_still(*time);
            tokio::time::advance(*time).await;
        }
        Act::ClockJump(seconds) => world.jump(*seconds),
    }
}

/// In peace, every message is settled some day.
async fn settle(world: &World) -> bool {
    let until = Instant::now() + PATIENCE;
    loop {
        world.look();
        if world.ledger().is_settled() {
            return true;
        }
        if Instant::now() >= until {
            let left = world.ledger().unsettled();
            world.violation(format!(
                "not settled within {PATIENCE:?} of peace: {left:?}"
            ));
            return false;
        }
        sleep(Duration::from_secs(1)).await;
    }
}

/// Where there is nothing to do, one long poll is open, and no more.
async fn idle(world: &World, processes: u64) {
    let wait = world.scenario.setup.wait;
    sleep(wait * 3).await;
    let before = world.ledger().receives;
    sleep(wait * 5).await;
    let receives = world.ledger().receives - before;
    if receives > 6 * processes {
        world.violation(format!(
            "{receives} receives of an idle queue by {processes} processes within five times {wait:?}"
        ));
    }
}

/// From now on a panic while a run is played is noted, and not printed.
fn note_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let noted = PANICS.try_with(|panics| {
                let mut panics = panics.try_borrow_mut().ok()?;
                panics.as_mut()?.push(format!("a panic: {info}"));
                Some(())
            });
            if !matches!(noted, Ok(Some(()))) {
                before(info);
            }
        }));
    });
}
