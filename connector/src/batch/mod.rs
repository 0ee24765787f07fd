//! Batch mode: several messages in one call, in the form of AWS Lambda's SQS events.

mod assembler;
mod call;
mod driver;
mod member;
mod record;
mod report;
mod share;

pub use assembler::{Assembler, Limits};
pub use driver::{Batches, Driver};
pub(crate) use member::join;
pub use record::{FRAME, Source, document, record};
pub use report::{Unreadable, read};
pub use share::share;
