//! The gateway's control calls: functions and faults.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, put};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Gateway;
use super::faults::Fault;
use super::functions::{DEFAULT_NAMESPACE, Function};
use super::stats::Seen;
use crate::control::{Refusal, read};
use crate::switches::Switch;

impl Gateway {
    /// `/functions` and `/gateway/faults`.
    pub(crate) fn control_router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/functions", get(list))
            .route("/functions/{name}", put(register).delete(remove))
            .route(
                "/gateway/faults",
                get(faults).post(add_fault).delete(clear_faults),
            )
            .with_state(Arc::clone(self))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct In {
    namespace: Option<String>,
}

/// A function and what was seen of its calls.
#[derive(Serialize)]
struct Listed {
    name: String,
    namespace: String,
    url: String,
    replicas: u64,
    max_inflight: usize,
    #[serde(flatten)]
    seen: Seen,
}

impl From<&Function> for Listed {
    fn from(function: &Function) -> Self {
        Self {
            name: function.name.clone(),
            namespace: function.registration.namespace.clone(),
            url: function.registration.url.clone(),
            replicas: function.registration.replicas,
            max_inflight: function.registration.max_inflight,
            seen: function.stats.seen(),
        }
    }
}

async fn list(State(gateway): State<Arc<Gateway>>) -> Json<Vec<Listed>> {
    let functions = gateway.registry.all();
    Json(
        functions
            .iter()
            .map(|function| Listed::from(&**function))
            .collect(),
    )
}

async fn register(
    State(gateway): State<Arc<Gateway>>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Refusal> {
    let refuse = |error: super::InvalidRegistration| Refusal::bad(error.to_string());
    gateway.register(&name, read(&body)?).map_err(refuse)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove(
    State(gateway): State<Arc<Gateway>>,
    Path(name): Path<String>,
    Query(within): Query<In>,
) -> Result<StatusCode, Refusal> {
    let namespace = within.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE);
    if gateway.remove(&name, namespace) {
        return Ok(StatusCode::NO_CONTENT);
    }
    let reason = format!("function {name:?} in namespace {namespace:?}: not registered");
    Err(Refusal::not_found(reason))
}

async fn faults(State(gateway): State<Arc<Gateway>>) -> Json<Vec<Switch<Fault>>> {
    Json(gateway.lock_faults().all())
}

async fn add_fault(
    State(gateway): State<Arc<Gateway>>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let id = gateway.switch_on(read(&body)?).map_err(Refusal::bad)?;
    Ok((StatusCode::CREATED, Json(json!({"id": id}))))
}

async fn clear_faults(State(gateway): State<Arc<Gateway>>) -> StatusCode {
    gateway.clear_faults();
    StatusCode::NO_CONTENT
}
