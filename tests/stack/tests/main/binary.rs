//! The binary: its ready line, the lines it logs, how it ends, and what it says to bad flags.

use std::process::Stdio;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::caller::{call, get, post_json};

fn stack(flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stack"));
    command
        .args(flags)
        .env_remove("RUST_LOG")
        .kill_on_drop(true);
    command
}

struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    urls: Value,
}

impl Running {
    async fn start(flags: &[&str]) -> Self {
        let mut child = stack(flags).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut running = Self {
            child,
            lines,
            urls: Value::Null,
        };
        running.urls = running.line("stack is ready").await["fields"].clone();
        running
    }

    fn url(&self, name: &str) -> String {
        self.urls[name].as_str().unwrap().to_owned()
    }

    /// The next line whose milestone or message is this.
    async fn line(&mut self, told: &str) -> Value {
        let find = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                let line: Value = serde_json::from_str(&line).unwrap();
                let message = line["message"].as_str().unwrap();
                if line["milestone"] == told || message.contains(told) {
                    return line;
                }
            }
            panic!("the stack ended before it said {told:?}");
        };
        tokio::time::timeout(Duration::from_secs(20), find)
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn it_says_where_it_listens_and_ends_cleanly_when_asked_to() {
    let mut stack = Running::start(&[]).await;
    for name in [
        "sqs_url",
        "gateway_url",
        "ingress_url",
        "graphql_url",
        "control_url",
    ] {
        assert!(stack.url(name).starts_with("http://127.0.0.1:"), "{name}");
    }
    let routes = get(&format!("{}/", stack.url("control_url"))).await;
    for route in [
        "/functions",
        "/gateway/faults",
        "/ingress/clock",
        "/graphql/behaviour",
        "/sqs/",
    ] {
        assert!(routes.text().contains(route), "{route}");
    }
    let pid = stack.child.id().unwrap().to_string();
    let killed = Command::new("kill")
        .args(["-TERM", &pid])
        .status()
        .await
        .unwrap();
    assert!(killed.success());
    stack.line("the stack stops").await;
    let ended = tokio::time::timeout(Duration::from_secs(10), stack.child.wait()).await;
    assert_eq!(ended.unwrap().unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_webhook_leaves_a_milestone_with_the_id_that_was_answered() {
    let mut stack = Running::start(&[]).await;
    let url = format!("{}/hooks/jira", stack.url("ingress_url"));
    let headers = [("content-type", "application/json")];
    let answer = call(Method::POST, &url, &headers, "{\"a\":1}")
        .await
        .unwrap();
    assert_eq!(answer.status, 200);
    let line = stack.line("WEBHOOK_RECEIVED").await;
    assert_eq!(line["service.name"], "ingress");
    assert_eq!(line["correlation_id"], answer.json()["correlation_id"]);
    assert_eq!(line["fields"]["source"], "jira");
    assert_eq!(line["fields"]["bytes"], 7);
    assert_eq!(
        line["fields"]["request_id"],
        answer.header("x-amzn-requestid").unwrap()
    );
}

#[tokio::test]
async fn the_backend_logs_each_operation_with_its_id_and_warns_where_none_came() {
    let mut stack = Running::start(&[]).await;
    let url = stack.url("graphql_url");
    let body = json!({"query": "mutation { startDeployment(cardId: \"KAN-7\") { deploymentId } }"});
    let headers = [
        ("content-type", "application/json"),
        ("x-correlation-id", "corr-7"),
    ];
    let answer = call(Method::POST, &url, &headers, body.to_string())
        .await
        .unwrap();
    let asked = stack.line("deployment asked for").await;
    assert_eq!(asked["correlation_id"], "corr-7");
    let created = stack.line("DEPLOYMENT_CREATED").await;
    assert_eq!(created["service.name"], "graphql-backend");
    assert_eq!(created["correlation_id"], "corr-7");
    assert_eq!(created["fields"]["card_id"], "KAN-7");
    let deployment_id = &answer.json()["data"]["startDeployment"]["deploymentId"];
    assert_eq!(&created["fields"]["deployment_id"], deployment_id);

    let bill = json!({"query": "mutation { updateBilling(cardId: \"KAN-7\", amountCents: 5) { success } }"});
    let answer = post_json(&url, bill).await;
    let warned = stack.line("without X-Correlation-ID").await;
    assert_eq!(warned["log.level"], "warn");
    let updated = stack.line("INVOICE_UPDATED").await;
    let minted = answer.header("x-correlation-id").unwrap();
    assert_eq!(updated["correlation_id"], minted);
    assert_eq!(warned["correlation_id"], minted);
}

#[tokio::test]
async fn the_password_of_the_gateway_comes_from_a_file() {
    let file = std::env::temp_dir().join(format!("stack-password-{}", std::process::id()));
    std::fs::write(&file, "s3cret\n").unwrap();
    let stack = Running::start(&["--gateway-password-file", file.to_str().unwrap()]).await;
    std::fs::remove_file(&file).unwrap();
    let url = format!("{}/system/functions", stack.url("gateway_url"));
    assert_eq!(get(&url).await.status, 401);
    let headers = [("authorization", "Basic YWRtaW46czNjcmV0")];
    assert_eq!(
        call(Method::GET, &url, &headers, "").await.unwrap().status,
        200
    );
}

#[tokio::test]
async fn bad_flags_end_it_with_64_and_every_problem() {
    let flags = [
        "--sqs-port",
        "many",
        "--queue",
        "a b",
        "--visibility-timeout",
        "soon",
    ];
    let ended = stack(&flags).output().await.unwrap();
    assert_eq!(ended.status.code(), Some(64));
    let told = String::from_utf8(ended.stderr).unwrap();
    for problem in [
        "--sqs-port = \"many\"",
        "--queue = \"a b\"",
        "--visibility-timeout = \"soon\"",
    ] {
        assert!(told.contains(problem), "{problem} in {told}");
    }
    let unknown = stack(&["--loud"]).output().await.unwrap();
    assert_eq!(unknown.status.code(), Some(64));
    let help = stack(&["--help"]).output().await.unwrap();
    assert_eq!(help.status.code(), Some(0));
}

#[tokio::test]
async fn a_port_that_is_taken_ends_it_with_a_line_that_names_it() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended = stack(&["--gateway-port", &port]).output().await.unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let told = String::from_utf8(ended.stdout).unwrap();
    assert!(told.contains(&format!("gateway: port {port}")), "{told}");
}
