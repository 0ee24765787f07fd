//! Bodies as streams: in, out, cut short, left.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::call::{get, post};
use crate::process::{Process, pause};

/// Reads until the text is there.
async fn read_until(stream: &mut TcpStream, text: &str) -> String {
    let mut seen = String::new();
    let mut buffer = vec![0; 4096];
    while !seen.contains(text) {
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut buffer));
        let read = read.await.expect("it comes in time").unwrap();
        assert!(read > 0, "{text:?} never came: {seen:?}");
        seen.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    seen
}

#[tokio::test]
async fn a_body_is_read_while_it_arrives_and_answered_while_it_is_made() {
    let function = Process::start("streaming", &[]);
    let mut stream = TcpStream::connect(("127.0.0.1", function.port))
        .await
        .unwrap();
    let head = "POST /echo HTTP/1.1\r\nhost: f\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    for piece in ["one", "two"] {
        let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
        stream.write_all(chunk.as_bytes()).await.unwrap();
        read_until(&mut stream, piece).await;
    }
    let metrics = function.metrics().await;
    assert!(
        metrics.contains("\nhttp_requests_in_flight 1\n"),
        "{metrics}"
    );
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    read_until(&mut stream, "0\r\n\r\n").await;
}

#[tokio::test]
async fn more_than_memory_would_want_streams_through_unless_a_limit_is_set() {
    let body = "line\n".repeat(8 << 20);
    let function = Process::start("streaming", &[]);
    let answer = post("/lines", body).to(function.port).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "8388608\n"));

    let limited = Process::start("streaming", &[("max_body_bytes", "1000")]);
    let answer = post("/lines", "line\n".repeat(201))
        .id("big")
        .to(limited.port)
        .await;
    assert_eq!((answer.status, answer.id()), (413, "big"));
    assert!(answer.body.contains("max_body_bytes"), "{}", answer.body);
}

#[tokio::test]
async fn a_stream_that_stops_coming_is_answered_408() {
    let function = Process::start("streaming", &[("read_timeout", "200ms")]);
    let mut stream = TcpStream::connect(("127.0.0.1", function.port))
        .await
        .unwrap();
    let head = "POST /lines HTTP/1.1\r\nhost: f\r\ncontent-length: 9\r\n\r\nhalf";
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = read_until(&mut stream, "read_timeout").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn a_stream_keeps_its_id_to_its_last_piece_and_ends_with_its_deadline() {
    let function = Process::start("streaming", &[("exec_timeout", "500ms")]);
    let answer = get("/count?3").id("counts").to(function.port).await;
    assert_eq!((answer.status, answer.id()), (200, "counts"));
    assert!(answer.body.contains("3\n") && answer.body.ends_with("0\r\n\r\n"));
    assert_eq!(function.line("counted").await["correlation_id"], "counts");

    let started = Instant::now();
    let cut = get("/count?1000").id("too-long").to(function.port).await;
    assert!(
        !cut.body.ends_with("0\r\n\r\n"),
        "it says that it is not whole"
    );
    assert!(started.elapsed() < Duration::from_secs(10));
    let line = function.line("broken off while it was sent").await;
    assert_eq!(line["correlation_id"], "too-long");
    assert_eq!(line["error.message"], "its time was over");
}

#[tokio::test]
async fn a_body_that_is_dropped_before_it_is_finished_is_broken_off() {
    let function = Process::start("streaming", &[]);
    let answer = get("/breaks").id("half").to(function.port).await;
    assert!(answer.body.contains("half") && !answer.body.ends_with("0\r\n\r\n"));
    let line = function.line("broken off while it was sent").await;
    assert_eq!(line["correlation_id"], "half");
}

#[tokio::test]
async fn a_caller_who_leaves_in_mid_answer_ends_the_stream() {
    let function = Process::start("streaming", &[]);
    let mut stream = get("/count?1000").id("gone").sent_to(function.port).await;
    read_until(&mut stream, "2\n").await;
    drop(stream);
    let line = function.line("nobody reads on").await;
    assert_eq!(line["correlation_id"], "gone");
    while !function
        .metrics()
        .await
        .contains("\nhttp_requests_in_flight 0\n")
    {
        pause().await;
    }
}
