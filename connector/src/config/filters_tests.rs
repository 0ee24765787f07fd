//! Filters in the configuration: from YAML, from JSON, and everything that is wrong with them.

use super::tests::{QUEUE, config, problems};
use super::*;
use crate::filter::OnFiltered;

fn of_file(filter: &str, more: &str) -> String {
    format!("basic_auth: false\nqueues:\n  - url: {QUEUE}\n    filter: {filter}\n{more}")
}

#[test]
fn a_filter_may_be_yaml_or_json_and_means_the_same() {
    let yaml = of_file(
        "\n      body:\n        price: [{numeric: ['>', 100]}]\n        kind: [order, null]",
        "    on_filtered: delete",
    );
    let json = r#"{"body": {"price": [{"numeric": [">", 100]}], "kind": ["order", null]}}"#;
    let expected = Filtering {
        filter: crate::filter::Filter::parse(&serde_json::from_str(json).unwrap()).unwrap(),
        otherwise: OnFiltered::Delete,
    };
    let flag = format!("--filter={json}");
    for loaded in [
        config(&["--config=config.yaml"], &[], &yaml),
        config(
            &["--config=config.yaml"],
            &[],
            &of_file(&format!("'{json}'"), "    on_filtered: delete"),
        ),
        config(
            &["--queue-url", QUEUE, &flag, "--on-filtered=delete"],
            &[],
            "",
        ),
        config(
            &["--queue-url", QUEUE],
            &[("filter", json), ("on_filtered", "delete")],
            "",
        ),
    ] {
        assert_eq!(loaded.queues[0].filtering.as_ref(), Some(&expected));
    }
    assert_eq!(
        config(&["--queue-url", QUEUE], &[], "").queues[0].filtering,
        None
    );
}

#[test]
fn every_fault_of_a_filter_is_told_with_its_place_and_all_others() {
    let file = of_file(
        "[{body: {price: [{numeric: ['>']}], kind: order}}, {Body: {a: [1]}}]",
        "    wait_time: 21s",
    );
    let found = problems(&["--config=config.yaml"], &[], &file);
    let starts = [
        "queues[0].wait_time = \"21s\":",
        "queues[0].on_filtered = \"\": say what becomes of a message",
        "queues[0].filter[0].body.kind = \"order\": values stand in a list",
        "queues[0].filter[0].body.price.numeric = \"[\\\">\\\"]\": give signs and numbers",
        "queues[0].filter[1].Body = \"{\\\"a\\\":[1]}\": no such field; did you mean body?",
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for start in starts {
        assert!(
            found.iter().any(|problem| problem.starts_with(start)),
            "{start}\n{found:#?}"
        );
    }
}

#[test]
fn what_becomes_of_the_others_is_never_guessed() {
    let filter = r#"--filter={"body":{"a":[1]}}"#;
    let refused = |flags: &[&str]| problems(&[&["--queue-url", QUEUE], flags].concat(), &[], "");
    let found = refused(&[filter]);
    assert!(
        found.len() == 1 && found[0].starts_with("--on-filtered = \"\": say what"),
        "{found:?}"
    );
    let found = refused(&[filter, "--on-filtered=drop"]);
    assert_eq!(
        found,
        ["--on-filtered = \"drop\": give delete, release or dead-letter"]
    );
    let found = refused(&["--filter={", "--on-filtered=delete"]);
    assert!(
        found.len() == 1 && found[0].starts_with("--filter = \"{\": is not JSON"),
        "{found:?}"
    );
    let file = format!("queues:\n  - url: {QUEUE}\n    on_filtered: delete");
    let found = problems(&["--config=config.yaml"], &[], &file);
    assert!(
        found.len() == 1 && found[0].contains("there is no filter"),
        "{found:?}"
    );
}

#[test]
fn a_fifo_queue_gives_nothing_back_that_its_groups_would_wait_for() {
    let queue = format!("{QUEUE}.fifo");
    let args = |choice| {
        [
            "--queue-url",
            &queue,
            r#"--filter={"body":{"a":[1]}}"#,
            choice,
        ]
    };
    let found = problems(&args("--on-filtered=release"), &[], "");
    assert!(
        found.len() == 1 && found[0].contains("the rest of a group would wait"),
        "{found:?}"
    );
    config(&args("--on-filtered=delete"), &[], "");
}
