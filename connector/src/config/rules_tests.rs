//! The rules between settings, and that what is printed can be given again.

use super::settings::SETTINGS;
use super::tests::{QUEUE, config, load_with, problems};
use super::*;

/// Loads a file; gives every problem.
fn refused(file: &str) -> Vec<String> {
    problems(&["--config=config.yaml"], &[], file)
}

/// Loads a file that is right.
fn accepted(file: &str) -> Config {
    config(&["--config=config.yaml"], &[], file)
}

#[test]
fn visibility_below_the_functions_timeout_is_refused_unless_it_is_meant() {
    let args = ["--queue-url", QUEUE, "--visibility-timeout=29s"];
    let found = problems(&args, &[], "");
    let expected = "--visibility-timeout = \"29s\": shorter than upstream_timeout, 30s";
    assert!(
        found.len() == 1 && found[0].starts_with(expected),
        "{found:?}"
    );
    assert!(found[0].contains("short_visibility=true"), "{found:?}");
    let meant = config(&[&args[..], &["--short-visibility"]].concat(), &[], "");
    assert_eq!(meant.queues[0].visibility_timeout.as_secs(), 29);
}

#[test]
fn visibility_that_is_not_given_is_as_long_as_the_function_may_take() {
    let seconds = |timeout: &str| {
        let config = config(&["--queue-url", QUEUE, timeout], &[], "");
        config.queues[0].visibility_timeout.as_secs()
    };
    assert_eq!(seconds("--upstream-timeout=30s"), 30);
    assert_eq!(seconds("--upstream-timeout=10s"), 30);
    assert_eq!(seconds("--upstream-timeout=90500ms"), 91);
    assert_eq!(seconds("--upstream-timeout=12h"), 43_200);
}

#[test]
fn the_defaults_of_the_connector_it_replaces_start_as_they_are() {
    let args = ["--queue-url", QUEUE, "--visibility-timeout=30s"];
    let env = [("upstream_timeout", "30s")];
    assert_eq!(
        config(&args, &env, "").queues[0]
            .visibility_timeout
            .as_secs(),
        30
    );
}

#[test]
fn two_queues_that_are_one_are_refused_by_the_name_they_were_given() {
    let both = format!("{QUEUE},{QUEUE}/");
    let found = problems(&["--queue-url", &both], &[], "");
    let expected = format!("--queue-url = \"{QUEUE}/\": the same queue as {QUEUE}; name it once");
    assert_eq!(found, [expected]);
    let found = refused(&format!(
        "queues:
  - url: {QUEUE}
  - url: https://eu-west-1.queue.amazonaws.com:443/000000000000/orders
    concurrency: 7
"
    ));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("queues[1].url = "), "{found:?}");
    assert!(
        found[0].ends_with("name it once, and with one set of settings"),
        "{found:?}"
    );
}

#[test]
fn queues_whose_urls_are_none_are_not_taken_for_each_other() {
    let found = refused("queues: [{url: 'https://'}, {url: 'https://'}]");
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found.iter().all(|problem| problem.contains("placeholder")),
        "{found:?}"
    );
}

#[test]
fn a_queue_url_that_is_written_otherwise_finds_its_entry() {
    let file = format!("queues: [{{url: {QUEUE}, topic: tea}}]");
    let args = ["--config=config.yaml", "--queue-url", &format!("{QUEUE}/")];
    assert_eq!(config(&args, &[], &file).queues[0].topic, "tea");
}

#[test]
fn each_queue_has_its_role_and_one_can_do_without_the_role_of_the_whole() {
    let role = "arn:aws:iam::000000000000:role/orders";
    let file = format!(
        "
role_arn: {role}
external_id: tea-time
queues:
  - url: {QUEUE}
  - url: {QUEUE}-2
    role_arn: arn:aws:iam::111111111111:role/theirs
    external_id: ours@theirs
    role_session_name: billing
    sts_endpoint_url: http://localhost:4566
  - url: {QUEUE}-3
    role_arn: ''
"
    );
    let config = accepted(&file);
    let roles: Vec<_> = config
        .queues
        .iter()
        .map(|queue| queue.role.as_ref())
        .collect();
    let first = roles[0].unwrap();
    assert_eq!(
        (first.arn.as_str(), first.external_id.as_deref()),
        (role, Some("tea-time"))
    );
    assert_eq!(
        (first.session_name.as_str(), &first.sts_endpoint_url),
        ("sqs-connector", &None)
    );
    let second = roles[1].unwrap();
    assert_eq!(
        (second.session_name.as_str(), second.external_id.as_deref()),
        ("billing", Some("ours@theirs"))
    );
    assert_eq!(second.sts_endpoint_url.as_ref().unwrap().port(), Some(4566));
    assert_eq!(roles[2], None);
}

#[test]
fn what_is_wrong_with_accounts_and_signals_is_reported_with_the_rest() {
    let found = refused(
        "
role_arn: orders
otlp_endpoint: collector:4318
region: EU West
queues:
  - url: https://sqs.eu-west-1.amazonaws.com/000000000000/a
    external_id: x
    role_session_name: a b
    sts_endpoint_url: sts
    price_per_million_requests: free
  - url: https://sqs.eu-west-1.amazonaws.com/000000000000/b
    role_arn: arn:aws:iam::000000000000:user/me
    rol_arn: x
",
    );
    for expected in [
        "role_arn = \"orders\": not an ARN; give a role's ARN, such as",
        "otlp_endpoint = \"collector:4318\": not a web address",
        "region = \"EU West\": not a region",
        "queues[0].external_id = \"x\": STS takes 2 to 1224",
        "queues[0].role_session_name = \"a b\": STS takes",
        "queues[0].sts_endpoint_url = \"sts\": not a web address",
        "queues[0].price_per_million_requests = \"free\": give US dollars",
        "queues[1].role_arn = \"arn:aws:iam::000000000000:user/me\": \"user\" is no role",
        "queues[1].rol_arn = \"x\": unknown setting; did you mean role_arn?",
    ] {
        assert!(
            found.iter().any(|problem| problem.starts_with(expected)),
            "{expected} is not in {found:#?}"
        );
    }
}

#[test]
fn an_external_id_without_a_role_is_a_problem_of_its_entry() {
    let found = refused(&format!("queues: [{{url: {QUEUE}, external_id: tea}}]"));
    assert_eq!(
        found,
        ["queues[0].external_id = \"tea\": says something only of a role: give role_arn too"]
    );
}

#[test]
fn spans_go_behind_the_collectors_address_or_exactly_where_they_are_sent() {
    let to = |env: &[(&str, &str)]| {
        let config = config(&["--queue-url", QUEUE], env, "");
        config.traces.map(|url| url.to_string())
    };
    let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/");
    let exact = (
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "http://traces:4318/in",
    );
    assert_eq!(to(&[]), None);
    assert_eq!(
        to(&[base]).as_deref(),
        Some("http://collector:4318/v1/traces")
    );
    assert_eq!(to(&[base, exact]).as_deref(), Some("http://traces:4318/in"));
    assert_eq!(to(&[base, ("OTEL_SDK_DISABLED", "true")]), None);
}

/// Every setting with another value than its default; `EXEMPT` have nothing to print.
const EVERYTHING: &str = "
gateway_url: http://gateway:1/
upstream_timeout: 7s
rebuild_interval: 8s
basic_auth: true
secret_mount_path: /var/secrets
print_milestones: false
print_response: false
print_response_body: true
print_request_body: true
admin_address: 127.0.0.1
admin_port: 9
callback_address: 127.0.0.2
callback_port: 10
callback_url: http://us:11/in
drain_timeout: 37s
settle_window: 5ms
debug: true
region: eu-central-1
otlp_traces_endpoint: http://collector/in
queues:
  - url: https://sqs.eu-west-1.amazonaws.com/000000000000/orders.fifo
    topic: 'tea: \"green\" # or black'
    visibility_timeout: 6s
    short_visibility: true
    wait_time: 5s
    max_messages: 4
    concurrency: 3
    max_bytes_in_flight: 3MiB
    region: eu-west-1
    endpoint_url: http://127.0.0.1:4566/
    role_arn: arn:aws:iam::000000000000:role/orders
    external_id: '0x17'
    role_session_name: tea
    sts_endpoint_url: http://127.0.0.1:4567/
    price_per_million_requests: 0.33
    content_type: application/json
    attribute_header_bytes: 4096
    concurrency_min: 2
    backoff: {min: 2ms, max: 1500ms}
    probe_min: 3s
    probe_max: 40s
    on_rejection: retry
    filter: [{body: {kind: [\"a: \\\"b\\\" # c\", {prefix: x}]}, messageId: [{exists: true}]}]
    on_filtered: dead-letter
    mode: batch
    batch_size: 3
    batch_window: 2s
    batch_bytes: 100000
  - url: http://127.0.0.1:9324/000000000000/refunds
    mode: async
    callback_timeout: 20m
";

/// What is shown under another name, or has no effect to show.
const EXEMPT: &[&str] = &[
    "queue_url",
    "asynchronous_invocation",
    "log_encoding",
    "topics",
    "license_file",
    "otlp_endpoint",
    "otel_sdk_disabled",
    "backoff_min",
    "backoff_max",
];

#[test]
fn what_print_config_prints_has_every_setting_no_secret_and_can_be_given_again() {
    let Ok(Command::Print(text)) =
        load_with(&["--config=config.yaml", "--print-config"], &[], EVERYTHING)
    else {
        panic!("it prints")
    };
    for key in SETTINGS.iter().map(|setting| setting.key) {
        let has = |text: &str| text.contains(&format!("{key}: "));
        let exempt = EXEMPT.contains(&key);
        assert!(
            exempt || has(EVERYTHING),
            "give {key} a value in EVERYTHING"
        );
        assert!(exempt || has(&text), "{key} is not printed:\n{text}");
    }
    assert!(!text.contains("hunter2"), "{text}");
    let first = accepted(EVERYTHING);
    assert_eq!(accepted(&text), first);
    assert_eq!(accepted(&text).to_string(), text);
}

#[test]
fn the_defaults_can_be_printed_and_given_again_too() {
    let first = config(&["--queue-url", QUEUE], &[], "");
    assert_eq!(accepted(&first.to_string()), first);
}

#[test]
fn a_drain_that_is_shorter_than_a_poll_is_refused() {
    let said = |args: &[&str]| {
        let all: Vec<&str> = ["--queue-url", QUEUE].iter().chain(args).copied().collect();
        load_with(&all, &[], "")
            .err()
            .map(|problems| problems.to_string())
    };
    let problem = said(&["--drain-timeout=19s"]).unwrap();
    assert!(
        problem.contains("--drain-timeout = \"19s\": less than wait_time, 20s"),
        "{problem}"
    );
    let problem = said(&["--drain-timeout=1s", "--wait-time=2s"]).unwrap();
    assert!(problem.contains("give at least 2s"), "{problem}");
    assert_eq!(said(&["--drain-timeout=20s"]), None);
    assert_eq!(said(&["--drain-timeout=0s", "--wait-time=0s"]), None);
}

#[test]
fn the_bytes_in_flight_are_read_with_their_unit_and_have_room_for_any_message() {
    let read = |value: &str| {
        let flag = format!("--max-bytes-in-flight={value}");
        match load_with(&["--queue-url", QUEUE, &flag], &[], "") {
            Ok(Command::Run(config)) => Ok(config.queues[0].max_bytes_in_flight),
            Ok(_) => panic!("it runs"),
            Err(problems) => Err(problems.to_string()),
        }
    };
    for (value, bytes) in [
        ("1048576", 1 << 20),
        ("1MiB", 1 << 20),
        ("2 Gi", 2 << 30),
        ("4096KiB", 4 << 20),
    ] {
        assert_eq!(read(value), Ok(bytes));
    }
    for (value, why) in [
        ("0", "at least 1MiB"),
        ("1023KiB", "at least 1MiB"),
        ("64MB", "such as 67108864 or 64MiB"),
        ("much", "such as 67108864 or 64MiB"),
        ("99999999999999999999", "such as 67108864 or 64MiB"),
        ("17179869184GiB", "such as 67108864 or 64MiB"),
    ] {
        let said = read(value).unwrap_err();
        assert!(said.contains(why), "{said}");
    }
    assert_eq!(
        config(&["--queue-url", QUEUE], &[], "").queues[0].max_bytes_in_flight,
        64 << 20
    );
}

#[test]
fn a_list_of_queues_without_a_url_chooses_nothing() {
    let file = "basic_auth: false\nqueues:\n  - url: http://127.0.0.1:1/0/a\n";
    for list in ["", ",", " , "] {
        let flag = format!("--queue-url={list}");
        let Ok(Command::Run(config)) = load_with(&["--config=config.yaml", &flag], &[], file)
        else {
            panic!("{list:?}")
        };
        assert_eq!(config.queues.len(), 1);
        assert!(config.notes.is_empty(), "{:?}", config.notes);
    }
}

#[test]
fn an_entry_that_queue_url_leaves_out_is_told() {
    let file = "basic_auth: false\nqueues:\n  - url: http://127.0.0.1:1/0/a\n  - url: http://127.0.0.1:1/0/b\n";
    let args = ["--config=config.yaml", "--queue-url=http://127.0.0.1:1/0/a"];
    let Ok(Command::Run(config)) = load_with(&args, &[], file) else {
        panic!("it runs")
    };
    assert_eq!(config.queues.len(), 1);
    assert!(config.notes[0].contains("0/b") && config.notes[0].contains("not consumed"));
}

#[test]
fn a_drain_that_is_shorter_than_a_call_is_told() {
    let args = [
        "--queue-url=http://127.0.0.1:1/0/a",
        "--basic-auth=false",
        "--drain-timeout=25s",
    ];
    let Ok(Command::Run(config)) = load_with(&args, &[], "") else {
        panic!("it runs")
    };
    assert!(
        config.notes[0].contains("drain_timeout is 25s"),
        "{:?}",
        config.notes
    );
}
