//! The control calls: faults on and off, and the look aside.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::Sqs;
use super::faults::Fault;
use crate::control::{Refusal, read};

impl Sqs {
    /// `POST`, `GET` and `DELETE /sqs/faults`, and `GET /sqs/queues`, for a
    /// listener that no client of the service sees.
    pub fn control_router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/sqs/faults", get(list).post(add).delete(clear))
            .route("/sqs/queues", get(queues))
            .with_state(Arc::clone(self))
    }
}

async fn add(State(sqs): State<Arc<Sqs>>, body: Bytes) -> Result<Response, Refusal> {
    let fault: Fault = read(&body)?;
    let id = sqs
        .faults()
        .add(fault)
        .map_err(|bad| Refusal::bad(bad.to_string()))?;
    Ok((StatusCode::CREATED, Json(json!({"id": id}))).into_response())
}

async fn list(State(sqs): State<Arc<Sqs>>) -> Response {
    Json(sqs.faults().list()).into_response()
}

async fn clear(State(sqs): State<Arc<Sqs>>) -> StatusCode {
    sqs.faults().clear();
    StatusCode::NO_CONTENT
}

async fn queues(State(sqs): State<Arc<Sqs>>) -> Response {
    Json(sqs.census()).into_response()
}
