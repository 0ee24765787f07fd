//! The log of a function: one JSON object a line, under every filter.

use crate::call::get;
use crate::process::Process;

#[tokio::test]
async fn at_warn_every_line_that_is_left_still_has_the_id() {
    let function = Process::start_quiet("every_way_out", &[("RUST_LOG", "warn")]).await;
    get("/levels").id("quiet-1").to(function.port).await;
    get("/panic/later").id("quiet-2").to(function.port).await;
    get("/rejects").id("quiet-3").to(function.port).await;
    function.line("404").await;

    let lines = function.lines();
    let told: Vec<_> = lines
        .iter()
        .map(|line| (line["correlation_id"].as_str(), line["log.level"].as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (Some("quiet-1"), Some("info")), // the milestone
            (Some("quiet-1"), Some("warn")),
            (Some("quiet-1"), Some("error")),
            (Some("quiet-1"), Some("error")), // of the `log` crate
            (Some("quiet-2"), Some("error")), // the panic
            (Some("quiet-3"), Some("warn")),
        ],
        "{lines:#?}"
    );
    assert_eq!(lines[0]["milestone"], "LEVELS_SHOWN");
    assert_eq!(lines[2]["error.message"], "the reason");
    assert_eq!(lines[3]["log.logger"], "another_library");
    assert_eq!(lines[4]["error.type"], "panic");
}

#[tokio::test]
async fn a_line_names_the_service_as_openfaas_does_else_as_the_program() {
    let named = Process::start("every_way_out", &[("OPENFAAS_NAME", "charge-card")]);
    get("/levels").to(named.port).await;
    assert_eq!(named.line("an info").await["service.name"], "charge-card");

    let program = Process::start("every_way_out", &[]);
    get("/levels").to(program.port).await;
    assert_eq!(
        program.line("an info").await["service.name"],
        "every_way_out"
    );
}

#[tokio::test]
async fn nothing_but_json_lines_with_a_time_and_a_level_leaves_the_process() {
    let mut function = Process::start("every_way_out", &[("RUST_LOG", "trace")]);
    for path in [
        "/levels",
        "/panic/later",
        "/fails",
        "/talks?3",
        "/panic/in-a-task",
    ] {
        get(path).id("loud").to(function.port).await;
    }
    function.signal("TERM");
    let (status, stderr) = function.end().await;
    assert_eq!(status.code(), Some(0));
    assert_eq!(stderr, "");
    function.line("stopped").await;
    for line in function.lines() {
        assert!(
            line["@timestamp"].is_string() && line["log.level"].is_string(),
            "{line}"
        );
    }
}
