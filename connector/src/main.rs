//! `sqs-connector`: configuration, telemetry, bind, run, drain, exit code.

use std::io::Write as _;
use std::process::ExitCode;

use sqs_connector::aws::Credentials;
use sqs_connector::callback::Door;
use sqs_connector::commands::{self, Task, check};
use sqs_connector::config::{self, Command, Config, Inputs};
use sqs_connector::engine::{self, Outside};
use sqs_connector::http::Http;
use sqs_connector::metrics::Metrics;
use sqs_connector::random::Random;
use sqs_connector::spans::Spans;
use sqs_connector::wall_clock::WallClock;
use tokio::net::TcpListener;

/// Exit codes of sysexits.h.
const USAGE: u8 = 64;
const SOFTWARE: u8 = 70;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let env = |name: &str| std::env::var(name).ok();
    let read = |path: &std::path::Path| std::fs::read_to_string(path);
    let config = match config::load(Inputs {
        args: &args,
        env: &env,
        read: &read,
    }) {
        Ok(Command::Run(config)) => *config,
        Ok(Command::Do(task, config)) => return told(perform(task, *config)),
        Ok(Command::Print(text)) => {
            let written = std::io::stdout().write_all(text.as_bytes());
            return if written.is_ok() {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(SOFTWARE)
            };
        }
        Err(problems) => {
            let _ = write!(std::io::stderr(), "{problems}");
            return ExitCode::from(USAGE);
        }
    };
    told(start(config))
}

fn told(ended: anyhow::Result<ExitCode>) -> ExitCode {
    ended.unwrap_or_else(|error| {
        let _ = writeln!(std::io::stderr(), "{error:#}");
        ExitCode::from(SOFTWARE)
    })
}

#[tokio::main(flavor = "current_thread")]
async fn perform(task: Task, config: Config) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout();
    commands::perform(task, config, Http::new(), Credentials::Chain, &mut out).await
}

/// One worker does all of it: no message is handed from core to core, and who needs more takes more
/// replicas. It is a thread of its own, so that what ends the process may wait for what it does, such as
/// sending the last spans.
fn start(config: Config) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let ran = runtime.block_on(run(config));
    // Not waiting for what hangs in a thread, such as the resolution of a name.
    runtime.shutdown_background();
    ran
}

async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let filter = std::env::var("RUST_LOG").unwrap_or_else(|_| default_filter(config.debug).into());
    let _flushed_at_the_end = throughline::telemetry::init_with("sqs-connector", Some(&filter))?;
    for note in &config.notes {
        tracing::warn!("{note}");
    }
    tracing::info!(config = %config, version = env!("CARGO_PKG_VERSION"), "effective configuration");
    let http = Http::new();
    let denied = check::denied(&config, &http, &Credentials::Chain).await;
    if !denied.0.is_empty() {
        let _ = write!(std::io::stderr(), "{denied}");
        return Ok(ExitCode::from(USAGE));
    }
    let spans = match &config.traces {
        Some(endpoint) => {
            Spans::start("sqs-connector", endpoint, http.clone()).map_err(anyhow::Error::msg)?
        }
        None => Spans::default(),
    };
    let outside = Outside {
        http,
        credentials: Credentials::Chain,
        random: Random::from_entropy(),
        wall_clock: WallClock::default(),
        metrics: Metrics::default(),
        spans: spans.clone(),
        admin: Some(TcpListener::bind(config.admin).await?),
        callbacks: match &config.callback {
            Some(place) => Some(Door::Network(TcpListener::bind(place.listen).await?)),
            None => None,
        },
    };
    engine::run(config, outside, throughline::shutdown_signal()?).await;
    spans.finish();
    Ok(ExitCode::SUCCESS)
}

/// The AWS SDK warns of each try to get credentials; the connector says it once a minute.
fn default_filter(debug: bool) -> &'static str {
    if debug {
        "info,aws_config=error,sqs_connector=debug"
    } else {
        "info,aws_config=error"
    }
}
