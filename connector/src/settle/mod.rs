//! Settling: deletes and changes of visibility, in batches, retried per entry.

mod batcher;
mod driver;

pub use batcher::Batcher;
pub use driver::{Settled, Settlement, Settler};
