//! Spans: where they go, and that they are the same trace as the log lines and the calls.

use serde_json::json;

use crate::call::post;
use crate::process::Process;

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TRACE: [u8; 16] = [
    0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd, 0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c,
];

#[tokio::test]
async fn the_span_of_a_request_reaches_the_collector_with_the_lines_own_ids() {
    let collector = RawCollector::start().await;
    let mut function = Process::start(
        "every_way_out",
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str())],
    );
    let order = post("/order", json!({"item": "tea", "quantity": 2}).to_string())
        .id("kan-7")
        .header("traceparent", TRACEPARENT);
    assert_eq!(order.to(function.port).await.status, 200);
    let line = function
        .line_where(|line| line["correlation_id"] == "kan-7")
        .await;
    assert_eq!(line["trace.id"], "0af7651916cd43dd8448eb211c80319c");
    let own_span = line["span.id"].as_str().unwrap().to_owned();
    assert_ne!(own_span, "b7ad6b7169203331", "a span of its own");

    // What is left is sent before the process ends.
    function.signal("TERM");
    let (status, _) = function.end().await;
    assert_eq!(status.code(), Some(0));
    let batch = collector.received().await;
    let has = |bytes: &[u8]| batch.windows(bytes.len()).any(|window| window == bytes);
    assert!(has(b"POST /v1/traces "), "the path of OTLP over HTTP");
    assert!(has(&TRACE), "the caller's trace");
    assert!(has(&u64::from_str_radix(&own_span, 16)
        .unwrap()
        .to_be_bytes()));
    assert!(
        has(&0xb7ad_6b71_6920_3331_u64.to_be_bytes()),
        "the caller's span as parent"
    );
    for text in [
        "every_way_out",
        "messaging.message.conversation_id",
        "kan-7",
    ] {
        assert!(has(text.as_bytes()), "{text}");
    }
}

#[tokio::test]
async fn a_collector_that_is_not_there_holds_nothing_up() {
    let mut function = Process::start(
        "echo",
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")],
    );
    for _ in 0..20 {
        assert_eq!(post("/", b"x".to_vec()).to(function.port).await.status, 200);
    }
    function.signal("TERM");
    assert_eq!(function.end().await.0.code(), Some(0));
}

/// Keeps the bytes of what it is sent: OTLP is protobuf, and what matters here stands in it as it is.
struct RawCollector {
    url: String,
    bytes: tokio::sync::watch::Receiver<Vec<u8>>,
}

impl RawCollector {
    async fn start() -> Self {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, bytes) = tokio::sync::watch::channel(Vec::new());
        throughline::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut all = vec![0; 64 * 1024];
                let mut length = 0;
                while !complete(&all[..length]) {
                    length += stream.read(&mut all[length..]).await.unwrap();
                }
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                    .await;
                sender.send_modify(|bytes| bytes.extend_from_slice(&all[..length]));
            }
        });
        Self { url, bytes }
    }

    async fn received(mut self) -> Vec<u8> {
        let some = self.bytes.wait_for(|bytes| !bytes.is_empty());
        let waited = tokio::time::timeout(std::time::Duration::from_secs(20), some).await;
        waited.expect("a batch came").unwrap().clone()
    }
}

fn complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some(head) = text.find("\r\n\r\n") else {
        return false;
    };
    let length = text
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.split("\r\n").next()?.parse::<usize>().ok());
    let body_at = request.windows(4).position(|window| window == b"\r\n\r\n");
    length.is_some_and(|length| request.len() >= body_at.unwrap_or(head) + 4 + length)
}
