//! The walk as a command: every step of a function's author, with a real container builder.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use author::{Case, FaasCli, Walk, all};
use clap::Parser;

/// Walks the way of a function's author, from `template pull` to an image at work
#[derive(Debug, Parser)]
#[command(version)]
struct Flags {
    /// Where the author's folder is made: an empty one, in no other workspace of cargo's
    #[arg(long, value_name = "FOLDER")]
    folder: PathBuf,
    /// Where to keep what cargo built, for the next walk
    #[arg(long, value_name = "FOLDER")]
    cache: PathBuf,
    /// Where to keep what each command said
    #[arg(long, value_name = "FOLDER")]
    logs: PathBuf,
    /// Go by faas-cli's rules although it is on PATH
    #[arg(long)]
    by_its_rules: bool,
    /// Walk to the first step whose name contains this, and end there
    #[arg(long, value_name = "TEXT")]
    until: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let flags = Flags::parse();
    let cli = if flags.by_its_rules {
        FaasCli::ByItsRules
    } else {
        FaasCli::find()
    };
    match cli.version() {
        Some(version) => say(&format!("with {version}"))?,
        None => say("by the rules of faas-cli, which is not on PATH")?,
    }
    std::fs::create_dir_all(&flags.folder)?;
    std::fs::create_dir_all(&flags.cache)?;
    let cases = until(all(&cli), flags.until.as_deref())?;
    let walk = Walk::new(
        cli,
        &flags.folder.canonicalize()?,
        &flags.logs,
        &flags.cache.canonicalize()?,
    )?;
    let mut failed = 0;
    for case in &cases {
        let started = Instant::now();
        let outcome = case.walk(&walk).await;
        let name = case.name();
        let took = started.elapsed().as_secs_f64();
        match outcome {
            Ok(told) if told.is_empty() => say(&format!("✓ {name} ({took:.1} s)"))?,
            Ok(told) => say(&format!("✓ {name} ({took:.1} s): {told}"))?,
            Err(error) => {
                failed += 1;
                say(&format!("✗ {name} ({took:.1} s)\n{error:#}"))?;
            }
        }
    }
    say(&format!(
        "{} of {} steps hold",
        cases.len() - failed,
        cases.len()
    ))?;
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn until(mut cases: Vec<Case>, text: Option<&str>) -> anyhow::Result<Vec<Case>> {
    if let Some(text) = text {
        let at = cases.iter().position(|case| case.name().contains(text));
        let at =
            at.ok_or_else(|| anyhow::anyhow!("--until = {text:?}: no step has this in its name"))?;
        cases.truncate(at + 1);
    }
    Ok(cases)
}

fn say(text: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout().lock(), "{text}")
}
