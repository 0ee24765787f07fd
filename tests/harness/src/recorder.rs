//! A function inside the test: it keeps what it was sent, and answers as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use throughline::Body;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::http::Url;

/// One call that came in.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, byte for byte.
    pub body: Bytes,
}

impl Call {
    /// A header as text; empty where it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// How the next call is answered.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    /// With which status.
    pub status: u16,
    /// After how long.
    pub after: Duration,
}

impl Reply {
    /// At once, with this status.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            after: Duration::ZERO,
        }
    }
}

/// A running function. Dropping it stops it.
pub struct Recorder {
    /// Where it listens.
    pub url: Url,
    state: Arc<State>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    calls: Mutex<Vec<Call>>,
    replies: Mutex<VecDeque<Reply>>,
}

impl Recorder {
    /// Starts one, which answers 200 unless told otherwise.
    ///
    /// # Errors
    /// When it can't listen.
    #[expect(
        clippy::disallowed_methods,
        reason = "serves for the test's life, and for no request"
    )]
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let state = Arc::<State>::default();
        let for_calls = Arc::clone(&state);
        let service = move |request| answer(Arc::clone(&for_calls), request);
        let server = tokio::spawn(async move {
            throughline::serve(listener, service, std::future::pending(), Duration::ZERO).await;
        });
        Ok(Self { url, state, server })
    }

    /// Tells how the next calls are answered, in order.
    pub fn then(&self, replies: impl IntoIterator<Item = Reply>) {
        lock(&self.state.replies).extend(replies);
    }

    /// The calls so far.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.state.calls).clone()
    }

    /// Waits until there are this many calls.
    ///
    /// # Errors
    /// When there are not in 20 seconds.
    pub async fn wait_for_calls(&self, count: usize) -> anyhow::Result<Vec<Call>> {
        for _ in 0..1000 {
            let calls = self.calls();
            if calls.len() >= count {
                return Ok(calls);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::bail!("{} calls came, not {count}", self.calls().len())
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(state: Arc<State>, request: Request<hyper::body::Incoming>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return Response::new(Body::empty());
    };
    let reply = lock(&state.replies)
        .pop_front()
        .unwrap_or_else(|| Reply::status(200));
    lock(&state.calls).push(Call {
        headers: head.headers,
        body: body.to_bytes(),
    });
    tokio::time::sleep(reply.after).await;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or_default();
    response
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
