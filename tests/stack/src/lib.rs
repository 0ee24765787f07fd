//! The local stack: everything between a webhook and a deployment that is not this project's own
//! connector or function, in one process on 127.0.0.1.
//!
//! An SQS server, an OpenFaaS gateway, the webhook ingress and a GraphQL backend, each honest: it
//! speaks the real protocol, and it can be told to fail as the real one fails. Beside them a
//! control listener, which no real system has, to do the telling.

mod client;
mod control;
pub mod gateway;
pub mod graphql;
mod hop;
pub mod ingress;
mod intake;
mod listen;
mod options;
pub mod sqs;
mod stack;
mod switches;

pub use self::options::{Ports, StackOptions};
pub use self::stack::{Stack, StartError, Urls};
