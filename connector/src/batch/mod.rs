//! Batch mode: several messages in one call, in the form of AWS Lambda's SQS events.

mod assembler;
mod record;
mod report;
mod share;

pub use assembler::{Assembler, Limits};
pub use record::{FRAME, Source, document, record};
pub use report::{Unreadable, read};
pub use share::share;
