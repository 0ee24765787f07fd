//! `/async-function/{name}`: a call that is taken now and made later, by a queue worker that
//! posts what came of it to the caller's URL.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt as _;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time;

use super::effect::Then;
use super::faults::{Route, Site};
use super::invoke;
use super::stamp::{CALL_ID, Stamp};
use super::target::Target;
use super::{Gateway, answer};
use crate::client::{Body, full};
use crate::hop;
use crate::intake;
use crate::listen::Cut;

/// The most that the Community Edition queues: `256 * 1000`.
const MAX_BODY: usize = 256_000;
const CALLBACK_TIMEOUT: Duration = Duration::from_secs(30);

const CALLBACK_URL: HeaderName = HeaderName::from_static("x-callback-url");
const DURATION_SECONDS: HeaderName = HeaderName::from_static("x-duration-seconds");
const FUNCTION_STATUS: HeaderName = HeaderName::from_static("x-function-status");
const FUNCTION_NAME: HeaderName = HeaderName::from_static("x-function-name");

/// A call that waits for its turn.
pub(super) struct Job {
    function: String,
    path_and_query: String,
    headers: HeaderMap,
    body: Bytes,
    callback: Option<Uri>,
}

/// Takes a call, without a look at whether its function exists.
pub(super) async fn accept(
    gateway: &Gateway,
    target: Target<'_>,
    mut request: Request<Body>,
    peer: SocketAddr,
) -> Result<Response<Body>, Cut> {
    if request.method() != Method::POST {
        return Ok(answer::empty(StatusCode::METHOD_NOT_ALLOWED));
    }
    if let Some(early) = answer::faulty(&gateway.fault(Site::Route(Route::Async)).await) {
        return early;
    }
    let stamp = Stamp::on(request.headers_mut());
    let mut answer = match queue(gateway, target, request).await {
        Ok(()) => answer::empty(StatusCode::ACCEPTED),
        Err((status, reason)) => {
            tracing::debug!(function = target.full_name, %peer, reason, "a call was not queued");
            answer::error(status, &reason)
        }
    };
    stamp.echo(answer.headers_mut());
    Ok(answer)
}

async fn queue(
    gateway: &Gateway,
    target: Target<'_>,
    request: Request<Body>,
) -> Result<(), (StatusCode, String)> {
    let bad = |reason: String| (StatusCode::BAD_REQUEST, reason);
    let (parts, body) = request.into_parts();
    let body = intake::take(body, MAX_BODY)
        .await
        .map_err(|error| bad(error.to_string()))?;
    if body.size > MAX_BODY {
        let size = body.size;
        let reason = format!(
            "Error queuing request: request body too large for OpenFaaS CE ({size} bytes), maximum: {MAX_BODY} bytes"
        );
        return Err((StatusCode::INTERNAL_SERVER_ERROR, reason));
    }
    let callback = match parts.headers.get(&CALLBACK_URL) {
        None => None,
        Some(url) => Some(
            Uri::try_from(url.as_bytes())
                .map_err(|error| bad(format!("X-Callback-Url = {url:?}: {error}")))?,
        ),
    };
    let job = Job {
        function: target.full_name.to_owned(),
        path_and_query: match parts.uri.query() {
            Some(query) if !query.is_empty() => format!("{}?{query}", target.path),
            _ => target.path.to_owned(),
        },
        headers: parts.headers,
        body: body.bytes,
        callback,
    };
    let stopped = |_| {
        let reason = "Error queuing request: the queue worker has stopped";
        (StatusCode::INTERNAL_SERVER_ERROR, reason.to_owned())
    };
    gateway.queue.send(job).map_err(stopped)
}

/// The queue worker. Ends with its gateway.
pub(super) async fn work(gateway: Weak<Gateway>, mut jobs: mpsc::UnboundedReceiver<Job>) {
    let Some(workers) = gateway
        .upgrade()
        .map(|gateway| gateway.options.async_workers.max(1))
    else {
        return;
    };
    let free = Arc::new(Semaphore::new(workers));
    let mut running = JoinSet::new();
    loop {
        let permit = Arc::clone(&free)
            .acquire_owned()
            .await
            .expect("nobody closes the semaphore");
        let job = tokio::select! {
            biased;
            Some(_) = running.join_next(), if !running.is_empty() => continue,
            job = jobs.recv() => job,
        };
        let (Some(job), Some(gateway)) = (job, gateway.upgrade()) else {
            return;
        };
        running.spawn(async move {
            run(&gateway, job).await;
            drop(permit);
        });
    }
}

/// Makes one call and tells its callback. As in the Community Edition neither is tried again.
async fn run(gateway: &Gateway, job: Job) {
    let started = Instant::now();
    let callback = job.callback.clone();
    let call_id = job.headers.get(&CALL_ID).cloned();
    let function = job.function.clone();
    let outcome = call(gateway, job).await;
    let Some(url) = callback else { return };
    let (status, mut headers, body) = match outcome {
        Some(response) => {
            let (parts, body) = response.into_parts();
            let body = body.collect().await.map(|body| body.to_bytes());
            (parts.status, parts.headers, body.unwrap_or_default())
        }
        None => (
            StatusCode::SERVICE_UNAVAILABLE,
            HeaderMap::new(),
            Bytes::new(),
        ),
    };
    hop::strip(&mut headers);
    headers.remove(CONTENT_LENGTH);
    let seconds = format!("{:.6}", started.elapsed().as_secs_f64());
    for (name, value) in [
        (DURATION_SECONDS, HeaderValue::from_str(&seconds)),
        (FUNCTION_STATUS, HeaderValue::from_str(status.as_str())),
        (FUNCTION_NAME, HeaderValue::from_str(&function)),
    ] {
        headers.insert(
            name,
            value.expect("digits and a checked name are a header's value"),
        );
    }
    if let Some(call_id) = call_id {
        headers.insert(CALL_ID, call_id);
    }
    let times = match gateway.fault(Site::Route(Route::Callback)).await {
        Then::Drop => 0,
        Then::Twice => 2,
        _ => 1,
    };
    for _ in 0..times {
        call_back(gateway, &function, &url, &headers, &body).await;
    }
}

async fn call_back(
    gateway: &Gateway,
    function: &str,
    url: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) {
    let mut request = Request::new(full(body.clone()));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = url.clone();
    *request.headers_mut() = headers.clone();
    match time::timeout(CALLBACK_TIMEOUT, gateway.client.request(request)).await {
        Ok(Ok(answer)) => {
            tracing::debug!(function, %url, status = answer.status().as_u16(), "called back");
        }
        Ok(Err(error)) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(function, %url, error, "the callback failed");
        }
        Err(_) => tracing::warn!(function, %url, "the callback was not answered in time"),
    }
}

/// The call as the queue worker sends it to the gateway; `None` where it got no answer.
async fn call(gateway: &Gateway, job: Job) -> Option<Response<Body>> {
    let mut request = Request::new(full(job.body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = job.path_and_query.parse().ok()?;
    *request.headers_mut() = job.headers;
    let headers = request.headers_mut();
    headers.insert(HOST, HeaderValue::from_static("gateway"));
    headers.insert(
        USER_AGENT,
        HeaderValue::from_static("throughline-stack/queue-worker"),
    );
    let path = job.path_and_query.split('?').next().unwrap_or("/");
    let target = Target {
        full_name: &job.function,
        path,
    };
    let worker = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    invoke::invoke(gateway, target, request, worker).await.ok()
}
