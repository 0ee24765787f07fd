//! How the messages of a queue reach their functions, and where callbacks come in.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use url::Url;

use super::queues::web_address;
use super::raw::Settings;
use super::validate::{Reader, upstream_timeout};
use super::{CallbackConfig, Inputs, Mode, QueueConfig};
use crate::batch::Limits;

/// What Lambda takes as the payload of one call.
const PAYLOAD: usize = 6 * 1024 * 1024;

/// What is of use in one mode only.
const OF_BATCH: [&str; 3] = ["batch_size", "batch_window", "batch_bytes"];
const OF_ASYNC: [&str; 1] = ["callback_timeout"];

/// The mode of one queue, with what belongs to it.
pub(super) fn mode(reader: &mut Reader<'_>, entry: &Settings, concurrency: usize) -> Mode {
    let by_flag = reader.flag("asynchronous_invocation", false);
    let default = if by_flag { "async" } else { "single" };
    let name = reader.read("mode", default, |value| match value {
        "single" => Ok("single"),
        "batch" => Ok("batch"),
        "async" => Ok("async"),
        _ => Err("give single, batch or async".into()),
    });
    let useless: &[&[&str]] = match name {
        "batch" => &[&OF_ASYNC],
        "async" => &[&OF_BATCH],
        _ => &[&OF_BATCH, &OF_ASYNC],
    };
    for key in useless.iter().copied().flatten() {
        // What is set for all queues may be meant for another.
        if let Some(given) = entry.get(key) {
            let reason = format!("has no effect in mode {name}; set the mode, or leave it out");
            reader.problems.push(&given.name, &given.value, reason);
        }
    }
    // All are read in any case, so that every value is checked.
    let (limits, callback_timeout) = (limits(reader, name, concurrency), timeout(reader, name));
    match name {
        "batch" => Mode::Batch(limits),
        "async" => Mode::Async { callback_timeout },
        _ => Mode::Single,
    }
}

fn limits(reader: &mut Reader<'_>, mode: &str, concurrency: usize) -> Limits {
    let size = reader.count("batch_size", 10.min(concurrency), 1, 1000);
    if mode == "batch"
        && size > concurrency
        && let Some(given) = reader.given("batch_size").cloned()
    {
        let reason = format!(
            "a batch can't have more messages than are held at once, {concurrency}; give less, or a larger concurrency"
        );
        reader.problems.push(given.name, given.value, reason);
    }
    let window = Duration::from_secs(300);
    Limits {
        size,
        window: reader.duration("batch_window", Duration::ZERO, Duration::ZERO, window),
        bytes: reader.count("batch_bytes", PAYLOAD, 1024, 64 * 1024 * 1024),
    }
}

fn timeout(reader: &mut Reader<'_>, mode: &str) -> Duration {
    let call = upstream_timeout(reader);
    let hour = Duration::from_secs(60 * 60);
    let second = Duration::from_secs(1);
    let timeout = reader.duration("callback_timeout", hour.max(call), second, hour * 11);
    if mode == "async"
        && timeout < call
        && let Some(given) = reader.given("callback_timeout").cloned()
    {
        let reason = format!(
            "shorter than upstream_timeout, {call:?}, which a call to a function may take; give at least that"
        );
        reader.problems.push(given.name, given.value, reason);
    }
    timeout
}

/// The gateway's 202 with another mode beside it: one of them is not meant.
pub(super) fn check_agree(reader: &mut Reader<'_>) {
    let by_flag = reader.flag("asynchronous_invocation", false);
    let mode = reader.given("mode").cloned();
    if let Some(mode) = mode.filter(|mode| by_flag && mode.value.trim() != "async") {
        let reason = "asynchronous_invocation=true asks for async; give one of the two";
        reader.problems.push(mode.name, mode.value, reason);
    }
}

/// Where callbacks come in, where a queue has any.
pub(super) fn callback(
    reader: &mut Reader<'_>,
    inputs: Inputs<'_>,
    admin: SocketAddr,
    queues: &[QueueConfig],
) -> Option<CallbackConfig> {
    let any = IpAddr::from([0, 0, 0, 0]);
    let address: IpAddr = reader.read("callback_address", any, |value| {
        (value.parse()).map_err(|_| "give an IP address, such as 0.0.0.0 or 127.0.0.1".into())
    });
    let port = reader.read("callback_port", 8082, |value| {
        (value.parse()).map_err(|_| "give a port from 0 to 65535".into())
    });
    let given = reader.read("callback_url", None, |value| callback_url(value).map(Some));
    let is_async = |queue: &&QueueConfig| matches!(queue.mode, Mode::Async { .. });
    let needed = queues.iter().find(is_async)?;
    let listen = SocketAddr::new(address, port);
    let overlap = admin.ip() == address || admin.ip().is_unspecified() || address.is_unspecified();
    if port != 0 && port == admin.port() && overlap {
        let reason = "metrics and probes are served on this port; give another";
        push(reader, "callback_port", port.to_string(), reason);
    }
    let pod = (inputs.env)("POD_IP").filter(|ip| !ip.is_empty());
    let host = match (given, pod) {
        (Some(url), _) => return Some(CallbackConfig { listen, url }),
        (None, Some(ip)) => match ip.parse() {
            Ok(ip) => ip,
            Err(_) => {
                let reason = "not the pod's IP address; set it from status.podIP";
                (reader.problems).push("POD_IP", ip, reason);
                any
            }
        },
        (None, None) if !address.is_unspecified() => address,
        (None, None) => {
            let reason = format!(
                "queue {} is in mode async, and its functions' outcomes are posted back to us: give the URL under which the gateway's queue-worker reaches us, or POD_IP from status.podIP",
                needed.url.name()
            );
            push(reader, "callback_url", String::new(), reason);
            any
        }
    };
    let url = format!("http://{}", SocketAddr::new(host, port));
    let url = Url::parse(&url).expect("an address with a port");
    Some(CallbackConfig { listen, url })
}

fn push(reader: &mut Reader<'_>, key: &str, value: String, reason: impl Into<String>) {
    let name = reader
        .given(key)
        .map_or(key.to_owned(), |given| given.name.clone());
    reader.problems.push(name, value, reason);
}

fn callback_url(value: &str) -> Result<Url, String> {
    let url = web_address(value).map_err(|reason| {
        reason.replace(
            "the endpoint's, such as http://localhost:9324",
            "ours, such as http://10.0.0.7:8082",
        )
    })?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("the callback's URL has no query and no fragment".into());
    }
    Ok(url)
}

/// What is set for all queues, and no queue has the mode for it, in sentences.
pub(super) fn notes(settings: &Settings, queues: &[QueueConfig], notes: &mut Vec<String>) {
    let has = |wanted: &str| queues.iter().any(|queue| queue.mode.kind() == wanted);
    let of_async = OF_ASYNC.iter().chain(&["callback_url"]);
    for (mode, keys) in [
        ("batch", OF_BATCH.iter().collect::<Vec<_>>()),
        ("async", of_async.collect()),
    ] {
        let given = keys.into_iter().filter_map(|key| settings.get(key));
        notes.extend(given.filter(|_| !has(mode)).map(|given| {
            let name = &given.name;
            format!("{name} is accepted and has no effect: no queue is in mode {mode}")
        }));
    }
}

impl Mode {
    /// The name in the configuration.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Batch(_) => "batch",
            Self::Async { .. } => "async",
        }
    }
}

impl CallbackConfig {
    /// The URL without a slash at its end, where the listener got this port.
    pub fn base(&self, port: u16) -> String {
        let mut url = self.url.clone();
        if url.port() == Some(0) {
            // It has a host, so it takes a port.
            let _ = url.set_port(Some(port));
        }
        url.as_str().trim_end_matches('/').to_owned()
    }
}

#[cfg(test)]
#[path = "mode_tests.rs"]
mod tests;
