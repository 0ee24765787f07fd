//! The stack over real sockets, on free ports.

#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

mod binary;
mod callee;
mod caller;
mod gateway;
mod gateway_async;
mod gateway_faults;
mod gateway_limits;
mod gateway_listing;
mod graphql;
mod graphql_schema;
mod ingress;
mod ingress_refusals;

use stack::{Stack, StackOptions};

async fn start() -> Stack {
    Stack::start(StackOptions::default()).await.unwrap()
}
