//! `/async-function/…`: taken now, called later, told to the callback.

use std::time::Duration;

use http::Method;
use stack::gateway::GatewayOptions;

use crate::callee::{Callee, Told};
use crate::caller::{call, get, post};
use crate::gateway::{register, start_with};
use crate::start;

/// How long the function takes: far longer than taking the call does, on a loaded machine too.
const SLOW: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_call_is_taken_at_once_and_its_outcome_goes_to_the_callback() {
    let function = Callee::told(Told {
        after: SLOW,
        ..Told::new(
            "409 Conflict",
            "X-Correlation-ID: kan-7\r\nX-Duration-Seconds: 9\r\n",
            "refused",
        )
    })
    .await;
    let callback = Callee::start().await;
    let stack = start().await;
    register(&stack, &function);
    let url = format!("{}/async-function/pay/a?b=c", stack.urls().gateway);
    let to = format!("{}/done?for=7", callback.url);
    let sent = [
        ("x-callback-url", to.as_str()),
        ("x-correlation-id", "kan-7"),
        ("authorization", "Bearer f"),
    ];
    let started = std::time::Instant::now();
    let answer = call(Method::POST, &url, &sent, "order").await.unwrap();
    assert!(started.elapsed() < SLOW);
    assert_eq!((answer.status, answer.text()), (202, ""));
    let call_id = answer.header("x-call-id").unwrap().to_owned();

    let told = callback.wait_for(1).await.remove(0);
    assert_eq!(told.request_line(), "POST /done?for=7 HTTP/1.1");
    assert_eq!(told.header("X-Function-Status"), Some("409"));
    assert_eq!(told.header("X-Function-Name"), Some("pay"));
    assert_eq!(told.header("X-Call-Id"), Some(call_id.as_str()));
    assert_eq!(
        told.header("X-Correlation-Id"),
        Some("kan-7"),
        "as the function echoed it"
    );
    let seconds: f64 = told.header("X-Duration-Seconds").unwrap().parse().unwrap();
    assert!((SLOW.as_secs_f64()..60.0).contains(&seconds), "{seconds}");
    assert_eq!(told.body, b"refused");

    let received = function.only();
    assert_eq!(received.request_line(), "POST /a?b=c HTTP/1.1");
    assert_eq!(received.body, b"order");
    assert_eq!(received.header("X-Call-Id"), Some(call_id.as_str()));
    assert_eq!(received.header("Authorization"), Some("Bearer f"));
}

#[tokio::test]
async fn nobody_looks_whether_the_function_exists_until_it_is_called() {
    let callback = Callee::start().await;
    let stack = start().await;
    let url = format!("{}/async-function/nobody.staging", stack.urls().gateway);
    let sent = [
        ("x-callback-url", callback.url.as_str()),
        ("x-call-id", "mine"),
    ];
    let answer = call(Method::POST, &url, &sent, "x").await.unwrap();
    assert_eq!(answer.status, 202);
    assert_eq!(answer.header("x-call-id"), None);
    let told = callback.wait_for(1).await.remove(0);
    assert_eq!(told.header("X-Function-Status"), Some("404"));
    assert_eq!(told.header("X-Function-Name"), Some("nobody.staging"));
    assert_eq!(told.header("X-Call-Id"), Some("mine"));
}

#[tokio::test]
async fn a_call_that_gets_no_answer_is_told_as_a_503_and_without_a_callback_nobody_is_told() {
    let function = Callee::start().await;
    let callback = Callee::start().await;
    let stack = start().await;
    register(&stack, &function);
    let drop = serde_json::json!({"function": "pay", "times": 1, "effect": {"drop": true}});
    stack.gateway().add_fault(drop).unwrap();
    let url = format!("{}/async-function/pay", stack.urls().gateway);
    let sent = [("x-callback-url", callback.url.as_str())];
    assert_eq!(
        call(Method::POST, &url, &sent, "x").await.unwrap().status,
        202
    );
    let told = callback.wait_for(1).await.remove(0);
    assert_eq!(told.header("X-Function-Status"), Some("503"));
    assert_eq!(told.body, b"");

    assert_eq!(post(&url, "y").await.status, 202);
    assert_eq!(function.wait_for(1).await[0].body, b"y");
    assert_eq!(callback.received().len(), 1);
}

#[tokio::test]
async fn callbacks_can_be_lost_late_and_told_twice() {
    let function = Callee::start().await;
    let callback = Callee::start().await;
    let stack = start().await;
    register(&stack, &function);
    for effect in [
        serde_json::json!({"drop": true}),
        serde_json::json!({"delay_ms": 300}),
        serde_json::json!({"twice": true}),
    ] {
        let fault = serde_json::json!({"route": "callback", "times": 1, "effect": effect});
        stack.gateway().add_fault(fault).unwrap();
    }
    let url = format!("{}/async-function/pay", stack.urls().gateway);
    let started = std::time::Instant::now();
    for call_id in ["lost", "late", "twice", "well"] {
        let sent = [
            ("x-callback-url", callback.url.as_str()),
            ("x-call-id", call_id),
        ];
        let answer = call(Method::POST, &url, &sent, "x").await.unwrap();
        assert_eq!(answer.status, 202);
    }
    let told = callback.wait_for(4).await;
    assert!(started.elapsed() >= Duration::from_millis(300));
    let ids: Vec<_> = told.iter().map(|told| told.header("X-Call-Id")).collect();
    let expected = ["late", "twice", "twice", "well"].map(Some);
    assert_eq!(ids, expected);
    assert_eq!(function.received().len(), 4);
}

#[tokio::test]
async fn more_than_256000_bytes_are_a_500_and_exactly_that_many_are_taken() {
    let function = Callee::start().await;
    let stack = start().await;
    register(&stack, &function);
    let url = format!("{}/async-function/pay", stack.urls().gateway);
    let answer = post(&url, vec![b'x'; 256_001]).await;
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("256001 bytes"), "{}", answer.text());
    assert_eq!(post(&url, vec![b'x'; 256_000]).await.status, 202);
    assert_eq!(function.wait_for(1).await[0].body.len(), 256_000);
}

#[tokio::test]
async fn a_callback_that_is_no_url_is_refused_and_only_post_is_taken() {
    let stack = start().await;
    let url = format!("{}/async-function/pay", stack.urls().gateway);
    let sent = [("x-callback-url", "http://[half")];
    let answer = call(Method::POST, &url, &sent, "x").await.unwrap();
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("X-Callback-Url"));
    assert_eq!(get(&url).await.status, 405);
}

#[tokio::test]
async fn switched_off_it_is_not_there() {
    let stack = start_with(GatewayOptions {
        async_functions: false,
        ..GatewayOptions::default()
    })
    .await;
    let answer = post(&format!("{}/async-function/pay", stack.urls().gateway), "x").await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn the_queue_worker_makes_no_more_calls_at_once_than_it_may() {
    let function = Callee::slow(Duration::from_millis(50)).await;
    let stack = start_with(GatewayOptions {
        async_workers: 2,
        ..GatewayOptions::default()
    })
    .await;
    register(&stack, &function);
    let url = format!("{}/async-function/pay", stack.urls().gateway);
    for _ in 0..6 {
        assert_eq!(post(&url, "x").await.status, 202);
    }
    function.wait_for(6).await;
    let seen = stack
        .gateway()
        .seen("pay", stack::gateway::DEFAULT_NAMESPACE)
        .unwrap();
    assert_eq!((seen.invocations, seen.max_concurrent), (6, 2));
}
