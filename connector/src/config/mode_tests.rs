use super::super::tests::{config, problems};
use super::*;

const QUEUE: &str = "https://sqs.eu-west-1.amazonaws.com/000000000000/orders";
const OTHER: &str = "https://sqs.eu-west-1.amazonaws.com/000000000000/refunds";

fn mode_of(args: &[&str], env: &[(&str, &str)]) -> Mode {
    let mut all = vec!["--queue-url", QUEUE];
    all.extend(args);
    config(&all, env, "").queues[0].mode
}

fn refused(args: &[&str], env: &[(&str, &str)]) -> Vec<String> {
    let mut all = vec!["--queue-url", QUEUE];
    all.extend(args);
    problems(&all, env, "")
}

#[test]
fn messages_go_one_by_one_unless_it_is_said_otherwise() {
    assert_eq!(mode_of(&[], &[]), Mode::Single);
    assert_eq!(
        mode_of(&["--mode=batch"], &[]),
        Mode::Batch(Limits {
            size: 10,
            bytes: 6 * 1024 * 1024,
            window: Duration::ZERO,
        })
    );
    let pod = ("POD_IP", "10.0.0.7");
    let hour = Duration::from_secs(3600);
    let by_callback = Mode::Async {
        callback_timeout: hour,
    };
    assert_eq!(mode_of(&[], &[("mode", "async"), pod]), by_callback);
    let long = [pod, ("upstream_timeout", "2h")];
    let callback_timeout = hour * 2;
    assert_eq!(
        mode_of(&["--mode=async"], &long),
        Mode::Async { callback_timeout }
    );
    assert!(refused(&["--mode=both"], &[])[0].contains("give single, batch or async"));
}

#[test]
fn asynchronous_invocation_means_mode_async() {
    let pod = ("POD_IP", "10.0.0.7");
    let mode = mode_of(&[], &[("asynchronous_invocation", "true"), pod]);
    assert_eq!(mode.kind(), "async");
    let mode = mode_of(
        &["--mode=async"],
        &[("asynchronous_invocation", "true"), pod],
    );
    assert_eq!(mode.kind(), "async");
    let found = refused(
        &["--mode=batch"],
        &[("asynchronous_invocation", "true"), pod],
    );
    assert_eq!(
        found,
        ["--mode = \"batch\": asynchronous_invocation=true asks for async; give one of the two"]
    );
}

#[test]
fn each_queue_may_have_a_mode_of_its_own() {
    let file = format!(
        "asynchronous_invocation: true\ncallback_address: 127.0.0.1\nqueues:\n  - url: {QUEUE}\n    mode: batch\n    batch_size: 3\n  - url: {OTHER}\n"
    );
    let config = config(&["--config=config.yaml"], &[], &file);
    let kinds: Vec<_> = config
        .queues
        .iter()
        .map(|queue| queue.mode.kind())
        .collect();
    assert_eq!(kinds, ["batch", "async"]);
    assert_eq!(
        config.callback.unwrap().url.as_str(),
        "http://127.0.0.1:8082/"
    );
}

#[test]
fn a_batch_is_not_larger_than_what_is_held_and_every_bound_is_checked() {
    let found = refused(&["--mode=batch", "--batch-size=33"], &[]);
    assert!(found[0].contains("than are held at once, 32"), "{found:?}");
    let small = mode_of(&["--mode=batch", "--concurrency=4"], &[]);
    assert!(matches!(small, Mode::Batch(Limits { size: 4, .. })));
    let wrong = ["--batch-size=0", "--batch-window=6m", "--batch-bytes=10"];
    let found = refused(&wrong, &[]);
    assert_eq!(found.len(), 3, "whatever the mode: {found:?}");
    let found = refused(&["--callback-timeout=12h"], &[]);
    assert!(found[0].contains("at most 39600s"), "{found:?}");
}

#[test]
fn a_callback_is_not_given_up_before_its_function_may_end() {
    let args = [
        "--mode=async",
        "--callback-timeout=29s",
        "--callback-url=http://us",
    ];
    let found = refused(&args, &[]);
    assert!(
        found[0].contains("shorter than upstream_timeout"),
        "{found:?}"
    );
}

#[test]
fn what_has_no_effect_in_the_mode_of_its_queue_is_a_problem_and_for_all_queues_a_note() {
    let file = format!("queues:\n  - url: {QUEUE}\n    batch_size: 3\n    callback_timeout: 1h\n");
    let found = problems(&["--config=config.yaml"], &[], &file);
    assert_eq!(
        found,
        [
            "queues[0].batch_size = \"3\": has no effect in mode single; set the mode, or leave it out",
            "queues[0].callback_timeout = \"1h\": has no effect in mode single; set the mode, or leave it out",
        ]
    );
    let config = config(&["--queue-url", QUEUE, "--batch-size=3"], &[], "");
    assert_eq!(
        config.notes,
        ["--batch-size is accepted and has no effect: no queue is in mode batch"]
    );
}

#[test]
fn the_gateway_must_be_able_to_reach_us() {
    let url = |args: &[&str], env: &[(&str, &str)]| {
        let mut all = vec!["--queue-url", QUEUE, "--mode=async"];
        all.extend(args);
        config(&all, env, "").callback.unwrap().base(7)
    };
    let pod = ("POD_IP", "10.0.0.7");
    assert_eq!(url(&[], &[pod]), "http://10.0.0.7:8082");
    assert_eq!(url(&[], &[("POD_IP", "fd00::7")]), "http://[fd00::7]:8082");
    assert_eq!(url(&["--callback-port=0"], &[pod]), "http://10.0.0.7:7");
    let given = "--callback-url=https://us.example.com/in/";
    assert_eq!(url(&[given], &[pod]), "https://us.example.com/in");
    let found = refused(&["--mode=async"], &[]);
    assert!(found[0].starts_with("callback_url = \"\": queue orders is in mode async"));
    assert!(found[0].contains("POD_IP from status.podIP"), "{found:?}");
    let found = refused(&["--mode=async"], &[("POD_IP", "here")]);
    assert!(
        found[0].starts_with("POD_IP = \"here\": not the pod's IP"),
        "{found:?}"
    );
    let found = refused(&["--mode=async", "--callback-url=us"], &[pod]);
    assert!(
        found[0].contains("ours, such as http://10.0.0.7:8082"),
        "{found:?}"
    );
    let found = refused(&["--mode=async", "--callback-port=8081"], &[pod]);
    assert!(
        found[0].contains("metrics and probes are served on this port"),
        "{found:?}"
    );
}

#[test]
fn without_asynchronous_calls_there_is_no_listener() {
    assert_eq!(config(&["--queue-url", QUEUE], &[], "").callback, None);
}
