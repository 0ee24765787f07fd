//! Configuration: raw → validated. File, environment and flags; every problem reported at once.

mod arguments;
mod filters;
mod identity;
mod mode;
mod problems;
mod queue_url;
mod queues;
mod raw;
mod role;
mod settings;
mod show;
mod tasks;
mod validate;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

pub use problems::{Problem, Problems};
pub use queue_url::QueueUrl;
pub use role::RoleConfig;

use crate::backoff::Backoff;
use crate::batch::Limits;
use crate::commands::Task;
use crate::filter::Filtering;
use crate::governor::ProbeIntervals;
use crate::verdict::OnRejection;

/// What the connector runs by. Every value has been checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The OpenFaaS gateway.
    pub gateway: GatewayConfig,
    /// The queues, at least one.
    pub queues: Vec<QueueConfig>,
    /// Where metrics and probes are served.
    pub admin: SocketAddr,
    /// Where callbacks of asynchronous calls come in; `None` where no queue makes any.
    pub callback: Option<CallbackConfig>,
    /// How long running calls may go on after SIGTERM.
    pub drain_timeout: Duration,
    /// How long a delete waits for company.
    pub settle_window: Duration,
    /// What to write into the log of calls.
    pub printing: Printing,
    /// Debug lines of the connector itself.
    pub debug: bool,
    /// Where the process itself runs, if that is known: the region whose STS it asks.
    pub home_region: Option<String>,
    /// Where spans are sent, the full URL; `None` for nowhere.
    pub traces: Option<Url>,
    /// What was accepted and has no effect, in sentences.
    pub notes: Vec<String>,
}

/// The gateway, and how to ask it.
#[derive(Clone, Debug, PartialEq)]
pub struct GatewayConfig {
    /// Its base URL.
    pub url: Url,
    /// How long a call to a function may take.
    pub upstream_timeout: Duration,
    /// How often the topic map is refreshed.
    pub rebuild_interval: Duration,
    /// Where its credentials are mounted; `None` where it wants none.
    pub secrets: Option<PathBuf>,
}

/// The listener for callbacks, and how it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackConfig {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Under which URL the gateway's queue-worker reaches it; port 0 stands for the listener's.
    pub url: Url,
}

/// How messages reach their functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One call a message, with the message's body.
    Single,
    /// One call for several messages, in the form of Lambda's SQS event.
    Batch(Limits),
    /// One call a message through the gateway's queue; the outcome comes to the callback listener.
    Async {
        /// How long to wait for it.
        callback_timeout: Duration,
    },
}

/// What to write into the log of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Printing {
    /// The steps of a message before its last line, of which each has a line of its own.
    pub milestones: bool,
    /// A line for each answer.
    pub response: bool,
    /// The answer's body in it.
    pub response_body: bool,
    /// A line with each request's body.
    pub request_body: bool,
}

/// One queue.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueConfig {
    /// Its URL.
    pub url: QueueUrl,
    /// The topic functions subscribe to; by default the queue's name.
    pub topic: String,
    /// How long a message is ours without an extension; whole seconds.
    pub visibility_timeout: Duration,
    /// Whether that may be shorter than a call to a function may take.
    pub short_visibility: bool,
    /// How long a poll waits; whole seconds, at most 20.
    pub wait_time: Duration,
    /// How many messages a poll asks for, 1 to 10.
    pub max_messages: usize,
    /// How many messages are held at once, and the most calls to a function that run at once.
    pub concurrency: usize,
    /// The fewest calls to a function that may run at once, however busy it is.
    pub concurrency_min: usize,
    /// How many bytes of messages are held at once.
    pub max_bytes_in_flight: usize,
    /// How messages reach their functions.
    pub mode: Mode,
    /// The AWS region.
    pub region: String,
    /// Another endpoint than the region's.
    pub endpoint_url: Option<Url>,
    /// The role it is worked with; `None` for the process's own.
    pub role: Option<RoleConfig>,
    /// What a million requests to it cost, in US dollars.
    pub price_per_million_requests: f64,
    /// The content type that functions are told.
    pub content_type: String,
    /// How many bytes of headers a message's attributes may take.
    pub attribute_header_bytes: usize,
    /// The pause between two tries.
    pub backoff: Backoff,
    /// How often an outage is probed.
    pub probes: ProbeIntervals,
    /// What becomes of rejected messages; `None` for dead-letter where there is a DLQ, else retry.
    pub on_rejection: Option<OnRejection>,
    /// Which messages its functions get, where that is not all of them.
    pub filtering: Option<Filtering>,
}

/// What the command line asks for.
#[derive(Debug)]
pub enum Command {
    /// To run.
    Run(Box<Config>),
    /// To do this instead.
    Do(Task, Box<Config>),
    /// To print this and end.
    Print(String),
}

/// Where settings come from; nothing in here reads the process's own environment.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// The arguments, without the program's name.
    pub args: &'a [String],
    /// The environment.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// The file system.
    pub read: &'a dyn Fn(&Path) -> std::io::Result<String>,
}

/// Reads, merges (flag before environment before file before default) and validates.
///
/// # Errors
/// With every problem there is.
pub fn load(inputs: Inputs<'_>) -> Result<Command, Problems> {
    let raw = match raw::collect(inputs)? {
        raw::Collected::Say(text) => return Ok(Command::Print(text)),
        raw::Collected::Settings(raw) => raw,
    };
    let (print, task) = (raw.print, raw.task.clone());
    let config = validate::validate(*raw, inputs)?;
    Ok(match task {
        _ if print => Command::Print(config.to_string()),
        Some(task) => Command::Do(task, Box::new(config)),
        None => Command::Run(Box::new(config)),
    })
}

#[cfg(test)]
mod chart_tests;
#[cfg(test)]
mod filters_tests;
#[cfg(test)]
mod rules_tests;
#[cfg(test)]
mod tests;
