//! The GraphQL client against a backend that answers in every way there is.

use graphql_client::GraphQLQuery;
use serde_json::{Value, json};
use throughline::graphql::{GraphQl, GraphQlError};
use throughline::{Context, CorrelationId, TraceParent};

use throughline::testing::Backend;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "examples/graphql/schema.graphql",
    query_path = "examples/graphql/reserve.graphql",
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
    reserve_at(backend.url()).await
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
    let reserved = context.scope(reserve_at(backend.url())).await.unwrap();
    assert!(reserved.reserved);
    assert_eq!(reserved.left, Some(5));

    let seen = &backend.calls()[0];
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

/// A handler that reserves, so that its log lines are kept.
async fn lines_of(backend: GraphQl) -> throughline::testing::Answer {
    let handler = move |_: throughline::Request| {
        let backend = backend.clone();
        async move {
            let variables = reserve::Variables {
                item: "tea".into(),
                quantity: 2,
            };
            let data = backend
                .query::<Reserve>(variables)
                .idempotency_key("kan-7")
                .send_partial()
                .await?;
            let left = data.data.and_then(|data| data.reserve.left);
            Ok::<_, throughline::Error>(format!("{left:?}"))
        }
    };
    throughline::testing::Call::body("").to(handler).await
}

/// The one line of the operation, among what libraries have to say.
fn told(answer: &throughline::testing::Answer) -> &Value {
    let about = |line: &&Value| line["fields"]["outcome"].is_string();
    let mut lines = answer.lines.iter().filter(about);
    let line = lines.next().expect("a line of the operation");
    assert!(
        lines.next().is_none(),
        "one line an operation: {:#?}",
        answer.lines
    );
    line
}

const RESERVED: &str = r#"{"data":{"reserve":{"reserved":true,"left":5}}}"#;

#[tokio::test]
async fn data_beside_errors_can_be_had_and_the_line_says_that_it_is_a_part() {
    let reported = json!([{ "message": "no price", "path": ["reserve", "left"], "extensions": { "code": "PRICE" } }]);
    for (data, left) in [
        (
            json!({ "reserve": { "reserved": true, "left": 5 } }),
            "Some(5)",
        ),
        // What the query asked for is not there: then there are the errors alone.
        (json!({ "reserve": null }), "None"),
        (Value::Null, "None"),
    ] {
        let body = json!({ "data": data, "errors": reported }).to_string();
        let backend = Backend::start(move |_| (200, body.clone())).await;
        let answer = lines_of(GraphQl::new(backend.url()).unwrap()).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body[..]),
            (200, left.as_bytes())
        );
        let line = told(&answer);
        assert_eq!(line["fields"]["outcome"], "partial");
        assert_eq!(line["error.message"], "no price (at reserve.left)");
    }
}

#[tokio::test]
async fn variables_are_in_the_line_only_where_they_were_asked_for() {
    let backend = Backend::start(|_| (200, RESERVED.into())).await;
    let client = GraphQl::new(backend.url()).unwrap();
    let answer = lines_of(client.clone()).await;
    let line = told(&answer);
    assert!(line["fields"].get("variables").is_none(), "{line}");
    assert_eq!(line["fields"]["graphql.operation.name"], "Reserve");
    let answer = lines_of(client.with_variables_logged()).await;
    let line = told(&answer);
    assert_eq!(
        line["fields"]["variables"],
        r#"{"item":"tea","quantity":2}"#
    );
}

#[tokio::test]
async fn what_may_be_done_twice_is_tried_again_where_that_may_help() {
    for (status, tries) in [
        (503, 3),
        (502, 3),
        (504, 3),
        (429, 3),
        (500, 1),
        (400, 1),
        (401, 1),
    ] {
        let backend = Backend::start(move |_| (status, String::new())).await;
        let client = GraphQl::new(backend.url()).unwrap().with_retries(2);
        let answer = lines_of(client).await;
        assert_eq!(answer.status, 500);
        assert_eq!(backend.calls().len(), tries, "{status}");
        assert_eq!(told(&answer)["fields"]["outcome"], "status");
    }
    // A mutation without a key is not.
    let backend = Backend::start(|_| (503, String::new())).await;
    let client = GraphQl::new(backend.url()).unwrap().with_retries(2);
    let variables = reserve::Variables {
        item: "tea".into(),
        quantity: 2,
    };
    assert!(client.query::<Reserve>(variables).send().await.is_err());
    assert_eq!(backend.calls().len(), 1);
}

#[tokio::test]
async fn no_try_is_made_that_the_deadline_leaves_no_time_for() {
    let backend = Backend::start_with(|_| {
        let response = http::Response::builder()
            .status(503)
            .header("retry-after", "30");
        response.body("".into()).unwrap()
    })
    .await;
    let client = GraphQl::new(backend.url()).unwrap().with_retries(5);
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(5);
    let context = Context::new(CorrelationId::mint()).with_deadline(deadline);
    let started = std::time::Instant::now();
    context.scope(lines_of_error(client)).await;
    assert_eq!(backend.calls().len(), 1);
    assert!(started.elapsed() < std::time::Duration::from_secs(4));
}

async fn lines_of_error(client: GraphQl) {
    let variables = reserve::Variables {
        item: "tea".into(),
        quantity: 2,
    };
    let operation = client.query::<Reserve>(variables).idempotency_key("kan-7");
    let error = operation.send().await.unwrap_err();
    assert_eq!(error.status().unwrap(), 503);
}

#[tokio::test]
async fn a_persisted_query_goes_as_its_hash_and_whole_only_where_it_is_not_known() {
    for status in [200, 400] {
        let backend = Backend::start(move |call| {
            let body: Value = serde_json::from_str(&call.body).unwrap();
            if body.get("query").is_some() || call.header("x-knows").is_some() {
                return (200, RESERVED.into());
            }
            let unknown = json!({ "errors": [{ "message": "PersistedQueryNotFound" }] });
            (status, unknown.to_string())
        })
        .await;
        let client = GraphQl::new(backend.url())
            .unwrap()
            .with_persisted_queries();
        assert_eq!(lines_of(client).await.body, "Some(5)");
        let calls = backend.calls();
        let bodies: Vec<Value> = calls.iter().map(|call| call.json()).collect();
        assert_eq!(bodies.len(), 2);
        assert!(bodies[0].get("query").is_none());
        assert!(
            bodies[1]["query"]
                .as_str()
                .unwrap()
                .starts_with("mutation Reserve")
        );
        let hash = |body: &Value| body["extensions"]["persistedQuery"]["sha256Hash"].clone();
        assert_eq!(hash(&bodies[0]), hash(&bodies[1]));
        assert_eq!(hash(&bodies[0]).as_str().unwrap().len(), 64);
        assert_eq!(
            bodies[0]["variables"],
            json!({ "item": "tea", "quantity": 2 })
        );
    }
}

#[tokio::test]
async fn a_secret_that_is_not_there_is_told_and_nothing_is_sent() {
    let backend = Backend::start(|_| (200, RESERVED.into())).await;
    let client = GraphQl::new(backend.url())
        .unwrap()
        .with_token_from_secret("no-such-token");
    let answer = lines_of(client).await;
    assert_eq!(answer.status, 500);
    assert_eq!(told(&answer)["fields"]["outcome"], "token");
    let reason = told(&answer)["error.message"].as_str().unwrap();
    assert!(reason.contains("no-such-token"), "{reason}");
    assert!(backend.calls().is_empty());
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
