//! What is answered where the handler made no answer: it took too long, was not asked, or could not
//! be, since no body came.

use std::time::Duration;

use http::{HeaderValue, StatusCode};
use http_body_util::LengthLimitError;

use super::response::{Response, refusal};
use super::settings::Settings;
use crate::header;

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

/// Why there is no body to hand to the handler.
pub(super) enum Unread {
    Broken(Box<dyn std::error::Error + Send + Sync>),
    Late,
}

impl Unread {
    pub(super) fn answer(&self, settings: &Settings) -> Response {
        match self {
            Self::Broken(error) if error.is::<LengthLimitError>() => {
                let limit = settings.max_body_bytes;
                tracing::warn!("refused: the body has more than {limit} bytes");
                refusal(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    &format!(
                        "the body has more than {limit} bytes; max_body_bytes raises the limit"
                    ),
                )
            }
            Self::Broken(error) => {
                tracing::warn!(error = %error, "the body did not arrive whole");
                refusal(StatusCode::BAD_REQUEST, "the body did not arrive whole")
            }
            Self::Late => {
                let limit = settings.read_timeout;
                tracing::warn!("the body did not arrive within {limit:?}, the read_timeout");
                refusal(
                    StatusCode::REQUEST_TIMEOUT,
                    &format!("the body did not arrive within {limit:?}, the read_timeout"),
                )
            }
        }
    }
}

/// Marks an answer that the handler did not make, as the watchdog does.
fn internal(mut response: Response, by: &'static str) -> Response {
    response
        .headers_mut()
        .insert(header::OPENFAAS_INTERNAL, HeaderValue::from_static(by));
    response
}
