//! Installs the peers into `target/bench`, and says which can't be.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use crate::Installed;
use crate::consumer::Consumer;

/// A consumer that could not be installed, and why.
pub(crate) type Missing = (Consumer, String);

/// Builds and installs what can be; `only` picks by name.
///
/// # Errors
/// When ours cannot be built: then there is nothing to measure.
pub(crate) fn install(
    root: &Path,
    only: Option<&str>,
) -> anyhow::Result<(Vec<Installed>, Vec<Missing>)> {
    let (mut installed, mut missing) = (Vec::new(), Vec::new());
    for consumer in Consumer::ALL {
        if only.is_some_and(|only| !consumer.name().contains(only)) {
            continue;
        }
        let program = match consumer {
            Consumer::Ours => Ok(ours(root)?),
            Consumer::BareRust => beside("bare-loop"),
            Consumer::GoTuned | Consumer::GoOpenFaas => go(root),
            Consumer::Node => node(root),
        };
        match program {
            Ok(program) => installed.push((consumer, program)),
            Err(error) => missing.push((consumer, format!("{error:#}"))),
        }
    }
    Ok((installed, missing))
}

/// The connector, built with the profile of this program.
fn ours(root: &Path) -> anyhow::Result<PathBuf> {
    // Apart, so that the connector has no features of the SDK but its own.
    build_bins(root, "sqs-connector")?;
    build_bins(root, "bench")?;
    beside("sqs-connector")
}

/// Builds the programs of a package with the profile of this one.
pub(crate) fn build_bins(root: &Path, package: &str) -> anyhow::Result<()> {
    let here = beside("")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let profile = here.file_name().and_then(|name| name.to_str());
    let profile = match profile {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--bins", "--profile", profile]);
    build.args(["--package", package]);
    finish(build.current_dir(root))
}

pub(crate) fn beside(name: &str) -> anyhow::Result<PathBuf> {
    Ok(std::env::current_exe()
        .context("where this program lies")?
        .with_file_name(name))
}

fn go(root: &Path) -> anyhow::Result<PathBuf> {
    let program = root.join("target/bench/go-peers");
    fs::create_dir_all(root.join("target/bench"))?;
    let mut build = Command::new("go");
    build
        .args(["build", "-mod=readonly", "-o"])
        .arg(&program)
        .arg(".");
    finish(build.current_dir(root.join("tests/bench/peers/go")))?;
    Ok(program)
}

fn node(root: &Path) -> anyhow::Result<PathBuf> {
    let from = root.join("tests/bench/peers/node");
    let to = root.join("target/bench/node");
    fs::create_dir_all(&to)?;
    let mut changed = false;
    for name in ["package.json", "package-lock.json", "consumer.mjs"] {
        let text = fs::read(from.join(name)).with_context(|| name.to_owned())?;
        changed |= fs::read(to.join(name)).ok().as_ref() != Some(&text);
        fs::write(to.join(name), text)?;
    }
    let program = to.join("node_modules/node/bin/node");
    if changed || !program.exists() {
        let mut install = Command::new("npm");
        install.args(["ci", "--no-audit", "--no-fund", "--loglevel", "error"]);
        finish(install.current_dir(&to))?;
    }
    ensure!(program.exists(), "npm installed no node");
    Ok(program)
}

pub(crate) fn finish(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{name} cannot be run"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    let last = told.trim().lines().last().unwrap_or_default();
    ensure!(output.status.success(), "{name} failed: {last}");
    Ok(())
}
