//! The chain check, and what else a call that goes out carries.

use std::time::{Duration, Instant};

use throughline::testing::{Answer, Backend, Call, assert_chain};
use throughline::{Context, CorrelationId, Error, Request, TraceParent};

/// A handler that calls the stock with the SDK's client, and with one that knows nothing of ids.
async fn call_both(stock: &Backend, with_ours: bool, with_another: bool) -> Answer {
    let url = stock.url().to_owned();
    // Sets up the TLS of the process, which every reqwest client needs.
    let _ = throughline::http();
    let handler = move |_: Request| {
        let url = url.clone();
        async move {
            if with_ours {
                throughline::http().get(&url).send().await?;
            }
            if with_another {
                reqwest::Client::new()
                    .get(format!("{url}/forgotten"))
                    .send()
                    .await?;
            }
            Ok::<_, Error>(())
        }
    };
    Call::body("").correlation_id("kan-7").to(handler).await
}

async fn stock() -> Backend {
    Backend::start(|_| (200, String::new())).await
}

fn complaint(answer: &Answer, stock: &Backend) -> Option<String> {
    let check = std::panic::AssertUnwindSafe(|| assert_chain(answer, stock));
    let panic = std::panic::catch_unwind(check).err()?;
    Some(*panic.downcast::<String>().unwrap())
}

#[tokio::test]
async fn a_call_of_a_client_that_knows_nothing_of_the_id_fails_the_test_and_is_named() {
    let stock = stock().await;
    let answer = call_both(&stock, true, false).await;
    assert_eq!(complaint(&answer, &stock), None);
    let answer = call_both(&stock, true, true).await;
    let complaint = complaint(&answer, &stock).unwrap();
    assert!(
        complaint.contains("GET /forgotten went out without X-Correlation-ID"),
        "{complaint}"
    );
    assert!(complaint.contains("throughline::http()"), "{complaint}");
}

#[tokio::test]
async fn a_chain_without_a_call_proves_nothing_and_fails() {
    let stock = stock().await;
    let answer = call_both(&stock, false, false).await;
    let complaint = complaint(&answer, &stock).unwrap();
    assert!(complaint.contains("no call reached"), "{complaint}");
}

#[tokio::test]
async fn the_id_of_another_request_is_no_id_of_this_one() {
    let stock = stock().await;
    let mut answer = call_both(&stock, true, false).await;
    answer.correlation_id = "kan-8".to_owned();
    let complaint = complaint(&answer, &stock).unwrap();
    assert!(
        complaint.contains(r#"went out with the id "kan-7""#),
        "{complaint}"
    );
}

#[tokio::test]
async fn what_came_with_a_request_goes_on_with_its_calls() {
    let stock = stock().await;
    let url = stock.url().to_owned();
    let handler = move |_: Request| {
        let url = url.clone();
        async move { Ok::<_, Error>(throughline::http().post(url).send().await?.status()) }
    };
    let answer = Call::body("")
        .correlation_id("kan-7")
        .header("baggage", "tenant=acme")
        .header(
            "x-amzn-trace-id",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
        )
        .to(handler)
        .await;
    assert_chain(&answer, &stock);
    let call = &stock.calls()[0];
    assert_eq!(
        call.header("baggage"),
        Some("correlation_id=kan-7,tenant=acme")
    );
    let trace = call
        .header("traceparent")
        .and_then(TraceParent::parse)
        .unwrap();
    assert_eq!(trace.trace_id(), "5759e988bd862e3fe1be46a994272793");
    assert_ne!(trace.span_id(), "53995c3f42cd8ad8");
    assert_eq!(
        call.header("x-amzn-trace-id"),
        Some(trace.to_aws().as_str())
    );
}

#[tokio::test]
async fn no_timeout_of_the_authors_outlasts_the_deadline() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let deadline = tokio::time::Instant::now() + Duration::from_millis(200);
    let context = Context::new(CorrelationId::mint()).with_deadline(deadline);
    let started = Instant::now();
    let call = async {
        throughline::http()
            .get(url)
            .timeout(Duration::from_secs(600))
            .send()
            .await
    };
    let error = context.scope(call).await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_a_handler_takes_no_time_in_a_test() {
    let handler = async |_: Request| {
        tokio::time::sleep(Duration::from_secs(20)).await;
        "rested"
    };
    let started = Instant::now();
    assert_eq!(Call::body("").to(handler).await.body, "rested");
    let answer = Call::body("").header("x-timeout", "10s").to(handler).await;
    assert_eq!(answer.status, 504);
    assert!(started.elapsed() < Duration::from_secs(5));
}
