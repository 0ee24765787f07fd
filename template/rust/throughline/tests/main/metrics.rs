//! The metrics of a function, under the watchdog's names.

use crate::call::{get, post};
use crate::process::{Process, pause};

#[tokio::test]
async fn requests_are_counted_by_code_and_method_and_probes_are_not() {
    let function = Process::start("every_way_out", &[]);
    get("/context").to(function.port).await;
    get("/context").to(function.port).await;
    post("/order", "{").to(function.port).await;
    get("/fails").to(function.port).await;
    get("/_/health").to(function.port).await;
    get("/_/ready").to(function.port).await;
    let metrics = function.metrics().await;
    for line in [
        r#"http_requests_total{code="200",method="get"} 2"#,
        r#"http_requests_total{code="400",method="post"} 1"#,
        r#"http_requests_total{code="500",method="get"} 1"#,
        r#"http_request_duration_seconds_count{code="200",method="get"} 2"#,
        r#"http_request_duration_seconds_bucket{le="0.005",code="400",method="post"} 1"#,
        "http_requests_in_flight 0",
        "correlation_ids_refused_total 0",
        "log_lines_dropped_total 0",
    ] {
        assert!(
            metrics.contains(&format!("\n{line}\n")),
            "{line}: {metrics}"
        );
    }
}

#[tokio::test]
async fn a_request_in_flight_a_refused_id_a_caller_who_left_and_an_odd_method_are_counted() {
    let function = Process::start("every_way_out", &[]);
    let begun = get("/slow?15000").sent_to(function.port).await;
    function.line("the work begins").await;
    assert!(
        function
            .metrics()
            .await
            .contains("\nhttp_requests_in_flight 1\n")
    );
    drop(begun);
    let left = "\nhttp_requests_total{code=\"499\",method=\"get\"} 1\n";
    while !function.metrics().await.contains(left) {
        pause().await;
    }
    get("/context").id("two words").to(function.port).await;
    let envelope = r#"{"correlation_id":"two words"}"#;
    post("/context", envelope).to(function.port).await;
    get("/context").method("BREW").to(function.port).await;
    let metrics = function.metrics().await;
    assert!(
        metrics.contains("\ncorrelation_ids_refused_total 2\n"),
        "{metrics}"
    );
    assert!(
        metrics.contains("code=\"200\",method=\"unknown\"} 1"),
        "{metrics}"
    );
}

#[tokio::test]
async fn other_paths_of_the_metrics_port_lead_nowhere() {
    let function = Process::start("echo", &[]);
    assert_eq!(get("/").to(function.metrics_port).await.status, 404);
}

#[test]
fn a_metrics_port_that_was_asked_for_and_is_in_use_ends_it_with_69() {
    let taken = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let failed = Process::fail("echo", &[("metrics_port", &port)]);
    assert_eq!(failed.code, Some(69));
    let named = format!("metrics_port = \\\"{port}\\\"");
    assert!(failed.stdout.contains(&named), "{}", failed.stdout);
}
