//! The contract between OpenFaaS and a function's process, as checks that see nothing but the process
//! from outside: its port, its exit code, its lock file, its metrics.
//!
//! The suite runs on a function of the SDK, and on the real of-watchdog in front of a small handler.
//! Where the two differ on purpose, the check says why, and holds each to its own.

mod call;
mod checks;
mod subject;

use std::fmt::Write as _;

use subject::Running;
pub use subject::{Kind, Subject};

/// One thing that is expected.
#[derive(Clone, Copy)]
pub(crate) struct Check {
    pub(crate) name: &'static str,
    /// Why ours and the watchdog's are not the same here.
    pub(crate) differs: Option<&'static str>,
    pub(crate) run: Run,
}

#[derive(Clone, Copy)]
pub(crate) enum Run {
    /// Asked of any process that serves.
    Serving(fn(&Running) -> anyhow::Result<()>),
    /// Asked of one that serves in this environment.
    Started(
        &'static [(&'static str, &'static str)],
        fn(Running) -> anyhow::Result<()>,
    ),
    /// Starts what it wants itself.
    Any(fn(&Subject) -> anyhow::Result<()>),
}

/// What came of the checks.
#[derive(Debug, Default)]
pub struct Report {
    /// A line for each check, and for each failure what was wrong.
    pub text: String,
    /// How many held.
    pub held: usize,
    /// How many did not.
    pub failed: usize,
    /// How many can't be asked of a process that runs elsewhere.
    pub not_asked: usize,
}

impl Report {
    fn add(&mut self, kind: Kind, check: &Check, outcome: anyhow::Result<()>) {
        let mark = if outcome.is_ok() { "✓" } else { "✗" };
        let _ = writeln!(self.text, "{mark} {}", check.name);
        if let Some(why) = check.differs {
            let whose = match kind {
                Kind::Throughline => "not as of-watchdog",
                Kind::Watchdog => "not as a function on the SDK",
            };
            let _ = writeln!(self.text, "    {whose}: {why}");
        }
        match outcome {
            Ok(()) => self.held += 1,
            Err(error) => {
                self.failed += 1;
                let _ = writeln!(self.text, "    {error:#}");
            }
        }
    }
}

/// Runs every check on a command, each in a process of its own where it needs one.
pub fn examine(subject: &Subject) -> Report {
    let mut report = Report::default();
    let serving = subject.start(&[]);
    for check in checks::all() {
        let outcome = match &check.run {
            Run::Serving(run) => match &serving {
                Ok(serving) => run(serving),
                Err(error) => Err(anyhow::anyhow!("{error:#}")),
            },
            // The watchdog's port for metrics is fixed: one at a time.
            Run::Started(..) | Run::Any(_) => continue,
        };
        report.add(subject.kind, &check, outcome);
    }
    drop(serving);
    for check in checks::all() {
        let outcome = match &check.run {
            Run::Serving(_) => continue,
            Run::Started(env, run) => subject.start(env).and_then(run),
            Run::Any(run) => run(subject),
        };
        report.add(subject.kind, &check, outcome);
    }
    report
}

/// Runs the checks that need no process of their own on one that serves at `host:port`.
pub fn examine_at(kind: Kind, address: &str) -> Report {
    let mut report = Report::default();
    let serving = Running::at(kind, address);
    for check in checks::all() {
        match &check.run {
            Run::Serving(run) => report.add(kind, &check, run(&serving)),
            Run::Started(..) | Run::Any(_) => report.not_asked += 1,
        }
    }
    report
}
