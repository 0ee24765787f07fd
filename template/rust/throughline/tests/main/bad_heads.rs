//! Heads that no request can be made of, or that never end: the answer has an id, and others are
//! answered meanwhile.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::call::{answer, get};
use crate::process::Process;

async fn raw(port: u16, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    // A head that is too long is refused before all of it was sent.
    let _ = stream.write_all(bytes).await;
    stream
}

fn many_headers(count: usize, bytes: usize) -> Vec<u8> {
    let value = "x".repeat(bytes);
    let headers: String = (0..count).map(|n| format!("x-{n}: {value}\r\n")).collect();
    format!("GET / HTTP/1.1\r\nhost: f\r\n{headers}\r\n").into_bytes()
}

#[tokio::test]
async fn a_head_that_cannot_be_read_is_answered_with_an_id_that_the_log_has() {
    let function = Process::start("echo", &[]);
    let ways = [
        (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello\r\n\r\n".to_vec(),
            400,
        ),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n".to_vec(), 400),
        (b"GET / HTTP/9.9\r\n\r\n".to_vec(), 400),
        (
            b"POST / HTTP/1.1\r\ncontent-length: 1, 2\r\n\r\n".to_vec(),
            400,
        ),
        (many_headers(101, 1), 431),
        (many_headers(50, 20_000), 431),
        (
            format!("GET /{} HTTP/1.1\r\n\r\n", "p".repeat(70_000)).into_bytes(),
            414,
        ),
    ];
    for (head, status) in ways {
        let shown = String::from_utf8_lossy(&head[..head.len().min(40)]).into_owned();
        let refused = answer(raw(function.port, &head).await).await;
        assert_eq!(refused.status, status, "{shown}");
        assert_eq!(refused.json()["correlation_id"], refused.id(), "{shown}");
        let line = |line: &Value| line["correlation_id"] == refused.id();
        assert_eq!(function.line_where(line).await["log.level"], "warn");
    }
    assert_eq!(get("/").to(function.port).await.status, 200);
}

#[tokio::test]
async fn a_broken_head_on_a_kept_connection_gets_its_id_too() {
    let function = Process::start("echo", &[]);
    let good = b"POST / HTTP/1.1\r\nhost: f\r\ncontent-length: 2\r\n\r\nhi";
    let mut stream = raw(function.port, good).await;
    let mut buffer = vec![0; 4096];
    let read = stream.read(&mut buffer).await.unwrap();
    assert!(buffer[..read].starts_with(b"HTTP/1.1 200 "));
    stream.write_all(&many_headers(101, 1)).await.unwrap();
    let refused = answer(stream).await;
    assert_eq!(refused.status, 431);
    assert_eq!(refused.json()["correlation_id"], refused.id());
}

#[tokio::test]
async fn what_a_body_says_is_never_taken_for_an_answer() {
    let function = Process::start("echo", &[]);
    let body = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
    for version in ["1.0", "1.1"] {
        let length = body.len();
        let request = format!(
            "POST / HTTP/{version}\r\nhost: f\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let echoed = answer(raw(function.port, request.as_bytes()).await).await;
        assert_eq!((echoed.status, echoed.body.as_str()), (200, body));
    }
}

#[tokio::test]
async fn a_slow_loris_is_cut_off_after_read_timeout_and_holds_up_nobody() {
    let function = Process::start("echo", &[("read_timeout", "600ms")]);
    let mut slow = Vec::new();
    for _ in 0..200 {
        slow.push(raw(function.port, b"GET / HTTP/1.1\r\nhost: f\r\nx-drip: ").await);
    }
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(400) {
        for stream in &mut slow {
            let _ = stream.write_all(b"d").await;
        }
        let asked = Instant::now();
        assert_eq!(get("/").to(function.port).await.status, 200);
        assert!(asked.elapsed() < Duration::from_secs(2));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for mut stream in slow {
        let ended = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut [0; 64])).await;
        assert!(matches!(ended, Ok(Ok(0) | Err(_))), "{ended:?}");
    }
}
