//! What the service is, without network, clock or chance: every call is told the time, and ids come
//! from a seed.

pub(crate) mod account;
mod attempts;
mod deduplication;
mod directory;
pub(crate) mod md5;
pub(crate) mod message;
pub(crate) mod message_attribute;
pub(crate) mod move_task;
mod moves;
mod order;
mod queue;
mod receipt;
mod redrive;
pub(crate) mod refusal;
pub(crate) mod seed;
pub(crate) mod settings;
pub(crate) mod tally;
pub(crate) mod text;

#[cfg(test)]
mod account_laws;
#[cfg(test)]
mod account_tests;
