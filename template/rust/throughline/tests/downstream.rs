//! Services downstream that are no functions, and the fake backend made from a schema.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use axum::Router;
use axum::routing::get;
use graphql_client::GraphQLQuery;
use reqwest_middleware::ClientBuilder;
use serde_json::json;
use throughline::graphql::{GraphQl, GraphQlError};
use throughline::layer::CorrelationLayer;
use throughline::testing::{Backend, Call, FakeGraphQl, assert_chain};
use throughline::{Context, CorrelationId, Error, Propagate, Request};

async fn start(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    throughline::spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test]
async fn an_axum_service_goes_on_with_the_chain_to_whom_it_calls() {
    let bank = Backend::start(|_| (200, String::new())).await;
    let url = bank.url().to_owned();
    let charge = move |context: Context| {
        let url = url.clone();
        async move {
            throughline::http().post(&url).send().await.unwrap();
            context.correlation_id().to_string()
        }
    };
    let shop = Router::new()
        .route("/charge", get(charge))
        .layer(CorrelationLayer::new("shop"));
    let shop = start(shop).await;
    let handler = move |_: Request| {
        let url = format!("{shop}/charge");
        async move {
            let answer = throughline::http().get(url).send().await?;
            assert_eq!(answer.headers()["x-correlation-id"], "kan-7");
            Ok::<_, Error>(answer.text().await?)
        }
    };
    let answer = Call::body("").correlation_id("kan-7").to(handler).await;
    assert_eq!(answer.body, "kan-7");
    assert_chain(&answer, &bank);
}

#[tokio::test]
async fn without_the_layer_the_extractor_reads_the_headers() {
    let show = |context: Context| async move { context.correlation_id().to_string() };
    let url = start(Router::new().route("/", get(show))).await;
    let context = Context::new(CorrelationId::parse("kan-7").unwrap());
    let call = async {
        throughline::http()
            .get(url)
            .send()
            .await
            .unwrap()
            .text()
            .await
    };
    assert_eq!(context.scope(call).await.unwrap(), "kan-7");
}

#[tokio::test]
async fn a_client_of_the_authors_own_carries_the_ids_through_the_middleware() {
    // Sets up the TLS of the process, which every reqwest client needs.
    let _ = throughline::http();
    let stock = Backend::start(|_| (200, String::new())).await;
    let url = stock.url().to_owned();
    let handler = move |_: Request| {
        let url = url.clone();
        async move {
            let client = ClientBuilder::new(reqwest::Client::new())
                .with(Propagate)
                .build();
            client.get(url).send().await?;
            Ok::<_, Error>(())
        }
    };
    let answer = Call::body("").to(handler).await;
    assert_eq!(answer.status, 200);
    assert_chain(&answer, &stock);
}

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "examples/graphql/schema.graphql",
    query_path = "examples/graphql/reserve.graphql",
    response_derives = "Debug"
)]
struct Reserve;

const SCHEMA: &str = include_str!("../examples/graphql/schema.graphql");

async fn reserve_at(backend: &FakeGraphQl) -> Result<reserve::ReserveReserve, GraphQlError> {
    let variables = reserve::Variables {
        item: "tea".into(),
        quantity: 2,
    };
    let client = GraphQl::new(backend.url()).unwrap();
    Ok(client.query::<Reserve>(variables).send().await?.reserve)
}

#[tokio::test]
async fn a_backend_made_from_the_schema_answers_with_data_of_its_types() {
    let made_up = reserve_at(&FakeGraphQl::new(SCHEMA).start().await)
        .await
        .unwrap();
    assert!(made_up.reserved);
    let given = FakeGraphQl::new(SCHEMA)
        .answer("Reserve", json!({ "reserve": { "left": null } }))
        .start()
        .await;
    let given = reserve_at(&given).await.unwrap();
    assert_eq!((given.reserved, given.left), (true, None));
}

#[tokio::test]
async fn what_does_not_fit_the_schema_is_told() {
    for (data, told) in [
        (
            json!({ "reserve": { "price": 7 } }),
            "reserve.price, which the query does not select",
        ),
        (json!({ "reserve": { "left": "many" } }), "left"),
        (json!({ "reserve": 7 }), "the test gives 7"),
    ] {
        let backend = FakeGraphQl::new(SCHEMA)
            .answer("Reserve", data.clone())
            .start()
            .await;
        let error = reserve_at(&backend).await.unwrap_err().to_string();
        assert!(error.contains(told), "{data}: {error}");
    }
    let backend = FakeGraphQl::new("type Query { stock: Int }").start().await;
    let error = reserve_at(&backend).await.unwrap_err().to_string();
    assert!(error.contains("does not fit the schema"), "{error}");
}

#[tokio::test]
async fn an_operation_can_be_made_to_fail() {
    let backend = FakeGraphQl::new(SCHEMA)
        .fail("Reserve", "out of tea", "EMPTY")
        .start()
        .await;
    let error = reserve_at(&backend).await.unwrap_err();
    assert_eq!(error.reported()[0].code(), Some("EMPTY"));
}

#[tokio::test]
async fn a_schema_that_is_none_says_where() {
    let started = std::panic::catch_unwind(|| FakeGraphQl::new("type Query { a: Nothing }"));
    let complaint = started.err().unwrap().downcast::<String>().unwrap();
    assert!(complaint.contains("Nothing"), "{complaint}");
}
