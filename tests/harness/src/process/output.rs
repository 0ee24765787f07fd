//! What a process says: its lines, kept in memory, and copied to a file for people to read.

use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::sync::watch;
use tokio::task::JoinHandle;

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

pub(super) struct Output {
    lines: Mutex<Vec<Line>>,
    pub(super) progress: watch::Sender<Progress>,
    file: Option<Mutex<std::fs::File>>,
    /// So many lines are kept, the first ones.
    most: usize,
}

/// How far a process' output has come.
#[derive(Clone, Copy, Default)]
pub(super) struct Progress {
    pub(super) lines: usize,
    /// Of its two streams, how many are at their end.
    pub(super) ended: usize,
}

impl Output {
    pub(super) fn new(file: Option<Mutex<std::fs::File>>, most: usize) -> Self {
        Self {
            most,
            lines: Mutex::default(),
            progress: watch::channel(Progress::default()).0,
            file,
        }
    }

    pub(super) fn lines(&self) -> MutexGuard<'_, Vec<Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, text: String) {
        if let Some(file) = &self.file {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            // A copy for people to read; the lines in memory are what is checked.
            let _ = writeln!(file, "{text}");
        }
        if self.lines().len() >= self.most {
            return;
        }
        let json = serde_json::from_str(&text).unwrap_or_default();
        self.lines().push(Line { text, json });
        self.progress.send_modify(|progress| progress.lines += 1);
    }
}

pub(super) fn log_file(folder: &Path, name: &str) -> anyhow::Result<Mutex<std::fs::File>> {
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
pub(super) fn read_into(
    output: Arc<Output>,
    from: impl AsyncRead + Send + Unpin + 'static,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut lines = BufReader::new(from).split(b'\n');
        while let Ok(Some(line)) = lines.next_segment().await {
            output.push(String::from_utf8_lossy(&line).into_owned());
        }
        output.progress.send_modify(|progress| progress.ended += 1);
    })
}
