//! The SQS server, driven by the AWS SDK over real sockets.

#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

mod batches;
mod control;
mod dead_letters;
mod faults;
mod fifo;
mod messages;
mod polling;
mod protocol;
mod queues;
mod server;
