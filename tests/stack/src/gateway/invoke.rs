//! `/function/{name}`: the way of one call through the gateway and its provider to the function.

use std::net::SocketAddr;
use std::sync::Arc;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use tokio::time::{self, Instant};

use super::Gateway;
use super::answer::{self, Passing};
use super::effect::Then;
use super::faults::Site;
use super::functions::{Function, split_name};
use super::stamp::Stamp;
use super::target::Target;
use crate::client::Body;
use crate::hop;
use crate::listen::Cut;

const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Calls a function, in full: faults, lookup, scaling, limits, timeouts.
pub(super) async fn invoke(
    gateway: &Gateway,
    target: Target<'_>,
    mut request: Request<Body>,
    peer: SocketAddr,
) -> Result<Response<Body>, Cut> {
    let (name, namespace) = split_name(target.full_name);
    let function = gateway.registry.get(name, namespace);
    let count = |answer: &Response<Body>| {
        if let Some(function) = &function {
            function.stats.answered(answer.status().as_u16());
        }
    };
    let fault = gateway.fault(Site::Function { name, namespace }).await;
    if let Some(early) = answer::faulty(&fault) {
        let stamp = Stamp::on(request.headers_mut());
        let mut answer = early?;
        stamp.echo(answer.headers_mut());
        count(&answer);
        return Ok(answer);
    }
    let ready = match (&function, gateway.options.scale_from_zero) {
        (None, Some(_)) => return Ok(not_found(name, namespace)),
        (Some(function), Some(_)) => wait_for_replica(gateway, function).await,
        (found, None) => found
            .clone()
            .filter(|function| function.registration.replicas > 0),
    };
    let stamp = Stamp::on(request.headers_mut());
    let mut answer = match ready {
        _ if !is_proxied(request.method()) => answer::empty(StatusCode::METHOD_NOT_ALLOWED),
        Some(ready) => forward(gateway, &ready, target, request, peer).await,
        None => answer::provider_error(
            StatusCode::SERVICE_UNAVAILABLE,
            &format!("No endpoints available for: {}.", target.full_name),
        ),
    };
    stamp.echo(answer.headers_mut());
    count(&answer);
    match fault {
        Then::DropAnswer => Err(Cut),
        _ => Ok(answer),
    }
}

fn is_proxied(method: &Method) -> bool {
    [
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::GET,
        Method::OPTIONS,
        Method::HEAD,
    ]
    .contains(method)
}

fn not_found(name: &str, namespace: &str) -> Response<Body> {
    let text = format!(
        "error finding function {name}.{namespace}: server returned non-200 status code (404) for function, {name}, body: "
    );
    answer::bytes(StatusCode::NOT_FOUND, text)
}

/// Asks for a replica where none is wanted, and holds the call until one is there. The function
/// may be registered anew meanwhile, so what comes back is as it is then.
async fn wait_for_replica(gateway: &Gateway, function: &Function) -> Option<Arc<Function>> {
    let wait = gateway.options.scale_from_zero?;
    let mut changes = gateway.registry.changes();
    let here = || {
        let found = gateway
            .registry
            .get(&function.name, &function.registration.namespace)?;
        found.scale_up();
        (found.registration.replicas > 0).then_some(found)
    };
    let came = async {
        loop {
            if let Some(found) = here() {
                return Some(found);
            }
            changes.changed().await.ok()?;
        }
    };
    time::timeout(wait, came).await.ok().flatten()
}

async fn forward(
    gateway: &Gateway,
    function: &Function,
    target: Target<'_>,
    request: Request<Body>,
    peer: SocketAddr,
) -> Response<Body> {
    let registration = &function.registration;
    let Some(in_flight) = function.stats.enter(registration.max_inflight) else {
        return too_many(registration.max_inflight, registration.retry_after);
    };
    let content_type = request.headers().get(CONTENT_TYPE).cloned();
    let Some(request) = upstream(function, target, request, peer) else {
        return unreachable(
            StatusCode::INTERNAL_SERVER_ERROR,
            target,
            "Failed to resolve service",
        );
    };
    let mut timeout = Box::pin(time::sleep_until(
        Instant::now() + gateway.options.upstream_timeout,
    ));
    let called = tokio::select! {
        biased;
        called = gateway.client.request(request) => called,
        () = timeout.as_mut() => {
            tracing::warn!(function = target.full_name, "the upstream timeout ended a call");
            return answer::empty(StatusCode::BAD_GATEWAY);
        }
    };
    match called {
        Ok(answer) => {
            let mut answer = answer.map(|body| Passing::through(body, timeout, in_flight));
            hop::strip(answer.headers_mut());
            let fallback = || content_type.unwrap_or(HeaderValue::from_static("text/plain"));
            answer
                .headers_mut()
                .entry(CONTENT_TYPE)
                .or_insert_with(fallback);
            answer
        }
        Err(error) => {
            tracing::warn!(
                function = target.full_name,
                error = &error as &dyn std::error::Error,
                "a function can't be reached"
            );
            unreachable(
                StatusCode::INTERNAL_SERVER_ERROR,
                target,
                "Can't reach service for",
            )
        }
    }
}

fn unreachable(status: StatusCode, target: Target<'_>, says: &str) -> Response<Body> {
    answer::provider_error(status, &format!("{says}: {}.", target.full_name))
}

/// What a function's watchdog answers at its limit.
fn too_many(limit: usize, retry_after: Option<u64>) -> Response<Body> {
    let text = format!("Concurrent request limit exceeded. Max concurrent requests: {limit}\n");
    let mut answer = answer::bytes(StatusCode::TOO_MANY_REQUESTS, text);
    let headers = answer.headers_mut();
    headers.insert(
        answer::INTERNAL,
        HeaderValue::from_static("faas-middleware"),
    );
    if let Some(seconds) = retry_after {
        headers.insert(RETRY_AFTER, seconds.into());
    }
    answer
}

/// The request as the function gets it.
fn upstream(
    function: &Function,
    target: Target<'_>,
    request: Request<Body>,
    peer: SocketAddr,
) -> Option<Request<Body>> {
    let (mut parts, body) = request.into_parts();
    let path_and_query = match parts.uri.query() {
        Some(query) if !query.is_empty() => format!("{}?{query}", target.path),
        _ => target.path.to_owned(),
    };
    parts.uri = function.uri(&path_and_query).ok()?;
    let headers = &mut parts.headers;
    hop::strip(headers);
    // The gateway sends a body on without its length, so that it arrives in chunks.
    headers.remove(CONTENT_LENGTH);
    if let Some(host) = headers.remove(HOST) {
        headers.entry(FORWARDED_HOST).or_insert(host);
    }
    let peer = HeaderValue::from_str(&peer.to_string()).ok()?;
    headers.entry(FORWARDED_FOR).or_insert(peer);
    let mut request = Request::new(unsized_body(body));
    *request.method_mut() = parts.method;
    *request.uri_mut() = parts.uri;
    *request.headers_mut() = parts.headers;
    Some(request)
}

/// The same body, but nobody is told how long it is; an empty one stays an empty one.
fn unsized_body(body: Body) -> Body {
    use hyper::body::Body as _;
    if body.is_end_stream() {
        return body;
    }
    body.map_frame(|frame| frame).boxed_unsync()
}
