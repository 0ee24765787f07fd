//! Very many connections that do nothing, or half of something.

use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::call::post;
use crate::process::Process;

const IDLE: u64 = 10_000;

/// Raises the limit of open files as far as it goes; children inherit it.
fn raise_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(u64::MAX);
    let raised = Rlimit {
        current: Some(most),
        maximum: limit.maximum,
    };
    let _ = setrlimit(Resource::Nofile, raised);
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_idle_connections_hold_up_nobody() {
    let limit = raise_limit();
    // Other tests of this process have files open too.
    let idle = IDLE.min(limit.saturating_sub(1500));
    if idle < IDLE {
        println!("only {idle} idle connections: the limit of open files is {limit}");
    }
    let env = [("read_timeout", "5m"), ("RUST_LOG", "error")];
    let function = Process::start_quiet("echo", &env).await;
    let mut open = Vec::new();
    for n in 0..idle {
        let connected = TcpStream::connect(("127.0.0.1", function.port)).await;
        let mut stream = connected.unwrap_or_else(|error| panic!("connection {n}: {error}"));
        // Every tenth has been used before it idles.
        if n % 10 == 0 {
            let request = b"POST / HTTP/1.1\r\nhost: f\r\ncontent-length: 1\r\n\r\nx";
            stream.write_all(request).await.unwrap();
            let mut buffer = [0; 1024];
            let read = stream.read(&mut buffer).await.unwrap();
            assert!(buffer[..read].starts_with(b"HTTP/1.1 200 "));
        }
        open.push(stream);
    }
    let mut slowest = Duration::ZERO;
    for _ in 0..100 {
        let asked = Instant::now();
        assert_eq!(post("/", "others").to(function.port).await.body, "others");
        slowest = slowest.max(asked.elapsed());
    }
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    let status = std::fs::read_to_string(format!("/proc/{}/status", function.id())).unwrap();
    let rss = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap();
    println!("{idle} idle connections, the slowest answer of others {slowest:?}, {rss}");
    // Those that idle are still there.
    let last = open.last_mut().unwrap();
    let request = b"POST / HTTP/1.1\r\nhost: f\r\ncontent-length: 1\r\n\r\nx";
    last.write_all(request).await.unwrap();
    let read = last.read(&mut [0; 1024]).await.unwrap();
    assert!(read > 0);
}

#[tokio::test]
async fn half_open_connections_and_callers_who_leave_hold_up_nobody() {
    let function = Process::start("every_way_out", &[("max_inflight", "300")]);
    let mut left = Vec::new();
    for n in 0..200 {
        let mut stream = TcpStream::connect(("127.0.0.1", function.port))
            .await
            .unwrap();
        let head = "POST /order HTTP/1.1\r\nhost: f\r\ncontent-length: 100\r\n\r\n{";
        stream
            .write_all(&head.as_bytes()[..head.len() - n % 3])
            .await
            .unwrap();
        match n % 4 {
            // It sends no more, and waits.
            0 => stream.shutdown().await.unwrap(),
            // It sends no more, and does not say so.
            1 => {}
            _ => continue,
        }
        left.push(stream);
    }
    let answer = post("/order", r#"{"item":"tea","quantity":1}"#)
        .to(function.port)
        .await;
    assert_eq!(answer.status, 200);
}
