//! The way of one request: who asks, in which context, and what is answered whatever happens.

use std::future::Future;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{Instrument as _, Span};

use super::handler::Handler;
use super::request::Request;
use super::response::{Response, plain, refusal};
use super::settings::Settings;
use super::unserved::{Unread, overloaded, timed_out};
use crate::{Context, CorrelationId, Delivery, header, parse_duration};

const TIMEOUT: &str = "x-timeout";

/// A handler with the settings it is served under. Cheap to clone.
pub(crate) struct Function<H, Via> {
    shared: Arc<Shared<H>>,
    via: PhantomData<fn() -> Via>,
}

struct Shared<H> {
    handler: H,
    settings: Settings,
    in_flight: AtomicUsize,
    ready: AtomicBool,
}

impl<H, Via> Clone for Function<H, Via> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            via: PhantomData,
        }
    }
}

impl<H: Handler<Via>, Via: 'static> Function<H, Via> {
    pub(crate) fn new(handler: H, settings: Settings) -> Self {
        Self {
            shared: Arc::new(Shared {
                handler,
                settings,
                in_flight: AtomicUsize::new(0),
                ready: AtomicBool::new(true),
            }),
            via: PhantomData,
        }
    }

    /// From now on `/_/health` and `/_/ready` say 503.
    pub(crate) fn stop_being_ready(&self) {
        self.shared.ready.store(false, Ordering::Release);
    }

    /// Answers a request from the wire.
    pub(crate) async fn serve(self, request: http::Request<Incoming>) -> Response {
        match request.uri().path() {
            "/_/health" => return self.health(),
            "/_/ready" => return self.readiness(),
            _ => {}
        }
        let started = Instant::now();
        let (head, body) = request.into_parts();
        let Some(_place) = self.take_place() else {
            let context = context_of(&head.headers, &Bytes::new());
            return finish(&context, started, context.clone().sync_scope(overloaded));
        };
        let settings = &self.shared.settings;
        let limited = Limited::new(body, settings.max_body_bytes);
        let refused = match timeout(settings.read_timeout, limited.collect()).await {
            Ok(Ok(body)) => {
                let request = Request {
                    method: head.method,
                    uri: head.uri,
                    headers: head.headers,
                    body: body.to_bytes(),
                };
                return self.answer(request, started).await;
            }
            Ok(Err(error)) => Unread::Broken(error),
            Err(_) => Unread::Late,
        };
        let context = context_of(&head.headers, &Bytes::new());
        let response = context.clone().sync_scope(|| refused.answer(settings));
        finish(&context, started, response)
    }

    /// Answers a request that is there in full.
    pub(crate) async fn answer(&self, request: Request, started: Instant) -> Response {
        let (mut context, span) = in_span(
            context_of(&request.headers, &request.body),
            &self.shared.settings.name,
            &request,
        );
        // A limit beyond all time is none.
        let limit = self
            .time_limit(&request.headers)
            .and_then(|limit| Some((limit, started.checked_add(limit)?)));
        if let Some((_, deadline)) = limit {
            context = context.with_deadline(deadline);
        }
        let response = context
            .clone()
            .scope(async {
                let call = catch_panic(self.shared.handler.call(request));
                match limit {
                    None => call.await,
                    Some((limit, deadline)) => match timeout_at(deadline, call).await {
                        Ok(response) => response,
                        Err(_) => timed_out(limit),
                    },
                }
            })
            .instrument(span.clone())
            .await;
        let status = response.status();
        span.record("http.response.status_code", status.as_u16());
        if status.is_server_error() {
            span.record("error.type", status.as_str());
            span.record("otel.status_code", "ERROR");
        }
        finish(&context, started, response)
    }

    /// `X-Timeout`, but no more than `exec_timeout`.
    fn time_limit(&self, headers: &HeaderMap) -> Option<Duration> {
        let asked = text(headers, TIMEOUT)
            .and_then(|value| parse_duration(value).ok())
            .filter(|asked| !asked.is_zero());
        match (asked, self.shared.settings.exec_timeout) {
            (Some(asked), Some(most)) => Some(asked.min(most)),
            (asked, most) => asked.or(most),
        }
    }

    fn health(&self) -> Response {
        let locked = self
            .shared
            .settings
            .lock_file
            .as_ref()
            .is_none_or(|path| path.exists());
        if self.shared.ready.load(Ordering::Acquire) && locked {
            plain(StatusCode::OK, None, "OK".into())
        } else {
            plain(StatusCode::SERVICE_UNAVAILABLE, None, "stopping".into())
        }
    }

    fn readiness(&self) -> Response {
        let most = self.shared.settings.max_inflight;
        if most > 0 && self.shared.in_flight.load(Ordering::Acquire) >= most {
            return plain(StatusCode::TOO_MANY_REQUESTS, None, "busy".into());
        }
        self.health()
    }

    fn take_place(&self) -> Option<Place<H>> {
        let most = self.shared.settings.max_inflight;
        let before = self.shared.in_flight.fetch_add(1, Ordering::AcqRel);
        let place = Place(Arc::clone(&self.shared));
        (most == 0 || before < most).then_some(place)
    }
}

/// A request's place among those in flight; given back when dropped.
struct Place<H>(Arc<Shared<H>>);

impl<H> Drop for Place<H> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The context of a request: the id from the header, else the envelope, else `X-Call-Id`, else new.
///
/// The body is read only where the header does not settle it.
fn context_of(headers: &HeaderMap, body: &Bytes) -> Context {
    let call_id = text(headers, header::CALL_ID).and_then(|id| CorrelationId::parse(id).ok());
    let given = text(headers, header::CORRELATION_ID).map(CorrelationId::parse);
    let refused = match (&given, headers.contains_key(header::CORRELATION_ID)) {
        (Some(Err(error)), _) => Some(error.to_string()),
        (None, true) => Some("it is not text".to_owned()),
        _ => None,
    };
    let id = given
        .and_then(Result::ok)
        .or_else(|| Delivery::read(body).ok()?.correlation_id)
        .or(call_id)
        .unwrap_or_else(CorrelationId::mint);
    let context = crate::arrival::context_of(id, headers);
    if let Some(reason) = refused {
        context.clone().sync_scope(|| {
            tracing::warn!("the X-Correlation-ID that came was refused and replaced: {reason}");
        });
    }
    context
}

fn in_span(context: Context, service: &str, request: &Request) -> (Context, Span) {
    crate::telemetry::spans::server(context, service, request)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Runs a handler's future; a panic in it becomes an answer. The panic hook has logged it by then.
async fn catch_panic(call: impl Future<Output = Response>) -> Response {
    let mut call = pin!(call);
    std::future::poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx))) {
            Ok(poll) => poll,
            Err(_) => Poll::Ready(refusal(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the function panicked; its log has the reason under this id",
            )),
        },
    )
    .await
}

/// What every answer carries.
fn finish(context: &Context, started: Instant, mut response: Response) -> Response {
    let headers = response.headers_mut();
    let id = HeaderValue::from_str(context.correlation_id().as_str())
        .expect("an id has no character that a header can't carry");
    headers.insert(header::CORRELATION_ID, id);
    let took = started.elapsed();
    let seconds = HeaderValue::from_str(&format!("{:.6}", took.as_secs_f64()))
        .expect("a number has no character that a header can't carry");
    headers.insert(header::DURATION_SECONDS, seconds);
    context.clone().sync_scope(|| {
        tracing::debug!(
            http.response.status_code = response.status().as_u16(),
            duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "answered"
        );
    });
    response
}
