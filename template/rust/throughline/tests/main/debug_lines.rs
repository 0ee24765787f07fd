//! What the log lets through: debug lines of one request by its secret, redacted fields, terminals.

use serde_json::Value;

use crate::call::{get, post};
use crate::process::Process;

const SECRET: &str = "a secret between friends";

fn secret_file() -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{SECRET}\n")).unwrap();
    file
}

fn debug_lines<'a>(lines: &'a [Value], id: &str) -> Vec<&'a Value> {
    let debug = |line: &&Value| line["log.level"] == "debug" && line["correlation_id"] == id;
    lines.iter().filter(debug).collect()
}

#[tokio::test]
async fn who_shows_the_secret_gets_the_debug_lines_of_the_request_and_nobody_elses() {
    let file = secret_file();
    let env = [
        ("debug_log_secret", file.path().to_str().unwrap()),
        ("RUST_LOG", "warn"),
    ];
    let function = Process::start_quiet("every_way_out", &env).await;
    let ask = |id: &str| post("/debug", "").id(id);
    for (id, shown) in [("wrong", "a guess"), ("again", "a guess"), ("none", "")] {
        let call = match shown {
            "" => ask(id),
            shown => ask(id).header("X-Debug-Log", shown),
        };
        assert_eq!(call.to(function.port).await.status, 200);
    }
    let asked = ask("asked")
        .header("X-Debug-Log", SECRET)
        .to(function.port)
        .await;
    assert_eq!(asked.body, "the handler sees no X-Debug-Log");
    ask("after").to(function.port).await;
    get("/levels").id("end").to(function.port).await;
    function
        .line_where(|line| line["correlation_id"] == "end")
        .await;

    let lines = function.lines();
    let told = debug_lines(&lines, "asked");
    for message in [
        "in the handler",
        "in a task",
        "through the log crate",
        "answered",
    ] {
        assert!(
            told.iter().any(|line| line["message"] == message),
            "{message}: {told:#?}"
        );
    }
    for id in ["wrong", "again", "none", "after", "end"] {
        assert!(debug_lines(&lines, id).is_empty(), "{id}");
    }
    let all = format!("{lines:?}");
    assert!(!all.contains(SECRET) && !all.contains("a guess"), "{all}");
    let told = all.matches("X-Debug-Log does not show").count();
    assert_eq!(told, 1, "who guesses does not fill the log");
}

#[tokio::test]
async fn without_a_secret_nobody_gets_debug_lines() {
    let function = Process::start("every_way_out", &[]);
    get("/debug")
        .id("asks")
        .header("X-Debug-Log", "")
        .to(function.port)
        .await;
    get("/levels").id("end").to(function.port).await;
    function
        .line_where(|line| line["correlation_id"] == "end")
        .await;
    assert!(debug_lines(&function.lines(), "asks").is_empty());
}

#[test]
fn a_secret_that_is_not_there_stops_the_start_with_its_name() {
    let env = [("debug_log_secret", "no-such"), ("port", "eighty")];
    let failed = Process::fail("echo", &env);
    assert_eq!(failed.code, Some(64));
    let start = "debug_log_secret = \"/var/openfaas/secrets/no-such\": it can't be read";
    assert!(failed.stderr.contains(start), "{}", failed.stderr);
}

#[tokio::test]
async fn a_field_to_redact_leaves_its_name_alone() {
    let function = Process::start("every_way_out", &[("redact", "item")]);
    let order = post("/order", r#"{"item":"a secret gift","quantity":1}"#);
    order.id("gift").to(function.port).await;
    let line = function.line("ORDER_RECEIVED").await;
    assert_eq!(line["fields"]["item"], "[redacted]");
}

#[tokio::test]
async fn asked_for_pretty_lines_it_writes_for_a_person_and_json_elsewhere() {
    let function = Process::start_quiet("every_way_out", &[("log_format", "pretty")]).await;
    get("/levels").id("pretty").to(function.port).await;
    let plain = |line: &Value| line.as_str().is_some_and(|text| text.contains("an error"));
    let line = function.line_where(plain).await;
    let line = line.as_str().unwrap();
    assert!(
        line.contains("ERROR an error") && line.contains("error=the reason"),
        "{line}"
    );
    assert!(
        line.contains("[pretty]") && !line.contains('\u{1b}'),
        "{line}"
    );
}
