//! What surrounds the connector goes wrong, and what comes in a message.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use harness::Spec;
use serde_json::json;
use tokio::process::{Child, Command};

use crate::clock::Clock;
use crate::field::{Field, Layout};
use crate::function::Reply;
use crate::matrix::rows;

rows! {
    "Surroundings and messages";
    a_full_disk_for_logs_stops_nothing:
        "standard output is /dev/full",
        "messages go on flowing; exit 0";
    logs_that_nobody_reads_stop_nothing:
        "standard output is a pipe that nobody reads, with debug lines",
        "messages go on flowing; exit 0";
    logs_whose_reader_is_gone_stop_nothing:
        "standard output is a pipe that was closed",
        "messages go on flowing; exit 0";
    a_clock_that_jumps_in_mid_work_costs_no_lease:
        "the connector's time of day jumps 40 days ahead, then 80 days back, with calls of 5 s and leases of 2 s",
        "leases are extended until the delete; each is called once, and nothing is told as lost";
    a_message_of_a_mebibyte_goes_through:
        "a body of 1,000,000 bytes, five times",
        "byte for byte";
    attributes_that_would_break_headers_do_not_reach_the_wire:
        "attributes with line breaks, colons and control characters in their values",
        "the message is done; no header was made up by its sender";
    a_correlation_id_that_would_break_a_header_is_replaced:
        "the attribute correlation_id is `x\\r\\nx-admin: 1`",
        "the message is done under its own id";
    many_messages_at_once_are_bounded_by_the_concurrency:
        "300 messages, concurrency 16, calls of 50 ms",
        "at most 16 calls at once";
}

/// A connector whose standard output is as given; killed when dropped.
fn with_stdout(spec: &Spec, stdout: Stdio) -> anyhow::Result<Child> {
    Command::new(&spec.program)
        .args(&spec.args)
        .env_clear()
        .envs(&spec.env)
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("the connector starts")
}

async fn with_logs_to(stdout: Stdio, close: bool) -> anyhow::Result<String> {
    let mut field = Field::quiet(
        Layout::default()
            .set("debug", "true")
            .set("RUST_LOG", "debug"),
    )
    .await?;
    let mut connector = with_stdout(&field.spec(), stdout)?;
    if close {
        drop(connector.stdout.take());
    }
    field.send(200).await?;
    let tally = field.tally().await?;
    let id = connector.id().context("it runs")?.to_string();
    Command::new("kill").args(["-TERM", &id]).status().await?;
    let ended = tokio::time::timeout(Duration::from_secs(20), connector.wait()).await;
    let status = ended.context("it ends after SIGTERM")??;
    ensure!(status.code() == Some(0), "{status}");
    Ok(format!("exit 0; {}", tally.all_done_once()?.says()))
}

async fn a_full_disk_for_logs_stops_nothing() -> anyhow::Result<String> {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full")?;
    with_logs_to(full.into(), false).await
}

async fn logs_that_nobody_reads_stop_nothing() -> anyhow::Result<String> {
    with_logs_to(Stdio::piped(), false).await
}

async fn logs_whose_reader_is_gone_stop_nothing() -> anyhow::Result<String> {
    with_logs_to(Stdio::piped(), true).await
}

const DAY: i64 = 24 * 60 * 60;

/// The days at which the connector says that something happened.
fn days(field: &Field) -> BTreeSet<String> {
    let lines = field.lines();
    let times = lines
        .iter()
        .filter_map(|line| line.json["@timestamp"].as_str());
    times.map(|time| time.chars().take(10).collect()).collect()
}

/// So many calls have begun.
async fn begun(field: &Field, count: usize) -> anyhow::Result<()> {
    field
        .until("the calls have begun", |field| {
            let log = field.function().log();
            log.messages.values().map(|seen| seen.calls).sum::<usize>() >= count
        })
        .await
}

async fn a_clock_that_jumps_in_mid_work_costs_no_lease() -> anyhow::Result<String> {
    let clock = Clock::new()?;
    let layout = Layout::default()
        .set("short_visibility", "true")
        .set("upstream_timeout", "30s");
    let mut field = Field::quiet(layout).await?;
    field
        .function()
        .answers(|_| Reply::ok().after(Duration::from_secs(5)));
    field.start_with(&clock.on(field.spec())).await?;
    field.send(5).await?;
    begun(&field, 5).await?;
    clock.jump(40 * DAY)?;
    field.emptied().await?;
    field.send(5).await?;
    begun(&field, 10).await?;
    clock.jump(-40 * DAY)?;
    let tally = field.tally().await?;
    ensure!(tally.most_calls == 1, "{tally:?}");
    // A line is behind the answer that it tells of.
    field
        .until("it has told of all days", |field| days(field).len() >= 3)
        .await?;
    let lost = |line: &harness::Line| line.json["verdict"] == "lost";
    ensure!(!field.lines().iter().any(lost), "{}", field.tail());
    let (code, _) = field.stop().await?;
    ensure!(code == Some(0), "{code:?}");
    Ok(format!(
        "{}; 1 call each; exit 0",
        tally.all_done_once()?.says()
    ))
}

async fn a_message_of_a_mebibyte_goes_through() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default()).await?;
    for n in 0..5 {
        field
            .send_as(&format!("{n}").repeat(1_000_000), json!({}))
            .await?;
    }
    let tally = field.tally().await?;
    Ok(tally.all_done_once()?.says())
}

async fn attributes_that_would_break_headers_do_not_reach_the_wire() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default()).await?;
    let attribute = |value: &str| json!({"DataType": "String", "StringValue": value});
    field
        .send_as(
            "m1",
            json!({
                "evil": attribute("a\r\nx-admin: 1"),
                "colon": attribute("a: b"),
                "tab": attribute("a\tb"),
                "umlaut": attribute("grün"),
            }),
        )
        .await?;
    let tally = field.tally().await?;
    let log = field.function().log();
    let headers = &log.messages["m1"].headers[0];
    ensure!(!headers.contains_key("x-admin"), "{headers:?}");
    Ok(tally.all_done_once()?.says())
}

async fn a_correlation_id_that_would_break_a_header_is_replaced() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default()).await?;
    let id = json!({"DataType": "String", "StringValue": "x\r\nx-admin: 1"});
    field.send_as("m1", json!({"correlation_id": id})).await?;
    let tally = field.tally().await?;
    let log = field.function().log();
    let headers = &log.messages["m1"].headers[0];
    ensure!(!headers.contains_key("x-admin"), "{headers:?}");
    ensure!(
        headers.get("x-correlation-id") == headers.get("x-sqs-message-id"),
        "{headers:?}"
    );
    Ok(tally.all_done_once()?.says())
}

async fn many_messages_at_once_are_bounded_by_the_concurrency() -> anyhow::Result<String> {
    let mut field = Field::new(Layout::default().set("concurrency", "16")).await?;
    field
        .function()
        .answers(|_| Reply::ok().after(Duration::from_millis(50)));
    field.send(300).await?;
    let tally = field.tally().await?;
    let most = field.most_at_once().await?;
    ensure!(most <= 16, "{most} at once");
    Ok(format!(
        "{}; at most 16 at once",
        tally.all_done_once()?.says()
    ))
}
