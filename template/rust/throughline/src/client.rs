//! The HTTP client whose every request hands the id on.

use std::sync::OnceLock;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Body, Client, IntoUrl, Method, RequestBuilder, Response};
use serde::Serialize;
use tracing::{Instrument as _, Span};

use crate::{Context, stamp};

/// How long a call may take where the request it belongs to has no deadline.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an idle connection is kept; below the 60 s after which load balancers close theirs.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);

/// An HTTP client whose every request carries `X-Correlation-ID`, `traceparent` and `baggage`, and
/// ends when the deadline of the request that is being handled does.
///
/// One pool of connections per process; cheap to clone.
///
/// ```no_run
/// # async fn example() -> Result<(), reqwest::Error> {
/// let http = throughline::http();
/// let (tea, milk) = tokio::join!(http.get("http://stock/tea").send(), http.get("http://stock/milk").send());
/// assert!(tea?.status().is_success() && milk?.status().is_success());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Http(Client);

/// The process' HTTP client, made on first use.
///
/// ```no_run
/// # async fn example() -> Result<(), reqwest::Error> {
/// let answer = throughline::http().post("http://stock/reserve").body("7").send().await?;
/// # Ok(()) }
/// ```
pub fn http() -> Http {
    static HTTP: OnceLock<Http> = OnceLock::new();
    HTTP.get_or_init(|| Http(build())).clone()
}

impl Http {
    /// A request of any method, in the context that is the current one now.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), reqwest::Error> {
    /// let gone = throughline::http().request(reqwest::Method::DELETE, "http://stock/7").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn request(&self, method: Method, url: impl IntoUrl) -> Outgoing {
        Outgoing {
            client: self.0.clone(),
            builder: self.0.request(method, url),
            context: crate::context(),
        }
    }

    /// A GET request.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), reqwest::Error> {
    /// let left: u32 = throughline::http().get("http://stock/tea").send().await?.json().await?;
    /// # Ok(()) }
    /// ```
    pub fn get(&self, url: impl IntoUrl) -> Outgoing {
        self.request(Method::GET, url)
    }

    /// A POST request.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), reqwest::Error> {
    /// throughline::http().post("http://stock/reserve").json(&["tea"]).send().await?;
    /// # Ok(()) }
    /// ```
    pub fn post(&self, url: impl IntoUrl) -> Outgoing {
        self.request(Method::POST, url)
    }

    /// A request as it is, without the ids of any context.
    #[cfg(feature = "otlp")]
    pub(crate) async fn execute(
        &self,
        request: reqwest::Request,
    ) -> reqwest::Result<reqwest::Response> {
        self.0.execute(request).await
    }
}

/// A request that is being put together: reqwest's, and the context it will carry.
///
/// ```no_run
/// # async fn example() -> Result<(), reqwest::Error> {
/// let answer = throughline::http()
///     .post("http://stock/reserve")
///     .header("x-shop", "7")
///     .json(&["tea"])
///     .timeout(std::time::Duration::from_secs(2))
///     .send()
///     .await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct Outgoing {
    client: Client,
    builder: RequestBuilder,
    context: Context,
}

impl Outgoing {
    /// Anything else that reqwest's builder can do.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), reqwest::Error> {
    /// let request = throughline::http().get("http://stock/tea");
    /// request.map(|request| request.basic_auth("me", Some("secret"))).send().await?;
    /// # Ok(()) }
    /// ```
    pub fn map(mut self, change: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Self {
        self.builder = change(self.builder);
        self
    }

    /// Adds a header. The SDK's own names are overwritten when it is sent.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), reqwest::Error> {
    /// throughline::http().get("http://stock/tea").header("x-shop", "7").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn header<K, V>(self, name: K, value: V) -> Self
    where
        HeaderName: TryFrom<K>,
        <HeaderName as TryFrom<K>>::Error: Into<http::Error>,
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>,
    {
        self.map(|request| request.header(name, value))
    }

    /// Adds headers, those of the same names replaced.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), reqwest::Error> {
    /// let mut headers = http::HeaderMap::new();
    /// headers.insert("x-shop", http::HeaderValue::from_static("7"));
    /// throughline::http().get("http://stock/tea").headers(headers).send().await?;
    /// # Ok(()) }
    /// ```
    pub fn headers(self, headers: HeaderMap) -> Self {
        self.map(|request| request.headers(headers))
    }

    /// Sends `Authorization: Bearer <token>` along.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), reqwest::Error> {
    /// # let token = throughline::Secret::new("");
    /// throughline::http().get("http://stock/tea").bearer_auth(token.expose()).send().await?;
    /// # Ok(()) }
    /// ```
    pub fn bearer_auth(self, token: impl std::fmt::Display) -> Self {
        self.map(|request| request.bearer_auth(token))
    }

    /// The body.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), reqwest::Error> {
    /// throughline::http().post("http://stock/notes").body("out of tea").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn body(self, body: impl Into<Body>) -> Self {
        self.map(|request| request.body(body))
    }

    /// A value as JSON for the body.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), reqwest::Error> {
    /// let order = serde_json::json!({ "item": "tea", "quantity": 2 });
    /// throughline::http().post("http://stock/reserve").json(&order).send().await?;
    /// # Ok(()) }
    /// ```
    pub fn json(self, value: &(impl Serialize + ?Sized)) -> Self {
        self.map(|request| request.json(value))
    }

    /// How long it may take, its answer's body included. What is left of the deadline is the most,
    /// whatever is given here.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), reqwest::Error> {
    /// let quick = std::time::Duration::from_millis(200);
    /// throughline::http().get("http://stock/tea").timeout(quick).send().await?;
    /// # Ok(()) }
    /// ```
    pub fn timeout(self, timeout: Duration) -> Self {
        self.map(|request| request.timeout(timeout))
    }

    /// Sends it.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), reqwest::Error> {
    /// let answer = throughline::http().get("http://stock/tea").send().await?.error_for_status()?;
    /// let left: u32 = answer.json().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As reqwest's `send`; a timeout where the deadline has passed.
    pub async fn send(self) -> reqwest::Result<Response> {
        let Self {
            client,
            builder,
            context,
        } = self;
        let request = builder.build()?;
        let (context, span) = in_span(context, &request);
        let result = execute(&client, &context, request)
            .instrument(span.clone())
            .await;
        note(&span, result.as_ref());
        result
    }

    /// Sends it inside a context, and a span, that somebody else made for it.
    #[cfg(feature = "graphql")]
    pub(crate) async fn send_in(self, context: &Context) -> reqwest::Result<Response> {
        execute(&self.client, context, self.builder.build()?).await
    }
}

async fn execute(
    client: &Client,
    context: &Context,
    mut request: reqwest::Request,
) -> reqwest::Result<Response> {
    stamp(context, request.headers_mut());
    let asked = request.timeout().copied();
    *request.timeout_mut() = Some(allowed(asked, context.time_left()));
    client.execute(request).await
}

/// What was asked for, but no more than what is left of the deadline.
fn allowed(asked: Option<Duration>, left: Option<Duration>) -> Duration {
    match (asked, left) {
        (Some(asked), Some(left)) => asked.min(left),
        (asked, left) => asked.or(left).unwrap_or(DEFAULT_TIMEOUT),
    }
}

#[cfg(feature = "otlp")]
fn in_span(context: Context, request: &reqwest::Request) -> (Context, Span) {
    crate::telemetry::spans::client(context, request.method(), request.url())
}

#[cfg(not(feature = "otlp"))]
fn in_span(context: Context, _: &reqwest::Request) -> (Context, Span) {
    (context, Span::none())
}

/// Writes how a call ended into its span.
pub(crate) fn note(span: &Span, result: Result<&Response, &reqwest::Error>) {
    match result {
        Ok(response) => {
            let status = response.status();
            span.record("http.response.status_code", status.as_u16());
            if status.is_client_error() || status.is_server_error() {
                span.record("error.type", status.as_str());
                span.record("otel.status_code", "ERROR");
            }
        }
        Err(error) => {
            span.record("error.type", error_type(error));
            span.record("otel.status_code", "ERROR");
        }
    }
}

pub(crate) fn error_type(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "connect"
    } else {
        "transport"
    }
}

fn build() -> Client {
    // Fails only where the program has installed a provider of its own, which is then used.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .tcp_nodelay(true)
            .user_agent(concat!("throughline/", env!("CARGO_PKG_VERSION")))
    };
    builder().build().unwrap_or_else(|error| {
        tracing::warn!(
            error = %crate::telemetry::chain(&error),
            "no root certificates could be read: calls over https will fail; put ca-certificates into the image"
        );
        builder()
            .tls_certs_only(std::iter::empty())
            .build()
            .expect("a client that trusts nobody needs nothing from the system")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_may_take_no_longer_than_what_is_left() {
        let second = Duration::from_secs(1);
        assert_eq!(allowed(None, None), DEFAULT_TIMEOUT);
        assert_eq!(allowed(None, Some(2 * second)), 2 * second);
        assert_eq!(allowed(Some(second), Some(2 * second)), second);
        assert_eq!(allowed(Some(9 * second), Some(2 * second)), 2 * second);
        assert_eq!(
            allowed(Some(9 * second), Some(Duration::ZERO)),
            Duration::ZERO
        );
        assert_eq!(allowed(Some(60 * second), None), 60 * second);
    }
}
