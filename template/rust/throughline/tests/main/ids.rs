//! Where a request's id comes from, and that every answer carries it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use throughline::CorrelationId;

use crate::call::{Call, get, post};
use crate::process::Process;

fn envelope(id: &str) -> String {
    json!({
        "v": 1, "correlation_id": id, "request_id": "r", "source": "jira",
        "received_at_ms": 1, "headers": {}, "body_b64": STANDARD.encode("{}"),
    })
    .to_string()
}

#[tokio::test]
async fn the_id_is_the_headers_else_the_envelopes_else_the_calls_else_a_new_one() {
    let function = Process::start("every_way_out", &[]);
    let all = post("/context", envelope("from-the-envelope"))
        .header("X-Call-Id", "from-the-call")
        .id("from-the-header");
    assert_eq!(all.to(function.port).await.id(), "from-the-header");

    let no_header = post("/context", envelope("from-the-envelope")).header("X-Call-Id", "call");
    assert_eq!(no_header.to(function.port).await.id(), "from-the-envelope");

    let body = r#"{"correlation_id":"from-the-body","item":"tea"}"#;
    let bare = post("/context", body).header("X-Call-Id", "call");
    assert_eq!(bare.to(function.port).await.id(), "from-the-body");

    let only_the_call = post("/context", "no json").header("X-Call-Id", "from-the-call");
    assert_eq!(only_the_call.to(function.port).await.id(), "from-the-call");

    let first = post("/context", "").to(function.port).await;
    let second = post("/context", "").to(function.port).await;
    assert!(CorrelationId::parse(first.id()).is_ok());
    assert_eq!(first.id().len(), 36, "a UUID");
    assert_ne!(first.id(), second.id());
}

#[tokio::test]
async fn the_handler_finds_what_the_headers_say_in_its_context() {
    let function = Process::start("every_way_out", &[]);
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let answer = get("/context")
        .id("kan-7")
        .header("X-Call-Id", "call-1")
        .header("traceparent", &format!("00-{trace}-b7ad6b7169203331-01"))
        .header("Idempotency-Key", "kanban/42")
        .header("X-SQS-Receive-Count", "3")
        .header("X-Timeout", "2s")
        .to(function.port)
        .await;
    let seen = answer.json();
    assert_eq!(seen["correlation_id"], "kan-7");
    assert_eq!(seen["call_id"], "call-1");
    assert_eq!(seen["trace_id"], trace);
    assert_ne!(
        seen["span_id"], "b7ad6b7169203331",
        "its own span, not the caller's"
    );
    assert_eq!(seen["idempotency_key"], "kanban/42");
    assert_eq!(seen["delivery_attempt"], 3);
    let left = seen["milliseconds_left"].as_u64().unwrap();
    assert!((1..=2000).contains(&left), "{left}");
}

#[tokio::test]
async fn an_id_that_could_do_harm_is_replaced_and_never_logged() {
    let function = Process::start("every_way_out", &[]);
    let too_long = "x".repeat(4096);
    for hostile in [
        "two words",
        "\"},{\"evil\":\"yes",
        "ünïcode",
        "${jndi:ldap}",
        &too_long,
    ] {
        let answer = post("/context", "").id(hostile).to(function.port).await;
        assert_eq!(answer.status, 200);
        assert!(CorrelationId::parse(answer.id()).is_ok());
        let seen = answer.json();
        assert_eq!(seen["correlation_id"], answer.id());
        let line = function
            .line_where(|line| line["correlation_id"] == answer.id())
            .await;
        assert_eq!(line["log.level"], "warn");
        assert!(
            line["message"]
                .as_str()
                .unwrap()
                .contains("refused and replaced")
        );
        let log = format!("{:?}", function.lines());
        assert!(!log.contains(hostile) && !log.contains("evil"), "{log}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_id_whatever_the_outcome() {
    let env = [("max_body_bytes", "1000"), ("exec_timeout", "200ms")];
    let function = Process::start("every_way_out", &env);
    let order = |body: &str| post("/order", body);
    let ways: [(Call, u16); 12] = [
        (order(r#"{"item":"tea","quantity":1}"#), 200),
        (order("{"), 400),
        (order(r#"{"item":"tea","quantity":0}"#), 422),
        (get("/no/such/path"), 404),
        (get("/rejects"), 404),
        (post("/order", vec![b' '; 1001]), 413),
        (get("/fails"), 500),
        (get("/panic/before-there-is-a-future"), 500),
        (get("/panic/at-once"), 500),
        (get("/panic/later"), 500),
        (get("/panic/in-a-task"), 200),
        (get("/slow?5000"), 504),
    ];
    for (number, (call, status)) in ways.into_iter().enumerate() {
        let id = format!("way-{number}");
        let answer = call.id(&id).to(function.port).await;
        assert_eq!(
            (answer.status, answer.id()),
            (status, id.as_str()),
            "{answer:?}"
        );
        if status >= 400 {
            assert_eq!(answer.json()["correlation_id"], id, "the body says it too");
        }
        assert!(answer.header("x-duration-seconds").is_some());
    }
}
