//! The accept loop of the stack's own listeners: it drains when it stops, and it can be cut.
//!
//! Not the SDK's server, because a stand-in must also be able to do what no server should: end a
//! connection without an answer, and play dead.

use std::error::Error as StdError;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time;

pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

/// How long a stopped listener waits for requests that are being answered.
const DRAIN: Duration = Duration::from_secs(2);
/// Go's `http.DefaultMaxHeaderBytes`, which the OpenFaaS gateway keeps.
const MAX_HEAD: usize = 1024 * 1024;
/// How many connections may wait to be accepted: with too few, a burst of them waits a second for
/// TCP to try again.
const BACKLOG: u32 = 4096;
/// Out of descriptors: wait before accepting again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The answer is that there is none: the connection is closed.
#[derive(Debug, thiserror::Error)]
#[error("the connection was cut on purpose")]
pub(crate) struct Cut;

/// Binds a port on the loopback interface; 0 takes a free one.
pub(crate) fn bind(port: u16) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // Started anew on the same port, the old connections' ghosts are no obstacle.
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    socket.listen(BACKLOG)
}

/// Serves until `stop` changes or its sender is gone, then drains.
///
/// While `down` is true every connection is cut: open ones at once, new ones when they come.
pub(crate) async fn serve<S, F, B>(
    listener: TcpListener,
    service: S,
    down: watch::Receiver<bool>,
    mut stop: watch::Receiver<()>,
) where
    S: Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Response<B>, Cut>> + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            _ = stop.changed() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if *down.borrow() => reset(&stream),
                Ok((stream, peer)) => {
                    let (service, down, stop) = (service.clone(), down.clone(), stop.clone());
                    connections.spawn(connection(stream, peer, service, down, stop));
                }
                Err(error) => {
                    tracing::warn!(error = %error, "a connection could not be accepted");
                    time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    // What is still busy after that is cut when the set is dropped.
    let _ = time::timeout(DRAIN, drained).await;
}

async fn connection<S, F, B>(
    stream: TcpStream,
    peer: SocketAddr,
    service: S,
    mut down: watch::Receiver<bool>,
    mut stop: watch::Receiver<()>,
) where
    S: Fn(Request<Incoming>, SocketAddr) -> F,
    F: Future<Output = Result<Response<B>, Cut>>,
    B: Body<Data = Bytes> + 'static,
    B::Error: Into<BoxError>,
{
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| service(request, peer));
    let mut serving = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .title_case_headers(true)
            .max_buf_size(MAX_HEAD)
            .serve_connection(TokioIo::new(stream), service)
    );
    let cut = async {
        if down.wait_for(|down| *down).await.is_err() {
            std::future::pending::<()>().await; // nobody is left who could take it down
        }
    };
    let ended = tokio::select! {
        biased;
        () = cut => return,
        ended = serving.as_mut() => ended,
        _ = stop.changed() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error = %error, "a connection ended early");
    }
}

/// Closes with RST, as a host does where nothing listens.
fn reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}
