//! The local stack as a process: starts, says where it listens, and ends cleanly when asked to.

mod flags;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};
use stack::{Stack, StackOptions};

use crate::flags::Flags;

/// `EX_USAGE` of sysexits.h.
const USAGE: u8 = 64;

#[tokio::main]
async fn main() -> ExitCode {
    let flags = match Flags::try_parse() {
        Ok(flags) => flags,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
        }
    };
    let options = match flags.check(|file| std::fs::read_to_string(file)) {
        Ok(options) => options,
        Err(problems) => return usage(&problems.to_string()),
    };
    let telemetry = match throughline::telemetry::init("stack") {
        Ok(telemetry) => telemetry,
        Err(error) => return usage(&error.to_string()),
    };
    let ended = run(options).await;
    if let Err(error) = &ended {
        tracing::error!(error = format!("{error:#}"), "the stack ends");
    }
    drop(telemetry);
    ended.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

fn usage(problems: &str) -> ExitCode {
    let _ = Flags::command()
        .error(ErrorKind::ValueValidation, problems)
        .print();
    ExitCode::from(USAGE)
}

async fn run(options: StackOptions) -> anyhow::Result<()> {
    let asked_to_stop = throughline::shutdown_signal()?;
    let stack = Stack::start(options).await?;
    let urls = stack.urls();
    tracing::info!(
        sqs_url = urls.sqs,
        gateway_url = urls.gateway,
        ingress_url = urls.ingress,
        graphql_url = urls.graphql,
        control_url = urls.control,
        "stack is ready"
    );
    asked_to_stop.await;
    tracing::info!("the stack stops");
    stack.stop().await;
    Ok(())
}
