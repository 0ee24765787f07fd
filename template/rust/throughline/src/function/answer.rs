//! The way of one request: who asks, in which context, and what is answered whatever happens.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument as _, Span};

use super::body_stream::{BodyStream, Unread};
use super::debug_log::DebugLog;
use super::handler::Handler;
use super::metrics::{Counted, Metrics, count_refused_id};
use super::origin::{context_of, text};
use super::panic::catch_panic;
use super::patience::{Late, patiently};
use super::request::Request;
use super::response::{Response, plain};
use super::settings::Settings;
use super::streamed::Streamed;
use super::unserved::{overloaded, timed_out, unread, wrong_method};
use crate::{Body, Context, header, parse_duration};

const TIMEOUT: &str = "x-timeout";

/// A handler with the settings it is served under. Cheap to clone.
pub(crate) struct Function<H, Via> {
    shared: Arc<Shared<H>>,
    via: PhantomData<fn() -> Via>,
}

struct Shared<H> {
    handler: H,
    settings: Settings,
    debug_log: DebugLog,
    metrics: Arc<Metrics>,
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
        let metrics = Arc::new(Metrics::new(|| 0));
        Self::counted(handler, settings, DebugLog::default(), metrics)
    }

    /// A function that counts in these metrics.
    pub(super) fn counted(
        handler: H,
        settings: Settings,
        debug_log: DebugLog,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                handler,
                settings,
                debug_log,
                metrics,
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
            "/_/health" | "/_/ready" if request.method() != Method::GET => return wrong_method(),
            "/_/health" => return self.health(),
            "/_/ready" => return self.readiness(),
            _ => {}
        }
        let started = Instant::now();
        let (head, body) = request.into_parts();
        let mut request = Request {
            method: head.method,
            uri: head.uri,
            headers: head.headers,
            body: Bytes::new(),
        };
        let counted = self.count(&request.method, started);
        let settings = &self.shared.settings;
        if settings.max_inflight > 0 && counted.before >= settings.max_inflight {
            return self.refuse(&mut request, counted, overloaded);
        }
        if H::READS_STREAM {
            let (limit, patience) = (settings.max_stream_bytes, settings.read_timeout);
            let body = BodyStream::new(body, limit, patience);
            return self.handle(request, Some(body), counted).await;
        }
        let limited = Limited::new(body, settings.max_body_bytes);
        let unreadable = match patiently(settings.read_timeout, limited.collect()).await {
            Ok(Ok(body)) => {
                request.body = body.to_bytes();
                return self.handle(request, None, counted).await;
            }
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                Unread::TooLong(settings.max_body_bytes)
            }
            Ok(Err(error)) => Unread::Broken(error),
            Err(Late) => Unread::Late(settings.read_timeout),
        };
        self.refuse(&mut request, counted, || unread(&unreadable))
    }

    /// Answers a request that is there in full.
    pub(crate) async fn answer(&self, request: Request, started: Instant) -> Response {
        let counted = self.count(&request.method, started);
        self.handle(request, None, counted).await
    }

    fn count(&self, method: &Method, started: Instant) -> Counted {
        Counted::new(Arc::clone(&self.shared.metrics), method, started)
    }

    /// Answers a request that the handler never sees.
    fn refuse(
        &self,
        request: &mut Request,
        mut counted: Counted,
        answer: impl FnOnce() -> Response,
    ) -> Response {
        let context = self.context_of(request);
        let response = context.clone().sync_scope(answer);
        counted.answered(response.status());
        finish(&context, counted.started, response)
    }

    async fn handle(
        &self,
        mut request: Request,
        body: Option<BodyStream>,
        mut counted: Counted,
    ) -> Response {
        let started = counted.started;
        let context = self.context_of(&mut request);
        let (mut context, span) = in_span(context, &self.shared.settings.name, &request);
        // A limit beyond all time is none.
        let limit = self
            .time_limit(&request.headers)
            .and_then(|limit| Some((limit, started.checked_add(limit)?)));
        if let Some((_, deadline)) = limit {
            context = context.with_deadline(deadline);
        }
        let handler = &self.shared.handler;
        let work = async {
            let call = catch_panic(async {
                match body {
                    Some(body) => handler.call_with_body(request, body).await,
                    None => handler.call(request).await,
                }
            });
            match limit {
                None => call.await,
                Some((limit, deadline)) => match timeout_at(deadline, call).await {
                    Ok(response) => response,
                    Err(_) => timed_out(limit),
                },
            }
        };
        let work = context.clone().scope(work);
        let response = if span.is_none() {
            work.await
        } else {
            work.instrument(span.clone()).await
        };
        let status = response.status();
        span.record("http.response.status_code", status.as_u16());
        if status.is_server_error() {
            span.record("error.type", status.as_str());
            span.record("otel.status_code", "ERROR");
        }
        counted.answered(status);
        let response = finish(&context, started, response);
        if !response.body().is_stream() {
            return response;
        }
        let (mut head, body) = response.into_parts();
        // Nothing would hold a stream to it.
        head.headers.remove(http::header::CONTENT_LENGTH);
        let deadline = limit.map(|(_, deadline)| deadline);
        let body = Streamed::new(body, context, deadline, (counted, span));
        Response::from_parts(head, Body::stream(body))
    }

    /// The context of a request, its refused ids counted.
    fn context_of(&self, request: &mut Request) -> Context {
        let (context, refused) = context_of(&request.headers, &request.body);
        let asked = &self.shared.debug_log;
        let context = match context
            .clone()
            .sync_scope(|| asked.asked(&mut request.headers))
        {
            true => context.with_debug_log(),
            false => context,
        };
        if let Some(reason) = refused {
            count_refused_id();
            context.clone().sync_scope(|| {
                tracing::warn!("the correlation id that came was refused and replaced: {reason}");
            });
        }
        context
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
        if most > 0 && self.shared.metrics.in_flight() >= most {
            return plain(StatusCode::TOO_MANY_REQUESTS, None, "busy".into());
        }
        self.health()
    }
}

fn in_span(context: Context, service: &str, request: &Request) -> (Context, Span) {
    crate::telemetry::spans::server(context, service, request)
}

/// What every answer carries.
fn finish(context: &Context, started: Instant, mut response: Response) -> Response {
    let headers = response.headers_mut();
    let id = HeaderValue::from_str(context.correlation_id().as_str())
        .expect("an id has no character that a header can't carry");
    headers.insert(header::CORRELATION_ID, id);
    let took = started.elapsed();
    let seconds = format!("{}.{:06}", took.as_secs(), took.subsec_micros());
    let seconds = HeaderValue::try_from(seconds)
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
