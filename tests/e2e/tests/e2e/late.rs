//! Parts that are not there yet: everybody waits, says so, and goes on when they come.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use harness::{Fate, Options, Process, Way, get};
use serde_json::json;

use super::{PATIENCE, all_deployed_once, send_cards, stack_flags};

#[tokio::test]
async fn a_function_that_appears_late_gets_what_has_waited() -> anyhow::Result<()> {
    let mut way = Way::start_stack(Options::default()).await?;
    way.start_connector().await?;
    let cards = ["early".to_owned()];
    let ids = send_cards(&way, &cards).await?;
    let connector = way.connector.as_ref().expect("it was started");
    connector
        .wait_for("that nobody subscribes", PATIENCE, |line| {
            line.text.contains(&way.topic()) && line.text.contains("no function")
        })
        .await?;
    assert_eq!(way.fate(&ids[0]).await?, Fate::Pending, "the message waits");
    way.start_function().await?;
    all_deployed_once(&way, &cards, &ids).await?;
    way.stop().await
}

#[tokio::test]
async fn a_gateway_that_starts_late_gets_what_has_waited() -> anyhow::Result<()> {
    let mut way = Way::start_stack(Options::default()).await?;
    way.control
        .gateway_fault(json!({"effect": {"down": true}}))
        .await?;
    way.start_function().await?;
    way.start_connector().await?;
    let cards = ["early".to_owned()];
    let ids = send_cards(&way, &cards).await?;
    assert_eq!(get(&format!("{}/readyz", way.admin()?)).await?.status, 503);
    way.control
        .call(
            http::Method::DELETE,
            "/gateway/faults",
            serde_json::Value::Null,
        )
        .await?;
    all_deployed_once(&way, &cards, &ids).await?;
    assert_eq!(get(&format!("{}/readyz", way.admin()?)).await?.status, 200);
    way.stop().await
}

#[tokio::test]
async fn a_connector_that_is_there_first_waits_for_everything_else() -> anyhow::Result<()> {
    let (sqs, gateway) = (free_port()?, free_port()?);
    let flags = ["--sqs-port", &sqs, "--gateway-port", &gateway];
    // The same flags give the same addresses, so one start tells how the connector is started.
    let mut first = Way::start_stack(stack_flags(flags)).await?;
    first.stack.kill().await?;
    let spec = first.connector_spec();
    let connector = Process::start(&spec)?;
    connector
        .wait_for("that the gateway is not there", PATIENCE, |line| {
            line.json["log.level"] == "warn" && line.text.contains("the gateway gives no topic map")
        })
        .await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let complaints = connector
        .lines()
        .iter()
        .filter(|line| line.json["log.level"] == "warn")
        .count();
    assert!(
        complaints <= 6,
        "once a minute is enough: {:?}",
        connector.lines()
    );
    drop(connector);

    let mut way = Way::start_stack(stack_flags(flags)).await?;
    way.connector = Some(Process::start(&way.connector_spec())?);
    way.start_function().await?;
    let cards = ["first".to_owned()];
    let ids = send_cards(&way, &cards).await?;
    all_deployed_once(&way, &cards, &ids).await?;
    way.stop().await
}

/// Below the ports that the system gives to others: between two starts nobody takes it.
fn free_port() -> anyhow::Result<String> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 10_000)?;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed) % 2000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port.to_string());
        }
    }
}
