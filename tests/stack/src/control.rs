//! What the control calls of all parts share: how a body is read, how a bad one is refused, and
//! the list of routes.

use axum::Json;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::json;

/// A control call that can't be done, and why.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    reason: String,
}

impl Refusal {
    pub(crate) fn bad(reason: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            reason: reason.into(),
        }
    }

    pub(crate) fn not_found(reason: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            reason: reason.into(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({"error": self.reason}))).into_response()
    }
}

/// Reads a call's JSON, whatever its content type says.
pub(crate) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::bad(format!("the body: {error}")))
}

/// The routes of the control listener, for people.
const ROUTES: &str = r#"POST   /sqs/faults         {"action":"ReceiveMessage"|"*","times":n,"effect":{…}}
GET    /sqs/faults         those that are on
DELETE /sqs/faults         all off
GET    /sqs/queues         what lies in the queues, and what was asked of them
PUT    /functions/{name}   register a function: {"url":"http://127.0.0.1:PORT","annotations":{"topic":"…"},
                           "labels":{…},"namespace":"openfaas-fn","replicas":1,"max_inflight":0,"retry_after":1}
DELETE /functions/{name}   forget it; ?namespace=
GET    /functions          all of them, with what was seen of their calls
POST   /gateway/faults     {"function":"x"|"*","times":n,"effect":{…}}, or "route" instead of "function":
                           system/functions, system/namespaces, async-function, healthz, callback (what the
                           queue worker posts), * (also without either);
                           effect: delay_ms, and one of status (with headers, body), drop, drop_answer,
                           twice (a callback), garbage, refuse_auth, down
GET    /gateway/faults     those that are on
DELETE /gateway/faults     all off
POST   /ingress/clock      {"received_at_ms":N|null}
GET    /ingress/clock      what it is pinned to
POST   /graphql/behaviour  {"card":"KAN-7"|"*","times":n,"effect":{…}};
                           effect: one of refuse, slow_ms, status, errors, garbage
GET    /graphql/behaviour  those that are on
DELETE /graphql/behaviour  all off
"#;

pub(crate) async fn index() -> &'static str {
    ROUTES
}
