//! The GraphQL backend: what it does, under which id, and how it can be told to behave.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};
use stack::Stack;

use crate::caller::{Answer, call, delete, get, post, post_json};
use crate::start;

const START: &str = "mutation StartDeployment($card: ID!) { startDeployment(cardId: $card) { success deploymentId message } }";
const BILL: &str = "mutation($card: ID!, $cents: Int!) { updateBilling(cardId: $card, amountCents: $cents) { success invoiceId message } }";

async fn deploy(stack: &Stack, card: &str, headers: &[(&str, &str)]) -> Answer {
    let body = json!({"query": START, "variables": {"card": card}});
    let headers = [&[("content-type", "application/json")], headers].concat();
    call(
        Method::POST,
        &stack.urls().graphql,
        &headers,
        body.to_string(),
    )
    .await
    .unwrap()
}

async fn deployments(stack: &Stack, card: Option<&str>) -> Value {
    let query =
        "query($card: ID) { deployments(cardId: $card) { deploymentId cardId correlationId at } }";
    let body = json!({"query": query, "variables": {"card": card}});
    post_json(&stack.urls().graphql, body).await.json()["data"]["deployments"].clone()
}

async fn behave(stack: &Stack, behaviour: Value) {
    let answer = post_json(
        &format!("{}/graphql/behaviour", stack.urls().control),
        behaviour,
    )
    .await;
    assert_eq!(answer.status, 201, "{}", answer.text());
}

#[tokio::test]
async fn a_deployment_is_started_under_the_id_that_came_and_can_be_looked_up() {
    let stack = start().await;
    let answer = deploy(&stack, "KAN-7", &[("x-correlation-id", "corr-7")]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-correlation-id"), Some("corr-7"));
    let result = &answer.json()["data"]["startDeployment"];
    assert_eq!(result["success"], true);
    let deployment_id = result["deploymentId"].as_str().unwrap();
    assert!(deployment_id.starts_with("dep-"));
    deploy(&stack, "KAN-8", &[]).await;

    let found = deployments(&stack, Some("KAN-7")).await;
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(found[0]["deploymentId"], deployment_id);
    assert_eq!(found[0]["cardId"], "KAN-7");
    assert_eq!(found[0]["correlationId"], "corr-7");
    let at = found[0]["at"].as_str().unwrap();
    assert!(at.ends_with('Z') && at.contains('T'), "{at}");
    assert_eq!(deployments(&stack, None).await.as_array().unwrap().len(), 2);
    assert_eq!(stack.graphql().deployments()[0].correlation_id, "corr-7");
}

#[tokio::test]
async fn without_an_id_or_with_a_hostile_one_a_new_one_is_made() {
    let stack = start().await;
    for headers in [&[][..], &[("x-correlation-id", "two words")]] {
        let answer = deploy(&stack, "KAN-7", headers).await;
        let id = answer.header("x-correlation-id").unwrap();
        assert!(throughline::CorrelationId::parse(id).is_ok());
        let found = deployments(&stack, None).await;
        assert_eq!(
            found.as_array().unwrap().last().unwrap()["correlationId"],
            id
        );
    }
}

#[tokio::test]
async fn the_same_idempotency_key_gives_the_same_deployment_even_at_once() {
    let stack = start().await;
    let key = [
        ("idempotency-key", "message-1"),
        ("x-correlation-id", "corr-7"),
    ];
    let (one, two) = tokio::join!(deploy(&stack, "KAN-7", &key), deploy(&stack, "KAN-7", &key));
    assert_eq!(one.json(), two.json());
    assert_eq!(deploy(&stack, "KAN-7", &key).await.json(), one.json());
    assert_eq!(stack.graphql().deployments().len(), 1);
    deploy(&stack, "KAN-7", &[("idempotency-key", "message-2")]).await;
    assert_eq!(stack.graphql().deployments().len(), 2);
}

#[tokio::test]
async fn a_bill_is_updated_once_a_key_and_never_below_zero() {
    let stack = start().await;
    let bill = async |cents: i32| {
        let body = json!({"query": BILL, "variables": {"card": "KAN-7", "cents": cents}});
        let headers = [
            ("content-type", "application/json"),
            ("idempotency-key", "m"),
        ];
        let answer = call(
            Method::POST,
            &stack.urls().graphql,
            &headers,
            body.to_string(),
        )
        .await;
        answer.unwrap().json()["data"]["updateBilling"].clone()
    };
    let first = bill(1250).await;
    assert_eq!(first["success"], true);
    assert!(first["invoiceId"].as_str().unwrap().starts_with("inv-"));
    assert_eq!(bill(1250).await, first);
    assert_eq!(stack.graphql().invoices().len(), 1);
    assert_eq!(stack.graphql().invoices()[0].amount_cents, 1250);
    let refused = bill(-1).await;
    assert_eq!(refused["success"], false);
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .contains("amountCents = -1")
    );
}

#[tokio::test]
async fn told_to_refuse_it_says_why_and_starts_nothing() {
    let stack = start().await;
    behave(
        &stack,
        json!({"card": "KAN-7", "effect": {"refuse": "production is frozen"}}),
    )
    .await;
    let refused = deploy(&stack, "KAN-7", &[]).await;
    assert_eq!(refused.status, 200);
    let expected =
        json!({"success": false, "deploymentId": null, "message": "production is frozen"});
    assert_eq!(refused.json()["data"]["startDeployment"], expected);
    assert!(stack.graphql().deployments().is_empty());
    let other = deploy(&stack, "KAN-8", &[]).await;
    assert_eq!(other.json()["data"]["startDeployment"]["success"], true);
    let empty = deploy(&stack, "", &[]).await.json();
    assert_eq!(empty["data"]["startDeployment"]["success"], false);
}

#[tokio::test]
async fn told_to_fail_it_does_as_often_as_told_and_starts_nothing_meanwhile() {
    let stack = start().await;
    let on = |effect: Value| json!({"card": "KAN-7", "times": 1, "effect": effect});
    behave(&stack, on(json!({"status": 503}))).await;
    behave(
        &stack,
        on(json!({"errors": ["no such environment", "ask ops"]})),
    )
    .await;
    behave(&stack, on(json!({"garbage": true}))).await;
    let id = [("x-correlation-id", "corr-7")];
    let unavailable = deploy(&stack, "KAN-7", &id).await;
    assert_eq!(unavailable.status, 503);
    assert_eq!(unavailable.header("x-correlation-id"), Some("corr-7"));
    let errors = deploy(&stack, "KAN-7", &id).await;
    assert_eq!(errors.status, 200);
    let errors = errors.json();
    assert!(errors["data"].is_null());
    assert_eq!(errors["errors"][0]["message"], "no such environment");
    assert_eq!(errors["errors"][1]["message"], "ask ops");
    let garbage = deploy(&stack, "KAN-7", &id).await;
    assert_eq!(garbage.status, 200);
    assert!(serde_json::from_slice::<Value>(&garbage.body).is_err());
    assert!(stack.graphql().deployments().is_empty());
    assert_eq!(
        deploy(&stack, "KAN-7", &id).await.json()["data"]["startDeployment"]["success"],
        true
    );
}

#[tokio::test]
async fn told_to_be_slow_it_is_and_then_does_its_work() {
    let stack = start().await;
    behave(&stack, json!({"card": "*", "effect": {"slow_ms": 200}})).await;
    let started = Instant::now();
    let answer = deploy(&stack, "KAN-7", &[]).await;
    assert!(started.elapsed() >= Duration::from_millis(200));
    assert_eq!(answer.json()["data"]["startDeployment"]["success"], true);
    let control = format!("{}/graphql/behaviour", stack.urls().control);
    let listed = get(&control).await.json();
    let expected =
        json!([{"id": 1, "times": null, "hits": 1, "card": "*", "effect": {"slow_ms": 200}}]);
    assert_eq!(listed, expected);
    behave(&stack, json!({"card": "*", "effect": {"slow_ms": 600_000}})).await;
    assert_eq!(delete(&control).await.status, 204);
    let quick = tokio::time::timeout(Duration::from_secs(20), deploy(&stack, "KAN-7", &[]));
    quick.await.expect("it is told to be slow no longer");
}

#[tokio::test]
async fn a_behaviour_that_makes_no_sense_is_refused_with_a_reason() {
    let stack = start().await;
    let control = format!("{}/graphql/behaviour", stack.urls().control);
    let bad = json!({"card": "*", "effect": {"status": 503}, "time": 2});
    let answer = post_json(&control, bad).await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.text().contains("unknown field `time`"),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn what_is_no_graphql_is_a_400_and_what_the_schema_does_not_know_an_error() {
    let stack = start().await;
    let answer = post(&stack.urls().graphql, "not json").await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.json()["errors"][0]["message"]
            .as_str()
            .unwrap()
            .contains("not a GraphQL request")
    );
    assert!(answer.header("x-correlation-id").is_some());
    let unknown = post_json(&stack.urls().graphql, json!({"query": "{ invoices }"})).await;
    assert_eq!(unknown.status, 200);
    assert!(
        unknown.json()["errors"][0]["message"]
            .as_str()
            .unwrap()
            .contains("invoices")
    );
    assert_eq!(get(&stack.urls().graphql).await.status, 405);
}
