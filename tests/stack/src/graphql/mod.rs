//! The GraphQL backend that starts deployments and updates bills, and logs every operation with
//! the id it was handed.

mod behaviour;
mod book;
mod schema;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_graphql::{Response as GraphqlResponse, ServerError};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use throughline::layer::CorrelationLayer;

use self::behaviour::{Behaviour, Effect, RawBehaviour};
use self::book::Book;
use self::schema::Instead;
use crate::control::{Refusal, read};
use crate::switches::{Switch, Switches};

pub use self::book::{Deployment, Invoice};

/// The backend.
pub struct Graphql {
    book: Book,
    behaviours: Mutex<Switches<Behaviour>>,
    schema: schema::Schema,
}

/// The schema, in GraphQL's own language.
pub fn sdl() -> String {
    schema::build().sdl()
}

impl Graphql {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            book: Book::default(),
            behaviours: Mutex::default(),
            schema: schema::build(),
        })
    }

    /// The deployments that were started, oldest first.
    pub fn deployments(&self) -> Vec<Deployment> {
        self.book.deployments(None)
    }

    /// The invoices that were updated, oldest first.
    pub fn invoices(&self) -> Vec<Invoice> {
        self.book.invoices()
    }

    /// Switches a behaviour on, given as for `POST /graphql/behaviour`; returns its id.
    ///
    /// # Errors
    /// A sentence that says what does not fit.
    pub fn behave(&self, behaviour: Value) -> Result<u64, String> {
        let raw: RawBehaviour =
            serde_json::from_value(behaviour).map_err(|error| error.to_string())?;
        self.switch_on(raw)
    }

    /// Switches every behaviour off.
    pub fn clear_behaviours(&self) {
        self.lock_behaviours().clear();
    }

    fn switch_on(&self, raw: RawBehaviour) -> Result<u64, String> {
        let (behaviour, times) = raw.check()?;
        Ok(self.lock_behaviours().add(behaviour, times))
    }

    fn effect_for(&self, card_id: &str) -> Option<Effect> {
        let taken = self
            .lock_behaviours()
            .take(|behaviour| behaviour.fits(card_id));
        taken.map(|behaviour| behaviour.does)
    }

    fn lock_behaviours(&self) -> MutexGuard<'_, Switches<Behaviour>> {
        self.behaviours
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// `POST /graphql`, and `GET /schema.graphql` for people.
    pub(crate) fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/graphql", post(execute))
            .layer(CorrelationLayer::new("graphql-backend"))
            .route("/schema.graphql", get(async || sdl()))
            .with_state(Arc::clone(self))
    }

    /// `/graphql/behaviour`.
    pub(crate) fn control_router(self: &Arc<Self>) -> Router {
        Router::new()
            .route(
                "/graphql/behaviour",
                get(behaviours).post(add_behaviour).delete(clear_behaviours),
            )
            .with_state(Arc::clone(self))
    }
}

async fn execute(State(graphql): State<Arc<Graphql>>, body: Bytes) -> Response {
    let request: async_graphql::Request = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => {
            tracing::warn!(error = %error, "a request is not GraphQL over HTTP");
            let message = format!("the body is not a GraphQL request: {error}");
            return (StatusCode::BAD_REQUEST, errors(vec![message])).into_response();
        }
    };
    let instead = Instead::default();
    let request = request.data(Arc::clone(&graphql)).data(instead.clone());
    let response = graphql.schema.execute(request).await;
    match instead.taken() {
        None => {
            for error in &response.errors {
                tracing::warn!(error = %error.message, "a GraphQL operation failed");
            }
            Json(response).into_response()
        }
        Some(Effect::Status(status)) => {
            tracing::error!(status = status.as_u16(), "the backend is not available");
            (status, "the backend is not available\n").into_response()
        }
        Some(Effect::Errors(messages)) => {
            for message in &messages {
                tracing::error!(error = %message, "a GraphQL operation failed");
            }
            errors(messages).into_response()
        }
        Some(_) => {
            tracing::error!("the answer is garbage");
            let json = [(header::CONTENT_TYPE, "application/json")];
            (json, "{\"data\":{\"startDeploy").into_response()
        }
    }
}

fn errors(messages: Vec<String>) -> Json<GraphqlResponse> {
    let errors = messages
        .into_iter()
        .map(|message| ServerError::new(message, None));
    Json(GraphqlResponse::from_errors(errors.collect()))
}

async fn behaviours(State(graphql): State<Arc<Graphql>>) -> Json<Vec<Switch<Behaviour>>> {
    Json(graphql.lock_behaviours().all())
}

async fn add_behaviour(
    State(graphql): State<Arc<Graphql>>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let id = graphql.switch_on(read(&body)?).map_err(Refusal::bad)?;
    Ok((StatusCode::CREATED, Json(json!({"id": id}))))
}

async fn clear_behaviours(State(graphql): State<Arc<Graphql>>) -> StatusCode {
    graphql.clear_behaviours();
    StatusCode::NO_CONTENT
}
