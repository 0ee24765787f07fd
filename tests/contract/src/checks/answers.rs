//! What is answered: health, the handler's own answers, and those that nobody's handler made.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::call::{answer, raw};
use crate::subject::{Kind, Running};
use crate::{Check, Run};

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "health and readiness are answered 200 while it serves, health with OK",
        differs: None,
        run: Run::Serving(|function| {
            let health = function.get("/_/health")?;
            ensure!(
                (health.status, health.body.as_str()) == (200, "OK"),
                "{health:?}"
            );
            let ready = function.get("/_/ready")?;
            ensure!(ready.status == 200, "{ready:?}");
            Ok(())
        }),
    },
    Check {
        name: "health and readiness are asked for with GET alone",
        differs: None,
        run: Run::Serving(|function| {
            for path in ["/_/health", "/_/ready"] {
                let refused = function.call("POST", path, &[], "")?;
                ensure!(refused.status == 405, "{path}: {refused:?}");
            }
            Ok(())
        }),
    },
    Check {
        name: "every method, path, query and X-Call-Id reaches the handler",
        differs: None,
        run: Run::Serving(|function| {
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
                let seen =
                    function.call(method, "/seen?a=1%20&b", &[("X-Call-Id", "call-7")], "")?;
                ensure!(
                    seen.body == format!("{method} /seen?a=1%20&b call-7"),
                    "{seen:?}"
                );
            }
            Ok(())
        }),
    },
    Check {
        name: "a body comes back byte for byte, also a large one",
        differs: None,
        run: Run::Serving(|function| {
            let large = "0123456789abcdef".repeat(65_536);
            for body in ["", "{\"a\": 1}\n", &large] {
                let echoed = function.call("POST", "/echo", &[], body)?;
                ensure!(
                    echoed.status == 200 && echoed.body == body,
                    "{}",
                    echoed.status
                );
            }
            Ok(())
        }),
    },
    Check {
        name: "the handler's status is the answer's, whatever it is",
        differs: None,
        run: Run::Serving(|function| {
            for status in [200, 204, 302, 404, 418, 500, 503] {
                let answered = function.get(&format!("/status?{status}"))?;
                ensure!(answered.status == status, "{answered:?}");
                ensure!(
                    answered.header("x-openfaas-internal").is_none(),
                    "{answered:?}"
                );
            }
            Ok(())
        }),
    },
    Check {
        name: "every answer of the handler says X-Duration-Seconds",
        differs: None,
        run: Run::Serving(|function| {
            for path in ["/sleep?50", "/status?500"] {
                let answered = function.get(path)?;
                let took = answered
                    .header("x-duration-seconds")
                    .context("no X-Duration-Seconds")?;
                let took: f64 = took.parse()?;
                let least = if path == "/sleep?50" { 0.05 } else { 0.0 };
                ensure!((least..10.0).contains(&took), "{took}");
            }
            Ok(())
        }),
    },
    Check {
        name: "every answer echoes X-Correlation-ID",
        differs: Some(
            "the watchdog knows no correlation id; async callbacks carry only what the answer carries",
        ),
        run: Run::Serving(|function| {
            let answered = function.call("POST", "/echo", &[("X-Correlation-ID", "kan-7")], "")?;
            let id = answered.header("x-correlation-id");
            ensure!(
                id == expected(function, Some("kan-7"), None),
                "{answered:?}"
            );
            Ok(())
        }),
    },
    Check {
        name: "what is no HTTP is answered 400, and others are answered",
        differs: Some("the id goes along here too; the watchdog answers in plain text"),
        run: Run::Serving(|function| {
            let refused = answer(raw(&function.address, b"nonsense\r\n\r\n")?)?;
            ensure!(refused.status == 400, "{refused:?}");
            let has_id = refused.header("x-correlation-id").is_some();
            ensure!(has_id == expected(function, true, false), "{refused:?}");
            ensure!(
                function.get("/echo")?.status == 200,
                "nobody else is answered"
            );
            Ok(())
        }),
    },
    Check {
        name: "events are sent on while the handler makes them",
        differs: None,
        run: Run::Serving(|function| {
            let accept = [("Accept", "text/event-stream")];
            let started = Instant::now();
            let mut stream = function.send("GET", "/stream?1500", &accept, "")?;
            let mut seen = String::new();
            let mut buffer = [0; 1024];
            while !seen.contains("data: first") {
                let read = stream.read(&mut buffer)?;
                ensure!(read > 0, "it ended: {seen:?}");
                seen.push_str(&String::from_utf8_lossy(&buffer[..read]));
            }
            let first = started.elapsed();
            ensure!(
                first < Duration::from_millis(1200),
                "the first came after {first:?}"
            );
            stream.read_to_string(&mut seen)?;
            ensure!(seen.contains("data: last"), "{seen:?}");
            Ok(())
        }),
    },
    Check {
        name: "a connection serves one request after another",
        differs: None,
        run: Run::Serving(|function| {
            let request = b"POST /echo HTTP/1.1\r\nhost: f\r\ncontent-length: 2\r\n\r\nhi";
            let mut stream = raw(&function.address, b"")?;
            let mut buffer = [0; 4096];
            for n in 0..3 {
                stream.write_all(request)?;
                let read = stream.read(&mut buffer)?;
                ensure!(buffer[..read].starts_with(b"HTTP/1.1 200 "), "request {n}");
            }
            Ok(())
        }),
    },
];

/// What is expected of ours, or of the watchdog.
pub(super) fn expected<T>(function: &Running, ours: T, watchdogs: T) -> T {
    match function.kind {
        Kind::Throughline => ours,
        Kind::Watchdog => watchdogs,
    }
}
