//! The connector beside its peers, on this machine, in one run.
//!
//! `cargo run --release -p bench` installs the peers into `target/bench`, measures everything in
//! turns, and writes `docs/benchmarks.md`. `-- --quick` shows in a minute that it all runs.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

mod consumer;
mod function;
mod machine;
mod measure;
mod peers;
mod process;
mod report;
mod samples;
mod stub;

use consumer::Consumer;
use measure::{Extent, Results};

/// Measures the connector beside its peers.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Options {
    #[command(subcommand)]
    what: Option<What>,
    /// Few messages, one repetition, and no file is written: whether it runs, not how fast.
    #[arg(long)]
    quick: bool,
    /// How often each measure is taken; medians are reported.
    #[arg(long, default_value_t = 3)]
    repetitions: usize,
    /// Measure only consumers whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// Print the tables and write no file.
    #[arg(long)]
    dry: bool,
    /// Run the consumers under this program, such as a profiler, busy only, and write no file.
    #[arg(long)]
    under: Option<String>,
}

/// What is measured beside the connector.
#[derive(Debug, Subcommand)]
enum What {
    Functions(function::Functions),
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> anyhow::Result<()> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    if let Some(What::Functions(options)) = &options.what {
        return function::run(root, options);
    }
    let (installed, missing) = peers::install(root, options.only.as_deref())?;
    for (consumer, reason) in &missing {
        report::say(&format!("missing: {}: {reason}", consumer.name()));
    }
    process::leave_the_consumers_core()?;
    let mut extent = if options.quick {
        Extent::quick()
    } else {
        Extent::full(options.repetitions)
    };
    if let Some(program) = &options.under {
        extent.run_under(program);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let results: Results = runtime.block_on(measure::all(&installed, &extent))?;
    let text = report::page(&results, &missing, &extent);
    report::say(&text);
    let is_whole = options.only.is_none() && options.under.is_none();
    if is_whole && !options.quick && !options.dry {
        let page = root.join("docs/benchmarks.md");
        let notes = root.join("tests/bench/notes.md");
        let notes = std::fs::read_to_string(&notes).with_context(|| notes.display().to_string())?;
        std::fs::create_dir_all(root.join("docs"))?;
        let before = std::fs::read_to_string(&page).unwrap_or_default();
        let functions = function::kept(&before);
        std::fs::write(&page, format!("{text}\n{notes}\n{functions}"))?;
        report::say(&format!("written: {}", page.display()));
    }
    Ok(())
}

/// A consumer that can be started.
pub(crate) type Installed = (Consumer, std::path::PathBuf);
