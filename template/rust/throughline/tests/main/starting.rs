//! How a function starts, and how it refuses to.

use std::net::TcpListener;

use serde_json::Value;

use crate::call::get;
use crate::process::Process;

#[test]
fn a_wrong_environment_ends_it_with_64_and_every_problem_at_once() {
    let failed = Process::fail(
        "every_way_out",
        &[
            ("port", "eighty"),
            ("exec_timeout", "soon"),
            ("max_inflight", "-1"),
            ("RUST_LOG", "info,hyper=loud"),
            ("stock_url", "over there"),
        ],
    );
    assert_eq!(failed.code, Some(64));
    let problems: Vec<_> = failed.stderr.lines().collect();
    assert_eq!(problems.len(), 5, "{problems:#?}");
    for start in [
        r#"port = "eighty": "#,
        r#"exec_timeout = "soon": "#,
        r#"max_inflight = "-1": "#,
        r#"RUST_LOG = "info,hyper=loud": "#,
        r#"stock_url = "over there": "#,
    ] {
        let said = problems.iter().any(|problem| problem.starts_with(start));
        assert!(said, "{start} is not among {problems:#?}");
    }
    assert_eq!(failed.stdout, "");
}

#[test]
fn a_port_in_use_ends_it_with_69_and_a_line_that_names_it() {
    let taken = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let failed = Process::fail("echo", &[("port", &port)]);
    assert_eq!(failed.code, Some(69));
    let line: Value = serde_json::from_str(&failed.stdout).unwrap();
    assert_eq!(line["log.level"], "error");
    let reason = line["error.message"].as_str().unwrap();
    assert!(reason.contains(&format!("port = {port:?}")), "{reason}");
    assert!(reason.contains("in use"), "{reason}");
}

#[test]
fn a_lock_file_that_cannot_be_written_ends_it_with_the_remedy() {
    let failed = Process::fail("echo", &[("TMPDIR", "/no/such/folder")]);
    assert_eq!(failed.code, Some(69));
    assert!(
        failed.stdout.contains("/no/such/folder/.lock"),
        "{}",
        failed.stdout
    );
    assert!(failed.stdout.contains("suppress_lock"), "{}", failed.stdout);
}

#[tokio::test]
async fn the_lock_file_is_there_once_it_serves() {
    let function = Process::start("echo", &[]);
    assert!(function.lock_file().exists());
    assert_eq!(get("/_/ready").to(function.port).await.status, 200);
}
