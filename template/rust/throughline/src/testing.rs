//! Calling a handler in a test: a request in, an answer and its log lines out.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use http_body_util::BodyExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::function::Function;
use crate::telemetry::{JsonLines, Sink};
use crate::{Handler, Request, Settings};

/// A request to a handler, as the gateway would make it.
///
/// ```
/// use throughline::{Json, testing::Call};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// async fn double(n: u32) -> Json<u32> { Json(n * 2) }
///
/// let answer = Call::json(&21).correlation_id("kan-7").to(double).await;
/// assert_eq!(answer.status, 200);
/// assert_eq!(answer.json::<u32>(), 42);
/// assert_eq!(answer.correlation_id, "kan-7");
/// # }
/// ```
#[derive(Default)]
pub struct Call {
    request: Request,
}

/// What a handler answered.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body.
    pub body: Bytes,
    /// What `X-Correlation-ID` says.
    pub correlation_id: String,
    /// The log lines that were written meanwhile, on the test's own thread.
    pub lines: Vec<Value>,
}

impl Call {
    /// A POST of these bytes.
    pub fn body(body: impl Into<Bytes>) -> Self {
        Self {
            request: Request {
                method: http::Method::POST,
                body: body.into(),
                ..Request::default()
            },
        }
    }

    /// A POST of a value as JSON.
    ///
    /// # Panics
    /// When the value has no JSON form.
    pub fn json(value: &impl Serialize) -> Self {
        Self::body(serde_json::to_vec(value).expect("the value has a JSON form"))
            .header("content-type", "application/json")
    }

    /// Adds a header.
    ///
    /// # Panics
    /// When the name or value can't be a header's.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request.headers.append(
            HeaderName::try_from(name).expect("a header's name"),
            HeaderValue::from_str(value).expect("a header's value"),
        );
        self
    }

    /// Sets `X-Correlation-ID`.
    #[must_use]
    pub fn correlation_id(self, id: &str) -> Self {
        self.header(crate::header::CORRELATION_ID, id)
    }

    /// Calls the handler, as the server would.
    ///
    /// Log lines are kept from what runs on the test's own thread: use a current-thread runtime.
    ///
    /// # Panics
    /// When the body of the answer can't be read.
    pub async fn to<H: Handler<Via>, Via: 'static>(self, handler: H) -> Answer {
        let settings = Settings::read(&|_| None).expect("the defaults are valid");
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink: Sink = {
            let lines = Arc::clone(&lines);
            Arc::new(move |_, line: &str| {
                let line = serde_json::from_str(line).expect("a line is JSON");
                lines
                    .lock()
                    .expect("no test panics while it logs")
                    .push(line);
            })
        };
        let subscriber = tracing_subscriber::registry().with(JsonLines::new("test", sink));
        let logging = tracing::subscriber::set_default(subscriber);
        let response = Function::new(handler, settings)
            .answer(self.request, Instant::now())
            .await;
        drop(logging);
        let (head, body) = response.into_parts();
        let body = body
            .collect()
            .await
            .expect("the body can be read")
            .to_bytes();
        let lines = std::mem::take(&mut *lines.lock().expect("no test panics while it logs"));
        Answer {
            status: head.status,
            correlation_id: head.headers[crate::header::CORRELATION_ID]
                .to_str()
                .expect("an id is text")
                .to_owned(),
            headers: head.headers,
            body,
            lines,
        }
    }
}

impl Answer {
    /// The body, read as JSON.
    ///
    /// # Panics
    /// When it is not that.
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            let body = String::from_utf8_lossy(&self.body);
            panic!("the answer is not the JSON asked for: {error}: {body}")
        })
    }

    /// The milestones that were logged, in order.
    pub fn milestones(&self) -> Vec<&str> {
        self.lines
            .iter()
            .filter_map(|line| line["milestone"].as_str())
            .collect()
    }
}
