//! Plays seeds of the simulation: many, or one with its log.

use std::io::Write as _;
use std::num::NonZero;
use std::process::ExitCode;

use clap::Parser;
use sim::Profile;

/// The connector's engine on virtual time, with faults drawn from a seed.
#[derive(Debug, Parser)]
struct Args {
    /// Play this seed only, and print its log.
    #[arg(long)]
    seed: Option<u64>,
    /// How many seeds to play.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// How many to play at once; as many as there are cores where it is not given.
    #[arg(long)]
    threads: Option<NonZero<usize>>,
    /// Only the runs of this profile.
    #[arg(long)]
    profile: Option<Profile>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let mut out = std::io::stdout().lock();
    let (text, good) = match args.seed {
        Some(seed) => {
            let run = sim::play(seed, true);
            let mut text = run.log.join("\n");
            for violation in &run.violations {
                text.push_str("\nVIOLATION ");
                text.push_str(violation);
            }
            (text, run.violations.is_empty())
        }
        None => {
            let threads = args.threads.map_or_else(sim::cores, NonZero::get);
            let seeds = args.from..args.from + args.seeds;
            let summary = sim::play_all(seeds, args.profile, threads);
            (summary.to_string(), summary.failed.is_empty())
        }
    };
    // A reader that has seen enough, such as `head`, is no failure.
    let _ = writeln!(out, "{text}");
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
