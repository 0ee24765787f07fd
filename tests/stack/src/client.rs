//! The one pool of connections for everything that the stack itself calls.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::listen::BoxError;

pub(crate) type Body = UnsyncBoxBody<Bytes, BoxError>;
pub(crate) type Client = legacy::Client<HttpConnector, Body>;

/// Keep-alive connections without Nagle's delay; header names go out as Go writes them
/// (`X-Correlation-Id`).
pub(crate) fn pool() -> Client {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(Duration::from_secs(5)));
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(5))
        .http1_title_case_headers(true)
        .build(connector)
}

pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}
