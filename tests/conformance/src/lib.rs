//! What AWS documents of SQS, as cases that run against any server that says it is one.
//!
//! A [`Case`] has a sentence for a name, what AWS documents and on which page, and the steps that
//! show it. It is run against a [`Server`]: the stack's own, in this process and on tokio's clock,
//! or one that is reached at a URL. Where ElasticMQ or moto is known to do something else, the case
//! says so, and what it does; the [`Verdict`] then is neither better nor worse than what is declared.

mod bench;
mod case;
mod cases;
mod queue;
mod refusal;
mod report;
mod run;
mod server;
mod wire;

pub use self::bench::Bench;
pub use self::case::{Case, Difference};
pub use self::cases::all;
pub use self::report::{document, table};
pub use self::run::{Run, Verdict, run};
pub use self::server::{Kind, Server};
