//! `cargo demo`: the whole way on one machine. Real deliveries go in at the ingress, and one
//! command tells what became of each.

mod cases;
mod print;
mod verdict;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Parser;
use harness::{Binaries, Options, Way};

use cases::Case;
use print::Page;
use verdict::{Outcome, Totals};

/// Longer than the slowest delivery takes: the one whose receives must be used up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Posts real deliveries of all seven senders to the ingress and tells what became of each.
#[derive(Parser)]
#[command(name = "cargo demo", bin_name = "cargo demo")]
struct Args {
    /// Keeps everything up afterwards, to send deliveries of your own.
    #[arg(long)]
    stay: bool,
    /// Prints one line of JSON at the end, instead of text.
    #[arg(long, conflicts_with = "stay")]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let stopped = match throughline::shutdown_signal() {
        Ok(stopped) => stopped,
        Err(error) => return print::failed(&error.into()),
    };
    // Whichever ends first: dropping the other half stops every process it started.
    tokio::select! {
        biased;
        () = stopped => ExitCode::from(130),
        shown = show(&args) => shown.unwrap_or_else(|error| print::failed(&error)),
    }
}

async fn show(args: &Args) -> anyhow::Result<ExitCode> {
    let mut page = Page::new(args.json);
    page.say("building what it needs …")?;
    let binaries = Binaries::build()?;
    let started = Instant::now();
    let logs = fresh_folder(&binaries)?;
    let cases = cases::all()?;
    let way = Way::start(options(&logs)).await?;
    for case in &cases {
        for behaviour in &case.backend {
            way.control.backend(behaviour.clone()).await?;
        }
    }
    page.head(&way.urls)?;
    let outcomes = send(&way, &cases, &mut page).await?;
    let totals = Totals::of(&outcomes);
    if let Some(refused) = outcomes.iter().find(|outcome| outcome.case.tells_story) {
        let story = story(&binaries, &refused.correlation_id, &logs, page.in_color()).await?;
        page.story(refused, &story)?;
    }
    page.totals(&totals, &outcomes, started.elapsed())?;
    if args.stay {
        page.stay(&way.urls, &logs)?;
        // Until a signal ends it.
        std::future::pending::<()>().await;
    }
    way.stop().await?;
    Ok(if totals.as_promised() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Sends all, then prints each as it comes to its end, in the order of sending.
async fn send<'a>(
    way: &Way,
    cases: &'a [Case],
    page: &mut Page,
) -> anyhow::Result<Vec<Outcome<'a>>> {
    let mut sent = Vec::new();
    for case in cases {
        sent.push((
            case,
            case.delivery.send(&way.urls.ingress).await?.correlation_id,
        ));
    }
    let deadline = Instant::now() + PATIENCE;
    let mut outcomes = Vec::new();
    for (case, id) in sent {
        let left = deadline.saturating_duration_since(Instant::now());
        let fates = way.settled(std::slice::from_ref(&id), left).await?;
        let fate = *fates.get(&id).context("a fate for each id")?;
        let mut outcome = Outcome::new(case, id, fate, way);
        // The lines of three processes come through three pipes: one may be a moment behind.
        for _ in 0..20 {
            if outcome.as_promised {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            outcome = Outcome::new(case, outcome.correlation_id, fate, way);
        }
        page.row(&outcome)?;
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

fn options(logs: &Path) -> Options {
    Options {
        stack: ["--max-receive-count", "3"].map(str::to_owned).into(),
        log_folder: Some(logs.to_owned()),
        ..Options::default()
    }
}

/// `target/demo`, empty.
fn fresh_folder(binaries: &Binaries) -> anyhow::Result<PathBuf> {
    let folder = binaries.path("../demo");
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).context(folder.display().to_string());
        }
        _ => {}
    }
    std::fs::create_dir_all(&folder).context(folder.display().to_string())?;
    Ok(folder.canonicalize()?)
}

/// What on-call would type. Its exit code tells whether the story is whole; here it is known.
async fn story(binaries: &Binaries, id: &str, logs: &Path, color: bool) -> anyhow::Result<String> {
    let mut command = tokio::process::Command::new(binaries.path("story"));
    command
        .arg(id)
        .args(print::log_files(logs))
        .args(["--color", if color { "always" } else { "never" }]);
    // It writes into a pipe here, and can't see how wide the terminal is.
    if let Some((terminal_size::Width(columns), _)) = terminal_size::terminal_size() {
        command.arg("--width").arg(columns.to_string());
    }
    let output = command.output().await.context("the story command")?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
