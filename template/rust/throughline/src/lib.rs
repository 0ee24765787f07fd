//! One correlation id, from the webhook to the last log line.
//!
//! A function written on this crate is a handler and a `main` of three lines. Everything logged
//! while a request is handled carries the request's [`CorrelationId`]; every answer echoes it;
//! every call made through [`http()`] or [`graphql`] hands it on.
//!
//! ```no_run
//! use throughline::{Error, Json, milestone};
//!
//! #[derive(serde::Deserialize)]
//! struct Order { id: String }
//!
//! async fn handle(order: Order) -> Result<Json<String>, Error> {
//!     milestone!("ORDER_RECEIVED", order_id = %order.id);
//!     Ok(Json(format!("thanks for {}", order.id)))
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     throughline::run(handle)
//! }
//! ```
//!
//! With default features off what remains is the thread itself: ids, context, log lines, the
//! envelope. The connector is built on that.

#[cfg(any(feature = "function", feature = "layer"))]
mod arrival;
mod baggage;
#[cfg(feature = "server")]
mod body;
mod chance;
mod context;
mod correlation;
mod envelope;
mod go_duration;
pub mod header;
mod milestone;
mod outbound;
mod task;
pub mod telemetry;
mod trace;

#[cfg(feature = "client")]
mod client;
#[cfg(feature = "function")]
mod config;
#[cfg(feature = "axum")]
mod extract;
#[cfg(feature = "function")]
mod function;
#[cfg(feature = "graphql")]
pub mod graphql;
#[cfg(feature = "layer")]
pub mod layer;
#[cfg(feature = "reqwest-middleware")]
mod middleware;
#[cfg(feature = "function")]
pub mod once;
#[cfg(feature = "function")]
mod refused_head;
mod secret;
#[cfg(feature = "server")]
mod serve;
#[cfg(feature = "function")]
pub mod testing;

pub use baggage::Baggage;
#[cfg(feature = "server")]
pub use body::{Body, BodySender, NobodyReads};
pub use chance::seed_ids;
#[cfg(feature = "client")]
pub use client::{Http, Outgoing, http};
#[cfg(feature = "function")]
pub use config::{config, config_from};
pub use context::{Context, context, current};
pub use correlation::{CorrelationId, InvalidCorrelationId};
pub use envelope::{Delivery, Envelope, InvalidEnvelope};
#[cfg(feature = "function")]
pub use function::{
    Batch, BodyStream, Error, Handler, IntoResponse, Json, Problem, Request, Response, Settings,
    batch, run, run_with,
};
pub use go_duration::{InvalidDuration, parse_duration};
#[cfg(feature = "reqwest-middleware")]
pub use middleware::Propagate;
#[cfg(feature = "function")]
pub use once::once;
pub use outbound::stamp;
pub use secret::{Secret, SecretError, secret};
#[cfg(feature = "server")]
pub use serve::{serve, shutdown_signal};
pub use task::{JoinSet, spawn, spawn_blocking};
pub use trace::TraceParent;

/// What the macros of this crate expand to. Not part of the API.
#[doc(hidden)]
pub mod __private {
    pub use tracing;
}

#[cfg(all(doctest, feature = "function"))]
#[doc = include_str!("../README.md")]
struct Readme;
