use std::collections::BTreeMap;
use std::io;

use super::*;

pub(super) const QUEUE: &str = "https://sqs.eu-west-1.amazonaws.com/000000000000/orders";

/// Loads with these flags, variables and this file; the gateway's secret is there.
pub(super) fn load_with(
    args: &[&str],
    env: &[(&str, &str)],
    file: &str,
) -> Result<Command, Problems> {
    let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
    let env: BTreeMap<&str, &str> = env.iter().copied().collect();
    let read = |path: &Path| match path.to_str() {
        Some("config.yaml") => Ok(file.to_owned()),
        Some("/var/secrets/basic-auth-user") => Ok("admin".to_owned()),
        Some("/var/secrets/basic-auth-password") => Ok("hunter2".to_owned()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    load(Inputs {
        args: &args,
        env: &|name| env.get(name).map(|value| (*value).to_owned()),
        read: &read,
    })
}

pub(super) fn config(args: &[&str], env: &[(&str, &str)], file: &str) -> Config {
    match load_with(args, env, file) {
        Ok(Command::Run(config)) => *config,
        Ok(other) => panic!("did not run: {other:?}"),
        Err(problems) => panic!("{problems}"),
    }
}

pub(super) fn problems(args: &[&str], env: &[(&str, &str)], file: &str) -> Vec<String> {
    load_with(args, env, file)
        .unwrap_err()
        .0
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn the_defaults_are_those_of_the_connector_it_replaces() {
    let config = config(&["--queue-url", QUEUE], &[], "");
    assert_eq!(config.gateway.url.as_str(), "http://gateway.openfaas:8080/");
    assert_eq!(config.gateway.upstream_timeout, Duration::from_secs(30));
    assert_eq!(config.gateway.rebuild_interval, Duration::from_secs(30));
    assert_eq!(
        config.gateway.secrets.as_deref(),
        Some(Path::new("/var/secrets"))
    );
    assert_eq!(config.admin.to_string(), "0.0.0.0:8081");
    let printing = Printing {
        milestones: true,
        response: true,
        response_body: false,
        request_body: false,
    };
    assert_eq!(config.printing, printing);
    let [queue] = config.queues.as_slice() else {
        panic!("one queue")
    };
    assert_eq!(
        (queue.topic.as_str(), queue.region.as_str()),
        ("orders", "eu-west-1")
    );
    assert_eq!(
        (queue.visibility_timeout, queue.wait_time),
        (Duration::from_secs(30), Duration::from_secs(20))
    );
    assert_eq!(
        (queue.max_messages, queue.content_type.as_str()),
        (1, "text/plain")
    );
}

#[test]
fn what_the_other_connectors_chart_renders_is_taken_as_it_is() {
    let args = [
        "-license-file=/var/secrets/license/license",
        "--queue-url=https://sqs.eu-west-1.amazonaws.com/000000000000/orders,https://sqs.eu-west-1.amazonaws.com/000000000000/refunds",
        "--visibility-timeout=100s",
        "--wait-time=10s",
        "--max-messages=5",
    ];
    let env = [
        ("gateway_url", "http://gateway.openfaas:8080"),
        ("upstream_timeout", "1m30s"),
        ("rebuild_interval", "10s"),
        ("asynchronous_invocation", "false"),
        ("content_type", "application/json"),
        ("print_milestones", "false"),
        ("print_response", "false"),
        ("print_response_body", "true"),
        ("print_request_body", "false"),
        ("basic_auth", "true"),
        ("secret_mount_path", "/var/secrets"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("topics", "orders"),
        ("debug", "true"),
        ("log_encoding", "console"),
    ];
    let config = config(&args, &env, "");
    assert_eq!(config.queues.len(), 2);
    assert_eq!(config.queues[1].topic, "refunds");
    assert!(
        config
            .queues
            .iter()
            .all(|queue| queue.max_messages == 5 && queue.wait_time.as_secs() == 10)
    );
    assert_eq!(config.queues[0].visibility_timeout.as_secs(), 100);
    assert_eq!(config.gateway.upstream_timeout.as_secs(), 90);
    assert!(config.debug && config.printing.response_body && !config.printing.response);
    assert!(!config.printing.milestones);
    assert_eq!(config.notes.len(), 4, "{:?}", config.notes);
    assert!(config.notes[0].contains("--license-file"));
}

#[test]
fn a_flag_comes_before_the_environment_before_the_file_before_the_default() {
    let file = format!(
        "wait_time: 5s\nupstream_timeout: 5s\nrebuild_interval: 5s\nqueues: [{{url: '{QUEUE}'}}]\n"
    );
    let env = [("upstream_timeout", "6s"), ("rebuild_interval", "6s")];
    let config = config(
        &["--config", "config.yaml", "--rebuild-interval", "7"],
        &env,
        &file,
    );
    assert_eq!(config.queues[0].wait_time.as_secs(), 5);
    assert_eq!(config.gateway.upstream_timeout.as_secs(), 6);
    assert_eq!(config.gateway.rebuild_interval.as_secs(), 7);
    assert_eq!(config.drain_timeout.as_secs(), 30);
}

#[test]
fn the_bounds_of_the_number_of_calls_are_not_the_wrong_way_round() {
    let args = [
        "--queue-url",
        QUEUE,
        "--concurrency=8",
        "--concurrency-min=9",
    ];
    let problems = load_with(&args, &[], "").unwrap_err().to_string();
    let expected = "--concurrency-min = \"9\": more than concurrency, 8; give at most as many";
    assert!(problems.contains(expected), "{problems}");
}

#[test]
fn every_queue_of_the_file_has_its_own_settings() {
    let file = "
max_messages: 4
backoff: {min: 2s, max: 1m}
queues:
  - url: http://127.0.0.1:9324/000000000000/a
    topic: alpha
    visibility_timeout: 60
    concurrency: 8
    content_type: application/json
    on_rejection: retry
  - url: https://sqs.us-east-2.amazonaws.com/000000000000/b.fifo
    max_messages: 10
    backoff: {min: 500ms}
";
    let config = config(
        &["--config=config.yaml"],
        &[("AWS_REGION", "eu-west-1")],
        file,
    );
    let [a, b] = config.queues.as_slice() else {
        panic!("two queues")
    };
    assert_eq!(
        (a.topic.as_str(), a.max_messages, a.concurrency),
        ("alpha", 4, 8)
    );
    assert_eq!(
        (a.visibility_timeout.as_secs(), a.on_rejection),
        (60, Some(OnRejection::Retry))
    );
    assert_eq!(
        a.endpoint_url.as_ref().unwrap().as_str(),
        "http://127.0.0.1:9324/"
    );
    assert_eq!(a.region, "eu-west-1");
    assert_eq!(
        (b.topic.as_str(), b.max_messages, b.region.as_str()),
        ("b.fifo", 10, "us-east-2")
    );
    assert_eq!(
        (b.backoff.min.as_millis(), b.backoff.max.as_secs()),
        (500, 60)
    );
    assert_eq!(b.on_rejection, None);
}

#[test]
fn every_problem_is_reported_at_once_as_name_value_reason() {
    let file = "
wait_tme: 5s
queues:
  - url: https://
  - url: https://sqs.eu-west-1.amazonaws.com/000000000000/a
    wait_time: 21s
    max_messages: 11
    colour: red
    region: us-east-1
    backoff: {min: 2m, max: 1m, mid: 3}
  - topic: nameless
";
    let env = [
        ("upstream_timeout", "soon"),
        ("admin_port", "99999"),
        ("asynchronous_invocation", "perhaps"),
    ];
    let args = [
        "--config=config.yaml",
        "--gateway-url=ftp://gateway",
        "--secret-mount-path=/nowhere",
    ];
    let found = problems(&args, &env, file);
    for expected in [
        "wait_tme = \"5s\": unknown setting; did you mean wait_time?",
        "queues[0].url = \"https://\": this is the placeholder",
        "queues[1].wait_time = \"21s\": SQS takes whole seconds from 0 to 20",
        "queues[1].max_messages = \"11\": give a number from 1 to 10",
        "queues[1].colour = \"red\": unknown setting",
        "queues[1].region = \"us-east-1\": the queue's URL is in eu-west-1",
        "queues[1].backoff.mid = \"3\": unknown",
        "queues[1].backoff.max = \"1m\": less than the minimum",
        "queues[2].url = \"\": each entry names its queue",
        "upstream_timeout = \"soon\": not a duration",
        "admin_port = \"99999\": give a port",
        "asynchronous_invocation = \"perhaps\": give true or false",
        "--gateway-url = \"ftp://gateway\": not a web address",
        "--secret-mount-path = \"/nowhere\": basic-auth-user cannot be read",
    ] {
        assert!(
            found.iter().any(|problem| problem.starts_with(expected)),
            "{expected} is not in {found:#?}"
        );
    }
}

#[test]
fn without_a_queue_it_says_where_to_name_one() {
    let found = problems(&[], &[], "");
    assert_eq!(
        found,
        [
            "--queue-url = \"\": no queue: give --queue-url, the variable queue_url, or `queues:` in the file"
        ]
    );
    assert!(problems(&["--queue-url=https://"], &[], "")[0].contains("placeholder"));
}

#[test]
fn a_file_that_is_missing_or_no_yaml_is_a_problem_like_others() {
    assert!(problems(&["--config=other.yaml"], &[], "")[0].contains("cannot be read"));
    assert!(problems(&["--config=config.yaml"], &[], "a: [")[0].contains("is not YAML"));
    assert!(problems(&["--config=config.yaml"], &[], "- a")[0].contains("is not a map"));
}

#[test]
fn an_unknown_flag_is_a_problem_and_help_is_none() {
    assert!(problems(&["--queue-ulr=x"], &[], "")[0].contains("--queue-ulr"));
    assert!(
        matches!(load_with(&["--help"], &[], ""), Ok(Command::Print(text)) if text.contains("--visibility-timeout"))
    );
}
