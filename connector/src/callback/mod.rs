//! Async mode: callbacks that tell what came of a call which the gateway only took in.

mod call;
mod door;
mod listener;
mod registry;
mod told;
mod waiting;

pub(crate) use call::{call, succeeded};
pub use door::Door;
pub use listener::Listener;
pub use registry::{Match, Registry, Token};
pub use told::{Terms, told};
pub use waiting::{Callback, Callbacks, Expected, Whose};
