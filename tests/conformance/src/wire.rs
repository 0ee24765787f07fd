//! How a request reaches a server, and the AWS SDK's seam for it.

use std::sync::Arc;

use anyhow::Context as _;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Body;
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector as Tcp;
use hyper_util::rt::TokioExecutor;
use stack::sqs::Sqs;

/// Sockets, or a call in memory.
#[derive(Clone, Debug)]
pub(crate) enum Wire {
    Sockets(Pool<Tcp, Full<Bytes>>),
    Memory(Arc<Sqs>),
}

impl Wire {
    pub(crate) fn sockets() -> Self {
        let mut tcp = Tcp::new();
        tcp.set_nodelay(true);
        // No idle connections: a development server may close one just as it is used again.
        let pool = Pool::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build(tcp);
        Self::Sockets(pool)
    }

    /// # Errors
    /// When there is no whole answer.
    pub(crate) async fn send(&self, request: Request<Bytes>) -> anyhow::Result<Response<Bytes>> {
        let request = request.map(Full::new);
        match self {
            Self::Sockets(pool) => whole(pool.request(request).await?).await,
            Self::Memory(sqs) => {
                let answer = sqs.exchange(request).await;
                whole(answer.context("the connection was cut")?).await
            }
        }
    }
}

async fn whole<B>(answer: Response<B>) -> anyhow::Result<Response<Bytes>>
where
    B: Body<Data = Bytes>,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let (head, body) = answer.into_parts();
    let body = body.collect().await.context("the answer's body")?;
    Ok(Response::from_parts(head, body.to_bytes()))
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let wire = self.clone();
        HttpConnectorFuture::new(async move {
            let request = request
                .try_into_http1x()
                .map_err(|error| ConnectorError::user(error.into()))?
                .map(|body| Bytes::copy_from_slice(body.bytes().unwrap_or_default()));
            let answer = wire.send(request).await;
            let answer = answer.map_err(|error| ConnectorError::io(error.into()))?;
            HttpResponse::try_from(answer.map(SdkBody::from))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}
