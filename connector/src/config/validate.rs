//! From text to checked values, and the rules between them.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use throughline::parse_duration;
use url::Url;

use super::problems::Problems;
use super::queues::{self, web_address};
use super::raw::{Given, Raw, Settings};
use super::{Config, GatewayConfig, Inputs, Printing, mode};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads checked values out of settings and collects what is wrong.
pub(super) struct Reader<'a> {
    pub(super) problems: &'a mut Problems,
    /// The most specific first.
    pub(super) layers: [&'a Settings; 2],
}

impl Reader<'_> {
    pub(super) fn given(&self, key: &str) -> Option<&Given> {
        self.layers.iter().find_map(|settings| settings.get(key))
    }

    /// A value, or its default; what does not parse is a problem, and the default goes on.
    pub(super) fn read<T>(
        &mut self,
        key: &str,
        default: T,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> T {
        let Some(given) = self.given(key).cloned() else {
            return default;
        };
        match parse(given.value.trim()) {
            Ok(value) => value,
            Err(reason) => {
                self.problems.push(given.name, given.value, reason);
                default
            }
        }
    }

    pub(super) fn flag(&mut self, key: &str, default: bool) -> bool {
        self.read(key, default, |value| {
            match value.to_ascii_lowercase().as_str() {
                "true" | "1" | "t" | "yes" => Ok(true),
                "false" | "0" | "f" | "no" => Ok(false),
                _ => Err("give true or false".into()),
            }
        })
    }

    pub(super) fn duration(
        &mut self,
        key: &str,
        default: Duration,
        least: Duration,
        most: Duration,
    ) -> Duration {
        self.read(key, default, |value| {
            let duration = parse_duration(value).map_err(|error| error.to_string())?;
            if duration < least {
                return Err(format!("at least {least:?}"));
            }
            if duration > most {
                return Err(format!("at most {most:?}"));
            }
            Ok(duration)
        })
    }

    /// SQS counts in whole seconds.
    pub(super) fn seconds(&mut self, key: &str, default: u64, least: u64, most: u64) -> Duration {
        self.read(key, Duration::from_secs(default), |value| {
            let duration = parse_duration(value).map_err(|error| error.to_string())?;
            let whole = duration.subsec_nanos() == 0;
            if !whole || !(least..=most).contains(&duration.as_secs()) {
                return Err(format!("SQS takes whole seconds from {least} to {most}"));
            }
            Ok(duration)
        })
    }

    pub(super) fn count(&mut self, key: &str, default: usize, least: usize, most: usize) -> usize {
        self.read(key, default, |value| {
            (value.parse().ok().filter(|n| (least..=most).contains(n)))
                .ok_or_else(|| format!("give a number from {least} to {most}"))
        })
    }
}

pub(super) fn validate(raw: Raw, inputs: Inputs<'_>) -> Result<Config, Problems> {
    let Raw {
        settings,
        queues,
        mut problems,
        ..
    } = raw;
    let none = Settings::new();
    let mut reader = Reader {
        problems: &mut problems,
        layers: [&settings, &none],
    };
    let second = Duration::from_secs(1);

    mode::check_agree(&mut reader);
    let gateway = GatewayConfig {
        url: reader.read(
            "gateway_url",
            Url::parse("http://gateway.openfaas:8080").expect("a valid URL"),
            gateway_url,
        ),
        upstream_timeout: upstream_timeout(&mut reader),
        rebuild_interval: reader.duration(
            "rebuild_interval",
            second * 30,
            Duration::from_millis(100),
            DAY,
        ),
        secrets: secrets(&mut reader, inputs),
    };
    let address: IpAddr = reader.read("admin_address", IpAddr::from([0, 0, 0, 0]), |value| {
        value
            .parse()
            .map_err(|_| "give an IP address, such as 0.0.0.0 or 127.0.0.1".into())
    });
    let port = reader.read("admin_port", 8081, |value| {
        value
            .parse()
            .map_err(|_| "give a port from 0 to 65535".into())
    });
    let mut config = Config {
        admin: SocketAddr::new(address, port),
        drain_timeout: reader.duration("drain_timeout", second * 30, Duration::ZERO, DAY / 2),
        settle_window: reader.duration(
            "settle_window",
            Duration::from_millis(20),
            Duration::ZERO,
            second,
        ),
        printing: Printing {
            milestones: reader.flag("print_milestones", true),
            response: reader.flag("print_response", true),
            response_body: reader.flag("print_response_body", false),
            request_body: reader.flag("print_request_body", false),
        },
        debug: reader.flag("debug", false),
        home_region: reader.read("region", None, |value| queues::named(value).map(Some)),
        traces: traces(&mut reader),
        notes: notes(&mut reader),
        queues: queues::queues(reader.problems, &settings, &queues),
        callback: None,
        gateway,
    };
    config.callback = mode::callback(&mut reader, inputs, config.admin, &config.queues);
    mode::notes(&settings, &config.queues, &mut config.notes);
    config.notes.extend(queues::left_out(&settings, &queues));
    let (drain, call) = (config.drain_timeout, config.gateway.upstream_timeout);
    if drain < call {
        config.notes.push(format!(
            "drain_timeout is {drain:?} and a function may take {call:?}: a call that takes longer than the stop may is given up, and its message is delivered again"
        ));
    }
    let longest = config.queues.iter().map(|queue| queue.wait_time).max();
    if let Some(wait) = longest.filter(|wait| *wait > config.drain_timeout) {
        let given = settings.get("drain_timeout").cloned();
        let (name, value) = given.map_or_else(
            || ("drain_timeout".into(), String::new()),
            |given| (given.name, given.value),
        );
        let reason = format!(
            "less than wait_time, {wait:?}: a poll that is open at the stop must end by itself, else what it brings is hidden for a visibility timeout; give at least {wait:?}"
        );
        problems.push(name, value, reason);
    }
    // A setting of the whole is read once for each queue.
    let mut seen = std::collections::BTreeSet::new();
    problems
        .0
        .retain(|problem| seen.insert(problem.to_string()));
    if problems.0.is_empty() {
        Ok(config)
    } else {
        Err(problems)
    }
}

/// How long a call to a function may take.
pub(super) fn upstream_timeout(reader: &mut Reader<'_>) -> Duration {
    let default = Duration::from_secs(30);
    let shortest = Duration::from_millis(1);
    reader.duration("upstream_timeout", default, shortest, DAY / 2)
}

fn gateway_url(value: &str) -> Result<Url, String> {
    let url = Url::parse(value).map_err(|error| {
        format!("not a URL ({error}); give the gateway's, such as http://gateway.openfaas:8080")
    })?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(
            "not a web address; give the gateway's, such as http://gateway.openfaas:8080".into(),
        );
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "credentials do not belong into the URL; mount them at secret_mount_path".into(),
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("the gateway's URL has no query and no fragment".into());
    }
    Ok(url)
}

/// The folder of the gateway's credentials, which are there from the start or never.
fn secrets(reader: &mut Reader<'_>, inputs: Inputs<'_>) -> Option<PathBuf> {
    if !reader.flag("basic_auth", true) {
        return None;
    }
    let folder = reader.read(
        "secret_mount_path",
        PathBuf::from("/var/secrets"),
        |value| Ok(PathBuf::from(value)),
    );
    let name = reader
        .given("secret_mount_path")
        .map_or("secret_mount_path".to_owned(), |given| given.name.clone());
    for file in ["basic-auth-user", "basic-auth-password"] {
        if let Err(error) = (inputs.read)(&folder.join(file)) {
            let reason = format!(
                "{file} cannot be read there: {error}; mount the gateway's secret, or set basic_auth=false"
            );
            reader
                .problems
                .push(&name, folder.display().to_string(), reason);
        }
    }
    Some(folder)
}

/// Where spans go, if they go anywhere: `otlp_traces_endpoint` as it is, or the collector's address
/// with the path that OTLP gives traces.
fn traces(reader: &mut Reader<'_>) -> Option<Url> {
    if reader.flag("otel_sdk_disabled", false) {
        return None;
    }
    let exact = reader.read("otlp_traces_endpoint", None, |value| match value {
        "" => Ok(None),
        _ => web_address(value).map(Some),
    });
    let base = reader.read("otlp_endpoint", None, |value| match value {
        "" => Ok(None),
        _ => web_address(value).map(Some),
    });
    exact.or_else(|| {
        let mut url = base?;
        let path = format!("{}/v1/traces", url.path().trim_end_matches('/'));
        url.set_path(&path);
        Some(url)
    })
}

/// What is accepted for the sake of those who move over, and has no effect.
fn notes(reader: &mut Reader<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |given: Option<&Given>, why: &str| {
        if let Some(given) = given {
            notes.push(format!(
                "{} is accepted and has no effect: {why}",
                given.name
            ));
        }
    };
    note(reader.given("license_file"), "no licence is needed");
    note(
        reader.given("topics"),
        "the topic of a queue is its name, or `topic` of its entry in `queues`",
    );
    if reader
        .given("log_encoding")
        .is_some_and(|given| given.value != "json")
    {
        note(reader.given("log_encoding"), "log lines are JSON");
    }
    notes
}
