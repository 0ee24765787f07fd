//! A part under test as a process: started, watched by its log lines, and never left behind.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

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

/// A line of a process' output: what it says, and as JSON where it is that.
#[derive(Clone, Debug)]
pub struct Line {
    /// The line.
    pub text: String,
    /// The line as JSON; null where it is none.
    pub json: Value,
}

impl Line {
    /// Whether it is a log line with this message.
    pub fn says(&self, message: &str) -> bool {
        self.json["message"] == message
    }

    /// The milestone it marks.
    pub fn milestone(&self) -> Option<&str> {
        self.json["milestone"].as_str()
    }

    /// The id it carries.
    pub fn correlation_id(&self) -> Option<&str> {
        self.json["correlation_id"].as_str()
    }
}

/// A running process. Dropping it kills it.
pub struct Process {
    name: String,
    child: Child,
    output: Arc<Output>,
    readers: Vec<JoinHandle<()>>,
}

struct Output {
    lines: Mutex<Vec<Line>>,
    progress: watch::Sender<Progress>,
    file: Option<Mutex<std::fs::File>>,
}

/// How far a process' output has come.
#[derive(Clone, Copy, Default)]
struct Progress {
    lines: usize,
    /// Of its two streams, how many are at their end.
    ended: usize,
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
        let output = Arc::new(Output {
            lines: Mutex::default(),
            progress: watch::channel(Progress::default()).0,
            file,
        });
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

impl Output {
    fn lines(&self) -> MutexGuard<'_, Vec<Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, text: String) {
        if let Some(file) = &self.file {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            // A copy for people to read; the lines in memory are what is checked.
            let _ = writeln!(file, "{text}");
        }
        let json = serde_json::from_str(&text).unwrap_or_default();
        self.lines().push(Line { text, json });
        self.progress.send_modify(|progress| progress.lines += 1);
    }
}

fn log_file(folder: &Path, name: &str) -> anyhow::Result<Mutex<std::fs::File>> {
    let path = folder.join(format!("{name}.ndjson"));
    let file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .with_context(|| path.display().to_string())?;
    Ok(Mutex::new(file))
}

#[expect(
    clippy::disallowed_methods,
    reason = "reads for the process' life, and for no request"
)]
fn read_into(output: Arc<Output>, from: impl AsyncRead + Send + Unpin + 'static) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut lines = BufReader::new(from).split(b'\n');
        while let Ok(Some(line)) = lines.next_segment().await {
            output.push(String::from_utf8_lossy(&line).into_owned());
        }
        output.progress.send_modify(|progress| progress.ended += 1);
    })
}
