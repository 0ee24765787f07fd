//! A command that runs to its end, with all that it said.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    told: String,
    log: PathBuf,
    success: bool,
    /// What it said on both streams.
    pub(crate) text: String,
}

/// Runs a command to its end; what it says is kept in `log`.
///
/// # Errors
/// When it can't be started, or its output can't be kept.
pub(crate) fn run(command: &mut Command, log: &Path) -> anyhow::Result<Ran> {
    let program = command.get_program().to_string_lossy().into_owned();
    let arguments: Vec<_> = command
        .get_args()
        .map(|argument| argument.to_string_lossy())
        .collect();
    let told = format!("{program} {}", arguments.join(" "));
    let kept = || -> io::Result<(File, File)> {
        let file = File::create(log)?;
        Ok((file.try_clone()?, file))
    };
    let (stdout, stderr) = kept().with_context(|| log.display().to_string())?;
    let status = command
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr)
        .status()
        .with_context(|| told.clone())?;
    let text = std::fs::read(log).with_context(|| log.display().to_string())?;
    Ok(Ran {
        told,
        log: log.to_owned(),
        success: status.success(),
        text: String::from_utf8_lossy(&text).into_owned(),
    })
}

impl Ran {
    /// It has succeeded.
    ///
    /// # Errors
    /// When it has not; the error has its last lines.
    pub(crate) fn succeeded(self) -> anyhow::Result<Self> {
        ensure!(
            self.success,
            "{} failed; all of it is in {}:\n{}",
            self.told,
            self.log.display(),
            self.tail()
        );
        Ok(self)
    }

    /// It has failed.
    ///
    /// # Errors
    /// When it has succeeded.
    pub(crate) fn failed(self) -> anyhow::Result<Self> {
        ensure!(!self.success, "{} succeeded:\n{}", self.told, self.tail());
        Ok(self)
    }

    /// It said this.
    ///
    /// # Errors
    /// When it did not; the error has its last lines.
    pub(crate) fn says(&self, text: &str) -> anyhow::Result<&Self> {
        ensure!(
            self.text.contains(text),
            "{} did not say {text:?}:\n{}",
            self.told,
            self.tail()
        );
        Ok(self)
    }

    /// The packages that cargo compiled, in order.
    pub(crate) fn compiled(&self) -> Vec<&str> {
        let lines = self.text.lines().map(str::trim);
        lines
            .filter_map(|line| line.strip_prefix("Compiling ")?.split(' ').next())
            .collect()
    }

    fn tail(&self) -> String {
        let lines: Vec<_> = self.text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}
