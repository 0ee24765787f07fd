//! `cargo run --release -p e2e --bin soak`: ten minutes of messages and random faults.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use e2e::soak::{Plan, run};

/// Sends messages through one connector for a while, with random faults of SQS and of the gateway;
/// fails when a message is lost, or when the connector's memory or descriptors grow.
#[derive(Parser)]
struct Flags {
    /// How long
    #[arg(long, value_name = "MINUTES", default_value_t = 10.0)]
    minutes: f64,
    /// How many messages at most
    #[arg(long, default_value_t = 1_000_000)]
    messages: usize,
    /// What the faults are drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Keep a copy of all log lines in this folder
    #[arg(long, value_name = "FOLDER")]
    logs: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let flags = Flags::parse();
    let plan = Plan {
        time: Duration::try_from_secs_f64(flags.minutes * 60.0)?,
        messages: flags.messages,
        seed: flags.seed,
        logs: flags.logs,
    };
    let say = |line: &str| {
        let _ = writeln!(std::io::stderr(), "{line}");
    };
    let outcome = run(plan, say).await?;
    writeln!(std::io::stdout(), "{outcome}")?;
    Ok(())
}
