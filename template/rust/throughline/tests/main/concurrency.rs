//! Many requests at once, each with tasks of its own: no id strays.

use rustix::process::{Resource, getrlimit, setrlimit};
use serde_json::Value;

use crate::call::post;
use crate::process::Process;
use throughline::testing::Backend;

const REQUESTS: usize = 1000;

/// Raises the limit of open files as far as it goes; what is started from here inherits it.
fn raise_limit_of_open_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_requests_at_once_never_see_each_others_id() {
    raise_limit_of_open_files();
    let stock = Backend::start(|seen| (200, format!("reserved {}", seen.path))).await;
    let function = Process::start("every_way_out", &[("stock_url", stock.url())]);

    let calls: Vec<_> = (0..REQUESTS)
        .map(|n| {
            let call = post("/asks", format!("order-{n}")).id(&format!("order-{n}"));
            throughline::spawn(call.to(function.port))
        })
        .collect();
    for (n, call) in calls.into_iter().enumerate() {
        let answer = call.await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.id(), format!("order-{n}"));
        assert_eq!(answer.body, format!("reserved /order-{n}"));
    }

    // The calls that went out.
    let seen = stock.calls();
    assert_eq!(seen.len(), REQUESTS);
    for call in &seen {
        let id = &call.path[1..];
        assert_eq!(call.header("x-correlation-id"), Some(id));
        assert_eq!(
            call.header("baggage"),
            Some(format!("correlation_id={id}").as_str())
        );
    }
    let mut traces: Vec<_> = seen
        .iter()
        .map(|call| &call.header("traceparent").unwrap()[3..35])
        .collect();
    traces.sort_unstable();
    traces.dedup();
    assert_eq!(traces.len(), REQUESTS, "each request is a trace of its own");

    // The lines: in a task, on a blocking thread, in a task of a task.
    let wanted = |lines: &[Value]| -> Vec<Value> {
        let has = |line: &&Value| line["fields"]["wanted"].is_string();
        lines.iter().filter(has).cloned().collect()
    };
    let last = |line: &Value| line["message"] == "in a task of a task";
    while function.lines().iter().filter(|line| last(line)).count() < REQUESTS {
        crate::process::pause().await;
    }
    let lines = wanted(&function.lines());
    assert_eq!(lines.len(), 3 * REQUESTS);
    for line in lines {
        assert_eq!(line["correlation_id"], line["fields"]["wanted"], "{line}");
    }
}

#[tokio::test]
async fn a_call_that_goes_out_carries_the_id_and_continues_the_trace() {
    let stock = Backend::start(|_| (200, "reserved".into())).await;
    let function = Process::start("every_way_out", &[("stock_url", stock.url())]);
    let trace = "0af7651916cd43dd8448eb211c80319c";
    post("/asks", "tea")
        .id("kan-7")
        .header("traceparent", &format!("00-{trace}-b7ad6b7169203331-01"))
        .header("X-Call-Id", "call-1")
        .to(function.port)
        .await;
    let seen = &stock.calls()[0];
    assert_eq!(seen.header("x-correlation-id"), Some("kan-7"));
    assert_eq!(seen.header("x-call-id"), Some("call-1"));
    let line = function.line("in a task").await;
    let span = line["span.id"].as_str().unwrap();
    assert_eq!(line["trace.id"], trace);
    let expected = format!("00-{trace}-{span}-01");
    assert_eq!(
        seen.header("traceparent"),
        Some(expected.as_str()),
        "the span that called"
    );
}
