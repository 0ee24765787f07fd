//! What a handler may give back.

use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde::Serialize;

use crate::{Body, Error};

/// An HTTP response.
pub type Response = http::Response<Body>;

/// A value as JSON: the body of an answer, with its content type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Json<T>(pub T);

/// What becomes a response.
pub trait IntoResponse {
    /// Makes the response.
    fn into_response(self) -> Response;
}

pub(crate) fn plain(
    status: StatusCode,
    content_type: Option<&'static str>,
    body: Body,
) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if let Some(content_type) = content_type {
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    response
}

impl IntoResponse for Response {
    fn into_response(self) -> Response {
        self
    }
}

impl IntoResponse for Body {
    fn into_response(self) -> Response {
        Response::new(self)
    }
}

impl IntoResponse for () {
    fn into_response(self) -> Response {
        plain(StatusCode::OK, None, Body::empty())
    }
}

impl IntoResponse for StatusCode {
    fn into_response(self) -> Response {
        plain(self, None, Body::empty())
    }
}

impl IntoResponse for &'static str {
    fn into_response(self) -> Response {
        plain(
            StatusCode::OK,
            Some("text/plain; charset=utf-8"),
            self.into(),
        )
    }
}

impl IntoResponse for String {
    fn into_response(self) -> Response {
        plain(
            StatusCode::OK,
            Some("text/plain; charset=utf-8"),
            self.into(),
        )
    }
}

impl IntoResponse for bytes::Bytes {
    fn into_response(self) -> Response {
        plain(
            StatusCode::OK,
            Some("application/octet-stream"),
            self.into(),
        )
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(json) => plain(StatusCode::OK, Some("application/json"), json.into()),
            Err(error) => Error::failed(error).into_response(),
        }
    }
}

impl<R: IntoResponse> IntoResponse for (StatusCode, R) {
    fn into_response(self) -> Response {
        let mut response = self.1.into_response();
        *response.status_mut() = self.0;
        response
    }
}

impl<R: IntoResponse> IntoResponse for Result<R, Error> {
    fn into_response(self) -> Response {
        self.map_or_else(Error::into_response, R::into_response)
    }
}

/// `{"error":"…","correlation_id":"…"}`, and a line in the log.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        self.log();
        refusal(self.status(), self.for_caller())
    }
}

/// An answer that says why there is no other, with the id to look it up by.
pub(crate) fn refusal(status: StatusCode, reason: &str) -> Response {
    let id = crate::current().map(|context| context.correlation_id().to_string());
    let mut body = serde_json::json!({ "error": reason });
    if let Some(id) = id {
        body["correlation_id"] = id.into();
    }
    plain(status, Some("application/json"), body.to_string().into())
}
