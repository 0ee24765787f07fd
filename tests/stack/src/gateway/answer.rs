//! Answers that the gateway makes itself, in the words of the real one, and those it passes on.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::time::Sleep;

use super::effect::Then;
use super::stats::InFlight;
use crate::client::{Body, full};
use crate::listen::{BoxError, Cut};

pub(super) const INTERNAL: HeaderName = HeaderName::from_static("x-openfaas-internal");

pub(super) fn empty(status: StatusCode) -> Response<Body> {
    bytes(status, Bytes::new())
}

pub(super) fn bytes(status: StatusCode, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(full(body));
    *response.status_mut() = status;
    response
}

/// What Go's `http.Error` writes.
pub(super) fn error(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = bytes(status, format!("{text}\n"));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

/// What the provider answers where it, not the function, failed.
pub(super) fn provider_error(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = error(status, text);
    response
        .headers_mut()
        .insert(INTERNAL, HeaderValue::from_static("proxy"));
    response
}

pub(super) fn json(status: StatusCode, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = bytes(status, body);
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

/// What Go's mux answers to a path that it does not know.
pub(super) fn no_route() -> Response<Body> {
    error(StatusCode::NOT_FOUND, "404 page not found")
}

/// What a fault answers before anything else is done. `None` where the request goes on;
/// `Some(Err(Cut))` where nobody is answered.
pub(super) fn faulty(then: &Then) -> Option<Result<Response<Body>, Cut>> {
    Some(match then {
        Then::Pass | Then::DropAnswer | Then::Twice | Then::Down => return None,
        Then::Drop => Err(Cut),
        Then::Garbage => Ok(json(StatusCode::OK, "[{\"name\":")),
        Then::RefuseAuth => Ok(unauthorized()),
        Then::Answer {
            status,
            headers,
            body,
        } => {
            let mut response = bytes(*status, body.clone());
            response.headers_mut().extend(headers.iter().cloned());
            Ok(response)
        }
    })
}

/// What Go's basic-auth decorator of OpenFaaS answers.
pub(super) fn unauthorized() -> Response<Body> {
    let mut response = bytes(StatusCode::UNAUTHORIZED, "invalid credentials");
    response.headers_mut().insert(
        header::WWW_AUTHENTICATE,
        HeaderValue::from_static("Basic realm=\"Restricted\""),
    );
    response
}

/// A function's body on its way through: the call is in flight until it is over, and the
/// gateway's timeout ends it.
pub(super) struct Passing {
    body: Incoming,
    timeout: Pin<Box<Sleep>>,
    _in_flight: InFlight,
}

impl Passing {
    pub(super) fn through(body: Incoming, timeout: Pin<Box<Sleep>>, in_flight: InFlight) -> Body {
        Self {
            body,
            timeout,
            _in_flight: in_flight,
        }
        .boxed_unsync()
    }
}

impl hyper::body::Body for Passing {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => Poll::Ready(frame.map(|frame| frame.map_err(Into::into))),
            Poll::Pending => self.timeout.as_mut().poll(cx).map(|()| {
                Some(Err(
                    "the upstream timeout ended the function's answer".into()
                ))
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
