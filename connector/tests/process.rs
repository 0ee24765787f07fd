//! The binary: exit codes, log lines, signals.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::fakes::gateway::Answer;
use crate::world::{QUEUE, World, until};

pub(crate) fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sqs-connector"));
    command
        .env_clear()
        .env("AWS_ACCESS_KEY_ID", "AKIATEST")
        .env("AWS_SECRET_ACCESS_KEY", "very-secret-key");
    command
}

fn run(args: &[&str]) -> Output {
    binary().args(args).output().unwrap()
}

/// A running connector; killed when the test ends, whatever way.
pub(crate) struct Running(Child, mpsc::Receiver<String>);

impl Running {
    pub(crate) fn start(flags: &[String]) -> Self {
        Self::spawn(binary().args(flags))
    }

    /// With this environment and nothing else.
    pub(crate) fn start_with(flags: &[String], env: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sqs-connector"));
        Self::spawn(command.env_clear().envs(env.iter().copied()).args(flags))
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (lines, seen) = mpsc::channel();
        std::thread::spawn(move || {
            stdout
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| lines.send(line))
        });
        Self(child, seen)
    }

    /// Sends SIGTERM; gives the exit code and all lines.
    pub(crate) fn terminate(mut self) -> (Option<i32>, Vec<String>) {
        self.signal();
        let code = self.0.wait().unwrap().code();
        let mut lines = Vec::new();
        while let Ok(line) = self.1.recv_timeout(Duration::from_secs(1)) {
            lines.push(line);
        }
        (code, lines)
    }
}

impl Running {
    fn signal(&self) {
        let killed = Command::new("kill")
            .args(["-TERM", &self.0.id().to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_bad_configuration_exits_with_64_and_lists_every_problem() {
    let output = run(&[
        "--queue-url=https://",
        "--wait-time=21",
        "--max-messages=0",
        "--basic-auth=false",
    ]);
    assert_eq!(output.status.code(), Some(64));
    let text = String::from_utf8(output.stderr).unwrap();
    let problems: Vec<&str> = text.lines().collect();
    assert_eq!(problems.len(), 3, "{text}");
    assert!(
        text.contains("--queue-url = \"https://\": this is the placeholder"),
        "{text}"
    );
    assert!(
        problems[1..]
            .iter()
            .all(|line| line.contains(" = ") && line.contains(": ")),
        "{text}"
    );
}

#[test]
fn help_and_the_effective_configuration_exit_with_0() {
    assert_eq!(run(&["--help"]).status.code(), Some(0));
    let output = run(&[
        "--queue-url=http://127.0.0.1:1/0/q",
        "--basic-auth=false",
        "--print-config",
    ]);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("visibility_timeout: 30s")
    );
}

#[test]
fn a_port_that_is_taken_exits_with_70_and_says_so() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = format!("--admin-port={}", taken.local_addr().unwrap().port());
    let output = run(&[
        "--queue-url=http://127.0.0.1:1/0/q",
        "--basic-auth=false",
        "--admin-address=127.0.0.1",
        &port,
    ]);
    assert_eq!(output.status.code(), Some(70));
    assert!(!output.stderr.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_tells_each_message_by_its_id_and_a_hostile_id_never_appears() {
    let world = World::new().await;
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    let running = Running::start(&world.flags(&["--print-request-body=false"]));
    let attribute =
        |value: &str| json!({"correlation_id": {"DataType": "String", "StringValue": value}});
    let hostile = format!("evil\n{{\"forged\":true}}{}", "x".repeat(5000));
    let good = world.sqs.send_with(QUEUE, "{}", attribute("kan-7"), None);
    let bad = world.sqs.send_with(QUEUE, "{}", attribute(&hostile), None);
    until("both are deleted", || world.sqs.state().deleted.len() == 2).await;
    let (code, lines) = running.terminate();

    assert_eq!(code, Some(0));
    let text = lines.join("\n");
    assert!(
        !text.contains("forged") && !text.contains("xxxxx"),
        "the hostile id is in the log"
    );
    assert!(!text.contains("very-secret-key"));
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).expect("a line is one JSON object"))
        .collect();
    assert!(
        lines
            .iter()
            .all(|line| line["service.name"] == "sqs-connector")
    );
    let milestones = |id: &str| -> Vec<String> {
        (lines.iter())
            .filter(|line| line["correlation_id"] == id)
            .filter_map(|line| line["milestone"].as_str().map(str::to_owned))
            .collect()
    };
    assert_eq!(
        milestones("kan-7"),
        ["MESSAGE_RECEIVED", "FUNCTION_INVOKED", "MESSAGE_DELETED"]
    );
    assert_eq!(
        milestones(&bad),
        ["MESSAGE_RECEIVED", "FUNCTION_INVOKED", "MESSAGE_DELETED"],
        "the message id stands in"
    );
    let last = (lines.iter())
        .find(|line| line["milestone"] == "MESSAGE_DELETED" && line["correlation_id"] == "kan-7")
        .unwrap();
    assert_eq!(last["fields"]["message_id"], good);
    assert_eq!(last["fields"]["function"], "f.openfaas-fn");
    assert_eq!(last["fields"]["status"], 200);
    assert_eq!(last["fields"]["verdict"], "delete");
    assert_eq!(last["fields"]["receive_count"], 1);
    assert!(last["fields"]["duration_ms"].is_number());
    let admin = lines
        .iter()
        .find(|line| line["message"] == "admin is listening")
        .unwrap();
    assert!(
        admin["fields"]["addr"]
            .as_str()
            .unwrap()
            .starts_with("127.0.0.1:")
    );
    let sent = &world.gateway.calls("f");
    assert!(
        sent.iter()
            .any(|call| call.header("x-correlation-id") == bad)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_in_mid_work_finishes_what_runs_and_exits_with_0() {
    let world = World::new().await;
    world.gateway.function("f", QUEUE, |_, _| {
        Answer::of_function(200).after(Duration::from_secs(1))
    });
    for _ in 0..3 {
        world.sqs.send(QUEUE, "{}");
    }
    let running = Running::start(&world.flags(&[]));
    until("all run", || world.gateway.state().running == 3).await;
    let (code, lines) = tokio::task::block_in_place(|| running.terminate());
    assert_eq!(code, Some(0));
    assert_eq!(world.sqs.state().deleted.len(), 3);
    assert!(
        lines.iter().any(|line| line.contains("\"stopped\"")),
        "{lines:#?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_sigterm_changes_nothing() {
    let world = World::new().await;
    world.gateway.function("f", QUEUE, |_, _| {
        Answer::of_function(200).after(Duration::from_secs(1))
    });
    world.sqs.send(QUEUE, "{}");
    let running = Running::start(&world.flags(&[]));
    until("it runs", || world.gateway.state().running == 1).await;
    running.signal();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let (code, _) = tokio::task::block_in_place(|| running.terminate());
    assert_eq!(code, Some(0));
    assert_eq!(world.sqs.state().deleted.len(), 1);
}
