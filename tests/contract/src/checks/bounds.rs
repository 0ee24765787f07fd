//! Too long, too many, too large.

use std::io::{Read as _, Write as _};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};

use super::answers::expected;
use crate::call::{answer, raw};
use crate::subject::Running;
use crate::{Check, Run};

fn is_cut(function: &Running, headers: &[(&str, &str)]) -> anyhow::Result<()> {
    let started = Instant::now();
    let late = function.call("GET", "/sleep?6000", headers, "")?;
    ensure!(late.status == 504, "{late:?}");
    let by = late.header("x-openfaas-internal");
    ensure!(by == Some("of-watchdog"), "X-OpenFaaS-Internal: {by:?}");
    ensure!(
        late.header("x-duration-seconds").is_some(),
        "no X-Duration-Seconds"
    );
    ensure!(
        started.elapsed() < Duration::from_secs(4),
        "{:?}",
        started.elapsed()
    );
    Ok(())
}

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "after exec_timeout it is answered 504 by of-watchdog; X-Timeout can't ask for more",
        differs: None,
        run: Run::Started(&[("exec_timeout", "200ms")], |function| {
            is_cut(&function, &[])?;
            is_cut(&function, &[("X-Timeout", "1h")])?;
            is_cut(&function, &[("X-Timeout", "soon")])
        }),
    },
    Check {
        name: "exec_timeout takes an integer of seconds, and X-Timeout may ask for less",
        differs: None,
        run: Run::Started(&[("exec_timeout", "1")], |function| {
            is_cut(&function, &[])?;
            is_cut(&function, &[("X-Timeout", "150ms")])?;
            let answered = function.get("/sleep?300")?;
            ensure!(answered.status == 200, "{answered:?}");
            Ok(())
        }),
    },
    Check {
        name: "exec_timeout takes Go's longer forms, such as 1m30.5s",
        differs: None,
        run: Run::Started(&[("exec_timeout", "1m30.5s")], |function| {
            ensure!(function.get("/sleep?300")?.status == 200, "it is cut");
            Ok(())
        }),
    },
    Check {
        name: "exec_timeout=0 is none, and X-Timeout still bounds its own request",
        differs: Some(
            "the watchdog compares X-Timeout with 0, and so ignores it: a caller that says how long it waits is not served longer by ours",
        ),
        run: Run::Started(&[("exec_timeout", "0")], |function| {
            ensure!(function.get("/sleep?300")?.status == 200, "it is cut");
            let asked = function.call("GET", "/sleep?700", &[("X-Timeout", "100ms")], "")?;
            ensure!(asked.status == expected(&function, 504, 200), "{asked:?}");
            Ok(())
        }),
    },
    Check {
        name: "over max_inflight it is answered 429 by faas-middleware, and readiness says so",
        differs: None,
        run: Run::Started(&[("max_inflight", "1")], |function| {
            let first = function.send("GET", "/sleep?1500", &[], "")?;
            sleep(Duration::from_millis(300));
            let refused = function.get("/echo")?;
            ensure!(refused.status == 429, "{refused:?}");
            let by = refused.header("x-openfaas-internal");
            ensure!(by == Some("faas-middleware"), "X-OpenFaaS-Internal: {by:?}");
            ensure!(
                function.get("/_/ready")?.status == 429,
                "it says that it is ready"
            );
            ensure!(
                function.get("/_/health")?.status == 200,
                "it says that it is ill"
            );
            ensure!(answer(first)?.status == 200, "the first was not answered");
            ensure!(
                function.get("/_/ready")?.status == 200,
                "it is not ready again"
            );
            ensure!(
                function.get("/echo")?.status == 200,
                "its place is not free again"
            );
            Ok(())
        }),
    },
    Check {
        name: "a head that never ends is cut off after read_timeout",
        differs: None,
        run: Run::Started(&[("read_timeout", "500ms")], |function| {
            let mut slow = raw(
                &function.address,
                b"GET /echo HTTP/1.1\r\nhost: f\r\nx-drip: ",
            )?;
            let started = Instant::now();
            while started.elapsed() < Duration::from_secs(5) {
                if slow.write_all(b"d").is_err() {
                    return Ok(());
                }
                ensure!(function.get("/echo")?.status == 200, "others wait");
                sleep(Duration::from_millis(100));
            }
            bail!("it is still read after ten times read_timeout")
        }),
    },
    Check {
        name: "a body that never comes is given up after read_timeout",
        differs: Some(
            "ours says 408, since the caller was late; the watchdog 504, as if its handler had been",
        ),
        run: Run::Started(&[("read_timeout", "500ms")], |function| {
            let head = b"POST /echo HTTP/1.1\r\nhost: f\r\nconnection: close\r\ncontent-length: 9\r\n\r\nhalf";
            let late = answer(raw(&function.address, head)?)?;
            ensure!(late.status == expected(&function, 408, 504), "{late:?}");
            Ok(())
        }),
    },
    Check {
        name: "a body over max_body_bytes is answered 413",
        differs: Some("the watchdog knows no such limit; its handler has it all in memory, or not"),
        run: Run::Started(&[("max_body_bytes", "1000")], |function| {
            let large = function.call("POST", "/echo", &[], &"x".repeat(1001))?;
            ensure!(large.status == expected(&function, 413, 200), "{large:?}");
            Ok(())
        }),
    },
    Check {
        name: "a caller who leaves in mid-request ends it",
        differs: None,
        run: Run::Started(&[("max_inflight", "1")], |function| {
            let mut left = function.send("GET", "/sleep?15000", &[], "")?;
            function.counts("http_requests_in_flight 1")?;
            left.set_read_timeout(Some(Duration::from_millis(100)))?;
            let _ = left.read(&mut [0]);
            drop(left);
            function.counts("http_requests_in_flight 0")?;
            ensure!(
                function.get("/echo")?.status == 200,
                "its place is not free"
            );
            Ok(())
        }),
    },
];
