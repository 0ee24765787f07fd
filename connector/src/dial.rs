//! How connections are made: over the network, or over whatever the caller has instead.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::Uri;
use http::uri::Scheme;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use tower_service::Service;

/// How long connecting may take, the name's resolution included.
const CONNECT: Duration = Duration::from_secs(5);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What hyper needs of a connection.
trait Stream: Read + Write + Connection + Send + Unpin {}
impl<T: Read + Write + Connection + Send + Unpin> Stream for T {}

/// An open connection.
pub(crate) struct Line {
    stream: Box<dyn Stream>,
    served: Served,
}

impl Line {
    fn new(stream: impl Stream + 'static) -> Self {
        Self {
            stream: Box::new(stream),
            served: Served::default(),
        }
    }
}

/// Whether a connection has brought an answer before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Served(Arc<AtomicBool>);

impl Served {
    /// It has.
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it has.
    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Opens connections; a clone opens them in the same way.
#[derive(Clone)]
pub(crate) struct Dial(
    Arc<dyn Fn(Uri) -> BoxFuture<'static, Result<Line, BoxError>> + Send + Sync>,
);

impl Dial {
    /// Over TCP, and TLS where the URI says so, with the operating system's trusted roots. They are
    /// read when the first HTTPS connection is opened. Where there are none, plain HTTP still works,
    /// and a warning says why HTTPS does not.
    pub(crate) fn network() -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT));
        // Reading the trusted roots takes longer than all the rest of a start: only for who needs them.
        let secure = OnceLock::new();
        Self(Arc::new(move |uri| {
            // Both connectors are always ready: they hold nothing between two calls.
            if uri.scheme() == Some(&Scheme::HTTPS) {
                let connecting = secure
                    .get_or_init(|| over_tls(tcp.clone()))
                    .clone()
                    .call(uri);
                async move { Ok(Line::new(connecting.await?)) }.boxed()
            } else {
                let connecting = tcp.clone().call(uri);
                async move { Ok(Line::new(connecting.await?)) }.boxed()
            }
        }))
    }

    /// Through this function.
    pub(crate) fn over<F, C, E>(dial: impl Fn(Uri) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<C, E>> + Send + 'static,
        C: Read + Write + Connection + Send + Unpin + 'static,
        E: Into<BoxError>,
    {
        Self(Arc::new(move |uri| {
            let dialling = dial(uri);
            async move {
                let stream = dialling.await.map_err(Into::into)?;
                Ok(Line::new(stream))
            }
            .boxed()
        }))
    }
}

/// TLS over TCP, with the operating system's trusted roots.
fn over_tls(tcp: HttpConnector) -> HttpsConnector<HttpConnector> {
    let provider = rustls::crypto::ring::default_provider();
    let tls = match HttpsConnectorBuilder::new().with_provider_and_native_roots(provider.clone()) {
        Ok(builder) => builder,
        Err(error) => {
            tracing::warn!(error = %error, "no trusted root certificates were found: HTTPS will not work");
            let config = rustls::ClientConfig::builder_with_provider(provider.into())
                .with_safe_default_protocol_versions()
                .expect("ring supports the default TLS versions")
                .with_root_certificates(rustls::RootCertStore::empty())
                .with_no_client_auth();
            HttpsConnectorBuilder::new().with_tls_config(config)
        }
    };
    tls.https_or_http().enable_http1().wrap_connector(tcp)
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dial")
    }
}

impl Service<Uri> for Dial {
    type Response = Line;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Line, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        (self.0)(uri)
    }
}

impl Connection for Line {
    fn connected(&self) -> Connected {
        self.stream.connected().extra(self.served.clone())
    }
}

impl Read for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl Write for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
