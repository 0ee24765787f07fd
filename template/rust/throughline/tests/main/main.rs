//! The SDK over real sockets: functions as processes of their own, called as the gateway calls them.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod answers;
mod call;
mod chain;
mod concurrency;
mod examples;
mod graphql;
mod ids;
mod lines;
mod pressure;
mod process;
mod spans;
mod starting;
mod stopping;
