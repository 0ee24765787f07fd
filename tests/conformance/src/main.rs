//! The suite as a command: runs the cases against the servers that it is given, and prints the table.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use conformance::{Case, Kind, Server, all, document, run, table};
use url::Url;

/// Runs what AWS documents of SQS against servers that say they are one
#[derive(Debug, Parser)]
#[command(version)]
struct Flags {
    /// Run against an ElasticMQ at this URL
    #[arg(long, value_name = "URL")]
    elasticmq: Option<Url>,
    /// Run against a moto server at this URL
    #[arg(long, value_name = "URL")]
    moto: Option<Url>,
    /// Run against any other server at this URL, of which no difference is declared
    #[arg(long, value_name = "URL")]
    endpoint: Option<Url>,
    /// Run only cases whose name contains this
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Write what is declared as a page of the documentation, and run nothing
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let flags = Flags::parse();
    let groups = all();
    if let Some(file) = &flags.write {
        std::fs::write(file, document(&groups))
            .with_context(|| format!("{} can't be written", file.display()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let cases = groups.iter().flat_map(|(_, cases)| cases.iter().copied());
    let cases: Vec<Case> = cases
        .filter(|case| case.name().contains(&flags.only))
        .collect();
    let servers = [
        (Kind::ElasticMq, flags.elasticmq),
        (Kind::Moto, flags.moto),
        (Kind::Other, flags.endpoint),
    ];
    let mut runs = Vec::new();
    for (kind, url) in servers {
        if let Some(url) = url {
            runs.push(run(&Server::At(kind, url), &cases).await);
        }
    }
    anyhow::ensure!(
        !runs.is_empty(),
        "no server was given: --elasticmq, --moto or --endpoint with a URL; \
         `cargo test -p conformance` runs the embedded one"
    );
    say(&table(&cases, &runs))?;
    let good = runs
        .iter()
        .flat_map(|run| &run.verdicts)
        .all(conformance::Verdict::is_good);
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn say(text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    std::io::stdout().lock().write_all(text.as_bytes())
}
