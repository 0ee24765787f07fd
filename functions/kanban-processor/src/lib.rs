//! Starts a deployment when a card moves on a Kanban board.
//!
//! A delivery is verified over its raw bytes, read by the file of its sender in [`senders`], and
//! comes to an [`Outcome`]; [`handle`] does what follows from it.

mod answer;
mod card_moved;
mod config;
mod deployment;
mod document;
mod handler;
mod keyring;
mod rejection;
pub mod senders;
mod signature;

pub use card_moved::{CardMoved, Outcome};
pub use config::{Config, Statuses};
pub use handler::handle;
pub use keyring::{Keyring, Verified};
pub use rejection::Rejection;
pub use throughline::Secret;
