//! The gateway: what it says of its functions, and to whom.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::json;
use stack::gateway::{Credentials, GatewayOptions};

use crate::callee::Callee;
use crate::caller::{call, delete, get, post, put_json};
use crate::gateway::{register, start_with};
use crate::start;

#[tokio::test]
async fn the_system_routes_want_the_credentials_and_nothing_else_does() {
    let callee = Callee::start().await;
    let stack = start_with(GatewayOptions {
        credentials: Some(Credentials {
            user: "admin".into(),
            password: "secret".into(),
        }),
        ..GatewayOptions::default()
    })
    .await;
    register(&stack, &callee);
    let gateway = &stack.urls().gateway;
    let right = format!("Basic {}", STANDARD.encode("admin:secret"));
    let wrong = format!("Basic {}", STANDARD.encode("admin:guess"));
    for route in ["system/functions", "system/namespaces"] {
        let url = format!("{gateway}/{route}");
        for headers in [&[][..], &[("authorization", wrong.as_str())]] {
            let answer = call(Method::GET, &url, headers, "").await.unwrap();
            assert_eq!((answer.status, answer.text()), (401, "invalid credentials"));
            assert_eq!(
                answer.header("www-authenticate"),
                Some("Basic realm=\"Restricted\"")
            );
        }
        let headers = [("authorization", right.as_str())];
        let answer = call(Method::GET, &url, &headers, "").await.unwrap();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let posted = call(Method::POST, &url, &headers, "").await.unwrap();
        assert_eq!(posted.status, 405);
    }
    assert_eq!(get(&format!("{gateway}/healthz")).await.status, 200);
    assert_eq!(get(&format!("{gateway}/function/pay")).await.status, 200);
}

#[tokio::test]
async fn functions_are_listed_by_namespace_with_annotations_as_they_were_given() {
    let callee = Callee::start().await;
    let stack = start().await;
    let control = format!("{}/functions", stack.urls().control);
    for (name, more) in [
        (
            "topical",
            json!({"annotations": {"topic": "a, b"}, "labels": {"team": "x"}}),
        ),
        ("without", json!({})),
        ("null", json!({"annotations": null})),
        ("away", json!({"namespace": "staging"})),
    ] {
        let mut registration = more;
        registration["url"] = callee.url.clone().into();
        let answer = put_json(&format!("{control}/{name}"), registration).await;
        assert_eq!(answer.status, 204, "{}", answer.text());
    }
    let gateway = &stack.urls().gateway;
    assert_eq!(
        post(&format!("{gateway}/function/topical"), "")
            .await
            .status,
        200
    );
    let listed = get(&format!("{gateway}/system/functions")).await.json();
    let named = |name: &str| {
        let mut all = listed.as_array().unwrap().iter();
        all.find(|function| function["name"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(listed.as_array().unwrap().len(), 3);
    let topical = named("topical");
    assert_eq!(topical["annotations"], json!({"topic": "a, b"}));
    assert_eq!(topical["labels"], json!({"team": "x"}));
    assert_eq!(topical["namespace"], "openfaas-fn");
    assert_eq!(topical["availableReplicas"], 1);
    assert_eq!(topical["invocationCount"], 1);
    assert!(named("without").get("annotations").is_none());
    assert!(named("null")["annotations"].is_null() && named("null").get("annotations").is_some());
    let staging = get(&format!("{gateway}/system/functions?namespace=staging"))
        .await
        .json();
    assert_eq!(staging[0]["name"], "away");
    let nowhere = get(&format!("{gateway}/system/functions?namespace=nowhere")).await;
    assert_eq!(nowhere.text(), "[]");
    let namespaces = get(&format!("{gateway}/system/namespaces")).await.json();
    assert_eq!(namespaces, json!(["openfaas-fn", "staging"]));

    assert_eq!(
        post(&format!("{gateway}/function/away.staging"), "")
            .await
            .status,
        200
    );
    assert_eq!(
        post(&format!("{gateway}/function/away"), "").await.status,
        404
    );
    assert_eq!(delete(&format!("{control}/away")).await.status, 404);
    assert_eq!(
        delete(&format!("{control}/away?namespace=staging"))
            .await
            .status,
        204
    );
    assert_eq!(
        post(&format!("{gateway}/function/away.staging"), "")
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn a_registration_that_does_not_fit_is_refused_by_name() {
    let stack = start().await;
    let control = format!("{}/functions", stack.urls().control);
    for (name, registration, says) in [
        (
            "pay",
            json!({"url": "https://h:1"}),
            "give http://host:port",
        ),
        ("pay", json!({}), "missing field `url`"),
        (
            "pay",
            json!({"url": "http://h:1", "replica": 1}),
            "unknown field `replica`",
        ),
        ("p.y", json!({"url": "http://h:1"}), "name = \\\"p.y\\\""),
    ] {
        let answer = put_json(&format!("{control}/{name}"), registration).await;
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains(says), "{says} in {}", answer.text());
    }
    assert_eq!(get(&control).await.text(), "[]");
}
