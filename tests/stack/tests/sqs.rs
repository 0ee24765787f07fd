//! The SQS server, driven by the AWS SDK over real sockets.

#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

#[path = "sqs/batches.rs"]
mod batches;
#[path = "sqs/control.rs"]
mod control;
#[path = "sqs/dead_letters.rs"]
mod dead_letters;
#[path = "sqs/faults.rs"]
mod faults;
#[path = "sqs/fifo.rs"]
mod fifo;
#[path = "sqs/messages.rs"]
mod messages;
#[path = "sqs/polling.rs"]
mod polling;
#[path = "sqs/protocol.rs"]
mod protocol;
#[path = "sqs/queues.rs"]
mod queues;
#[path = "sqs/rate.rs"]
mod rate;
#[path = "sqs/server.rs"]
mod server;
