//! Sends messages, and is the function that they are for.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use throughline::Body;
use tokio::net::TcpListener;

use super::ledger::Ledger;

/// So many messages may be open before sending pauses.
pub(super) const BACKLOG: usize = 5_000;
const BATCH: usize = 10;

/// Sends batches over one connection.
pub(super) struct Sender {
    client: Client<HttpConnector, Full<Bytes>>,
    sqs: String,
    queue: String,
}

impl Sender {
    pub(super) fn new(sqs: &str, queue: String) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            sqs: sqs.to_owned(),
            queue,
        }
    }

    /// Sends the next ten.
    pub(super) async fn send(&mut self, ledger: &Ledger) -> anyhow::Result<()> {
        let mut entries = String::new();
        for (n, number) in ledger.take(BATCH).enumerate() {
            let comma = if n == 0 { "" } else { "," };
            // Of sizes from a few bytes to 4 KB.
            let padding = "x".repeat((number * 37) % 4000);
            let _ = write!(
                entries,
                r#"{comma}{{"Id":"{n}","MessageBody":"{number} {padding}"}}"#
            );
        }
        let body = format!(r#"{{"QueueUrl":"{}","Entries":[{entries}]}}"#, self.queue);
        let request = Request::post(&self.sqs)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", "AmazonSQS.SendMessageBatch")
            .body(Full::new(Bytes::from(body)))?;
        let answer = self
            .client
            .request(request)
            .await
            .context("SendMessageBatch")?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        let failed = br#""Failed":[{"#;
        ensure!(
            status == StatusCode::OK && !body.windows(failed.len()).any(|part| part == failed),
            "SendMessageBatch: {status} {body:?}"
        );
        Ok(())
    }
}

/// Starts the function; gives its URL. It lives as long as the process.
#[expect(
    clippy::disallowed_methods,
    reason = "serves for the life of the process, and for no request"
)]
pub(super) async fn function(ledger: Arc<Ledger>) -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let service = move |request| answer(Arc::clone(&ledger), request);
    tokio::spawn(async move {
        throughline::serve(listener, service, std::future::pending(), Duration::ZERO).await;
    });
    Ok(url)
}

async fn answer(ledger: Arc<Ledger>, request: Request<Incoming>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let number = match body.collect().await {
        Ok(body) => number(&body.to_bytes()),
        Err(_) => return Response::new(Body::empty()),
    };
    // Some take their time.
    if number % 101 == 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    ledger.close(number);
    let mut response = Response::new(Body::empty());
    if Ledger::is_rejected(number) {
        *response.status_mut() = StatusCode::BAD_REQUEST;
    }
    if let Some(id) = head.headers.get("x-correlation-id") {
        response
            .headers_mut()
            .insert("x-correlation-id", id.clone());
    }
    response
}

fn number(body: &[u8]) -> usize {
    let digits = body.split(|byte| *byte == b' ').next().unwrap_or_default();
    std::str::from_utf8(digits)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usize::MAX)
}
