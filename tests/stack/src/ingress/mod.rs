//! The webhook ingress: over HTTP, what API Gateway and its mapping template do.
//!
//! It mints the correlation id, wraps the raw body in an envelope, puts that on the queue, and
//! answers with the id. It looks into no body and verifies nothing.

mod content_type;
mod queue;
mod sender;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header as names};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;
use throughline::{Context, CorrelationId, Envelope, header, milestone};

use self::queue::{Queue, SendError};
use crate::client::Client;
use crate::control::{Refusal, read};
use crate::intake;

pub use self::queue::InvalidQueueUrl;

/// The most that API Gateway takes.
const MAX_BODY: usize = 10 * 1024 * 1024;
/// The most that SQS takes for a message.
const MAX_MESSAGE: usize = 1024 * 1024;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
/// Asana makes a webhook only when this comes back.
const HANDSHAKE: HeaderName = HeaderName::from_static("x-hook-secret");

/// The ingress.
pub struct Ingress {
    queue: Queue,
    clock: Mutex<Option<u64>>,
}

impl Ingress {
    /// An ingress that sends to the queue of this URL.
    pub(crate) fn new(queue_url: &str, client: Client) -> Result<Arc<Self>, InvalidQueueUrl> {
        Ok(Arc::new(Self {
            queue: Queue::at(queue_url, client)?,
            clock: Mutex::default(),
        }))
    }

    /// Pins `received_at_ms`; `None` lets the clock run again. A recorded delivery whose
    /// signature covers a time is valid at that time alone.
    pub fn pin_clock(&self, received_at_ms: Option<u64>) {
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = received_at_ms;
    }

    fn pinned(&self) -> Option<u64> {
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> u64 {
        self.pinned().unwrap_or_else(|| {
            let since_1970 = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
        })
    }

    /// `POST /hooks/{source}`, and HEAD for Trello, which asks before it makes a webhook.
    pub(crate) fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/hooks/{source}", post(hook).head(async || StatusCode::OK))
            .fallback(unknown_route)
            .method_not_allowed_fallback(unknown_route)
            .with_state(Arc::clone(self))
    }

    /// `/ingress/clock`.
    pub(crate) fn control_router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/ingress/clock", post(set_clock).get(clock))
            .with_state(Arc::clone(self))
    }
}

/// What API Gateway answers to a method and path that it does not have.
async fn unknown_route() -> Response {
    let body = Json(json!({"message": "Missing Authentication Token"}));
    (StatusCode::FORBIDDEN, body).into_response()
}

/// Neither id can be chosen by the sender.
async fn hook(
    State(ingress): State<Arc<Ingress>>,
    Path(source): Path<String>,
    request: Request,
) -> Response {
    let id = CorrelationId::mint();
    let request_id = uuid::Uuid::now_v7().to_string();
    let context = Context::new(id.clone()).with_service("ingress");
    let handshake = (source == "asana")
        .then(|| request.headers().get(HANDSHAKE).cloned())
        .flatten();
    let taken = context
        .scope(take(&ingress, &id, &request_id, source, request))
        .await;
    let mut response = match taken {
        Ok(()) => {
            let mut taken = Json(json!({"correlation_id": id.as_str()})).into_response();
            taken
                .headers_mut()
                .extend(handshake.map(|secret| (HANDSHAKE, secret)));
            taken
        }
        Err(refused) => {
            let body = Json(json!({"message": refused.to_string(), "correlation_id": id.as_str()}));
            (refused.status(), body).into_response()
        }
    };
    let value = |text: &str| HeaderValue::from_str(text).expect("ids fit into a header");
    let headers = response.headers_mut();
    headers.insert(header::CORRELATION_ID, value(id.as_str()));
    headers.insert(REQUEST_ID, value(&request_id));
    response
}

/// Why a delivery did not get onto the queue, in the words that the sender reads.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("Unsupported Media Type: send application/json or application/x-www-form-urlencoded")]
    ContentType,
    #[error("Request Too Long: the body may have at most {MAX_BODY} bytes")]
    Body,
    #[error(
        "Request Too Long: the message would have {0} bytes, and the queue takes {MAX_MESSAGE}"
    )]
    Message(usize),
    #[error("the body could not be read to its end")]
    Cut,
    #[error("Endpoint request timed out")]
    Timeout,
    #[error("Internal server error")]
    Queue,
}

impl Refused {
    fn status(&self) -> StatusCode {
        match self {
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Body | Self::Message(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Cut => StatusCode::BAD_REQUEST,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Self::Queue => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

async fn take(
    ingress: &Ingress,
    id: &CorrelationId,
    request_id: &str,
    source: String,
    request: Request,
) -> Result<(), Refused> {
    let (parts, body) = request.into_parts();
    if !content_type::is_mapped(parts.headers.get(names::CONTENT_TYPE)) {
        tracing::warn!(source, "a delivery has a content type that is not taken");
        return Err(Refused::ContentType);
    }
    let body = intake::take(body, MAX_BODY)
        .await
        .map_err(|_| Refused::Cut)?;
    if body.size > MAX_BODY {
        tracing::warn!(bytes = body.size, "a delivery is too large");
        return Err(Refused::Body);
    }
    let body = body.bytes;
    milestone!(
        "WEBHOOK_RECEIVED",
        source,
        request_id,
        bytes = body.len(),
        "a webhook from {source}"
    );
    let envelope = Envelope {
        correlation_id: id.clone(),
        request_id: request_id.to_owned(),
        received_at_ms: ingress.now_ms(),
        headers: sender::headers(&parts.headers),
        source: sender::printable(&source),
        body: sender::body(body),
    };
    let message = envelope.to_json();
    if message.len() > MAX_MESSAGE {
        tracing::warn!(
            bytes = message.len(),
            "a delivery is too large for the queue"
        );
        return Err(Refused::Message(message.len()));
    }
    ingress
        .queue
        .send(&envelope, &message)
        .await
        .map_err(|error| {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the delivery could not be put on the queue"
            );
            match error {
                SendError::Timeout(_) => Refused::Timeout,
                SendError::Http(_) | SendError::Refused { .. } => Refused::Queue,
            }
        })
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Clock {
    // Asked for by name even where it is null, so that `{}` is not taken for "let it run".
    #[serde(deserialize_with = "Option::deserialize")]
    received_at_ms: Option<u64>,
}

async fn set_clock(
    State(ingress): State<Arc<Ingress>>,
    body: Bytes,
) -> Result<StatusCode, Refusal> {
    let clock: Clock = read(&body)?;
    ingress.pin_clock(clock.received_at_ms);
    Ok(StatusCode::NO_CONTENT)
}

async fn clock(State(ingress): State<Arc<Ingress>>) -> Json<Clock> {
    Json(Clock {
        received_at_ms: ingress.pinned(),
    })
}
