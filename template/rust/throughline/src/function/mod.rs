//! A function: its handler, what goes in and what comes out, and the process around it.

mod answer;
mod error;
mod handler;
mod request;
mod response;
mod run;
mod settings;
mod unserved;

pub(crate) use answer::Function;
pub use error::Error;
pub use handler::Handler;
pub use request::Request;
pub use response::{IntoResponse, Json, Response};
pub use run::{run, run_with};
pub use settings::{Problem, Settings};
