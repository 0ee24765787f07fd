//! What a handler may give back.

use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde::Serialize;

use crate::{Body, Error};

/// An HTTP response.
///
/// ```
/// use throughline::{Request, Response};
///
/// async fn moved(_: Request) -> Response {
///     let response = http::Response::builder().status(303).header("location", "/orders/7");
///     response.body("see there".into()).expect("a status and a header that are valid")
/// }
/// ```
pub type Response = http::Response<Body>;

/// A value as JSON: the body of an answer, with its content type.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use throughline::{Json, Request, testing::Call};
///
/// let handler = async |_: Request| Json(["tea", "milk"]);
/// let answer = Call::body("").to(handler).await;
/// assert_eq!(answer.headers["content-type"], "application/json");
/// assert_eq!(answer.body, r#"["tea","milk"]"#);
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Json<T>(pub T);

/// What becomes a response.
///
/// ```
/// use throughline::{IntoResponse, Json, Response};
///
/// enum Outcome { Charged(u32), Nothing }
///
/// impl IntoResponse for Outcome {
///     fn into_response(self) -> Response {
///         match self {
///             Self::Charged(cents) => Json(cents).into_response(),
///             Self::Nothing => http::StatusCode::NO_CONTENT.into_response(),
///         }
///     }
/// }
///
/// assert_eq!(Outcome::Charged(350).into_response().status(), 200);
/// assert_eq!(Outcome::Nothing.into_response().status(), 204);
/// ```
pub trait IntoResponse {
    /// Makes the response.
    ///
    /// ```
    /// use throughline::{Error, IntoResponse as _};
    ///
    /// let answer = Error::rejected(422, "order at least one").into_response();
    /// assert_eq!(answer.status(), 422);
    /// ```
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
