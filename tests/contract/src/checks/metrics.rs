//! The metrics' names and labels, by which gateways, dashboards and autoscalers find them.

use anyhow::ensure;

use crate::{Check, Run};

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "requests are counted and timed by code and method, and probes are not",
        differs: None,
        run: Run::Started(&[], |function| {
            // Its start asked for /echo with GET.
            function.call("PUT", "/status?418", &[], "")?;
            function.call("PUT", "/status?418", &[], "")?;
            function.call("POST", "/echo", &[], "")?;
            function.get("/_/health")?;
            function.get("/_/ready")?;
            for line in [
                r#"http_requests_total{code="418",method="put"} 2"#,
                r#"http_requests_total{code="200",method="post"} 1"#,
                r#"http_request_duration_seconds_count{code="418",method="put"} 2"#,
                "http_requests_in_flight 0",
                "# TYPE http_request_duration_seconds histogram",
                "# TYPE http_requests_in_flight gauge",
            ] {
                function.counts(line)?;
            }
            let metrics = function.metrics()?;
            let buckets = metrics.lines().filter(|line| {
                line.starts_with("http_request_duration_seconds_bucket{")
                    && line.contains("\"418\"")
            });
            ensure!(
                buckets.count() == 12,
                "not the buckets of Prometheus' client: {metrics}"
            );
            Ok(())
        }),
    },
    Check {
        name: "a method that nobody knows is counted as unknown",
        differs: None,
        run: Run::Started(&[], |function| {
            function.call("BREW", "/echo", &[], "")?;
            function.counts(r#"http_requests_total{code="200",method="unknown"} 1"#)
        }),
    },
    Check {
        name: "a refusal over max_inflight is counted",
        differs: None,
        run: Run::Started(&[("max_inflight", "1")], |function| {
            let _first = function.send("GET", "/sleep?1500", &[], "")?;
            function.counts("http_requests_in_flight 1")?;
            function.call("PUT", "/echo", &[], "")?;
            function.counts(r#"http_requests_total{code="429",method="put"} 1"#)
        }),
    },
];
