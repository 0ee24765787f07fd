//! What mode async needs: a gateway with a queue, and a way back for its callbacks. Pure.

use url::{Host, Url};

use super::AsyncFacts;
use super::findings::{About, Finding};
use crate::config::{CallbackConfig, Config};

/// Nothing where no queue is in mode async.
pub(super) fn findings(config: &Config, asked: Option<&AsyncFacts>) -> Vec<Finding> {
    let Some(place) = &config.callback else {
        return Vec::new();
    };
    let queue = asked.map(takes_calls);
    queue
        .into_iter()
        .chain([way_back(place, &config.gateway.url)])
        .collect()
}

fn takes_calls(asked: &AsyncFacts) -> Finding {
    let (about, check) = (About("gateway"), "takes async calls");
    match asked {
        AsyncFacts::Taken => about.ok(check, "/async-function is there"),
        AsyncFacts::NoQueue => about
            .failed(
                check,
                "/async-function is answered with 404: the gateway has no queue",
            )
            .with("install OpenFaaS with NATS and its queue-worker, or set mode=single"),
        AsyncFacts::Unknown(reason) => about.not_tried(
            check,
            format!("it is not known whether /async-function is there: {reason}"),
        ),
    }
}

/// Whether what the gateway is told as the callback's address can lead to our listener.
fn way_back(place: &CallbackConfig, gateway: &Url) -> Finding {
    let (about, check) = (About("gateway"), "calls back");
    let (url, listen) = (&place.url, place.listen);
    let says = format!("to {url}, where {listen} is listened on");
    let is_near = |url: &Url| host_is(url, |ip| ip.is_loopback(), "localhost");
    if host_is(url, |ip| ip.is_unspecified(), "") {
        return about
            .failed(
                check,
                format!("{says}: that is no address that anybody can reach"),
            )
            .with("set callback_url to a URL of this connector, or POD_IP from status.podIP");
    }
    if is_near(url) && !is_near(gateway) {
        return about
            .failed(check, format!("{says}: that is the queue-worker's own machine, as it sees it, and not this one"))
            .with("set callback_url to a URL under which the gateway's namespace reaches this connector, or POD_IP from status.podIP");
    }
    if listen.ip().is_loopback() && !is_near(url) {
        return about
            .failed(
                check,
                format!("{says}: nobody outside this machine reaches that"),
            )
            .with("set callback_address=0.0.0.0");
    }
    let named = url.port_or_known_default();
    if listen.port() != 0 && named != Some(listen.port()) && is_address(url) {
        return about
            .warning(check, format!("{says}: the ports differ"))
            .with(
                "give callback_url the port callback_port, unless something in between changes it",
            );
    }
    about.ok(check, says)
}

fn host_is(url: &Url, is: impl Fn(std::net::IpAddr) -> bool, name: &str) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => is(ip.into()),
        Some(Host::Ipv6(ip)) => is(ip.into()),
        Some(Host::Domain(domain)) => domain == name,
        None => false,
    }
}

/// Whether the host is an address, behind which no service maps ports.
fn is_address(url: &Url) -> bool {
    matches!(url.host(), Some(Host::Ipv4(_) | Host::Ipv6(_)))
}

#[cfg(test)]
#[path = "callbacks_tests.rs"]
mod tests;
