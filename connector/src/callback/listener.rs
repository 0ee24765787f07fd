//! The listener to which the gateway's queue-worker posts what came of the calls.
//!
//! Anyone may reach it. What has no valid token is answered, counted, and touches nothing.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use throughline::{Body, header};
use tokio::time::timeout;

use super::door::Door;
use super::registry::Match;
use super::told::status;
use super::waiting::{Callback, Callbacks, PATH, Whose};
use crate::gateway::KEPT;
use crate::lane::Lane;
use crate::metrics::Metrics;

/// How much of a body is read; what the function answered beyond that is of no use here.
const READ: usize = 16 * 1024 * 1024;
/// How long reading it may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a callback needs of the rest of the process.
#[derive(Clone, Debug)]
pub struct Listener {
    callbacks: Callbacks,
    lanes: Arc<[Arc<Lane>]>,
    metrics: Metrics,
}

impl Listener {
    /// For the calls of these queues.
    pub fn new(callbacks: Callbacks, lanes: Vec<Arc<Lane>>, metrics: Metrics) -> Self {
        Self {
            callbacks,
            lanes: lanes.into(),
            metrics,
        }
    }

    /// Answers until dropped.
    pub async fn run(self, door: Door) {
        if let Some(addr) = door.address() {
            tracing::info!(addr = %addr, "callbacks are listened for");
        }
        let _up = Up::new(&self.callbacks);
        let this = self.clone();
        door.serve(move |request| this.clone().answer(request))
            .await;
    }

    async fn answer(self, request: Request<Incoming>) -> Response<Body> {
        let Some(token) = request.uri().path().strip_prefix(PATH).map(str::to_owned) else {
            return text(StatusCode::NOT_FOUND, "callbacks come in under /callback/");
        };
        if request.method() != Method::POST {
            return text(StatusCode::METHOD_NOT_ALLOWED, "a callback is posted");
        }
        let (head, body) = request.into_parts();
        let Some(status) = status(&head.headers) else {
            self.metrics.callback("no_status");
            return text(
                StatusCode::BAD_REQUEST,
                "a callback has the function's status in X-Function-Status",
            );
        };
        // A body that ends early takes nothing from what the headers tell.
        let body = timeout(PATIENCE, beginning(body)).await.unwrap_or_default();
        let call_id = head.headers.get(header::CALL_ID);
        let call_id = call_id.and_then(|id| id.to_str().ok());
        let found = self.callbacks.called_back(&token, call_id);
        let kind = found.kind();
        self.metrics.callback(kind);
        match found {
            Match::Awaited(waiter) => {
                let headers = head.headers;
                // Nobody hears it where the delivery is given up at this moment.
                let _ = waiter.send(Callback { headers, body });
                text(StatusCode::OK, "thanks")
            }
            Match::Late(whose) => {
                self.late(&whose, status);
                text(StatusCode::OK, "nobody waits for this call any more")
            }
            Match::Duplicate => {
                tracing::debug!("a callback came a second time; it changes nothing");
                text(StatusCode::OK, "this call was called back before")
            }
            Match::OtherCall | Match::Unknown => {
                tracing::warn!(
                    kind,
                    status,
                    "a callback that fits no call of this process changes nothing: it is forged, or of a process before this one"
                );
                text(StatusCode::NOT_FOUND, "no such call")
            }
        }
    }

    /// It settles nothing; but the function need not run again when the message comes again.
    fn late(&self, whose: &Whose, status: u16) {
        let succeeded = (200..=299).contains(&status);
        let lane = self
            .lanes
            .iter()
            .find(|lane| *lane.queue.url() == *whose.queue);
        if let Some(lane) = lane.filter(|_| succeeded) {
            lane.memory().succeeded(&whose.message, &whose.function);
        }
        tracing::warn!(
            message_id = &*whose.message,
            function = &*whose.function,
            status,
            "a callback came after its message was given up{}",
            if succeeded {
                "; when that comes again to this process, the function is not called again"
            } else {
                ""
            }
        );
    }
}

/// The beginning of a body, after all of it, or as much as is read, has come.
async fn beginning(mut body: Incoming) -> Bytes {
    let (mut kept, mut read) = (BytesMut::new(), 0);
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(data) = frame.into_data() {
            read += data.len();
            kept.extend_from_slice(&data[..data.len().min(KEPT - kept.len())]);
        }
        if read > READ {
            break;
        }
    }
    kept.freeze()
}

/// The listener counts as up until this is dropped.
struct Up(Callbacks);

impl Up {
    fn new(callbacks: &Callbacks) -> Self {
        callbacks.set_listening(true);
        Self(callbacks.clone())
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        self.0.set_listening(false);
    }
}

fn text(status: StatusCode, body: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
}
