//! The GraphQL client against a backend that answers in every way there is.

use graphql_client::GraphQLQuery;
use serde_json::{Value, json};
use throughline::graphql::{GraphQl, GraphQlError};
use throughline::{Context, CorrelationId, TraceParent};

use crate::backend::Backend;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "tests/main/schema.graphql",
    query_path = "tests/main/reserve.graphql",
    response_derives = "Debug, PartialEq"
)]
struct Reserve;

type Outcome = Result<reserve::ReserveReserve, GraphQlError>;

async fn reserve_at(url: &str) -> Outcome {
    let backend = GraphQl::new(url).unwrap().with_bearer_token("s3cret");
    let variables = reserve::Variables {
        item: "tea".into(),
        quantity: 2,
    };
    let operation = backend.query::<Reserve>(variables);
    let data = operation
        .idempotency_key("kanban/42/reserve")
        .send()
        .await?;
    Ok(data.reserve)
}

async fn answered(status: u16, body: impl ToString) -> Outcome {
    let body = body.to_string();
    let backend = Backend::start(move |_| (status, body.clone())).await;
    reserve_at(&backend.url).await
}

#[tokio::test]
async fn an_operation_carries_the_id_the_trace_and_its_key_and_gives_typed_data() {
    let backend = Backend::start(|_| {
        let data = json!({ "data": { "reserve": { "reserved": true, "left": 5 } } });
        (200, data.to_string())
    })
    .await;
    let trace = TraceParent::root();
    let context = Context::new(CorrelationId::parse("kan-7").unwrap())
        .with_trace(trace)
        .with_call_id("call-1");
    let reserved = context.scope(reserve_at(&backend.url)).await.unwrap();
    assert!(reserved.reserved);
    assert_eq!(reserved.left, Some(5));

    let seen = &backend.seen()[0];
    assert_eq!(seen.header("x-correlation-id"), Some("kan-7"));
    assert_eq!(seen.header("traceparent"), Some(trace.to_string().as_str()));
    assert_eq!(seen.header("x-call-id"), Some("call-1"));
    assert_eq!(seen.header("idempotency-key"), Some("kanban/42/reserve"));
    assert_eq!(seen.header("authorization"), Some("Bearer s3cret"));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    let body: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(body["operationName"], "Reserve");
    assert_eq!(body["variables"], json!({ "item": "tea", "quantity": 2 }));
}

#[tokio::test]
async fn a_backend_that_is_not_there_is_a_transport_error() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let error = reserve_at(&url).await.unwrap_err();
    assert!(matches!(error, GraphQlError::Transport(_)), "{error:?}");
}

#[tokio::test]
async fn a_backend_that_answers_after_the_deadline_is_a_transport_error() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_millis(100);
    let context = Context::new(CorrelationId::mint()).with_deadline(deadline);
    let error = context.scope(reserve_at(&url)).await.unwrap_err();
    assert!(
        matches!(&error, GraphQlError::Transport(e) if e.is_timeout()),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_status_that_is_no_success_is_told_with_what_was_said() {
    for status in [401, 404, 429, 500, 503] {
        let error = answered(status, "come back later").await.unwrap_err();
        let GraphQlError::Status {
            status: seen,
            excerpt,
        } = &error
        else {
            panic!("{error:?}");
        };
        assert_eq!(
            (seen.as_u16(), excerpt.as_str()),
            (status, "come back later")
        );
        assert_eq!(error.kind(), "status");
    }
}

#[tokio::test]
async fn reported_errors_are_an_error_even_beside_data() {
    let reported = json!([{ "message": "out of tea", "path": ["reserve", 0], "extensions": { "code": "EMPTY" } }]);
    for data in [
        Value::Null,
        json!({ "reserve": { "reserved": true, "left": null } }),
    ] {
        let body = json!({ "data": data, "errors": reported });
        let error = answered(200, body).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the GraphQL backend reports: out of tea (at reserve.0)"
        );
        let GraphQlError::Errors(errors) = error else {
            panic!("{error:?}");
        };
        assert_eq!(errors[0].extensions.as_ref().unwrap()["code"], "EMPTY");
    }
}

#[tokio::test]
async fn an_error_without_a_path_or_with_null_for_one_is_read_as_well() {
    for entry in [
        json!({ "message": "out of tea" }),
        json!({ "message": "out of tea", "path": null, "extensions": null, "locations": null }),
    ] {
        let error = answered(200, json!({ "errors": [entry] }))
            .await
            .unwrap_err();
        assert!(matches!(error, GraphQlError::Errors(_)), "{error:?}");
    }
}

#[tokio::test]
async fn an_answer_without_data_and_errors_is_told_apart() {
    for body in [
        json!({}),
        json!({ "data": null }),
        json!({ "data": null, "errors": [] }),
    ] {
        let error = answered(200, &body).await.unwrap_err();
        assert!(
            matches!(error, GraphQlError::MissingData),
            "{body}: {error:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_not_what_was_asked_for_is_unreadable_and_shown_in_part() {
    let long = format!("<html>{}", "ü".repeat(5_000));
    for body in [
        "",
        "<html>",
        "[]",
        "{\"data\":{\"reserve\":{\"left\":1}}}",
        "{\"data\":7}",
        &long,
    ] {
        let error = answered(200, body).await.unwrap_err();
        let GraphQlError::Unreadable { excerpt, .. } = &error else {
            panic!("{body}: {error:?}");
        };
        assert!(excerpt.len() <= 600, "{}", excerpt.len());
    }
}

#[test]
fn only_an_absolute_http_url_is_one_of_a_backend() {
    for url in ["", "backend/graphql", "ftp://backend", "http://"] {
        let error = GraphQl::new(url).unwrap_err().to_string();
        assert!(error.contains(&format!("{url:?}")), "{error}");
    }
}

#[test]
fn a_token_is_not_told_by_debug() {
    let backend = GraphQl::new("http://b/")
        .unwrap()
        .with_bearer_token("s3cret");
    assert!(!format!("{backend:?}").contains("s3cret"));
}
