//! Where a function is found: its ports, and the file that says that it is up.

use std::convert::Infallible;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use tokio::net::TcpListener;

use super::metrics::Metrics;
use super::settings::Settings;
use crate::serve;

/// Every address of the machine, of both families where it has both.
pub(super) async fn bind(name: &str, port: u16) -> io::Result<TcpListener> {
    let bound = match TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).await {
        // A kernel without IPv6.
        Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await
        }
        bound => bound,
    };
    bound.map_err(|error| io::Error::new(error.kind(), format!("{name} = \"{port}\": {error}")))
}

/// The port of the metrics. Where nobody asked for it by name, a function serves without it.
pub(super) async fn bind_metrics(settings: &Settings) -> io::Result<Option<TcpListener>> {
    match bind("metrics_port", settings.metrics_port).await {
        Err(error) if !settings.metrics_port_is_set => {
            tracing::warn!(
                error = %error,
                "the metrics are not served; metrics_port gives them another port"
            );
            Ok(None)
        }
        bound => bound.map(Some),
    }
}

/// Serves `/metrics`, and never ends.
pub(super) async fn serve_metrics(
    listener: Option<TcpListener>,
    metrics: Arc<Metrics>,
) -> Infallible {
    if let Some(listener) = listener {
        let service = move |request: http::Request<hyper::body::Incoming>| {
            let metrics = Arc::clone(&metrics);
            async move { metrics.answer(request.uri().path()) }
        };
        serve(listener, service, std::future::pending(), Duration::ZERO).await;
    }
    std::future::pending().await
}

/// The file whose presence tells the watchdog's health check that the function is up.
pub(super) fn put_lock(path: &Path) -> io::Result<()> {
    fs::write(path, b"").map_err(|error| {
        let path = path.display();
        io::Error::new(
            error.kind(),
            format!("the lock file {path} can't be written: {error}; set suppress_lock=true, or mount a writable /tmp"),
        )
    })
}
