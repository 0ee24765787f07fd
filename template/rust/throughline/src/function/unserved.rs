//! What is answered where the handler made no answer: it took too long, was not asked, or could not
//! be, since no body came.

use std::time::Duration;

use http::{HeaderValue, StatusCode};

use super::body_stream::Unread;
use super::response::{Response, plain, refusal};
use crate::{Body, header};

pub(super) fn timed_out(limit: Duration) -> Response {
    tracing::error!(
        error.r#type = "timeout",
        "the handler was ended after {limit:?}; exec_timeout or X-Timeout allows no more"
    );
    internal(
        refusal(StatusCode::GATEWAY_TIMEOUT, "the function took too long"),
        "of-watchdog",
    )
}

pub(super) fn overloaded() -> Response {
    tracing::warn!("refused: max_inflight requests are in flight already");
    internal(
        refusal(
            StatusCode::TOO_MANY_REQUESTS,
            "the function is at max_inflight; try again later",
        ),
        "faas-middleware",
    )
}

/// There is no body to hand to the handler.
pub(super) fn unread(why: &Unread) -> Response {
    let reason = why.to_string();
    tracing::warn!(error = why as &dyn std::error::Error, "refused: {reason}");
    refusal(why.status(), &reason)
}

/// Health and readiness are asked for with GET.
pub(super) fn wrong_method() -> Response {
    let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, None, Body::empty());
    (response.headers_mut()).insert(http::header::ALLOW, HeaderValue::from_static("GET"));
    response
}

/// Marks an answer that the handler did not make, as the watchdog does.
fn internal(mut response: Response, by: &'static str) -> Response {
    response
        .headers_mut()
        .insert(header::OPENFAAS_INTERNAL, HeaderValue::from_static(by));
    response
}
