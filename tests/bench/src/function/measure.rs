//! Takes every measure of every runtime, in turns.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};

use super::load::{call, first_answer};
use super::runtime::{Installed, Runtime};
use super::tree;
use crate::process::Process;
use crate::samples::Samples;

/// How much is measured.
pub(super) struct Extent {
    pub(super) repetitions: usize,
    warm: Duration,
    pub(super) load: Duration,
    pub(super) starts: usize,
}

impl Extent {
    pub(super) fn quick() -> Self {
        Self {
            repetitions: 1,
            warm: Duration::from_millis(200),
            load: Duration::from_secs(1),
            starts: 3,
        }
    }

    pub(super) fn full(repetitions: usize) -> Self {
        Self {
            repetitions,
            warm: Duration::from_millis(500),
            load: Duration::from_secs(4),
            starts: 10,
        }
    }
}

/// What was measured of one runtime.
#[derive(Default)]
pub(super) struct Measured {
    pub(super) rate: Samples,
    pub(super) p50: Samples,
    pub(super) p99: Samples,
    pub(super) cpu: Samples,
    pub(super) idle: Samples,
    pub(super) resident: Samples,
    pub(super) start: Samples,
}

pub(super) type Results = BTreeMap<Runtime, Measured>;

/// Measures them in turns, so that what disturbs the machine disturbs all alike.
pub(super) async fn all(installed: &[Installed], extent: &Extent) -> anyhow::Result<Results> {
    let mut results = Results::new();
    for repetition in 1..=extent.repetitions {
        for runtime in installed {
            crate::report::say(&format!("{repetition}: {}", runtime.0.name()));
            let measured = results.entry(runtime.0).or_default();
            loaded(runtime, extent, measured)
                .await
                .with_context(|| runtime.0.name())?;
        }
        for _ in 0..extent.starts {
            for (runtime, program, behind) in installed {
                let (spec, port) = runtime.spec(program, behind.as_deref())?;
                let process = Process::start_logging(&spec)?;
                first_answer(port).await.with_context(|| runtime.name())?;
                let took = process.started.elapsed().as_secs_f64() * 1e3;
                let measured = results.entry(*runtime).or_default();
                measured.start.push(took);
                stop(process);
            }
        }
    }
    Ok(results)
}

async fn loaded(
    (runtime, program, behind): &Installed,
    extent: &Extent,
    measured: &mut Measured,
) -> anyhow::Result<()> {
    let (spec, port) = runtime.spec(program, behind.as_deref())?;
    let process = Process::start_logging(&spec)?;
    first_answer(port).await?;
    let processes = tree::of(process.id());
    measured.idle.push(tree::resident(&processes));
    call(port, extent.warm).await?;
    let before = tree::cpu(&processes);
    let load = call(port, extent.load).await?;
    let cpu = tree::cpu(&processes) - before;
    #[expect(clippy::cast_precision_loss, reason = "counts of requests are small")]
    let requests = load.requests as f64;
    measured.rate.push(requests / load.seconds);
    measured.cpu.push(cpu.as_secs_f64() / requests * 1e4);
    measured.p50.push(load.p50_ms);
    measured.p99.push(load.p99_ms);
    measured.resident.push(tree::resident(&processes));
    stop(process);
    Ok(())
}

/// Ends it and what it started; the watchdog's function would outlive it.
fn stop(process: Process) {
    let started = tree::of(process.id());
    drop(process);
    for id in started.into_iter().skip(1) {
        if let Some(id) = i32::try_from(id).ok().and_then(Pid::from_raw) {
            let _ = kill_process(id, Signal::KILL);
        }
    }
    // The next one may want the same ports.
    std::thread::sleep(Duration::from_millis(20));
}
