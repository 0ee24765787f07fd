//! The function from the outside: recorded deliveries, a fake backend, hostile input.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the message")]

mod backend;
mod calling;
mod deliveries;
mod handler;
mod hostile;
mod process;
mod recorded;
mod senders;
