//! A function on the SDK beside its peers: the same work for all, in one run.

mod load;
mod measure;
mod page;
mod runtime;
mod tree;

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use clap::Args;

pub(crate) use page::kept;

/// Measures a function on the SDK beside its peers, and writes its section of docs/benchmarks.md.
#[derive(Debug, Args)]
pub(crate) struct Functions {
    /// A second each, one repetition, and no file is written: whether it runs, not how fast.
    #[arg(long)]
    quick: bool,
    /// How often each measure is taken, in turns; medians are reported.
    #[arg(long, default_value_t = 5)]
    repetitions: usize,
    /// Print the section and write no file.
    #[arg(long)]
    dry: bool,
}

/// Installs the peers, measures all in turns, and writes the section.
pub(crate) fn run(root: &Path, options: &Functions) -> anyhow::Result<()> {
    let (installed, missing) = runtime::install(root)?;
    for (runtime, reason) in &missing {
        crate::report::say(&format!("missing: {}: {reason}", runtime.name()));
    }
    crate::process::leave_the_consumers_core()?;
    let extent = if options.quick {
        measure::Extent::quick()
    } else {
        measure::Extent::full(options.repetitions)
    };
    let tokio = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let results = tokio.block_on(measure::all(&installed, &extent))?;
    let section = page::section(&results, &missing, &extent);
    crate::report::say(&section);
    if !options.quick && !options.dry {
        let path = root.join("docs/benchmarks.md");
        let before = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        fs::write(&path, page::with_section(&before, &section))?;
        crate::report::say(&format!("written: {}", path.display()));
    }
    Ok(())
}
