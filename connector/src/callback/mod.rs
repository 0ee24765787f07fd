//! Async mode: callbacks that tell what came of a call which the gateway only took in.

mod registry;

pub use registry::{Match, Registry, Token};
