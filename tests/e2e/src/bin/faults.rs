//! Runs the fault matrix and writes `docs/faults.md` from what the rows came to.

use std::process::Command;

use anyhow::{Context as _, ensure};

fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    cargo_test(&folder, &[])?;
    cargo_test(&folder, &["--ignored", "--exact", "write_the_document"])
}

fn cargo_test(folder: &tempfile::TempDir, arguments: &[&str]) -> anyhow::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["test", "--package", "e2e", "--test", "faults", "--"])
        .args(arguments)
        .env("FAULTS_FOLDER", folder.path())
        .status()
        .context("cargo could not be started")?;
    ensure!(status.success(), "the rows did not all hold: {status}");
    Ok(())
}
