//! The gateway: where a call has to wait, and where it has waited long enough.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::json;
use stack::gateway::{DEFAULT_NAMESPACE, GatewayOptions, Registration};

use crate::callee::{Callee, Told};
use crate::caller::{call, get, post};
use crate::gateway::{register, start_with};
use crate::start;

#[tokio::test]
async fn without_a_replica_a_call_waits_for_one_and_then_is_a_503() {
    let callee = Callee::start().await;
    let stack = start_with(GatewayOptions {
        scale_from_zero: Some(Duration::from_millis(500)),
        ..GatewayOptions::default()
    })
    .await;
    let none = Registration {
        replicas: 0,
        ..Registration::subscribed(&callee.url, "t")
    };
    stack.gateway().register("pay", none).unwrap();
    let url = format!("{}/function/pay", stack.urls().gateway);
    let started = Instant::now();
    let answer = post(&url, "x").await;
    assert!(started.elapsed() >= Duration::from_millis(500));
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("x-openfaas-internal"), Some("proxy"));
    let listed = get(&format!("{}/system/functions", stack.urls().gateway))
        .await
        .json();
    assert_eq!(listed[0]["replicas"], 1, "a replica was asked for");
    assert!(listed[0].get("availableReplicas").is_none());

    let waiting = post(&url, "x");
    let comes = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        register(&stack, &callee);
    };
    let (answer, ()) = tokio::join!(waiting, comes);
    assert_eq!((answer.status, answer.text()), (200, "ok"));
}

#[tokio::test]
async fn the_upstream_timeout_is_a_502_without_a_body() {
    let callee = Callee::slow(Duration::from_secs(20)).await;
    let stack = start_with(GatewayOptions {
        upstream_timeout: Duration::from_millis(200),
        ..GatewayOptions::default()
    })
    .await;
    register(&stack, &callee);
    let answer = post(&format!("{}/function/pay", stack.urls().gateway), "x").await;
    assert_eq!((answer.status, answer.text()), (502, ""));
    assert_eq!(answer.header("x-openfaas-internal"), None);
    let seen = stack.gateway().seen("pay", DEFAULT_NAMESPACE).unwrap();
    assert_eq!(
        (seen.invocations, seen.in_flight, seen.statuses[&502]),
        (1, 0, 1)
    );
}

#[tokio::test]
async fn an_answer_that_does_not_end_in_time_is_cut() {
    let told = Told {
        answer: "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf".to_owned(),
        after: Duration::ZERO,
    };
    let callee = Callee::told(told).await;
    let stack = start_with(GatewayOptions {
        upstream_timeout: Duration::from_millis(200),
        ..GatewayOptions::default()
    })
    .await;
    register(&stack, &callee);
    let url = format!("{}/function/pay", stack.urls().gateway);
    assert!(call(Method::POST, &url, &[], "x").await.is_err());
}

#[tokio::test]
async fn over_max_inflight_the_next_call_is_a_429_with_retry_after() {
    // Slower than the other calls take to come, on a loaded machine too.
    let callee = Callee::slow(Duration::from_secs(2)).await;
    let stack = start().await;
    let limited = Registration {
        max_inflight: 2,
        retry_after: Some(7),
        ..Registration::subscribed(&callee.url, "t")
    };
    stack.gateway().register("pay", limited).unwrap();
    let url = format!("{}/function/pay", stack.urls().gateway);
    let calls: Vec<_> = (0..5)
        .map(|_| {
            throughline::spawn({
                let url = url.clone();
                async move { post(&url, "x").await }
            })
        })
        .collect();
    let mut refused = 0;
    for call in calls {
        let answer = call.await.unwrap();
        if answer.status == 429 {
            refused += 1;
            assert_eq!(answer.header("retry-after"), Some("7"));
            assert_eq!(
                answer.header("x-openfaas-internal"),
                Some("faas-middleware")
            );
            assert!(answer.text().contains("Max concurrent requests: 2"));
        }
    }
    assert_eq!(refused, 3);
    let listed = get(&format!("{}/functions", stack.urls().control))
        .await
        .json();
    assert_eq!(listed[0]["invocations"], 2);
    assert_eq!(listed[0]["max_concurrent"], 2);
    assert_eq!(listed[0]["in_flight"], 0);
    assert_eq!(listed[0]["statuses"], json!({"200": 2, "429": 3}));
}
