//! Too much of something: requests, bytes, time, lines nobody reads, callers who leave.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::call::{answer, get, post};
use crate::process::Process;

#[tokio::test]
async fn over_max_inflight_a_request_is_refused_and_readiness_says_so() {
    let function = Process::start("every_way_out", &[("max_inflight", "1")]);
    let first = get("/slow?1000").id("first").sent_to(function.port).await;
    function.line("the work begins").await;

    let refused = get("/context").id("second").to(function.port).await;
    assert_eq!((refused.status, refused.id()), (429, "second"));
    assert_eq!(
        refused.header("x-openfaas-internal"),
        Some("faas-middleware")
    );
    assert_eq!(get("/_/ready").to(function.port).await.status, 429);
    assert_eq!(get("/_/health").to(function.port).await.status, 200);

    assert_eq!(answer(first).await.status, 200);
    assert_eq!(get("/context").to(function.port).await.status, 200);
    assert_eq!(get("/_/ready").to(function.port).await.status, 200);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_with_the_limit_and_the_remedy() {
    let function = Process::start("echo", &[("max_body_bytes", "100000")]);
    let fits = post("/", vec![b'x'; 100_000]).to(function.port).await;
    assert_eq!((fits.status, fits.body.len()), (200, 100_000));
    let refused = post("/", vec![b'x'; 100_001])
        .id("big")
        .to(function.port)
        .await;
    assert_eq!((refused.status, refused.id()), (413, "big"));
    assert!(refused.body.contains("max_body_bytes"), "{}", refused.body);
}

#[tokio::test]
async fn a_body_far_over_the_limit_still_gets_its_answer() {
    let function = Process::start("echo", &[("max_body_bytes", "1000")]);
    let refused = post("/", vec![b'x'; 8 << 20])
        .id("big")
        .to(function.port)
        .await;
    assert_eq!((refused.status, refused.id()), (413, "big"));
}

#[tokio::test]
async fn a_body_that_never_comes_is_answered_408_and_gives_its_place_back() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let env = [("read_timeout", "200ms"), ("max_inflight", "1")];
    let function = Process::start("echo", &env);
    let mut slow = tokio::net::TcpStream::connect(("127.0.0.1", function.port))
        .await
        .unwrap();
    let head =
        b"POST / HTTP/1.1\r\nhost: f\r\nx-correlation-id: slow\r\ncontent-length: 9\r\n\r\nhalf";
    slow.write_all(head).await.unwrap();
    let mut answer = vec![0; 4096];
    let read = slow.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]).to_lowercase();
    assert!(answer.starts_with("http/1.1 408 "), "{answer}");
    assert!(answer.contains("x-correlation-id: slow"), "{answer}");
    assert_eq!(
        post("/", b"next".to_vec()).to(function.port).await.status,
        200
    );
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_ended_and_answered_504() {
    let function = Process::start("every_way_out", &[("exec_timeout", "100ms")]);
    // A caller may ask for less than exec_timeout, never for more.
    for asked in ["50ms", "1h"] {
        let started = Instant::now();
        let id = format!("asked-{asked}");
        let late = get("/slow?9000").header("X-Timeout", asked).id(&id);
        let late = late.to(function.port).await;
        assert_eq!((late.status, late.id()), (504, id.as_str()));
        assert_eq!(late.header("x-openfaas-internal"), Some("of-watchdog"));
        assert!(started.elapsed() < Duration::from_secs(5));
        let ended = |line: &Value| {
            line["message"] == "the work was ended early" && line["correlation_id"] == id
        };
        function.line_where(ended).await;
    }
}

#[tokio::test]
async fn a_time_limit_beyond_all_time_is_none() {
    let function = Process::start("every_way_out", &[("exec_timeout", "0")]);
    for asked in ["18446744073709551615", "5000000000h"] {
        let answer = get("/context").header("X-Timeout", asked);
        assert_eq!(answer.to(function.port).await.status, 200, "{asked}");
    }
}

#[tokio::test]
async fn a_caller_who_leaves_in_mid_request_ends_the_handler() {
    let function = Process::start("every_way_out", &[("max_inflight", "1")]);
    let caller = get("/slow?15000").id("gone").sent_to(function.port).await;
    function.line("the work begins").await;
    drop(caller);
    let line = function.line("the work was ended early").await;
    assert_eq!(
        line["correlation_id"], "gone",
        "even then the line has the id"
    );
    assert_eq!(
        get("/context").to(function.port).await.status,
        200,
        "its place is free again"
    );
}

#[tokio::test]
async fn a_standard_output_that_nobody_reads_never_stops_a_request() {
    let (mut function, stdout) = Process::start_unread("every_way_out", &[]);
    // Far more than the 64 KiB of a pipe, and more than the queue behind it holds.
    let started = Instant::now();
    for _ in 0..50 {
        let talk = get("/talks?200").to(function.port).await;
        assert_eq!((talk.status, talk.body.as_str()), (200, "said"));
    }
    assert_eq!(get("/_/ready").to(function.port).await.status, 200);
    assert!(
        started.elapsed() < Duration::from_secs(15),
        "{:?}",
        started.elapsed()
    );

    // Once somebody reads again, what was lost is said, and lines flow.
    function.read(stdout);
    let dropped = function.line("log lines were dropped").await;
    assert_eq!(dropped["log.level"], "error");
    assert!(dropped["fields"]["dropped"].as_u64().unwrap() > 0);
    get("/levels").id("after").to(function.port).await;
    function
        .line_where(|line| line["correlation_id"] == "after")
        .await;
}

#[tokio::test]
async fn a_function_whose_output_nobody_reads_still_stops_when_asked() {
    let (mut function, _unread) = Process::start_unread("every_way_out", &[]);
    get("/talks?500").to(function.port).await;
    function.signal("TERM");
    let (status, _) = function.end().await;
    assert_eq!(status.code(), Some(0));
}
