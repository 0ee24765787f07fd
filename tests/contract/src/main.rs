//! `contract --kind throughline -- COMMAND…` examines a command, `--at host:port` one that serves.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use contract::{Kind, Subject, examine, examine_at};

/// Checks the contract between OpenFaaS and a function's process.
#[derive(Debug, Parser)]
struct Options {
    /// Whose process it is; where the two differ on purpose, each is held to its own.
    #[arg(long, value_enum, default_value = "throughline")]
    kind: Kind,
    /// Examine what serves here already, as far as that can be asked.
    #[arg(long, conflicts_with = "command")]
    at: Option<String>,
    /// NAME=VALUE in the environment of the command; {free} becomes a free port.
    #[arg(long = "env", value_parser = pair)]
    env: Vec<(String, String)>,
    /// The command that serves the suite's handler.
    #[arg(last = true, required_unless_present = "at")]
    command: Vec<String>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').ok_or("give NAME=VALUE")?;
    Ok((pair.0.to_owned(), pair.1.to_owned()))
}

fn main() -> ExitCode {
    let options = Options::parse();
    let report = match options.at {
        Some(address) => examine_at(options.kind, &address),
        None => examine(&Subject {
            kind: options.kind,
            command: options.command,
            env: options.env,
        }),
    };
    let mut out = std::io::stdout();
    let _ = write!(out, "{}", report.text);
    if report.not_asked > 0 {
        let _ = writeln!(
            out,
            "{} checks need a command, and were not made",
            report.not_asked
        );
    }
    let _ = writeln!(out, "{} passed, {} failed", report.held, report.failed);
    if report.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
