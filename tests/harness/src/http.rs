//! Plain HTTP to the parts under test: one request, one answer.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde::Serialize;
use serde_json::Value;

/// A URL as text; everything here is `http://127.0.0.1:PORT`.
pub type Url = String;

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Sends one request.
///
/// # Errors
/// When nobody answers in 30 seconds.
pub async fn exchange(
    method: Method,
    url: &str,
    headers: &BTreeMap<String, String>,
    body: impl Into<Bytes>,
) -> anyhow::Result<Answer> {
    // A client of its own for each call: tests have a runtime each, and a pooled connection
    // belongs to the runtime it was made in.
    let client: Client<HttpConnector, Full<Bytes>> =
        Client::builder(TokioExecutor::new()).build_http();
    let mut request = Request::builder().method(&method).uri(url);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(body.into()))?;
    let told = || format!("{method} {url}");
    tokio::time::timeout(PATIENCE, async {
        let (head, body) = client.request(request).await?.into_parts();
        Ok::<_, anyhow::Error>(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: body.collect().await?.to_bytes(),
        })
    })
    .await
    .with_context(told)?
    .with_context(told)
}

/// GET.
///
/// # Errors
/// As [`exchange`].
pub async fn get(url: &str) -> anyhow::Result<Answer> {
    exchange(Method::GET, url, &BTreeMap::new(), Bytes::new()).await
}

/// POST of a value as JSON.
///
/// # Errors
/// As [`exchange`].
pub async fn post_json(url: &str, value: &impl Serialize) -> anyhow::Result<Answer> {
    exchange(
        Method::POST,
        url,
        json_headers(),
        serde_json::to_vec(value)?,
    )
    .await
}

fn json_headers() -> &'static BTreeMap<String, String> {
    static HEADERS: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    HEADERS.get_or_init(|| [("content-type".to_owned(), "application/json".to_owned())].into())
}

/// The control calls of the local stack.
#[derive(Clone, Debug)]
pub struct Control(pub Url);

impl Control {
    /// Makes a call that must succeed.
    ///
    /// # Errors
    /// When it does not.
    pub async fn call(&self, method: Method, path: &str, body: Value) -> anyhow::Result<Value> {
        let url = format!("{}{path}", self.0);
        let body = if body.is_null() {
            Vec::new()
        } else {
            serde_json::to_vec(&body)?
        };
        let answer = exchange(method, &url, json_headers(), body).await?;
        let text = String::from_utf8_lossy(&answer.body);
        ensure!(
            (200..300).contains(&answer.status),
            "{url} answered {}: {text}",
            answer.status
        );
        Ok(answer.json())
    }

    /// Registers a function at the gateway.
    ///
    /// # Errors
    /// When the stack refuses.
    pub async fn register(&self, name: &str, url: &str, topic: &str) -> anyhow::Result<()> {
        let function = serde_json::json!({"url": url, "annotations": {"topic": topic}});
        self.call(Method::PUT, &format!("/functions/{name}"), function)
            .await
            .map(drop)
    }

    /// Makes the backend behave in a way for a card.
    ///
    /// # Errors
    /// When the stack refuses.
    pub async fn backend(&self, behaviour: Value) -> anyhow::Result<()> {
        self.call(Method::POST, "/graphql/behaviour", behaviour)
            .await
            .map(drop)
    }

    /// Switches on a fault of the gateway.
    ///
    /// # Errors
    /// When the stack refuses.
    pub async fn gateway_fault(&self, fault: Value) -> anyhow::Result<()> {
        self.call(Method::POST, "/gateway/faults", fault)
            .await
            .map(drop)
    }

    /// Switches on a fault of SQS.
    ///
    /// # Errors
    /// When the stack refuses.
    pub async fn sqs_fault(&self, fault: Value) -> anyhow::Result<()> {
        self.call(Method::POST, "/sqs/faults", fault)
            .await
            .map(drop)
    }

    /// What lies in the queues.
    ///
    /// # Errors
    /// When the stack does not answer.
    pub async fn queues(&self) -> anyhow::Result<Value> {
        self.call(Method::GET, "/sqs/queues", Value::Null).await
    }
}
