//! Fakes at the HTTP level: an SQS that counts, a gateway that does as it is told, an issuer of
//! credentials.

pub(crate) mod collector;
pub(crate) mod gateway;
pub(crate) mod issuer;
pub(crate) mod sqs;

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use throughline::Body;
use tokio::io::DuplexStream;
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

/// A header of an answer that is none: the connection ends in its place.
pub(crate) const DROPPED: &str = "x-dropped";

/// Serves one connection in memory.
pub(crate) fn serve_stream<S, F>(service: S) -> Wire
where
    S: Fn(http::Request<Incoming>) -> F + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let (near, far) = tokio::io::duplex(256 * 1024);
    let service = hyper::service::service_fn(move |request| {
        let answering = service(request);
        async move {
            let answer = answering.await;
            if answer.headers().contains_key(DROPPED) {
                return Err(io::Error::from(io::ErrorKind::ConnectionReset));
            }
            Ok(answer)
        }
    });
    throughline::spawn(async move {
        // The caller may go away at any moment.
        let _ = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(far), service)
            .await;
    });
    Wire(TokioIo::new(near))
}

/// A connection in memory.
pub(crate) struct Wire(TokioIo<DuplexStream>);

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl Write for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
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
