//! An HTTP/1 server that drains: the accept loop, and how it stops.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::Body;
#[cfg(feature = "function")]
use crate::refused_head::RefusedHead;

/// How long a client may take to send a request's head, and may keep an idle connection.
const HEADER_READ: Duration = Duration::from_secs(30);
/// How long to wait before accepting again when the process is out of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves HTTP/1 on `listener` until `shutdown` is done, then drains: idle connections are closed,
/// busy ones finish their request, for at most `drain`. Returns how many connections were still
/// busy then and were cut.
///
/// A client that leaves in mid-request ends the service's future. A connection that can't be
/// accepted ends nothing. Cancel-safe in so far as dropping it cuts every connection.
///
/// ```no_run
/// use std::time::Duration;
/// use throughline::{Body, serve, shutdown_signal};
///
/// # async fn example() -> std::io::Result<()> {
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
/// let hello = async |_| http::Response::new(Body::from("hello"));
/// let cut = serve(listener, hello, shutdown_signal()?, Duration::from_secs(30)).await;
/// tracing::info!(cut, "drained");
/// # Ok(()) }
/// ```
pub async fn serve<S, F>(
    listener: TcpListener,
    service: S,
    shutdown: impl Future<Output = ()>,
    drain: Duration,
) -> usize
where
    S: Fn(http::Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = http::Response<Body>> + Send + 'static,
{
    let each = move |stream: TcpStream, stopped| {
        connection(TokioIo::new(stream), service.clone(), stopped, HEADER_READ)
    };
    accept(listener, each, shutdown, drain).await
}

/// [`serve`] for a service that puts `X-Correlation-ID` on each of its answers: those that hyper
/// makes then have one too. A head may take `head` to arrive, and a connection be idle as long.
#[cfg(feature = "function")]
pub(crate) async fn serve_with_ids<S, F>(
    listener: TcpListener,
    service: S,
    shutdown: impl Future<Output = ()>,
    drain: Duration,
    head: Duration,
) -> usize
where
    S: Fn(http::Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = http::Response<Body>> + Send + 'static,
{
    let each = move |stream: TcpStream, stopped| {
        let stream = RefusedHead::new(TokioIo::new(stream));
        connection(stream, service.clone(), stopped, head)
    };
    accept(listener, each, shutdown, drain).await
}

async fn accept<C: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    connection: impl Fn(TcpStream, watch::Receiver<()>) -> C,
    shutdown: impl Future<Output = ()>,
    drain: Duration,
) -> usize {
    let (stop, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // Answers are small and waited for: no need to collect them.
                    let _ = stream.set_nodelay(true);
                    connections.spawn(connection(stream, stopped.clone()));
                }
                Err(error) => {
                    tracing::warn!(error = %error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    drop(stopped);
    let _ = stop.send(());
    let _ = tokio::time::timeout(drain, async {
        while connections.join_next().await.is_some() {}
    })
    .await;
    connections.len()
}

async fn connection<I, S, F>(
    stream: I,
    service: S,
    mut stopped: watch::Receiver<()>,
    head: Duration,
) where
    I: Read + Write + Unpin,
    S: Fn(http::Request<Incoming>) -> F,
    F: Future<Output = http::Response<Body>>,
{
    let service = service_fn(move |request| {
        let answer = service(request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(head)
            .serve_connection(stream, service)
    );
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error = %error, "a connection ended early");
    }
}

/// Done when the process is asked to stop: SIGTERM, SIGINT, or Ctrl-C.
///
/// PID 1 of a container gets no default for these signals, so that whoever runs there must listen.
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// throughline::shutdown_signal()?.await;
/// tracing::info!("asked to stop");
/// # Ok(()) }
/// ```
///
/// # Errors
/// When the handlers can't be installed.
pub fn shutdown_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
