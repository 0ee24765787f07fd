//! `cargo run -p e2e --bin otel -- http://127.0.0.1:4318`: the way of one card, its spans sent to
//! that OpenTelemetry collector.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use clap::Parser;
use harness::{Fate, Options, Way, recorded};

/// Moves one card, and tells the ids that its spans must have.
#[derive(Parser)]
struct Flags {
    /// The collector, as `OTEL_EXPORTER_OTLP_ENDPOINT` has it
    endpoint: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let flags = Flags::parse();
    let endpoint = BTreeMap::from([("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), flags.endpoint)]);
    let way = Way::start(Options {
        function: endpoint.clone(),
        connector: endpoint,
        ..Options::default()
    })
    .await?;
    let delivery = recorded("jira/moved")?.with("In Progress", "Deploying")?;
    let id = delivery.send(&way.urls.ingress).await?.correlation_id;
    let fates = way
        .settled(std::slice::from_ref(&id), Duration::from_secs(60))
        .await?;
    anyhow::ensure!(
        fates[&id] == Fate::Succeeded,
        "the card went another way: {:?}",
        fates[&id]
    );
    let told = serde_json::json!({ "correlation_id": id, "queue": way.topic() });
    // Both send what is left when they are asked to stop.
    way.stop().await?;
    writeln!(std::io::stdout(), "{told}")?;
    Ok(())
}
