//! What a function calls: a server that keeps what it was sent and answers as it was told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use throughline::Body;
use tokio::net::TcpListener;

/// One request that arrived.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// A server on a free port, which lasts as long as the test.
pub(crate) struct Backend {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Backend {
    /// Answers every request with what `reply` makes of it.
    pub(crate) async fn start(
        reply: impl Fn(&Seen) -> (u16, String) + Clone + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let kept = Arc::clone(&seen);
        let service = move |request: Request<Incoming>| {
            let (kept, reply) = (Arc::clone(&kept), reply.clone());
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await.expect("a whole body").to_bytes();
                let seen = Seen {
                    path: head.uri.path().to_owned(),
                    headers: head.headers,
                    body: String::from_utf8_lossy(&body).into_owned(),
                };
                let (status, text) = reply(&seen);
                kept.lock().unwrap().push(seen);
                let mut response = Response::new(Body::from(text));
                *response.status_mut() = StatusCode::from_u16(status).expect("a status");
                response
            }
        };
        let forever = std::future::pending();
        throughline::spawn(async move {
            throughline::serve(listener, service, forever, Duration::ZERO).await
        });
        Self {
            url: format!("http://{address}"),
            seen,
        }
    }

    /// What has arrived.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}
