//! What a function answers of its own accord: health, typed JSON and its errors, panics.

use serde_json::json;

use crate::call::{get, post};
use crate::process::Process;

#[tokio::test]
async fn a_function_says_that_it_is_healthy_and_ready() {
    let function = Process::start("echo", &[]);
    for path in ["/_/health", "/_/ready"] {
        let answer = get(path).to(function.port).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "OK"), "{path}");
    }
    std::fs::remove_file(function.lock_file()).unwrap();
    for path in ["/_/health", "/_/ready"] {
        assert_eq!(
            get(path).to(function.port).await.status,
            503,
            "{path}, no lock file"
        );
    }
}

#[tokio::test]
async fn without_a_lock_file_health_does_not_ask_for_one() {
    let function = Process::start("echo", &[("suppress_lock", "true")]);
    assert!(!function.lock_file().exists());
    assert_eq!(get("/_/health").to(function.port).await.status, 200);
}

#[tokio::test]
async fn any_bytes_come_back_as_they_went() {
    let function = Process::start("echo", &[]);
    let mebibyte = "0123456789abcdef".repeat(65_536);
    for body in ["", "no json", "{\"a\": 1}\n", "\0\u{1}\u{7f}", &mebibyte] {
        let answer = post("/", body).to(function.port).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, body));
    }
}

#[tokio::test]
async fn typed_json_goes_in_and_comes_out() {
    let function = Process::start("every_way_out", &[]);
    let answer = post("/order", r#"{"item":"tea","quantity":2}"#)
        .id("order-1")
        .to(function.port)
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.json(), json!({ "text": "2 x tea" }));
    let line = function.line("ORDER_RECEIVED").await;
    assert_eq!(line["milestone"], "ORDER_RECEIVED");
    assert_eq!(line["correlation_id"], "order-1");
    assert_eq!(line["fields"]["item"], "tea");
}

#[tokio::test]
async fn json_of_another_shape_is_answered_with_the_field_and_the_place() {
    let function = Process::start("every_way_out", &[]);
    for (body, named) in [
        (r#"{"item":"tea"}"#, "missing field `quantity`"),
        (
            r#"{"item":"tea","quantity":-1}"#,
            "invalid value: integer `-1`",
        ),
        (r#"{"item":7,"quantity":1}"#, "line 1 column 9"),
        ("", "EOF"),
        ("\u{1}", "expected value"),
    ] {
        let answer = post("/order", body).id("kan-7").to(function.port).await;
        assert_eq!(answer.status, 400, "{body}");
        let said = answer.json();
        assert!(said["error"].as_str().unwrap().contains(named), "{said}");
        assert_eq!(said["correlation_id"], "kan-7");
    }
}

#[tokio::test]
async fn a_failure_tells_the_caller_the_id_and_the_log_the_reason() {
    let function = Process::start("every_way_out", &[]);
    let answer = get("/fails").id("kan-7").to(function.port).await;
    assert_eq!(answer.status, 500);
    assert!(!answer.body.contains("No such file"), "{}", answer.body);
    let line = function.line("failed").await;
    assert_eq!(line["log.level"], "error");
    assert_eq!(line["correlation_id"], "kan-7");
    assert!(
        line["error.message"]
            .as_str()
            .unwrap()
            .contains("No such file")
    );
}

#[tokio::test]
async fn a_panic_is_answered_logged_under_the_id_and_ends_nothing_else() {
    let function = Process::start("every_way_out", &[]);
    for (path, words, status) in [
        (
            "/panic/before-there-is-a-future",
            "no future for this one",
            500,
        ),
        ("/panic/at-once", "before the first await", 500),
        ("/panic/later", "after the first await", 500),
        ("/panic/in-a-task", "in a task", 200),
    ] {
        let answer = get(path).id(&path[1..]).to(function.port).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(
            !answer.body.contains(words),
            "the caller need not know: {}",
            answer.body
        );
        let line = function.line(words).await;
        assert_eq!(line["log.level"], "error");
        assert_eq!(line["error.type"], "panic");
        assert_eq!(line["error.message"], words);
        assert_eq!(line["correlation_id"], path[1..]);
        assert!(
            line["error.stack_trace"]
                .as_str()
                .unwrap()
                .contains("every_way_out.rs")
        );
    }
    assert_eq!(get("/context").to(function.port).await.status, 200);
}
