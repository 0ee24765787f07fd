//! The gateway's faults: each is seen by a caller as the real failure would be.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use stack::Stack;
use tokio::net::TcpStream;

use crate::callee::Callee;
use crate::caller::{call, delete, get, post, post_json};
use crate::gateway::register;
use crate::start;

async fn fault(stack: &Stack, fault: Value) {
    let answer = post_json(&format!("{}/gateway/faults", stack.urls().control), fault).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
}

async fn is_cut(method: Method, url: &str) -> bool {
    call(method, url, &[], "").await.is_err()
}

#[tokio::test]
async fn a_status_comes_as_often_as_told_with_its_headers_and_body() {
    let callee = Callee::start().await;
    let stack = start().await;
    register(&stack, &callee);
    let effect = json!({"status": 503, "headers": {"Retry-After": "2", "X-OpenFaaS-Internal": "proxy"}, "body": "busy"});
    fault(
        &stack,
        json!({"function": "pay", "times": 2, "effect": effect}),
    )
    .await;
    let url = format!("{}/function/pay", stack.urls().gateway);
    for _ in 0..2 {
        let answer = post(&url, "x").await;
        assert_eq!((answer.status, answer.text()), (503, "busy"));
        assert_eq!(answer.header("retry-after"), Some("2"));
        assert_eq!(answer.header("x-openfaas-internal"), Some("proxy"));
        assert!(answer.header("x-call-id").is_some());
    }
    assert_eq!(post(&url, "x").await.status, 200);
    assert_eq!(callee.received().len(), 1);
    let listed = get(&format!("{}/functions", stack.urls().control))
        .await
        .json();
    assert_eq!(listed[0]["statuses"], json!({"200": 1, "503": 2}));
}

#[tokio::test]
async fn a_dropped_call_never_reaches_the_function_and_a_dropped_answer_comes_after_it() {
    let callee = Callee::start().await;
    let stack = start().await;
    register(&stack, &callee);
    let url = format!("{}/function/pay", stack.urls().gateway);
    fault(
        &stack,
        json!({"function": "*", "times": 1, "effect": {"drop": true}}),
    )
    .await;
    assert!(is_cut(Method::POST, &url).await);
    assert!(callee.received().is_empty());
    fault(
        &stack,
        json!({"function": "pay", "times": 1, "effect": {"drop_answer": true}}),
    )
    .await;
    assert!(is_cut(Method::POST, &url).await);
    assert_eq!(callee.received().len(), 1);
    assert_eq!(post(&url, "x").await.status, 200);
}

#[tokio::test]
async fn a_delay_holds_a_call_and_then_lets_it_go_its_way() {
    let callee = Callee::start().await;
    let stack = start().await;
    register(&stack, &callee);
    let url = format!("{}/function/pay", stack.urls().gateway);
    fault(
        &stack,
        json!({"function": "pay", "times": 1, "effect": {"delay_ms": 200}}),
    )
    .await;
    fault(
        &stack,
        json!({"function": "pay", "times": 1, "effect": {"delay_ms": 200, "status": 429}}),
    )
    .await;
    for status in [200, 429] {
        let started = Instant::now();
        assert_eq!(post(&url, "x").await.status, status);
        assert!(started.elapsed() >= Duration::from_millis(200));
    }
}

#[tokio::test]
async fn the_listing_can_drop_talk_garbage_fail_and_refuse_its_credentials() {
    let stack = start().await;
    let url = format!("{}/system/functions", stack.urls().gateway);
    let on = |effect: Value| json!({"route": "system/functions", "times": 1, "effect": effect});
    fault(&stack, on(json!({"drop": true}))).await;
    fault(&stack, on(json!({"garbage": true}))).await;
    fault(&stack, on(json!({"status": 500, "body": "prometheus"}))).await;
    fault(&stack, on(json!({"refuse_auth": true}))).await;
    assert!(is_cut(Method::GET, &url).await);
    let garbage = get(&url).await;
    assert_eq!(garbage.status, 200);
    assert!(serde_json::from_slice::<Value>(&garbage.body).is_err());
    let failed = get(&url).await;
    assert_eq!((failed.status, failed.text()), (500, "prometheus"));
    let refused = get(&url).await;
    assert_eq!(
        (refused.status, refused.text()),
        (401, "invalid credentials")
    );
    assert_eq!(get(&url).await.text(), "[]");
}

#[tokio::test]
async fn each_route_can_fail_on_its_own() {
    let stack = start().await;
    let gateway = &stack.urls().gateway;
    for route in ["system/namespaces", "healthz"] {
        fault(
            &stack,
            json!({"route": route, "times": 1, "effect": {"status": 404}}),
        )
        .await;
        assert_eq!(get(&format!("{gateway}/{route}")).await.status, 404);
        assert_eq!(get(&format!("{gateway}/{route}")).await.status, 200);
    }
    fault(
        &stack,
        json!({"route": "async-function", "effect": {"status": 500}}),
    )
    .await;
    assert_eq!(
        post(&format!("{gateway}/async-function/pay"), "")
            .await
            .status,
        500
    );
    fault(&stack, json!({"route": "*", "effect": {"status": 418}})).await;
    assert_eq!(get(&format!("{gateway}/healthz")).await.status, 418);
    assert_eq!(
        post(&format!("{gateway}/function/pay"), "").await.status,
        418
    );
}

#[tokio::test]
async fn a_gateway_that_is_down_cuts_open_and_new_connections_until_it_is_up_again() {
    let callee = Callee::slow(Duration::from_secs(20)).await;
    let stack = start().await;
    register(&stack, &callee);
    let gateway = stack.urls().gateway.clone();
    let address = gateway.strip_prefix("http://").unwrap();

    let stream = TcpStream::connect(address).await.unwrap();
    let (mut idle, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    let connection = throughline::spawn(connection);
    let request = Request::get("/healthz").header("host", "g");
    let request = request.body(Full::new(Bytes::new())).unwrap();
    assert_eq!(idle.send_request(request).await.unwrap().status(), 200);
    let busy = throughline::spawn({
        let url = format!("{gateway}/function/pay");
        async move { is_cut(Method::POST, &url).await }
    });
    callee.wait_for(1).await;

    fault(&stack, json!({"effect": {"down": true}})).await;
    assert!(busy.await.unwrap(), "the call that ran");
    let _ = connection.await.unwrap();
    assert!(idle.is_closed(), "the connection that was kept");
    assert!(
        is_cut(Method::GET, &format!("{gateway}/healthz")).await,
        "a new connection"
    );

    let control = format!("{}/gateway/faults", stack.urls().control);
    let listed = get(&control).await.json();
    assert_eq!(listed[0]["effect"], json!({"down": true}));
    assert_eq!(delete(&control).await.status, 204);
    assert_eq!(get(&format!("{gateway}/healthz")).await.status, 200);
    assert_eq!(get(&control).await.text(), "[]");
}

#[tokio::test]
async fn faults_are_listed_with_what_is_left_of_them_and_bad_ones_refused_with_a_reason() {
    let stack = start().await;
    let control = format!("{}/gateway/faults", stack.urls().control);
    fault(
        &stack,
        json!({"function": "pay", "times": 3, "effect": {"status": 500}}),
    )
    .await;
    post(&format!("{}/function/pay", stack.urls().gateway), "x").await;
    let listed = get(&control).await.json();
    let expected =
        json!([{"id": 1, "times": 2, "hits": 1, "function": "pay", "effect": {"status": 500}}]);
    assert_eq!(listed, expected);
    for (bad, says) in [
        (
            json!({"function": "pay", "effect": {"stauts": 500}}),
            "unknown field `stauts`",
        ),
        (json!({"function": "pay", "effect": {}}), "at most one of"),
        (json!("fault"), "invalid type"),
    ] {
        let answer = post_json(&control, bad).await;
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains(says), "{}", answer.text());
    }
    assert_eq!(post(&control, "{").await.status, 400);
}
