//! Calls to functions through the OpenFaaS gateway.

use std::time::{Duration, SystemTime};

use aws_smithy_types::body::SdkBody;
use bytes::{Bytes, BytesMut};
use http::uri::InvalidUri;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::BodyExt as _;
use throughline::header;
use tokio::time::Instant;
use url::Url;

use crate::http::Http;
use crate::indirect;
use crate::retry_after;
use crate::verdict::{Answer, Outcome, Transport};

/// How much of an answer's body is kept for the log; the rest is read and dropped.
pub const KEPT: usize = 64 * 1024;

/// The gateway, as far as functions are called through it. Its own credentials never are sent here:
/// it would pass them on to the function.
#[derive(Clone, Debug)]
pub struct Gateway {
    http: Http,
    url: Url,
    timeout: Duration,
}

/// Makes the headers of a call: once, and anew where it has to go out again.
pub type MakeHeaders<'a> = &'a (dyn Fn() -> HeaderMap + Sync);

/// The head of an answer, the beginning of its body, and how long that is; or why there was none.
type Exchanged = Result<(http::response::Parts, Bytes, usize), (Transport, String)>;

/// What a call came to, with what is worth a log line.
#[derive(Clone, Debug)]
pub struct Call {
    /// What the verdict rests on.
    pub outcome: Outcome,
    /// The transport error in words.
    pub error: Option<String>,
    /// The beginning of the answer's body.
    pub body: Bytes,
    /// How long it took.
    pub took: Duration,
}

impl Call {
    fn failed(transport: Transport, error: String, took: Duration) -> Self {
        Self {
            outcome: Outcome::Failed(transport),
            error: Some(error),
            body: Bytes::new(),
            took,
        }
    }
}

impl Gateway {
    /// Calls functions at `url`, each within `timeout`.
    pub fn new(http: Http, url: Url, timeout: Duration) -> Self {
        Self { http, url, timeout }
    }

    /// How long a call may take.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Posts a message to a function, `name` or `name.namespace`, and reads the whole answer. `sent_id`
    /// is the correlation id that is among the headers.
    pub async fn invoke(
        &self,
        function: &str,
        sent_id: &str,
        headers: MakeHeaders<'_>,
        body: Bytes,
        now: SystemTime,
    ) -> Call {
        self.invoke_keeping(KEPT, function, sent_id, headers, body, now)
            .await
    }

    /// The same, with up to so many bytes of the answer's body.
    pub async fn invoke_keeping(
        &self,
        keep: usize,
        function: &str,
        sent_id: &str,
        headers: MakeHeaders<'_>,
        body: Bytes,
        now: SystemTime,
    ) -> Call {
        let started = Instant::now();
        let called = self.bounded("function", function, headers, body, keep);
        let called = called.await;
        let took = started.elapsed();
        match called {
            Ok((head, body, length)) => Call {
                outcome: Outcome::Answered(Answer {
                    status: head.status.as_u16(),
                    internal: text(&head.headers, header::OPENFAAS_INTERNAL).map(str::to_owned),
                    by_function: head.headers.contains_key(header::DURATION_SECONDS)
                        || text(&head.headers, header::CORRELATION_ID) == Some(sent_id),
                    empty: length == 0,
                    late: took >= self.timeout.mul_f64(0.9),
                    retry_after: text(&head.headers, "retry-after")
                        .and_then(|v| retry_after::parse(v, now)),
                }),
                error: None,
                body,
                took,
            },
            Err((transport, error)) => Call::failed(transport, error, took),
        }
    }

    /// Posts a message for a function into the gateway's own queue.
    ///
    /// # Errors
    /// With what it came to instead.
    pub async fn enqueue(
        &self,
        function: &str,
        headers: MakeHeaders<'_>,
        body: Bytes,
        now: SystemTime,
    ) -> Result<(), Call> {
        let (started, bytes) = (Instant::now(), body.len());
        let called = self.bounded("async-function", function, headers, body, KEPT);
        let (head, body, _) = (called.await)
            .map_err(|(transport, error)| Call::failed(transport, error, started.elapsed()))?;
        let asked = text(&head.headers, "retry-after").and_then(|v| retry_after::parse(v, now));
        match indirect::taken(head.status.as_u16(), bytes, asked) {
            None => Ok(()),
            Some(refused) => Err(Call {
                outcome: Outcome::Indirect(refused),
                error: None,
                body,
                took: started.elapsed(),
            }),
        }
    }

    /// One exchange within the timeout.
    async fn bounded(
        &self,
        route: &str,
        function: &str,
        headers: MakeHeaders<'_>,
        body: Bytes,
        keep: usize,
    ) -> Exchanged {
        let called = self.call(route, function, headers, body, keep);
        match tokio::time::timeout(self.timeout, called).await {
            Ok(called) => called,
            Err(_) => {
                // A gateway that hangs would else use up the receives of every message.
                let transport = if Box::pin(self.answers()).await {
                    Transport::Timeout
                } else {
                    Transport::Hung
                };
                Err((transport, format!("no answer within {:?}", self.timeout)))
            }
        }
    }

    /// Whether anything answers at the gateway's address.
    pub async fn answers(&self) -> bool {
        self.ask("/healthz").await.is_some()
    }

    /// Whether a function says of itself, through the gateway, that it is well. Every function has
    /// this route: Kubernetes asks there as well.
    pub async fn is_well(&self, function: &str) -> bool {
        let status = self.ask(&format!("/function/{function}/_/health")).await;
        status.is_some_and(|status| status.is_success())
    }

    async fn ask(&self, path: &str) -> Option<StatusCode> {
        let url = format!("{}{path}", self.url.as_str().trim_end_matches('/'));
        let request = Request::get(url).body(SdkBody::empty()).ok()?;
        let asked = tokio::time::timeout(Duration::from_secs(5), self.http.send(request)).await;
        Some(asked.ok()?.ok()?.status())
    }

    async fn call(
        &self,
        route: &str,
        function: &str,
        headers: MakeHeaders<'_>,
        body: Bytes,
        keep: usize,
    ) -> Exchanged {
        let url = format!(
            "{}/{route}/{function}",
            self.url.as_str().trim_end_matches('/')
        );
        let uri: Uri =
            (url.parse()).map_err(|error: InvalidUri| (Transport::Connect, error.to_string()))?;
        let request = || {
            let mut request = Request::new(SdkBody::from(body.clone()));
            *request.method_mut() = Method::POST;
            *request.uri_mut() = uri.clone();
            *request.headers_mut() = headers();
            request
        };
        let sent = self.http.send_or_again(request(), || Some(request()));
        let answer = sent.await.map_err(|error| {
            let kind = if error.is_connect() {
                Transport::Connect
            } else {
                Transport::Dropped
            };
            (kind, chain(&error))
        })?;
        let (head, mut body) = answer.into_parts();
        let (mut kept, mut length) = (BytesMut::new(), 0);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| (Transport::Dropped, chain(&error)))?;
            if let Ok(data) = frame.into_data() {
                length += data.len();
                kept.extend_from_slice(&data[..data.len().min(keep - kept.len())]);
            }
        }
        Ok((head, kept.freeze(), length))
    }
}

/// Puts a header in, where its value is fit for one; what could break a header stays out.
pub fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// An error with its causes, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let text = next.to_string();
        // Many errors repeat their cause in their own words.
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = next.source();
    }
    line
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
