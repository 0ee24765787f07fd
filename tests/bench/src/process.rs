//! A consumer as a process, pinned to a core, and what it costs.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal};
use rustix::thread::{CpuSet, sched_setaffinity};

/// The core that the consumer has for itself, and the one of everything else.
pub(crate) const CONSUMER_CORE: usize = 0;
const OTHER_CORE: usize = 1;

/// How a consumer is started.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) program: std::path::PathBuf,
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    /// Whether another program runs it, which wants to end in peace.
    pub(crate) profiled: bool,
}

impl Spec {
    /// The same, run by another program; itself where there is none.
    pub(crate) fn under(self, by: &[String]) -> Self {
        let [program, args @ ..] = by else {
            return self;
        };
        let own = self.program.display().to_string();
        Self {
            program: program.into(),
            args: (args.iter().cloned().chain([own]).chain(self.args)).collect(),
            env: self.env,
            profiled: true,
        }
    }
}

/// A consumer that runs; killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    profiled: bool,
    pub(crate) started: Instant,
}

/// Keeps this thread, and those it starts, off the consumer's core.
///
/// # Errors
/// When the machine has one core only.
pub(crate) fn leave_the_consumers_core() -> anyhow::Result<()> {
    pin(OTHER_CORE).context("a consumer wants a core for itself: two are needed")
}

fn pin(core: usize) -> anyhow::Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    Ok(sched_setaffinity(None, &set)?)
}

impl Process {
    /// Starts a consumer on its core, with no environment but its own.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(spec: &Spec) -> anyhow::Result<Self> {
        Self::start_with(spec, Stdio::inherit())
    }

    /// [`Process::start`] for one whose standard error is part of its log.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start_logging(spec: &Spec) -> anyhow::Result<Self> {
        Self::start_with(spec, Stdio::piped())
    }

    fn start_with(spec: &Spec, stderr: Stdio) -> anyhow::Result<Self> {
        // A child runs where the thread that started it may run.
        pin(CONSUMER_CORE)?;
        let mut command = Command::new(&spec.program);
        command
            .args(&spec.args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(spec.env.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr);
        let started = Instant::now();
        let child = command
            .spawn()
            .with_context(|| format!("{} cannot be started", spec.program.display()));
        leave_the_consumers_core()?;
        let mut child = child?;
        // Somebody reads the log, as a container runtime does.
        if let Some(mut lines) = child.stdout.take() {
            std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        }
        if let Some(mut lines) = child.stderr.take() {
            std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        }
        Ok(Self {
            child,
            profiled: spec.profiled,
            started,
        })
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// User and system time that it has used so far, of all its threads.
    ///
    /// # Errors
    /// When it runs no more.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let folder = format!("/proc/{}/task", self.child.id());
        let mut total = 0;
        for task in
            fs::read_dir(&folder).with_context(|| format!("{folder}: the consumer has ended"))?
        {
            // A thread may end between the two.
            let Ok(stat) = fs::read_to_string(task?.path().join("schedstat")) else {
                continue;
            };
            let nanos = stat.split(' ').next().and_then(|n| n.parse::<u64>().ok());
            total += nanos.context("schedstat begins with nanoseconds")?;
        }
        Ok(Duration::from_nanos(total))
    }

    /// The most memory that was ever resident, in MB.
    ///
    /// # Errors
    /// When it runs no more.
    pub(crate) fn peak_rss(&self) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kb: f64 = line
            .context("no VmHWM: the consumer has ended")?
            .trim()
            .trim_end_matches(" kB")
            .parse()?;
        Ok(kb / 1024.0)
    }

    /// Whether it runs still.
    ///
    /// # Errors
    /// When it has ended.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("the consumer ended: {status}");
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let signal = if self.profiled {
                Signal::TERM
            } else {
                Signal::KILL
            };
            let _ = rustix::process::kill_process(pid, signal);
        }
        let _ = self.child.wait();
    }
}
