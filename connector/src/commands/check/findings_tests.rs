use super::*;
use crate::commands::check::{json, table};
use crate::config::{Command, Inputs, load};
use crate::queue::{DeadLetterTarget, Redrive};

pub(in crate::commands::check) fn config(more: &[&str]) -> Config {
    let mut args = vec![
        "--queue-url=https://sqs.eu-west-1.amazonaws.com/000000000000/orders".to_owned(),
        "--basic-auth=false".to_owned(),
    ];
    args.extend(more.iter().map(|arg| (*arg).to_owned()));
    let inputs = Inputs {
        args: &args,
        env: &|_| None,
        read: &|_| Ok(String::new()),
    };
    match load(inputs) {
        Ok(Command::Run(config)) => *config,
        other => panic!("{other:?}"),
    }
}

const FILTER: &str = r#"--filter={"body":{"kind":["order"]}}"#;

fn attributes() -> Attributes {
    Attributes {
        retention: Some(Duration::from_secs(4 * 86_400)),
        redrive: Some(Redrive {
            target: DeadLetterTarget {
                name: "orders-dlq".into(),
                account: "000000000000".into(),
            },
            max_receive_count: 5,
        }),
        ..Attributes::default()
    }
}

fn dead_letter_queue() -> Attributes {
    Attributes {
        retention: Some(Duration::from_secs(14 * 86_400)),
        ..Attributes::default()
    }
}

fn facts() -> Facts {
    Facts {
        queues: vec![QueueFacts {
            attributes: Ok(attributes()),
            receive: Tried::Permitted,
            delete: Tried::Permitted,
            change_visibility: Tried::Permitted,
            dead_letters: Some((Ok(dead_letter_queue()), Tried::Permitted)),
        }],
        gateway: GatewayFacts::Subscribed(vec![vec!["charge.openfaas-fn".into()]]),
        asynchronous: None,
    }
}

fn error(kind: QueueErrorKind) -> QueueError {
    QueueError {
        action: "GetQueueAttributes",
        kind,
        reason: "status 403 AccessDenied no".into(),
    }
}

/// The one finding that is not well.
fn only_trouble(config: &Config, facts: &Facts) -> Finding {
    let mut troubles = findings(config, facts);
    troubles.retain(|finding| finding.result != Mark::Ok);
    assert_eq!(troubles.len(), 1, "{troubles:?}");
    troubles.remove(0)
}

#[test]
fn when_all_is_there_every_line_has_its_tick() {
    let findings = findings(&config(&[]), &facts());
    assert!(is_well(&findings));
    assert!(
        findings.iter().all(|finding| finding.result == Mark::Ok),
        "{findings:?}"
    );
    let table = table(&findings);
    assert!(
        table
            .lines()
            .all(|line| line.starts_with('✓') || line.is_empty() || line == "all is well"),
        "{table}"
    );
}

#[test]
fn a_redrive_policy_that_cannot_be_read_fails_with_its_value_the_reason_and_the_remedy() {
    let mut facts = facts();
    facts.queues[0].dead_letters = None;
    facts.queues[0].attributes = Ok(Attributes {
        redrive: None,
        illegible: Some(IllegiblePolicy {
            value: "nonsense".into(),
            reason: "expected ident at line 1 column 2".into(),
        }),
        ..attributes()
    });
    let trouble = only_trouble(&config(&[]), &facts);
    assert_eq!(
        (trouble.result, trouble.check),
        (Mark::Failed, "redrive policy")
    );
    let says = "RedrivePolicy = \"nonsense\": expected ident at line 1 column 2";
    assert!(trouble.says.starts_with(says), "{}", trouble.says);
    assert!(trouble.remedy.unwrap().contains("maxReceiveCount"));
}

#[test]
fn a_missing_permission_names_the_action() {
    let mut facts = facts();
    facts.queues[0].delete = Tried::Refused(error(QueueErrorKind::Denied));
    let trouble = only_trouble(&config(&[]), &facts);
    assert_eq!(
        (trouble.result, trouble.check),
        (Mark::Failed, "may delete")
    );
    assert!(trouble.remedy.unwrap().contains("sqs:DeleteMessage"));
}

#[test]
fn a_queue_that_is_not_there_fails_once() {
    let mut facts = facts();
    facts.queues[0] = QueueFacts {
        attributes: Err(error(QueueErrorKind::NotFound)),
        receive: Tried::Not("the queue did not answer"),
        delete: Tried::Not("the queue did not answer"),
        change_visibility: Tried::Not("the queue did not answer"),
        dead_letters: None,
    };
    let findings = findings(&config(&[]), &facts);
    assert!(!is_well(&findings));
    assert_eq!(
        findings.iter().filter(|f| f.result == Mark::Failed).count(),
        1
    );
    assert_eq!(
        findings
            .iter()
            .filter(|f| f.result == Mark::NotTried)
            .count(),
        3
    );
}

#[test]
fn no_redrive_policy_is_a_warning_and_a_failure_where_one_is_relied_on() {
    let mut facts = facts();
    facts.queues[0].attributes.as_mut().unwrap().redrive = None;
    facts.queues[0].dead_letters = None;
    assert_eq!(only_trouble(&config(&[]), &facts).result, Mark::Warning);
    let relied_on = config(&["--on-rejection=dead-letter"]);
    assert_eq!(only_trouble(&relied_on, &facts).result, Mark::Failed);
    let relied_on = config(&[FILTER, "--on-filtered=dead-letter"]);
    let found = only_trouble(&relied_on, &facts);
    assert_eq!(found.result, Mark::Failed);
}

#[test]
fn a_filter_that_gives_messages_back_towards_the_dead_letter_queue_is_a_warning() {
    let trouble = only_trouble(&config(&[FILTER, "--on-filtered=release"]), &facts());
    assert_eq!(
        (trouble.check, trouble.result),
        ("redrive policy", Mark::Warning)
    );
}

#[test]
fn too_few_receives_are_a_warning() {
    for (count, mark) in [(1, Mark::Warning), (2, Mark::Warning), (3, Mark::Ok)] {
        let mut known = attributes();
        known.redrive.as_mut().unwrap().max_receive_count = count;
        let config = config(&[]);
        let found = of_attributes(&config.queues[0], &known);
        assert!(
            found
                .iter()
                .any(|f| f.check == "redrive policy" && f.result == mark)
        );
    }
}

#[test]
fn a_dead_letter_queue_that_forgets_before_the_queue_does_is_a_warning() {
    let mut facts = facts();
    facts.queues[0]
        .dead_letters
        .as_mut()
        .unwrap()
        .0
        .as_mut()
        .unwrap()
        .retention = Some(Duration::from_secs(4 * 86_400));
    let trouble = only_trouble(&config(&[]), &facts);
    assert!(trouble.says.contains("4 d"), "{}", trouble.says);
}

#[test]
fn dead_letters_that_wait_are_told_with_the_command_that_shows_them() {
    let mut facts = facts();
    facts.queues[0]
        .dead_letters
        .as_mut()
        .unwrap()
        .0
        .as_mut()
        .unwrap()
        .visible = 7;
    let trouble = only_trouble(&config(&[]), &facts);
    assert!(trouble.says.contains('7') && trouble.remedy.unwrap().contains("peek"));
}

#[test]
fn a_queue_whose_name_and_nature_differ_fails() {
    let mut facts = facts();
    facts.queues[0].attributes.as_mut().unwrap().fifo = true;
    assert_eq!(only_trouble(&config(&[]), &facts).check, "order");
}

#[test]
fn no_subscriber_fails_and_names_the_annotation() {
    let mut facts = facts();
    facts.gateway = GatewayFacts::Subscribed(vec![vec![]]);
    let trouble = only_trouble(&config(&[]), &facts);
    assert_eq!(trouble.result, Mark::Failed);
    assert!(trouble.remedy.unwrap().contains("topic: orders"));
}

#[test]
fn a_gateway_that_wants_credentials_is_told_from_one_that_is_away() {
    for (reason, remedy) in [
        (
            "GET /system/functions: status 401 Unauthorized",
            "basic-auth",
        ),
        ("GET /system/functions: connection refused", "gateway_url"),
    ] {
        let mut facts = facts();
        facts.gateway = GatewayFacts::Silent(reason.into());
        let trouble = only_trouble(&config(&[]), &facts);
        assert!(trouble.remedy.unwrap().contains(remedy));
    }
}

#[test]
fn what_was_not_tried_is_said_and_fails_nothing() {
    let mut facts = facts();
    facts.queues[0].receive = Tried::Not("there are messages");
    let config = config(&[]);
    assert_eq!(only_trouble(&config, &facts).result, Mark::NotTried);
    assert!(is_well(&findings(&config, &facts)));
}

#[test]
fn json_says_the_same_as_the_table() {
    let mut facts = facts();
    facts.queues[0].delete = Tried::Refused(error(QueueErrorKind::Denied));
    let all = findings(&config(&[]), &facts);
    let read: serde_json::Value = serde_json::from_str(&json(&all)).unwrap();
    assert_eq!(read["ok"], false);
    assert_eq!(read["findings"].as_array().unwrap().len(), all.len());
    assert!(
        read["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|f| f["result"] == "failed")
    );
    assert!(table(&all).ends_with("not ready: 1 failed\n"));
}
