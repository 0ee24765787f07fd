//! The gateway: how calls go through it.

use std::collections::BTreeSet;
use std::time::Duration;

use http::Method;
use stack::gateway::{GatewayOptions, Registration};
use stack::{Stack, StackOptions};

use crate::callee::{Callee, Told};
use crate::caller::{call, get, post};
use crate::start;

pub(crate) async fn start_with(gateway: GatewayOptions) -> Stack {
    let options = StackOptions {
        gateway,
        ..StackOptions::default()
    };
    Stack::start(options).await.unwrap()
}

/// Registers `callee` as the function `pay`.
pub(crate) fn register(stack: &Stack, callee: &Callee) {
    let registration = Registration::subscribed(&callee.url, "kanban-events");
    stack.gateway().register("pay", registration).unwrap();
}

#[tokio::test]
async fn a_call_reaches_its_function_byte_for_byte_and_the_answer_its_caller() {
    let callee = Callee::told(Told::new("201 Created", "X-Made-By: pay\r\n", "made")).await;
    let stack = start().await;
    register(&stack, &callee);
    let body: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let url = format!(
        "{}/function/pay.openfaas-fn/a/b%2Fc?x=1&y=%20+",
        stack.urls().gateway
    );
    let answer = call(Method::PUT, &url, &[], body.clone()).await.unwrap();
    assert_eq!((answer.status, answer.text()), (201, "made"));
    assert_eq!(answer.header("x-made-by"), Some("pay"));
    let received = callee.only();
    assert_eq!(received.request_line(), "PUT /a/b%2Fc?x=1&y=%20+ HTTP/1.1");
    assert_eq!(received.body, body);
}

#[tokio::test]
async fn headers_reach_the_function_as_the_real_gateway_sends_them() {
    let callee = Callee::start().await;
    let stack = start().await;
    register(&stack, &callee);
    let sent = [
        ("x-correlation-id", "kan-7"),
        ("x-sqs-message-id", "m-1"),
        ("authorization", "Bearer for-the-function"),
        ("host", "gateway.openfaas:8080"),
        ("keep-alive", "timeout=5"),
        ("te", "trailers"),
        ("proxy-authorization", "Basic eDp5"),
    ];
    let url = format!("{}/function/pay", stack.urls().gateway);
    let answer = call(Method::POST, &url, &sent, "hello").await.unwrap();
    let received = callee.only();
    assert_eq!(received.header("X-Correlation-Id"), Some("kan-7"));
    assert_eq!(received.header("X-Sqs-Message-Id"), Some("m-1"));
    assert_eq!(
        received.header("Authorization"),
        Some("Bearer for-the-function")
    );
    assert_eq!(
        received.header("X-Forwarded-Host"),
        Some("gateway.openfaas:8080")
    );
    assert!(
        received
            .header("X-Forwarded-For")
            .unwrap()
            .starts_with("127.0.0.1:")
    );
    assert!(callee.url.ends_with(received.header("Host").unwrap()));
    assert_eq!(received.header("Transfer-Encoding"), Some("chunked"));
    for gone in ["keep-alive", "te", "proxy-authorization", "content-length"] {
        assert!(!received.has(gone), "{gone} in {}", received.head);
    }
    let minted = received.header("X-Call-Id").unwrap();
    assert_eq!(answer.header("x-call-id"), Some(minted));
    let start: u128 = received.header("X-Start-Time").unwrap().parse().unwrap();
    assert!(start > 1_700_000_000_000_000_000, "nanoseconds: {start}");
}

#[tokio::test]
async fn what_a_caller_set_itself_is_kept_and_its_call_id_not_echoed() {
    let callee = Callee::start().await;
    let stack = start().await;
    register(&stack, &callee);
    let sent = [
        ("x-call-id", "mine"),
        ("x-forwarded-for", "10.0.0.1"),
        ("x-forwarded-host", "shop"),
    ];
    let url = format!("{}/function/pay", stack.urls().gateway);
    let answer = call(Method::POST, &url, &sent, "").await.unwrap();
    assert_eq!(answer.header("x-call-id"), None);
    assert!(answer.header("x-start-time").is_some());
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    let received = callee.only();
    assert_eq!(received.header("X-Call-Id"), Some("mine"));
    assert_eq!(received.header("X-Forwarded-For"), Some("10.0.0.1"));
    assert_eq!(received.header("X-Forwarded-Host"), Some("shop"));
}

#[tokio::test]
async fn a_functions_own_errors_pass_untouched() {
    let stack = start().await;
    for status in [
        "400 Bad Request",
        "404 Not Found",
        "500 Internal Server Error",
        "504 Gateway Timeout",
    ] {
        let headers = "X-OpenFaaS-Internal: of-watchdog\r\nX-Correlation-ID: kan-7\r\n";
        let callee = Callee::told(Told::new(status, headers, "its own words")).await;
        register(&stack, &callee);
        let answer = post(&format!("{}/function/pay", stack.urls().gateway), "x").await;
        assert!(status.starts_with(&answer.status.to_string()));
        assert_eq!(answer.text(), "its own words");
        assert_eq!(answer.header("x-openfaas-internal"), Some("of-watchdog"));
        assert_eq!(answer.header("x-correlation-id"), Some("kan-7"));
    }
}

#[tokio::test]
async fn an_unknown_function_is_a_404_that_says_so() {
    let stack = start().await;
    let gateway = &stack.urls().gateway;
    let answer = post(&format!("{gateway}/function/nobody"), "x").await;
    assert_eq!(answer.status, 404);
    assert!(
        answer
            .text()
            .contains("error finding function nobody.openfaas-fn")
    );
    assert_eq!(
        post(&format!("{gateway}/function/no%20name"), "x")
            .await
            .status,
        404
    );
    assert_eq!(
        get(&format!("{gateway}/elsewhere")).await.text(),
        "404 page not found\n"
    );

    let without_scaling = start_with(GatewayOptions {
        scale_from_zero: None,
        ..GatewayOptions::default()
    })
    .await;
    let answer = post(
        &format!("{}/function/nobody", without_scaling.urls().gateway),
        "x",
    )
    .await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("x-openfaas-internal"), Some("proxy"));
    assert_eq!(answer.text(), "No endpoints available for: nobody.\n");
}

#[tokio::test]
async fn a_function_that_nobody_listens_for_is_the_providers_500() {
    let stack = start().await;
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    stack
        .gateway()
        .register("pay", Registration::subscribed(url, "t"))
        .unwrap();
    let answer = post(&format!("{}/function/pay", stack.urls().gateway), "x").await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.header("x-openfaas-internal"), Some("proxy"));
    assert_eq!(answer.text(), "Can't reach service for: pay.\n");
}

#[tokio::test]
async fn two_hundred_calls_at_once_each_get_their_own_answer_and_id() {
    let callee = Callee::slow(Duration::from_millis(20)).await;
    let stack = start().await;
    register(&stack, &callee);
    let calls: Vec<_> = (0..200)
        .map(|n| {
            let url = format!("{}/function/pay/{n}", stack.urls().gateway);
            throughline::spawn(async move {
                let id = format!("kan-{n}");
                let headers = [("x-correlation-id", id.as_str())];
                call(Method::POST, &url, &headers, id.clone())
                    .await
                    .unwrap()
                    .status
            })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), 200);
    }
    let mut seen = BTreeSet::new();
    for received in callee.received() {
        let id = received.header("X-Correlation-Id").unwrap();
        let n = id.strip_prefix("kan-").unwrap();
        assert_eq!(received.request_line(), format!("POST /{n} HTTP/1.1"));
        assert_eq!(received.body, id.as_bytes());
        seen.insert(id.to_owned());
    }
    assert_eq!(seen.len(), 200);
}

#[tokio::test]
async fn a_method_that_the_provider_does_not_proxy_is_a_405() {
    let callee = Callee::start().await;
    let stack = start().await;
    register(&stack, &callee);
    let url = format!("{}/function/pay", stack.urls().gateway);
    let answer = call(Method::TRACE, &url, &[], "").await.unwrap();
    assert_eq!(answer.status, 405);
    assert!(callee.received().is_empty());
}
