//! Every setting can be reached from the chart, and every value of the chart that is a setting is one.
//! `.ci/charts` renders the chart and feeds this binary with it; here only the names are compared.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::settings::{FILE_KEYS, QUEUE_KEYS, SETTINGS};

/// Settings that are no values of the chart under their own name, and where they come from instead.
const ELSEWHERE: [(&str, &str); 8] = [
    ("queue_url", "queueURL"),
    ("asynchronous_invocation", "asyncInvocation"),
    ("region", "awsDefaultRegion, in the environment"),
    ("debug", "logs.debug"),
    ("log_encoding", "nowhere: it has no effect"),
    ("topics", "nowhere: it has no effect"),
    ("license_file", "nowhere: it has no effect"),
    (
        "drain_timeout",
        "drainTimeout, computed where it is not given",
    ),
];

fn schema() -> Value {
    let text = include_str!("../../../charts/sqs-connector/values.schema.json");
    serde_json::from_str(text).expect("a schema in JSON")
}

/// `visibilityTimeout` → `visibility_timeout`.
fn snake(name: &str) -> String {
    let mut key = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            key.push('_');
        }
        key.push(c.to_ascii_lowercase());
    }
    key
}

/// What `backoff` holds stands in it, not beside it.
fn is_bound(key: &str) -> bool {
    matches!(key, "backoff_min" | "backoff_max")
}

/// The values of the chart that it writes into the file, from its template: value → key.
fn rendered() -> BTreeMap<&'static str, &'static str> {
    let template = include_str!("../../../charts/sqs-connector/templates/_config.tpl");
    let pairs = template.lines().filter_map(|line| line.split_once(": "));
    pairs
        .filter(|(name, key)| {
            let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            plain(name) && plain(key)
        })
        .collect()
}

#[test]
fn an_entry_of_queues_has_exactly_the_settings_of_a_queue() {
    let schema = schema();
    let values = schema["$defs"]["queue"]["properties"].as_object().unwrap();
    let values: BTreeSet<String> = values.keys().map(|name| snake(name)).collect();
    let settings = SETTINGS.iter().filter(|setting| setting.per_queue);
    let settings = settings
        .map(|setting| setting.key)
        .chain(QUEUE_KEYS.iter().copied());
    let settings: BTreeSet<String> = settings
        .filter(|key| !is_bound(key))
        .map(str::to_owned)
        .collect();
    assert_eq!(values, settings);
}

#[test]
fn every_setting_is_reached_from_the_chart() {
    let rendered = rendered();
    let reached: BTreeSet<&str> = rendered.values().copied().collect();
    for setting in SETTINGS.iter().filter(|setting| !is_bound(setting.key)) {
        let elsewhere = ELSEWHERE.iter().any(|(key, _)| *key == setting.key);
        // Switches that the template sets by hand.
        let by_hand = setting.key == "otel_sdk_disabled";
        assert!(
            elsewhere != (reached.contains(setting.key) || by_hand),
            "{} is reached by no value of the chart, or listed here though it is",
            setting.key
        );
    }
}

#[test]
fn what_the_chart_writes_are_settings_and_its_values() {
    let schema = schema();
    let values = schema["properties"].as_object().unwrap();
    for (value, key) in rendered() {
        let known = SETTINGS.iter().any(|setting| setting.key == key) || FILE_KEYS.contains(&key);
        assert!(known, "{key} is no setting");
        assert!(
            values.contains_key(value),
            "{value} is no value of the chart"
        );
    }
}
