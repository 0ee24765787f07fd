//! Queues of several accounts: roles, credentials that end or are refused, queues that fail.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as Keys;
use aws_credential_types::provider::SharedCredentialsProvider;
use sqs_connector::aws::Credentials;
use sqs_connector::config::{self, Command, Inputs};
use sqs_connector::engine::Outside;
use sqs_connector::http::Http;
use sqs_connector::metrics::Metrics;
use sqs_connector::random::Random;
use sqs_connector::spans::Spans;
use sqs_connector::wall_clock::WallClock;
use tokio::net::TcpListener;

use crate::fakes::gateway::Answer;
use crate::fakes::issuer::Issuer;
use crate::world::{Connector, World, until};

const ROLE: &str = "arn:aws:iam::000000000000:role/orders";

/// Starts a connector with these entries of `queues`.
async fn start(world: &World, queues: &str, wall_clock: WallClock) -> Connector {
    let file = format!("wait_time: 1s\nqueues:\n{queues}");
    let args: Vec<String> = (world.flags(&["--config=config.yaml"]).into_iter())
        .filter(|flag| !flag.starts_with("--queue-url") && !flag.starts_with("--wait-time"))
        .collect();
    let loaded = config::load(Inputs {
        args: &args,
        env: &|_| None,
        read: &|_| Ok(file.clone()),
    });
    let config = match loaded {
        Ok(Command::Run(config)) => *config,
        other => panic!("{other:?}"),
    };
    let listener = TcpListener::bind(config.admin).await.unwrap();
    let keys = Keys::new("AKIAOWN", "secret", None, None, "test");
    let outside = Outside {
        http: Http::new(),
        credentials: Credentials::Given(SharedCredentialsProvider::new(keys)),
        random: Random::seeded(7),
        wall_clock,
        metrics: Metrics::default(),
        spans: Spans::default(),
        admin: Some(listener),
        callbacks: None,
    };
    Connector::run(config, outside)
}

fn entry(url: &str, more: &[&str]) -> String {
    let lines = more.iter().map(|line| format!("    {line}\n"));
    format!(
        "  - url: {url}\n    topic: all\n{}",
        lines.collect::<String>()
    )
}

/// A function subscribed to every queue of this module.
async fn world() -> World {
    let world = World::new().await;
    world
        .gateway
        .function("f", "all", |_, _| Answer::of_function(200));
    world
}

fn signed(world: &World, queue: &str) -> Vec<String> {
    let state = world.sqs.state();
    let of_queue = state.signed.iter().filter(|(name, _)| name == queue);
    of_queue.map(|(_, key)| key.clone()).collect()
}

async fn delivered(world: &World, queue: &str) {
    let id = world.sqs.send(queue, "{}");
    until("the message is delivered", || {
        world.sqs.state().deleted.contains(&id)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queues_are_worked_with_their_roles_and_equal_roles_share_a_session() {
    let world = world().await;
    let (issuer, sts) = Issuer::start().await;
    issuer
        .state()
        .roles
        .insert(ROLE.into(), Some("tea-time".into()));
    let role = [
        format!("role_arn: {ROLE}"),
        "external_id: tea-time".into(),
        format!("sts_endpoint_url: {sts}"),
    ];
    let role: Vec<&str> = role.iter().map(String::as_str).collect();
    let queues = [
        entry(&world.queue_url("a"), &role),
        entry(&world.queue_url("b"), &role),
        entry(&world.queue_url("c"), &[]),
    ];
    let connector = start(&world, &queues.concat(), WallClock::default()).await;
    for queue in ["a", "b", "c"] {
        delivered(&world, queue).await;
    }
    assert_eq!(signed(&world, "a"), ["ASIA1"]);
    assert_eq!(signed(&world, "b"), ["ASIA1"]);
    assert_eq!(signed(&world, "c"), ["AKIAOWN"]);
    let asked = issuer.state().asked.clone();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(asked[0]["RoleSessionName"], "sqs-connector");
    assert_eq!(asked[0]["ExternalId"], "tea-time");
    let (_, metrics) = connector.get("/metrics").await;
    let line = format!("credentials_fetched_total{{account=\"{ROLE}\",result=\"ok\"}} 1");
    assert!(metrics.contains(&line), "{metrics}");
    connector.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_renewed_before_it_ends() {
    let world = world().await;
    let (issuer, sts) = Issuer::start().await;
    issuer.state().roles.insert(ROLE.into(), None);
    issuer.state().lifetime = Duration::from_secs(2);
    let role = [
        format!("role_arn: {ROLE}"),
        format!("sts_endpoint_url: {sts}"),
    ];
    let role: Vec<&str> = role.iter().map(String::as_str).collect();
    let queue = entry(&world.queue_url("a"), &role);
    let connector = start(&world, &queue, WallClock::default()).await;
    delivered(&world, "a").await;
    until("the next is signed with", || {
        signed(&world, "a").contains(&"ASIA2".to_owned())
    })
    .await;
    // From now on the first is worth nothing.
    world.sqs.state().expired.insert("ASIA1".into());
    delivered(&world, "a").await;
    connector.stop().await;
    assert_eq!(world.sqs.state().expiries, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_sqs_says_has_expired_is_renewed_whatever_our_clock_says() {
    let world = world().await;
    let (issuer, sts) = Issuer::start().await;
    issuer.state().roles.insert(ROLE.into(), None);
    let role = [
        format!("role_arn: {ROLE}"),
        format!("sts_endpoint_url: {sts}"),
    ];
    let role: Vec<&str> = role.iter().map(String::as_str).collect();
    let queue = entry(&world.queue_url("a"), &role);
    let connector = start(&world, &queue, WallClock::default()).await;
    delivered(&world, "a").await;
    world.sqs.state().expired.insert("ASIA1".into());
    delivered(&world, "a").await;
    assert!(world.sqs.state().expiries > 0);
    assert_eq!(issuer.state().issued, ["ASIA1", "ASIA2"]);
    assert_eq!(ready(&connector, |text| text == "OK\n").await.0, 200);
    connector.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_an_hour_off_costs_one_refusal_and_no_message() {
    let world = world().await;
    world.sqs.state().checks_time = true;
    let hour = Duration::from_secs(3600);
    let slow = WallClock::told_by(move || SystemTime::now() - hour);
    let connector = start(&world, &entry(&world.queue_url("a"), &[]), slow).await;
    for _ in 0..3 {
        delivered(&world, "a").await;
    }
    connector.stop().await;
}

/// What `/readyz` answers once its text is as it should be, or in the end.
async fn ready(connector: &Connector, is_right: impl Fn(&str) -> bool) -> (u16, String) {
    let mut answer = connector.get("/readyz").await;
    for _ in 0..200 {
        if is_right(&answer.1) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        answer = connector.get("/readyz").await;
    }
    answer
}

/// One of two queues fails in some way: the other one's messages go through all the same, the
/// probe says what is the matter and what to do, and the process is ready.
async fn beside(world: &World, broken: &str, says: &[&str]) {
    let queues = [broken.to_owned(), entry(&world.queue_url("good"), &[])];
    let connector = start(world, &queues.concat(), WallClock::default()).await;
    for _ in 0..3 {
        delivered(world, "good").await;
    }
    let answer = ready(&connector, |text| {
        says.iter().all(|part| text.contains(part))
    })
    .await;
    assert_eq!(answer.0, 200, "{}", answer.1);
    for part in says {
        assert!(answer.1.contains(part), "{part} is not in {}", answer.1);
    }
    assert_eq!(connector.get("/healthz").await.0, 200);
    let (_, metrics) = connector.get("/metrics").await;
    for line in ["queue_up{queue=\"bad\"} 0", "queue_up{queue=\"good\"} 1"] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
    connector.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_is_denied_stops_no_other_queue() {
    let world = world().await;
    let (issuer, sts) = Issuer::start().await;
    issuer
        .state()
        .roles
        .insert(ROLE.into(), Some("tea-time".into()));
    let role = [
        format!("role_arn: {ROLE}"),
        "external_id: wrong".into(),
        format!("sts_endpoint_url: {sts}"),
    ];
    let role: Vec<&str> = role.iter().map(String::as_str).collect();
    let bad = entry(&world.queue_url("bad"), &role);
    let says = [
        "queue bad does not answer",
        "the role arn:aws:iam::000000000000:role/orders could not be assumed",
        "AccessDenied",
        "its trust policy must allow sts:AssumeRole",
        "sts:ExternalId \"wrong\"",
    ];
    beside(&world, &bad, &says).await;
    assert!(
        signed(&world, "bad").is_empty(),
        "it is not asked without its role"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_was_deleted_stops_no_other_queue() {
    let world = world().await;
    let code = "com.amazonaws.sqs#QueueDoesNotExist";
    world.sqs.state().refused.insert("bad".into(), (400, code));
    let bad = entry(&world.queue_url("bad"), &[]);
    beside(
        &world,
        &bad,
        &[
            "QueueDoesNotExist",
            "check the URL's region, account and name",
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_may_not_be_received_from_stops_no_other_queue() {
    let world = world().await;
    world
        .sqs
        .state()
        .refused
        .insert("bad".into(), (403, "AccessDenied"));
    let bad = entry(&world.queue_url("bad"), &[]);
    beside(
        &world,
        &bad,
        &["AccessDenied", "allow the role sqs:ReceiveMessage"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_is_dead_stops_no_other_queue() {
    let world = world().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dead = format!("http://{}/000000000000/bad", listener.local_addr().unwrap());
    drop(listener);
    beside(
        &world,
        &entry(&dead, &[]),
        &["queue bad does not answer", "check endpoint_url"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_queue_answers_the_process_is_not_ready_and_says_why() {
    let world = world().await;
    let code = "com.amazonaws.sqs#QueueDoesNotExist";
    world.sqs.state().refused.insert("bad".into(), (400, code));
    let connector = start(
        &world,
        &entry(&world.queue_url("bad"), &[]),
        WallClock::default(),
    )
    .await;
    until("it has asked", || !signed(&world, "bad").is_empty()).await;
    let answer = ready(&connector, |text| text.contains("QueueDoesNotExist")).await;
    assert_eq!(answer.0, 503);
    assert!(answer.1.contains("QueueDoesNotExist"), "{}", answer.1);
    connector.stop().await;
}

/// The binary with two roles, and one queue without; gives its exit code and standard error, where it
/// ends by itself.
async fn started_with_roles(world: &World, sts: &str, ends: bool) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.yaml");
    let role = |n: u8| format!("role_arn: arn:aws:iam::000000000000:role/denied-{n}");
    let sts = format!("sts_endpoint_url: {sts}");
    let queues = [
        entry(&world.queue_url("one"), &[&role(1), &sts]),
        entry(&world.queue_url("two"), &[&role(2), &sts]),
        entry(&world.queue_url("three"), &[]),
    ];
    std::fs::write(&file, format!("queues:\n{}", queues.concat())).unwrap();
    let mut flags = world.flags(&[&format!("--config={}", file.display())]);
    flags.retain(|flag| !flag.starts_with("--queue-url"));
    if ends {
        let mut binary = crate::process::binary();
        let output = tokio::task::block_in_place(|| binary.args(flags).output().unwrap());
        return (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        );
    }
    let running = crate::process::Running::start(&flags);
    delivered(world, "three").await;
    let (code, _) = running.terminate();
    (code, String::new())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn roles_that_sts_denies_are_all_told_before_the_start_with_exit_code_64() {
    let world = world().await;
    let (_issuer, sts) = Issuer::start().await;
    let (code, told) = started_with_roles(&world, &sts, true).await;
    assert_eq!(code, Some(64), "{told}");
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 2, "{told}");
    for (line, (queue, role)) in lines.iter().zip([("one", 1), ("two", 2)]) {
        let name = format!(
            "role_arn of queue {queue} = \"arn:aws:iam::000000000000:role/denied-{role}\": "
        );
        assert!(line.starts_with(&name), "{line}");
        assert!(
            line.contains("its trust policy must allow sts:AssumeRole"),
            "{line}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_sts_that_is_not_reached_at_the_start_is_no_mistake_in_the_configuration() {
    let world = world().await;
    let (code, _) = started_with_roles(&world, "http://127.0.0.1:1", false).await;
    assert_eq!(code, Some(0));
}
