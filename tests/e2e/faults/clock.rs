//! A time of day that the test sets, for one process: the other clocks go on as they are.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, ensure};
use harness::Spec;
use tempfile::TempDir;

/// The clock of a process that is started with [`on`](Self::on).
pub(crate) struct Clock {
    folder: TempDir,
}

impl Clock {
    /// One that is right so far. Made with the C compiler that Rust links with.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let clock = Self {
            folder: tempfile::tempdir()?,
        };
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/faults/clock.c");
        let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
        let built = Command::new(&compiler)
            .args([
                "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o",
            ])
            .arg(clock.library())
            .arg(source)
            .output()
            .with_context(|| format!("{compiler}, a C compiler, is there"))?;
        let said = String::from_utf8_lossy(&built.stderr);
        ensure!(built.status.success(), "{compiler} {source}: {said}");
        std::fs::write(clock.file(), 0_i64.to_ne_bytes())?;
        Ok(clock)
    }

    /// The process with this clock.
    pub(crate) fn on(&self, spec: Spec) -> Spec {
        spec.env("LD_PRELOAD", self.library().to_string_lossy())
            .env("OFF_BY_FILE", self.file().to_string_lossy())
    }

    /// From now on it is off by so many seconds.
    pub(crate) fn jump(&self, seconds: i64) -> anyhow::Result<()> {
        let mut file = OpenOptions::new().write(true).open(self.file())?;
        Ok(file.write_all(&seconds.to_ne_bytes())?)
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("clock.so")
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("off-by")
    }
}
