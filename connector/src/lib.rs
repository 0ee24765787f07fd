//! The SQS connector: polls SQS queues and invokes OpenFaaS functions, with the correlation id in a
//! header.
//!
//! The way of one message is in `delivery`: receive ▸ correlate ▸ invoke ▸ verdict ▸ settle. What
//! decides is pure and takes time and data as arguments: [`verdict`], [`judgement`], [`lease`], [`governor`],
//! [`order`], [`backoff`], [`correlate`]. What talks decides nothing: [`queue`], [`gateway`],
//! [`discovery`].

// A task for each message: what is large in it is allocated and copied for each.
#![warn(clippy::large_futures)]

pub mod admin;
mod attempt;
mod attribute_headers;
pub mod aws;
pub mod backoff;
pub mod batch;
pub mod blame;
mod body;
pub mod bulk;
pub mod callback;
pub mod commands;
pub mod config;
pub mod content_type;
pub mod correlate;
pub mod dead_letter;
mod delivery;
mod dial;
mod digest;
pub mod discovery;
pub mod engine;
pub mod filter;
mod filtering;
pub mod gate;
pub mod gates;
pub mod gateway;
pub mod governor;
mod head;
mod headers;
pub mod heartbeat;
pub mod http;
pub mod in_flight_limit;
pub mod indirect;
mod intake;
mod invoke;
pub mod judgement;
pub mod lane;
mod learn;
pub mod lease;
pub mod limit;
pub mod memory;
pub mod message;
pub mod metrics;
pub mod nag;
pub mod order;
pub mod pace;
mod pause;
pub mod poller;
pub mod queue;
pub mod random;
mod resend;
pub mod retry_after;
pub mod retry_rules;
pub mod room;
pub mod settle;
pub mod spans;
pub mod topics;
mod turns;
pub mod verdict;
pub mod wall_clock;
mod wire;
