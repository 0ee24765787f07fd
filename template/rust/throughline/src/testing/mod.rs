//! Testing a handler: a request in, an answer, its log lines and the calls it made out.
//!
//! ```
//! use throughline::testing::{Backend, Call, assert_chain};
//! use throughline::{Error, milestone};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let stock = Backend::start(|_| (200, "7 left".to_owned())).await;
//! let url = stock.url().to_owned();
//! let handler = move |item: String| {
//!     let url = format!("{url}/{item}");
//!     async move {
//!         milestone!("STOCK_ASKED", item);
//!         Ok::<_, Error>(throughline::http().get(url).send().await?.text().await?)
//!     }
//! };
//!
//! let answer = Call::json(&"tea").correlation_id("kan-7").to(handler).await;
//! assert_eq!(answer.body, "7 left");
//! assert_eq!(answer.milestone("STOCK_ASKED")["fields"]["item"], "tea");
//! assert_chain(&answer, &stock);
//! # }
//! ```
//!
//! **Time.** Under `#[tokio::test(start_paused = true)]` a handler's pauses, deadlines and `once`
//! records take no time at all. Where the handler makes a call over a socket, leave the clock
//! running: a paused one jumps to the call's timeout while the answer is on its way.

mod backend;
mod chain;
#[cfg(feature = "fake-graphql")]
mod fake_graphql;

use std::collections::BTreeMap;
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
use crate::{Context, Envelope, Handler, Request, Settings};

pub use backend::{Backend, Received};
pub use chain::assert_chain;
#[cfg(feature = "fake-graphql")]
pub use fake_graphql::{FakeGraphQl, FakeGraphQlBuilder};

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
    secrets: BTreeMap<String, String>,
}

/// What a handler answered.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use throughline::{milestone, testing::Call};
///
/// let handler = async |_: throughline::Request| {
///     milestone!("SEEN");
///     "seen"
/// };
/// let answer = Call::body("").to(handler).await;
/// assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, &b"seen"[..]));
/// assert_eq!(answer.milestones(), ["SEEN"]);
/// assert_eq!(answer.lines[0]["correlation_id"], answer.correlation_id);
/// # }
/// ```
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
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::{Request, testing::Call};
    ///
    /// let handler = async |request: Request| request.body().clone();
    /// assert_eq!(Call::body("tea").to(handler).await.body, "tea");
    /// # }
    /// ```
    pub fn body(body: impl Into<Bytes>) -> Self {
        Self {
            request: Request {
                method: http::Method::POST,
                body: body.into(),
                ..Request::default()
            },
            secrets: BTreeMap::new(),
        }
    }

    /// What a sender's webhook becomes behind the ingress: an envelope from `source`, the path's
    /// last part, with the sender's body in it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::{Request, testing::Call};
    ///
    /// let handler = async |request: Request| {
    ///     let delivery = request.delivery()?;
    ///     Ok::<_, throughline::Error>(delivery.source.unwrap_or_default())
    /// };
    /// let answer = Call::delivery("jira", r#"{"issue":{"key":"KAN-7"}}"#).to(handler).await;
    /// assert_eq!(answer.body, "jira");
    /// # }
    /// ```
    pub fn delivery(source: &str, body: impl Into<Bytes>) -> Self {
        let envelope = Envelope {
            correlation_id: crate::CorrelationId::mint(),
            request_id: "test".to_owned(),
            source: source.to_owned(),
            received_at_ms: u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0),
            headers: BTreeMap::new(),
            body: body.into(),
        };
        Self::body(envelope.to_json()).header("content-type", "application/json")
    }

    /// A POST of a value as JSON.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::{Json, testing::Call};
    ///
    /// let handler = async |items: Vec<String>| Json(items.len());
    /// assert_eq!(Call::json(&["tea", "milk"]).to(handler).await.body, "2");
    /// # }
    /// ```
    ///
    /// # Panics
    /// When the value has no JSON form.
    pub fn json(value: &impl Serialize) -> Self {
        Self::body(serde_json::to_vec(value).expect("the value has a JSON form"))
            .header("content-type", "application/json")
    }

    /// Adds a header.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::{Request, testing::Call};
    ///
    /// let handler = async |request: Request| request.header("x-shop").unwrap_or("none").to_owned();
    /// assert_eq!(Call::body("").header("X-Shop", "7").to(handler).await.body, "7");
    /// # }
    /// ```
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
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::{Request, testing::Call};
    ///
    /// let handler = async |_: Request| throughline::context().correlation_id().to_string();
    /// assert_eq!(Call::body("").correlation_id("kan-7").to(handler).await.body, "kan-7");
    /// # }
    /// ```
    #[must_use]
    pub fn correlation_id(self, id: &str) -> Self {
        self.header(crate::header::CORRELATION_ID, id)
    }

    /// Sets every header that this context would come with: its ids, its trace, its baggage, its
    /// idempotency key, the attempt, and what is left of its deadline.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::{Context, CorrelationId, Request, context, testing::Call};
    ///
    /// let given = Context::new(CorrelationId::parse("kan-7").unwrap()).with_delivery_attempt(3);
    /// let handler = async |_: Request| context().delivery_attempt().unwrap_or(0).to_string();
    /// let answer = Call::body("").context(&given).to(handler).await;
    /// assert_eq!((answer.correlation_id.as_str(), &answer.body[..]), ("kan-7", &b"3"[..]));
    /// # }
    /// ```
    #[must_use]
    pub fn context(mut self, context: &Context) -> Self {
        crate::stamp(context, &mut self.request.headers);
        if let Some(key) = context.idempotency_key() {
            self = self.header(crate::header::IDEMPOTENCY_KEY, key);
        }
        if let Some(attempt) = context.delivery_attempt() {
            self = self.header(crate::header::RECEIVE_COUNT, &attempt.to_string());
        }
        if let Some(left) = context.time_left() {
            self = self.header("x-timeout", &format!("{}ms", left.as_millis()));
        }
        self
    }

    /// Gives the handler a secret: what [`secret()`](crate::secret()) and the clients find under
    /// this name, on the test's own thread.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::{Error, Request, secret, testing::Call};
    ///
    /// let handler = async |_: Request| Ok::<_, Error>(secret("token")?.expose().len().to_string());
    /// let answer = Call::body("").secret("token", "s3cret").to(handler).await;
    /// assert_eq!(answer.body, "6");
    /// # }
    /// ```
    #[must_use]
    pub fn secret(mut self, name: &str, value: &str) -> Self {
        self.secrets.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Calls the handler, as the server would.
    ///
    /// Log lines are kept from what runs on the test's own thread: use a current-thread runtime.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::{Request, testing::Call};
    ///
    /// let answer = Call::body("").to(async |_: Request| "seen").await;
    /// assert_eq!(answer.status, 200);
    /// # }
    /// ```
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
        let secrets = (!self.secrets.is_empty()).then(|| crate::secret::give(self.secrets));
        let response = Function::new(handler, settings)
            .answer(self.request, Instant::now())
            .await;
        drop((logging, secrets));
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
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::{Json, testing::Call};
    ///
    /// let answer = Call::json(&21).to(async |n: u32| Json(n * 2)).await;
    /// assert_eq!(answer.json::<u32>(), 42);
    /// # }
    /// ```
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
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::{Request, milestone, testing::Call};
    ///
    /// let handler = async |_: Request| milestone!("CHARGED", cents = 350);
    /// let answer = Call::body("").to(handler).await;
    /// assert_eq!(answer.milestones(), ["CHARGED"]);
    /// # }
    /// ```
    pub fn milestones(&self) -> Vec<&str> {
        self.lines
            .iter()
            .filter_map(|line| line["milestone"].as_str())
            .collect()
    }

    /// The line of the milestone of this name: its fields under `fields`, as in the log.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use throughline::{Request, milestone, testing::Call};
    ///
    /// let handler = async |_: Request| milestone!("CHARGED", cents = 350);
    /// let answer = Call::body("").to(handler).await;
    /// assert_eq!(answer.milestone("CHARGED")["fields"]["cents"], 350);
    /// # }
    /// ```
    ///
    /// # Panics
    /// When it was not logged; the message names those that were.
    pub fn milestone(&self, name: &str) -> &Value {
        let found = self.lines.iter().find(|line| line["milestone"] == name);
        found.unwrap_or_else(|| {
            panic!("no milestone {name}, but {:?}", self.milestones());
        })
    }
}
