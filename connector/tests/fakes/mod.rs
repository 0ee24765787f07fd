//! Fakes at the HTTP level: an SQS that counts, a gateway that does as it is told.

pub(crate) mod gateway;
pub(crate) mod sqs;

use std::net::SocketAddr;

use http::{Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use throughline::Body;
use tokio::net::TcpListener;

/// Serves until the test ends; gives the address.
pub(crate) async fn serve<S, F>(listener: TcpListener, service: S) -> SocketAddr
where
    S: Fn(http::Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let address = listener.local_addr().unwrap();
    throughline::spawn(async move {
        throughline::serve(
            listener,
            service,
            std::future::pending(),
            std::time::Duration::ZERO,
        )
        .await;
    });
    address
}

pub(crate) async fn read(body: Incoming) -> bytes::Bytes {
    body.collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default()
}

pub(crate) fn reply(status: u16, body: impl Into<bytes::Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::from(body.into()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}
