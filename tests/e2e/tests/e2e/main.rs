//! End-to-end tests: the real binaries, as processes, over real sockets.

mod bad_input;
mod commands;
mod concurrent;
mod failures;
mod fifo;
mod happy;
mod late;
mod lease;
mod modes;
mod outages;
mod stopping;

use std::collections::BTreeMap;
use std::time::Duration;

use harness::{Fate, Options, Recorded, Way, recorded};

/// Long enough for a loaded machine; nothing waits this long when all is well.
const PATIENCE: Duration = Duration::from_secs(60);

fn variables<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

/// Messages are tried three times, and come again this many seconds after they were left alone.
fn visibility(seconds: u32) -> Options {
    Options {
        connector: variables([("visibility_timeout", &format!("{seconds}s"))]),
        ..stack_flags(["--max-receive-count", "3"])
    }
}

fn stack_flags<const N: usize>(flags: [&str; N]) -> Options {
    Options {
        stack: flags.map(str::to_owned).into(),
        ..Options::default()
    }
}

/// A signed move of this card to *Deploying*.
fn card(id: &str) -> anyhow::Result<Recorded> {
    recorded("generic/signed")?
        .with("In Progress", "Deploying")?
        .with("card-7", id)
}

/// Sends a move for each card; gives the ids in the same order.
async fn send_cards(way: &Way, cards: &[String]) -> anyhow::Result<Vec<String>> {
    let mut ids = Vec::new();
    for id in cards {
        ids.push(card(id)?.send(&way.urls.ingress).await?.correlation_id);
    }
    Ok(ids)
}

/// Waits until all have succeeded, and checks that the backend has made one deployment for each.
async fn all_deployed_once(way: &Way, cards: &[String], ids: &[String]) -> anyhow::Result<()> {
    let fates = way.settled(ids, PATIENCE).await?;
    for (id, fate) in &fates {
        assert_eq!(*fate, Fate::Succeeded, "{id}:\n{}", story(way, id));
    }
    let deployments = way.deployments().await?;
    for (card, id) in cards.iter().zip(ids) {
        let made: Vec<_> = deployments
            .iter()
            .filter(|made| made["cardId"] == **card)
            .collect();
        assert_eq!(made.len(), 1, "{card}: {made:?}");
        assert_eq!(made[0]["correlationId"], **id);
    }
    Ok(())
}

/// Whether the SQS server is another than the stack's own, which alone can be told to fail; says so
/// then.
fn not_applicable(way: &Way, what: &str) -> bool {
    way.other_sqs()
        .is_some_and(|server| say_not_applicable(server, what))
}

/// Past the capture of tests' output.
fn say_not_applicable(server: &str, what: &str) -> bool {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "not applicable to {server}: {what}");
    true
}

fn milestones(way: &Way, id: &str) -> Vec<String> {
    let mut lines = way.lines_of(id);
    lines.sort_by_key(|line| line.json["@timestamp"].as_str().map(str::to_owned));
    lines
        .iter()
        .filter_map(|line| line.milestone().map(str::to_owned))
        .collect()
}

/// What a failed test shows.
fn story(way: &Way, id: &str) -> String {
    let lines = way.lines_of(id);
    lines
        .iter()
        .map(|line| format!("{}\n", line.text))
        .collect()
}
