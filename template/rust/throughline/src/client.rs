//! The HTTP client whose every request hands the id on.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Client, IntoUrl, Method, RequestBuilder};

use crate::header;

/// How long a call may take where the request it belongs to has no deadline.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an idle connection is kept; below the 60 s after which load balancers close theirs.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);

/// An HTTP client whose every request carries `X-Correlation-ID` and `traceparent`, and ends when
/// the deadline of the request that is being handled does.
///
/// One pool of connections per process; cheap to clone.
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
    /// A request, the ids of the current context on it.
    pub fn request(&self, method: Method, url: impl IntoUrl) -> RequestBuilder {
        let context = crate::context();
        let mut request = self
            .0
            .request(method, url)
            .header(header::CORRELATION_ID, context.correlation_id().as_str())
            .header(header::TRACEPARENT, context.trace().to_string())
            .timeout(context.time_left().unwrap_or(DEFAULT_TIMEOUT));
        if let Some(call_id) = context.call_id() {
            request = request.header(header::CALL_ID, call_id);
        }
        request
    }

    /// A request as it is, without the ids of any context.
    #[cfg(feature = "otlp")]
    pub(crate) async fn execute(
        &self,
        request: reqwest::Request,
    ) -> reqwest::Result<reqwest::Response> {
        self.0.execute(request).await
    }

    /// A GET request.
    pub fn get(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::GET, url)
    }

    /// A POST request.
    pub fn post(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::POST, url)
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
