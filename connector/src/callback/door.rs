//! Where callbacks come in: over the network, or over streams in memory.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use throughline::Body;
use tokio::io::DuplexStream;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// What callbacks come in by.
#[derive(Debug)]
pub enum Door {
    /// A listener.
    Network(TcpListener),
    /// The servers' ends of connections that somebody else accepts.
    Given(mpsc::UnboundedReceiver<DuplexStream>),
}

impl Door {
    /// Where it listens, if it does.
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Network(listener) => listener.local_addr().ok(),
            Self::Given(_) => None,
        }
    }

    /// Answers until dropped.
    pub(super) async fn serve<S, F>(self, service: S)
    where
        S: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let mut given = match self {
            Self::Network(listener) => {
                let never = std::future::pending();
                throughline::serve(listener, service, never, Duration::ZERO).await;
                return;
            }
            Self::Given(given) => given,
        };
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                Some(_) = connections.join_next() => {}
                accepted = given.recv() => match accepted {
                    Some(stream) => {
                        connections.spawn(connection(stream, service.clone()));
                    }
                    // Nothing more comes; what listens is listened to for as long as it is held.
                    None => std::future::pending().await,
                },
            }
        }
    }
}

async fn connection<S, F>(stream: DuplexStream, service: S)
where
    S: Fn(Request<Incoming>) -> F,
    F: Future<Output = Response<Body>>,
{
    let service = service_fn(move |request| {
        let answer = service(request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    // A caller that leaves early has nothing more to say.
    let _ = http1::Builder::new()
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
