//! The SDK over real sockets: functions as processes of their own, called as the gateway calls them.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod answers;
mod bad_heads;
mod batches;
mod call;
mod chain;
mod concurrency;
mod crowds;
mod debug_lines;
mod documented;
mod examples;
mod graphql;
mod ids;
mod lines;
mod metrics;
mod pressure;
mod process;
mod spans;
mod starting;
mod stopping;
mod streams;
