//! Each example as its reader would run it.

use std::time::Duration;

use serde_json::{Value, json};
use throughline::testing::Backend;

use crate::call::post;
use crate::process::Process;

#[tokio::test]
async fn typed_json_takes_an_order_and_names_the_field_at_fault() {
    let function = Process::start("typed_json", &[]);
    let order = json!({ "item": "tea", "quantity": 2 });
    let answer = post("/", order.to_string())
        .id("kan-7")
        .to(function.port)
        .await;
    assert_eq!((answer.status, answer.id()), (200, "kan-7"));
    assert_eq!(answer.json(), json!({ "text": "2 x tea" }));
    assert_eq!(
        function.line("ORDER_RECEIVED").await["correlation_id"],
        "kan-7"
    );

    let answer = post("/", r#"{"item":"tea"}"#).to(function.port).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("quantity"), "{}", answer.body);
}

#[tokio::test]
async fn graphql_reserves_with_its_token_and_reads_it_again_once_it_was_rotated() {
    let stock = Backend::start(|_| {
        let data = json!({ "data": { "reserve": { "reserved": true, "left": 5 } } });
        (200, data.to_string())
    })
    .await;
    let secrets = tempfile::tempdir().unwrap();
    let token = secrets.path().join("stock-token");
    std::fs::write(&token, "one\n").unwrap();
    let env = [
        ("stock_url", stock.url()),
        ("secrets_dir", secrets.path().to_str().unwrap()),
    ];
    let function = Process::start("graphql", &env);
    let order =
        || post("/", r#"{"item":"tea","quantity":2}"#).header("Idempotency-Key", "orders/7");
    assert_eq!(order().to(function.port).await.body, "reserved, 5 left");
    std::fs::write(&token, "two\n").unwrap();
    assert_eq!(order().to(function.port).await.status, 200);

    let sent: Vec<_> = stock
        .calls()
        .iter()
        .map(|call| call.header("authorization").unwrap().to_owned())
        .collect();
    assert_eq!(sent, ["Bearer one", "Bearer two"]);
    let call = &stock.calls()[0];
    assert_eq!(call.header("idempotency-key"), Some("orders/7/reserve"));
    assert_eq!(call.json::<Value>()["operationName"], "Reserve");
    let log = format!("{:?}", function.lines());
    assert!(!log.contains("Bearer") && !log.contains("\"two\""), "{log}");
}

#[tokio::test]
async fn graphql_tries_again_where_the_backend_was_away_for_a_moment() {
    let times = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = std::sync::Arc::clone(&times);
    let stock =
        Backend::start(
            move |_| match counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
                0 => (503, "starting".to_owned()),
                _ => {
                    let data = json!({ "data": { "reserve": { "reserved": true, "left": null } } });
                    (200, data.to_string())
                }
            },
        )
        .await;
    let function = Process::start("graphql", &[("stock_url", stock.url())]);
    let answer = post("/", r#"{"item":"tea","quantity":2}"#)
        .to(function.port)
        .await;
    assert_eq!(answer.body, "reserved, 0 left");
    let line = function.line("Reserve answered in").await;
    assert_eq!(line["fields"]["retries"], 1);
    assert_eq!(line["fields"]["outcome"], "ok");
}

#[test]
fn graphql_without_its_url_does_not_start_and_says_what_to_set() {
    let failed = Process::fail("graphql", &[("port", "eighty")]);
    assert_eq!(failed.code, Some(64));
    let problems: Vec<_> = failed.stderr.lines().collect();
    assert_eq!(problems.len(), 2, "{problems:#?}");
    assert!(
        problems[0].starts_with(r#"port = "eighty": "#),
        "{problems:#?}"
    );
    assert!(problems[1].starts_with("stock_url: it is not set; set the variable stock_url"));
}

#[tokio::test]
async fn once_charges_once_and_gives_the_receipt_again() {
    let function = Process::start("once", &[]);
    let pay = |key: &str, amount: u32| {
        post("/", json!({ "amount": amount }).to_string()).header("Idempotency-Key", key)
    };
    let mut at_once = throughline::JoinSet::new();
    for _ in 0..10 {
        at_once.spawn(pay("orders/7", 700).to(function.port));
    }
    let statuses: Vec<_> = at_once
        .join_all()
        .await
        .iter()
        .map(|answer| answer.status)
        .collect();
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|status| **status == 500).count(),
        9,
        "{statuses:?}"
    );

    let again = pay("orders/7", 700).to(function.port).await;
    assert_eq!(again.json(), json!({ "number": 1, "amount": 700 }));
    assert_eq!(
        pay("orders/7", 7).to(function.port).await.status,
        500,
        "another payload"
    );
    assert_eq!(
        pay("orders/8", 700).to(function.port).await.json()["number"],
        2
    );
    let charged = |line: &&Value| line["message"] == "charged";
    function.line("orders/7 was done before").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(function.lines().iter().filter(charged).count(), 2);
}

#[tokio::test]
async fn fan_out_asks_for_all_at_once_under_one_id() {
    let stock = Backend::start(|call| match call.path.as_str() {
        "/nothing" => (404, String::new()),
        path => (200, path.len().to_string()),
    })
    .await;
    let function = Process::start("fan_out", &[("stock_url", stock.url())]);
    let answer = post("/", r#"["tea","milk"]"#)
        .id("kan-7")
        .to(function.port)
        .await;
    assert_eq!(answer.json(), json!({ "tea": "4", "milk": "5" }));
    for call in stock.calls() {
        assert_eq!(call.header("x-correlation-id"), Some("kan-7"));
    }
    for item in ["tea", "milk"] {
        let line = function
            .line_where(|line| line["fields"]["item"] == item)
            .await;
        assert_eq!(line["correlation_id"], "kan-7");
    }
    let answer = post("/", r#"["tea","nothing"]"#).to(function.port).await;
    assert_eq!(answer.status, 500);
}
