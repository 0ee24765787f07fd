//! The chart's dashboard and alerts ask for metrics and labels that `/metrics` has.

use std::collections::BTreeSet;

use serde_json::Value;

use super::table_tests::{Table, exported};

/// Labels that Prometheus adds to what it scrapes, and that of a histogram's buckets.
const OF_PROMETHEUS: [&str; 3] = ["le", "namespace", "pod"];

fn dashboard() -> Value {
    let text = include_str!("../../../charts/sqs-connector/files/dashboard.json");
    serde_json::from_str(text).expect("a dashboard in JSON")
}

fn alerts() -> Value {
    let text = include_str!("../../../charts/sqs-connector/files/alerts.yaml");
    serde_saphyr::from_str(text).expect("alerts in YAML")
}

/// The texts under this key, wherever it is.
fn texts_under<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get(key).and_then(Value::as_str));
            map.values()
                .for_each(|below| texts_under(below, key, found));
        }
        Value::Array(items) => items.iter().for_each(|item| texts_under(item, key, found)),
        _ => {}
    }
}

/// Every query of the dashboard and of the alerts.
fn queries(of: &Value) -> Vec<&str> {
    let mut found = Vec::new();
    texts_under(of, "expr", &mut found);
    texts_under(of, "definition", &mut found);
    found
}

/// The series of a query: the name, and what stands in its braces.
fn series(query: &str) -> Vec<(&str, &str)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut rest = query;
    while let Some(start) = rest
        .find("sqs_connector_")
        .into_iter()
        .chain(rest.find("process_"))
        .min()
    {
        let tail = &rest[start..];
        let end = tail.find(|c| !is_name(c)).unwrap_or(tail.len());
        let (name, after) = tail.split_at(end);
        let braces = after.strip_prefix('{').and_then(|it| it.split_once('}'));
        found.push((name, braces.map_or("", |(inside, _)| inside)));
        rest = after;
    }
    found
}

/// The family of a series: a histogram's have three endings.
fn family<'a>(table: &Table, name: &'a str) -> Option<&'a str> {
    let endings = ["_bucket", "_sum", "_count"];
    let base = endings.iter().find_map(|ending| name.strip_suffix(ending));
    [Some(name), base]
        .into_iter()
        .flatten()
        .find(|name| table.contains_key(*name))
}

/// The labels of `a="1", b=~"2"`; the chart's own selector is none.
fn matched(braces: &str) -> impl Iterator<Item = &str> {
    let names = braces.split('"').step_by(2);
    names
        .map(|part| part.trim_matches([',', ' ', '=', '~', '!']))
        .map(|part| part.rsplit([',', ' ']).next().unwrap_or(part))
        .filter(|name| !name.is_empty() && !name.starts_with('$'))
}

/// The labels of each `by (…)` and `on (…)`.
fn grouped(query: &str) -> impl Iterator<Item = &str> {
    let lists = query.split("by (").chain(query.split("on (")).skip(1);
    lists
        .filter_map(|tail| tail.split_once(')'))
        .filter(|(list, _)| !list.contains(['{', '(']))
        .flat_map(|(list, _)| list.split(',').map(str::trim))
}

fn problems(table: &Table, query: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut known: BTreeSet<&str> = OF_PROMETHEUS.into();
    for (name, braces) in series(query) {
        let Some(labels) = family(table, name).and_then(|name| table.get(name)) else {
            problems.push(format!("{name} is not exported, in {query}"));
            continue;
        };
        known.extend(labels.iter().map(String::as_str));
        let has = |label: &&str| labels.contains(*label) || OF_PROMETHEUS.contains(label);
        problems.extend(
            matched(braces)
                .filter(|label| !has(label))
                .map(|label| format!("{name} has no label {label:?}, in {query}")),
        );
    }
    let unknown = grouped(query).filter(|label| !known.contains(label));
    problems.extend(unknown.map(|label| format!("nothing has a label {label:?} in {query}")));
    problems
}

#[test]
fn every_query_asks_for_metrics_and_labels_that_are_exported() {
    let table = exported();
    for of in [dashboard(), alerts()] {
        let queries = queries(&of);
        assert!(queries.len() >= 10, "{queries:?}");
        for query in queries {
            assert!(!series(query).is_empty(), "no series in {query}");
            assert_eq!(problems(&table, query), Vec::<String>::new());
        }
    }
}

#[test]
fn every_metric_is_on_the_dashboard() {
    let (table, dashboard) = (exported(), dashboard());
    let shown: BTreeSet<&str> = queries(&dashboard)
        .into_iter()
        .flat_map(series)
        .filter_map(|(name, _)| family(&table, name))
        .collect();
    let exported: BTreeSet<&str> = table.keys().map(String::as_str).collect();
    assert_eq!(shown, exported);
}

#[test]
fn a_query_for_what_is_not_exported_is_found() {
    let table = exported();
    for (wrong, found) in [
        (
            "sqs_connector_messages_total",
            "sqs_connector_messages_total is not exported",
        ),
        (
            "rate(sqs_connector_polls_total{verdict=\"x\"}[5m])",
            "no label \"verdict\"",
        ),
        (
            "sqs_connector_polls_total{queue=\"q\", state=~\"x\"}",
            "no label \"state\"",
        ),
        (
            "sum by (queue, verdict) (sqs_connector_polls_open)",
            "a label \"verdict\"",
        ),
        (
            "a and on (node) sqs_connector_polls_open",
            "a label \"node\"",
        ),
    ] {
        let problems = problems(&table, wrong);
        assert!(
            problems.len() == 1 && problems[0].contains(found),
            "{problems:?}"
        );
    }
}

#[test]
fn every_alert_has_a_runbook() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/runbooks");
    let alerts = alerts();
    let mut names = Vec::new();
    texts_under(&alerts, "alert", &mut names);
    assert!(!names.is_empty());
    let mut expected: BTreeSet<String> = names
        .into_iter()
        .map(|name| {
            let mut file = String::new();
            for c in name.chars() {
                if c.is_ascii_uppercase() && !file.is_empty() {
                    file.push('-');
                }
                file.push(c.to_ascii_lowercase());
            }
            file + ".md"
        })
        .collect();
    expected.insert("README.md".to_owned());
    let found = std::fs::read_dir(folder).expect("the folder of the runbooks");
    let found: BTreeSet<String> = found
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name == "README.md" || name.starts_with("sqs-connector-"))
        .collect();
    assert_eq!(found, expected);
}
