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

use crate::dial::Dial;

/// How long an idle connection is kept; below the 60 s after which load balancers close theirs.
const IDLE: Duration = Duration::from_secs(50);

/// A handle on the pool; a clone shares it.
#[derive(Clone, Debug)]
pub struct Http(Client<Dial, SdkBody>);

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
        Self(
            Client::builder(TokioExecutor::new())
                .pool_idle_timeout(IDLE)
                .pool_timer(TokioTimer::new())
                .build(dial),
        )
    }

    /// Sends a request and waits for the head of the answer.
    ///
    /// # Errors
    /// When there is no connection, or it ends before the head of the answer is there.
    pub async fn send(
        &self,
        request: http::Request<SdkBody>,
    ) -> Result<http::Response<Incoming>, Error> {
        self.0.request(request).await
    }
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
