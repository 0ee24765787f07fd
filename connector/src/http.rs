//! The one HTTP client of the process: the gateway, SQS and the credential endpoints share its pool.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector as SdkConnector, HttpConnectorFuture, HttpConnectorSettings,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::Connection;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use tokio::time::Instant;

use crate::dial::{Dial, Served};
use crate::gateway::chain;
use crate::resend;

/// How long an idle connection is kept; below the 60 s after which load balancers close theirs.
const IDLE: Duration = Duration::from_secs(50);

/// A handle on the pool; a clone shares it.
#[derive(Clone, Debug)]
pub struct Http {
    pool: Client<Dial, SdkBody>,
    /// Opens a connection for each request.
    fresh: Client<Dial, SdkBody>,
}

impl Http {
    /// A pool of connections over the network. Where the operating system has no trusted roots,
    /// plain HTTP still works, and a warning says why HTTPS will not.
    pub fn new() -> Self {
        Self::with(Dial::network())
    }

    /// A pool of connections that `dial` opens for the host of a URI, such as streams in memory.
    pub fn over<F, C, E>(dial: impl Fn(http::Uri) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<C, E>> + Send + 'static,
        C: Read + Write + Connection + Send + Unpin + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        Self::with(Dial::over(dial))
    }

    fn with(dial: Dial) -> Self {
        let mut builder = Client::builder(TokioExecutor::new());
        Self {
            fresh: builder.pool_max_idle_per_host(0).build(dial.clone()),
            pool: (builder.pool_max_idle_per_host(usize::MAX))
                .pool_idle_timeout(IDLE)
                .pool_timer(TokioTimer::new())
                .build(dial),
        }
    }

    /// Sends a request and waits for the head of the answer. What meets a connection that was kept
    /// too long goes out again on a new one, as `resend` has it.
    ///
    /// # Errors
    /// When there is no connection, or it ends before the head of the answer is there.
    pub async fn send(
        &self,
        request: http::Request<SdkBody>,
    ) -> Result<http::Response<Incoming>, Error> {
        let spare = again(&request);
        self.send_or_again(request, || spare).await
    }

    /// The same with a request that `again` can make once more: that costs less than a copy, which is
    /// hardly ever needed.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_or_again(
        &self,
        request: http::Request<SdkBody>,
        again: impl FnOnce() -> Option<http::Request<SdkBody>>,
    ) -> Result<http::Response<Incoming>, Error> {
        let sent = Instant::now();
        let error = match self.pool.request(request).await {
            Ok(answer) => {
                if let Some(served) = answer.extensions().get::<Served>() {
                    served.set();
                }
                return Ok(answer);
            }
            Err(error) => error,
        };
        let is_worth_it = resend::is_worth_it(served(&error), sent.elapsed());
        match is_worth_it.then(again).flatten() {
            Some(request) => {
                tracing::debug!(error = %chain(&error), "a kept connection was closed: the request goes out again on a new one");
                self.fresh.request(request).await
            }
            None => Err(error),
        }
    }
}

/// The same request once more, where its body is in memory.
fn again(request: &http::Request<SdkBody>) -> Option<http::Request<SdkBody>> {
    let mut again = http::Request::new(request.body().try_clone()?);
    *again.method_mut() = request.method().clone();
    *again.uri_mut() = request.uri().clone();
    *again.headers_mut() = request.headers().clone();
    Some(again)
}

/// Whether the connection on which this happened had brought an answer before.
fn served(error: &Error) -> bool {
    let mut extensions = http::Extensions::new();
    if let Some(connected) = error.connect_info() {
        connected.get_extras(&mut extensions);
    }
    extensions.get::<Served>().is_some_and(Served::get)
}

impl Default for Http {
    fn default() -> Self {
        Self::new()
    }
}

/// The seam of the AWS SDK. Its timeouts are not set here: the engine bounds every call itself.
impl HttpClient for Http {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            http: self.clone(),
            timeout: settings.read_timeout(),
        })
    }
}

/// What the credential endpoints ask a read timeout of.
#[derive(Clone, Debug)]
struct Connector {
    http: Http,
    timeout: Option<Duration>,
}

impl SdkConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move {
            let request = request
                .try_into_http1x()
                .map_err(|error| ConnectorError::user(error.into()))?;
            let sent = this.http.send(request);
            let answer = match this.timeout {
                Some(timeout) => (tokio::time::timeout(timeout, sent).await)
                    .map_err(|elapsed| ConnectorError::timeout(elapsed.into()))?,
                None => sent.await,
            };
            let answer = answer.map_err(|error| ConnectorError::io(error.into()))?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
