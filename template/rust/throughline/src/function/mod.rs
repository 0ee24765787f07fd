//! A function: its handler, what goes in and what comes out, and the process around it.

mod answer;
mod batch;
mod body_stream;
mod debug_log;
mod error;
mod handler;
mod listen;
mod metrics;
mod origin;
mod panic;
mod patience;
mod record;
mod request;
mod response;
mod run;
mod settings;
mod streamed;
mod unserved;

pub(crate) use answer::Function;
pub use batch::{Batch, batch};
pub use body_stream::BodyStream;
pub use error::Error;
pub use handler::Handler;
pub use request::Request;
pub use response::{IntoResponse, Json, Response};
pub use run::{run, run_with};
pub use settings::{Problem, Settings};
