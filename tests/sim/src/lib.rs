//! The simulation: the connector's whole engine, unchanged, on virtual time in one thread.
//!
//! A run is drawn from its seed: a queue (standard or FIFO, with a redrive policy or without), one to
//! three functions, messages with what each function will make of them, and what goes wrong
//! meanwhile. Around `sqs_connector::engine::run` stand the embedded SQS of the local stack, behind
//! real HTTP over streams in memory, and a gateway that fails on demand. Tokio's clock is paused: it
//! jumps to the next thing that happens, so that hours pass in milliseconds, and the same seed gives
//! the same log, byte for byte.
//!
//! What is checked, at every event: the module `ledger`. A seed that fails is played again, with
//! every line, by `cargo run -p sim -- --seed N`.

mod ahead;
mod batch;
mod callback;
mod dice;
mod gateway;
mod ghost;
mod given_back;
mod handles;
mod ledger;
mod log;
mod mood;
mod network;
mod play;
mod process;
mod promises;
mod queue;
mod scenario;
mod seeds;
mod trouble;
mod variety;
mod weather;
mod witness;
mod worker;
mod world;

pub use play::{Run, play};
pub use scenario::Profile;
pub use seeds::{Summary, cores, play_all};
