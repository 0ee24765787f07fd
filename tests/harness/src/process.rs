//! A part under test as a process: started, watched by its log lines, and never left behind.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

mod output;

pub use self::output::Line;
use self::output::{Output, log_file, read_into};

/// How to start a process.
#[derive(Clone, Debug, Default)]
pub struct Spec {
    /// What to call it in messages, and its log file.
    pub name: String,
    /// The binary.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Its environment, beside `PATH`: nothing else of the caller's goes along.
    pub env: BTreeMap<String, String>,
    /// The folder to put a copy of its output in, as `<name>.ndjson`.
    pub log_folder: Option<PathBuf>,
    /// How many lines to keep in memory, the first ones; all where not given.
    pub keep_lines: Option<usize>,
}

impl Spec {
    /// A process without arguments and environment.
    pub fn new(name: &str, program: PathBuf) -> Self {
        Self {
            name: name.to_owned(),
            program,
            ..Self::default()
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.insert(name.to_owned(), value.into());
        self
    }
}

/// A running process. Dropping it kills it.
pub struct Process {
    name: String,
    child: Child,
    output: Arc<Output>,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts it.
    ///
    /// # Errors
    /// When the binary can't be started or its log file can't be made.
    pub fn start(spec: &Spec) -> anyhow::Result<Self> {
        let file = match &spec.log_folder {
            Some(folder) => Some(log_file(folder, &spec.name)?),
            None => None,
        };
        let mut child = Command::new(&spec.program)
            .args(&spec.args)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .envs(&spec.env)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} at {}", spec.name, spec.program.display()))?;
        let output = Arc::new(Output::new(file, spec.keep_lines.unwrap_or(usize::MAX)));
        let stdout = child.stdout.take().context("stdout is piped")?;
        let stderr = child.stderr.take().context("stderr is piped")?;
        Ok(Self {
            name: spec.name.clone(),
            child,
            readers: vec![
                read_into(Arc::clone(&output), stdout),
                read_into(Arc::clone(&output), stderr),
            ],
            output,
        })
    }

    /// Waits until a line fits, those that came already included, and gives it.
    ///
    /// # Errors
    /// When none came in time; the error has the process' last lines.
    pub async fn wait_for(
        &self,
        what: &str,
        patience: Duration,
        fits: impl Fn(&Line) -> bool,
    ) -> anyhow::Result<Line> {
        let mut progress = self.output.progress.subscribe();
        let mut seen = 0;
        let found = tokio::time::timeout(patience, async {
            loop {
                let (line, total) = {
                    let lines = self.output.lines();
                    (
                        lines[seen..].iter().find(|line| fits(line)).cloned(),
                        lines.len(),
                    )
                };
                if let Some(line) = line {
                    return Some(line);
                }
                seen = total;
                let now = *progress.borrow_and_update();
                if now.ended == 2 && now.lines == seen {
                    return None;
                }
                progress
                    .wait_for(|now| now.lines > seen || now.ended == 2)
                    .await
                    .ok()?;
            }
        })
        .await;
        match found {
            Ok(Some(line)) => Ok(line),
            _ => bail!(
                "{} did not say {what} in {patience:?}; its last lines:\n{}",
                self.name,
                self.tail()
            ),
        }
    }

    /// All lines so far.
    pub fn lines(&self) -> Vec<Line> {
        self.output.lines().clone()
    }

    /// Its process id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Sends a signal by name, such as `TERM`.
    ///
    /// # Errors
    /// When it no longer runs.
    pub async fn signal(&self, name: &str) -> anyhow::Result<()> {
        let id = self
            .id()
            .with_context(|| format!("{} no longer runs", self.name))?;
        let sent = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(id.to_string())
            .status()
            .await?;
        anyhow::ensure!(sent.success(), "kill -{name} {id}: {sent}");
        Ok(())
    }

    /// Waits for it to end by itself, and for the last of its output.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn ended(&mut self, patience: Duration) -> anyhow::Result<ExitStatus> {
        let waited = tokio::time::timeout(patience, self.child.wait()).await;
        let Ok(status) = waited else {
            bail!(
                "{} still runs after {patience:?}; its last lines:\n{}",
                self.name,
                self.tail()
            );
        };
        for reader in self.readers.drain(..) {
            let _ = reader.await;
        }
        Ok(status?)
    }

    /// SIGTERM, and waits for its end.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn stop(&mut self, patience: Duration) -> anyhow::Result<ExitStatus> {
        // It may just have ended; then there is nobody to signal, and its status is there.
        let _ = self.signal("TERM").await;
        self.ended(patience).await
    }

    /// SIGKILL, and waits for its end.
    ///
    /// # Errors
    /// When it can't be killed.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().await?;
        for reader in self.readers.drain(..) {
            let _ = reader.await;
        }
        Ok(())
    }

    fn tail(&self) -> String {
        let lines = self.output.lines();
        let from = lines.len().saturating_sub(30);
        let texts: Vec<_> = lines[from..]
            .iter()
            .map(|line| line.text.as_str())
            .collect();
        texts.join("\n")
    }
}
