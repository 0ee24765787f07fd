//! The guide "From Python handler to Rust handler": its function, and that it shows what is run here.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

#[path = "../examples/kanban/main.rs"]
#[allow(dead_code, reason = "its main is the example's")]
mod kanban;

use kanban::handle;
use throughline::graphql::GraphQl;
use throughline::testing::{Answer, Call, FakeGraphQl, assert_chain};

#[tokio::test]
async fn a_card_that_comes_to_deploying_starts_a_deployment() {
    let started = serde_json::json!({ "success": true, "deploymentId": "dep-1" });
    let backend = FakeGraphQl::new(include_str!("../examples/kanban/schema.graphql"))
        .answer(
            "StartDeployment",
            serde_json::json!({ "startDeployment": started }),
        )
        .start()
        .await;

    let answer = call(&backend, "Deploying").await;

    assert_eq!(answer.json::<serde_json::Value>()["deployment_id"], "dep-1");
    assert_eq!(answer.milestones(), ["CARD_MOVED", "DEPLOYMENT_STARTED"]);
    assert_chain(&answer, &backend);
}

async fn call(backend: &FakeGraphQl, status: &str) -> Answer {
    let client = GraphQl::new(backend.url())
        .unwrap()
        .with_token_from_secret("graphql-token");
    let card = format!(r#"{{"card":{{"id":"KAN-7"}},"new_status":"{status}"}}"#);
    Call::delivery("generic", card)
        .secret("graphql-token", "s3cret")
        .to(move |moved| handle(client.clone(), moved))
        .await
}

#[tokio::test]
async fn a_card_that_comes_elsewhere_starts_nothing_and_a_refusal_is_no_success() {
    let refused = serde_json::json!({ "success": false, "message": "frozen" });
    let backend = FakeGraphQl::new(include_str!("../examples/kanban/schema.graphql"))
        .answer(
            "StartDeployment",
            serde_json::json!({ "startDeployment": refused }),
        )
        .start()
        .await;
    assert_eq!(call(&backend, "Done").await.status, 200);
    assert!(backend.calls().is_empty());
    let answer = call(&backend, "Deploying").await;
    assert_eq!(answer.status, 409);
    assert_eq!(
        backend.calls()[0].header("authorization"),
        Some("Bearer s3cret")
    );
}

#[test]
fn the_guide_shows_the_function_and_the_test_that_are_run_here() {
    let guide =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/from-python.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = plain(&guide).replace("graphql/", "examples/kanban/");
    let function = include_str!("../examples/kanban/main.rs").replace("pub(crate) ", "");
    let function = &function[function.find("use graphql_client").unwrap()..];
    assert!(
        shown.contains(&plain(function)),
        "docs/from-python.md shows another function"
    );
    let test = include_str!("guide.rs");
    let start = test.find("#[tokio::test]").unwrap();
    let end = test.find("async fn call(").unwrap();
    assert!(
        shown.contains(&plain(&test[start..end])),
        "docs/from-python.md shows another test"
    );
}
