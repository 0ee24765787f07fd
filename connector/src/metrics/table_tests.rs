//! The README's table of metrics is what `/metrics` has.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, UNIX_EPOCH};

use super::Metrics;
use crate::topics::TopicMap;
use crate::verdict::PauseReason;

/// By name, its labels.
pub(super) type Table = BTreeMap<String, BTreeSet<String>>;

/// Metrics in which everything was counted once.
fn counted() -> String {
    let metrics = Metrics::default();
    metrics.polled("q", Ok(1));
    metrics.corrupt("q");
    metrics.duplicate("q");
    let meter = metrics.queue("q");
    meter.invoked("f", "2xx", Duration::ZERO);
    meter.settled("delete", Some(Duration::ZERO));
    meter.levels(1, 1);
    metrics.in_flight_limit_reached("q", true);
    let mut levels = metrics.function("q", "f");
    levels.show(1, 1, Some(PauseReason::Overload));
    metrics.lease_extended("q");
    metrics.lease_lost("q");
    metrics.correlated("envelope", 1);
    metrics.sqs_request("q", "ReceiveMessage", true, true);
    let mut map = TopicMap::default();
    let listed = r#"[{"name":"f","annotations":{"topic":"t"}}]"#;
    map.add(None, serde_json::from_str(listed).unwrap())
        .unwrap();
    metrics.topic_map(&map);
    metrics.topic_refresh_failed();
    metrics.credentials_fetched("own", true);
    metrics.credentials_end("own", UNIX_EPOCH);
    metrics.queue_up("q", true);
    metrics.batch("q", 1);
    metrics.callback("settled");
    metrics.encode()
}

/// `sqs_connector_polls_total{queue="q",result="empty"} 1`: the name as Prometheus stores it.
pub(super) fn exported() -> Table {
    let text = counted();
    let histograms: BTreeSet<&str> = (text.lines())
        .filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" histogram"))
        .collect();
    let mut table = Table::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let series = line.rsplit_once(' ').expect("a value").0;
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let of = |histogram: &&&str| {
            name.strip_prefix(**histogram)
                .is_some_and(|rest| ["_bucket", "_sum", "_count"].contains(&rest))
        };
        let name = histograms.iter().find(of).map_or(name, |found| found);
        let names = labels
            .split(',')
            .filter_map(|label| Some(label.split_once('=')?.0));
        let known = table.entry(name.to_owned()).or_default();
        known.extend(names.filter(|label| *label != "le").map(str::to_owned));
    }
    table
}

/// The rows `| name | labels | meaning |` of the README.
fn documented() -> Table {
    let readme = include_str!("../../README.md");
    let rows = readme.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
        let name = cells.next()?.trim_end_matches('`');
        let labels = cells.next()?;
        let is_metric = name.starts_with("sqs_connector_") || name.starts_with("process_");
        is_metric.then(|| (name.to_owned(), labels))
    });
    rows.map(|(name, labels)| {
        let labels = labels
            .split(',')
            .map(|label| label.trim().trim_matches('`').to_owned());
        (name, labels.filter(|label| !label.is_empty()).collect())
    })
    .collect()
}

#[test]
fn the_readmes_table_is_what_is_exported() {
    assert_eq!(documented(), exported());
}

#[test]
fn names_follow_the_conventions() {
    let text = counted();
    for line in text.lines() {
        let Some(rest) = line.strip_prefix("# TYPE ") else {
            continue;
        };
        let (name, kind) = rest.split_once(' ').unwrap();
        let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(name.chars().all(lower), "{name}");
        // The encoder adds `_total`; a counter that has it already would have it twice.
        assert!(
            !name.ends_with("_total") && !name.ends_with("_count"),
            "{name}"
        );
        if kind == "histogram" {
            let units = ["_seconds", "_bytes", "_messages"];
            assert!(units.iter().any(|unit| name.ends_with(unit)), "{name}");
        }
    }
    assert!(text.ends_with("# EOF\n"), "{text}");
}
