//! Carries batches of spans over the process's one HTTP client.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use opentelemetry_http::{HttpClient, HttpError};
use tokio::runtime::Handle;

use crate::http::Http;

/// The exporter's thread has no runtime: the call is made on the connector's.
pub(super) struct Carrier {
    http: Http,
    runtime: Handle,
}

impl Carrier {
    /// Calls are made on the runtime that this is called in.
    pub(super) fn new(http: Http) -> Self {
        Self {
            http,
            runtime: Handle::current(),
        }
    }
}

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Carrier")
    }
}

type Sending<'a> =
    Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Carrier {
    fn send_bytes<'life, 'made>(&'life self, request: http::Request<Bytes>) -> Sending<'made>
    where
        'life: 'made,
        Self: 'made,
    {
        let http = self.http.clone();
        let sending = self.runtime.spawn(async move {
            let answer = http.send(request.map(SdkBody::from)).await?;
            let (head, body) = answer.into_parts();
            let body = body.collect().await?.to_bytes();
            Ok::<_, HttpError>(http::Response::from_parts(head, body))
        });
        Box::pin(async move { sending.await? })
    }
}
