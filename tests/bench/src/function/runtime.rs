//! The function runtimes that are measured, and how they are installed and started.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::peers::{beside, build_bins, finish};
use crate::process::Spec;

/// What a function runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Runtime {
    Ours,
    BareHyper,
    BareGo,
    WatchdogGo,
}

/// A runtime that could not be installed, and why.
pub(super) type Missing = (Runtime, String);
/// Its programs: the one that is started, and the one that this starts.
pub(super) type Installed = (Runtime, PathBuf, Option<PathBuf>);

impl Runtime {
    const ALL: [Self; 4] = [Self::Ours, Self::BareHyper, Self::BareGo, Self::WatchdogGo];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ours => "a function on the SDK",
            Self::BareHyper => "bare hyper",
            Self::BareGo => "Go net/http alone",
            Self::WatchdogGo => "of-watchdog in front of that Go server",
        }
    }

    /// How it is started, and the port on which it will serve.
    pub(super) fn spec(self, program: &Path, behind: Option<&Path>) -> anyhow::Result<(Spec, u16)> {
        let port = free_port()?;
        let mut spec = Spec {
            program: program.to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            profiled: false,
        };
        let mut set = |name: &str, value: String| spec.env.push((name.to_owned(), value));
        match self {
            Self::Ours => {
                set("port", port.to_string());
                set("metrics_port", "0".to_owned());
                set("OPENFAAS_NAME", "charge-card".to_owned());
            }
            Self::BareHyper | Self::BareGo => spec.args.push(port.to_string()),
            Self::WatchdogGo => {
                let upstream = free_port()?;
                let behind = behind.context("it has a server behind it")?;
                set("port", port.to_string());
                set("mode", "http".to_owned());
                set("fprocess", format!("{} {upstream}", behind.display()));
                set("http_upstream_url", format!("http://127.0.0.1:{upstream}"));
                // Else it breaks the JSON of every line.
                set("prefix_logs", "false".to_owned());
            }
        }
        Ok((spec, port))
    }
}

/// Builds and finds what can be.
///
/// # Errors
/// When ours cannot be built: then there is nothing to measure.
pub(super) fn install(root: &Path) -> anyhow::Result<(Vec<Installed>, Vec<Missing>)> {
    build_bins(root, "bench")?;
    let go = go(root);
    let (mut installed, mut missing) = (Vec::new(), Vec::new());
    for runtime in Runtime::ALL {
        let programs = match runtime {
            Runtime::Ours => beside("bench-function").map(|program| (program, None)),
            Runtime::BareHyper => beside("bare-function").map(|program| (program, None)),
            Runtime::BareGo => match &go {
                Ok(program) => Ok((program.clone(), None)),
                Err(error) => Err(anyhow::anyhow!("{error:#}")),
            },
            Runtime::WatchdogGo => watchdog(&go),
        };
        match programs {
            Ok((program, behind)) => installed.push((runtime, program, behind)),
            Err(error) => missing.push((runtime, format!("{error:#}"))),
        }
    }
    Ok((installed, missing))
}

fn go(root: &Path) -> anyhow::Result<PathBuf> {
    let program = root.join("target/bench/go-function");
    fs::create_dir_all(root.join("target/bench"))?;
    let mut build = Command::new("go");
    build
        .args(["build", "-mod=readonly", "-o"])
        .arg(&program)
        .arg(".");
    finish(build.current_dir(root.join("tests/bench/peers/go-function")))?;
    Ok(program)
}

fn watchdog(go: &anyhow::Result<PathBuf>) -> anyhow::Result<(PathBuf, Option<PathBuf>)> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let program = std::env::split_paths(&path)
        .map(|folder| folder.join("of-watchdog"))
        .find(|program| program.is_file())
        .context("of-watchdog is not on PATH")?;
    let behind = go.as_ref().map_err(|error| anyhow::anyhow!("{error:#}"))?;
    Ok((program, Some(behind.clone())))
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
