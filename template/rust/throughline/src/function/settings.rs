//! What the environment tells a function: the variables of OpenFaaS' watchdog, validated.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::parse_duration;
use crate::telemetry::Form;

/// One thing that is wrong with the configuration.
///
/// ```
/// use throughline::Problem;
///
/// let problem = Problem::new("shop_url", "shop", "it takes a URL, such as https://shop");
/// assert_eq!(problem.to_string(), r#"shop_url = "shop": it takes a URL, such as https://shop"#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The variable, file or setting.
    pub name: String,
    /// What it holds; a secret's is left out.
    pub value: Option<String>,
    /// What is wrong with it, and what to do.
    pub reason: String,
}

impl Problem {
    /// A problem with a value that may be shown.
    ///
    /// ```
    /// let problem = throughline::Problem::new("port", "eighty", "it takes a number");
    /// assert_eq!(problem.value.as_deref(), Some("eighty"));
    /// ```
    pub fn new(name: &str, value: &str, reason: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            value: Some(value.to_owned()),
            reason: reason.into(),
        }
    }

    /// A problem with a value that is missing or must not be shown.
    ///
    /// ```
    /// let problem = throughline::Problem::without_value("token", "it is not set");
    /// assert_eq!(problem.to_string(), "token: it is not set");
    /// ```
    pub fn without_value(name: &str, reason: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            value: None,
            reason: reason.into(),
        }
    }
}

/// `name = "value": reason`
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{} = {value:?}: {}", self.name, self.reason),
            None => write!(f, "{}: {}", self.name, self.reason),
        }
    }
}

/// How the function is served.
///
/// ```
/// use std::time::Duration;
/// use throughline::Settings;
///
/// let settings = Settings::read(&|_| None).unwrap();
/// assert_eq!((settings.port, settings.exec_timeout), (8080, Some(Duration::from_secs(30))));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `OPENFAAS_NAME`, else the program's name: `service.name` on each line.
    pub name: String,
    /// `port`, 8080 where unset. 0 takes a free one, which is logged.
    pub port: u16,
    /// `metrics_port`, 8081 where unset, or a free one where `port` is 0. It serves `/metrics`.
    pub metrics_port: u16,
    /// Whether `metrics_port` was set: then a function that can't have it does not start.
    pub metrics_port_is_set: bool,
    /// `exec_timeout`, 30 s where unset; 0 means none. After it the answer is 504.
    pub exec_timeout: Option<Duration>,
    /// `read_timeout`, 30 s where unset: how long a request's head, and then its body, may take to
    /// arrive. A late body is answered 408; a late head, or an idle connection, is closed.
    pub read_timeout: Duration,
    /// `write_timeout`, 30 s where unset: how long a stop waits for requests to finish.
    pub write_timeout: Duration,
    /// `healthcheck_interval`, `write_timeout` where unset: how long a stop goes on serving, so
    /// that whoever routes to it notices that it is not ready.
    pub healthcheck_interval: Duration,
    /// `max_inflight`, 0 where unset: no limit. Over it the answer is 429.
    pub max_inflight: usize,
    /// `max_body_bytes`, 16 MiB where unset. Over it the answer is 413.
    pub max_body_bytes: usize,
    /// `/tmp/.lock`, which the watchdog's health check looks at; `None` with `suppress_lock=true`.
    pub lock_file: Option<PathBuf>,
    /// Where spans go: `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, else `OTEL_EXPORTER_OTLP_ENDPOINT`
    /// with `/v1/traces`; none where neither is set.
    pub otlp_traces_endpoint: Option<String>,
    /// `max_body_bytes` where it is set, for a body that is read as it arrives.
    pub max_stream_bytes: Option<usize>,
    /// `RUST_LOG`.
    pub log_filter: Option<String>,
    /// `log_format`: `json`, `pretty`, or `auto` where unset: pretty on a terminal, else JSON.
    pub log_form: Form,
    /// `redact`: names of log fields, separated by commas, whose values are never printed.
    pub redact: Vec<String>,
}

impl Settings {
    /// Reads the variables through `lookup`.
    ///
    /// ```
    /// use throughline::Settings;
    ///
    /// let env = |name: &str| match name {
    ///     "port" => Some("eighty".to_owned()),
    ///     "exec_timeout" => Some("soon".to_owned()),
    ///     _ => None,
    /// };
    /// assert_eq!(Settings::read(&env).unwrap_err().len(), 2);
    /// ```
    ///
    /// # Errors
    /// Every value that is not what its variable takes, all at once.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, Vec<Problem>> {
        let mut read = Reader {
            lookup,
            problems: Vec::new(),
        };
        let second = Duration::from_secs(1);
        let write_timeout = read.timeout("write_timeout", 30 * second);
        let exec_timeout = read.duration("exec_timeout", 30 * second);
        let suppress_lock = read.flag("suppress_lock");
        let port = read.number("port", 8080, "a port from 0 to 65535");
        let max_body_bytes = read.value("max_body_bytes", None, |text| {
            text.parse()
                .map(Some)
                .map_err(|_| "it takes a number of bytes".to_owned())
        });
        let settings = Self {
            name: lookup("OPENFAAS_NAME")
                .filter(|name| !name.is_empty())
                .unwrap_or_else(program_name),
            port,
            metrics_port: read.number(
                "metrics_port",
                if port == 0 { 0 } else { 8081 },
                "a port from 0 to 65535",
            ),
            metrics_port_is_set: lookup("metrics_port").is_some_and(|text| !text.is_empty()),
            exec_timeout: Some(exec_timeout).filter(|timeout| !timeout.is_zero()),
            read_timeout: read.timeout("read_timeout", 30 * second),
            write_timeout,
            healthcheck_interval: read.duration("healthcheck_interval", write_timeout),
            max_inflight: read.number("max_inflight", 0, "a number of requests, 0 for no limit"),
            max_body_bytes: max_body_bytes.unwrap_or(16 << 20),
            max_stream_bytes: max_body_bytes,
            lock_file: (!suppress_lock).then(|| std::env::temp_dir().join(".lock")),
            otlp_traces_endpoint: read.url("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").or_else(|| {
                let base = read.url("OTEL_EXPORTER_OTLP_ENDPOINT")?;
                Some(format!("{}/v1/traces", base.trim_end_matches('/')))
            }),
            log_filter: read.filter("RUST_LOG"),
            log_form: read.value("log_format", Form::Auto, |text| match text {
                "auto" => Ok(Form::Auto),
                "json" => Ok(Form::Json),
                "pretty" => Ok(Form::Pretty),
                _ => Err("it takes auto, json or pretty".to_owned()),
            }),
            redact: read.value("redact", Vec::new(), |text| {
                let names = text.split(',').map(|name| name.trim().to_owned());
                Ok(names.filter(|name| !name.is_empty()).collect())
            }),
        };
        if read.problems.is_empty() {
            Ok(settings)
        } else {
            Err(read.problems)
        }
    }
}

struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn value<T>(
        &mut self,
        name: &str,
        default: T,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> T {
        let Some(text) = (self.lookup)(name).filter(|text| !text.is_empty()) else {
            return default;
        };
        parse(text.trim()).unwrap_or_else(|reason| {
            self.problems.push(Problem::new(name, &text, reason));
            default
        })
    }

    fn number<T: std::str::FromStr>(&mut self, name: &str, default: T, what: &str) -> T {
        self.value(name, default, |text| {
            text.parse().map_err(|_| format!("it takes {what}"))
        })
    }

    fn duration(&mut self, name: &str, default: Duration) -> Duration {
        self.value(name, default, |text| {
            parse_duration(text).map_err(|error| error.to_string())
        })
    }

    /// A duration without which nothing would ever be done.
    fn timeout(&mut self, name: &str, default: Duration) -> Duration {
        self.value(name, default, |text| match parse_duration(text) {
            Ok(Duration::ZERO) => Err("it takes more than 0".to_owned()),
            parsed => parsed.map_err(|error| error.to_string()),
        })
    }

    fn url(&mut self, name: &str) -> Option<String> {
        self.value(name, None, |text| {
            let uri: Result<http::Uri, _> = text.parse();
            let fits = uri.is_ok_and(|uri| {
                matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()
            });
            if fits {
                Ok(Some(text.to_owned()))
            } else {
                Err("it takes a URL that begins with http:// or https://".to_owned())
            }
        })
    }

    fn filter(&mut self, name: &str) -> Option<String> {
        self.value(name, None, |text| {
            crate::telemetry::check_filter(text).map(|()| Some(text.to_owned()))
        })
    }

    fn flag(&mut self, name: &str) -> bool {
        self.value(name, false, |text| match text {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err("it takes true or false".to_owned()),
        })
    }
}

/// What the program's file is called, whatever name it was started by: an image starts each
/// function by the same one.
fn program_name() -> String {
    std::env::current_exe()
        .ok()
        .and_then(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .unwrap_or_else(|| "function".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, Vec<Problem>> {
        Settings::read(&|name| {
            pairs
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn an_empty_environment_gives_the_watchdogs_defaults() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.port, 8080);
        assert_eq!(settings.exec_timeout, Some(Duration::from_secs(30)));
        assert_eq!(settings.healthcheck_interval, Duration::from_secs(30));
        assert_eq!(settings.max_inflight, 0);
        assert_eq!(
            (settings.metrics_port, settings.metrics_port_is_set),
            (8081, false)
        );
        assert_eq!(settings.max_stream_bytes, None);
        assert_eq!(settings.log_form, Form::Auto);
        assert!(settings.lock_file.unwrap().ends_with(".lock"));
    }

    #[test]
    fn what_is_set_is_read() {
        let settings = read(&[
            ("OPENFAAS_NAME", "charge-card"),
            ("port", "0"),
            ("exec_timeout", "0"),
            ("write_timeout", "1m"),
            ("max_inflight", "7"),
            ("suppress_lock", "true"),
            ("max_body_bytes", "1000"),
            ("redact", "password, iban,"),
            ("log_format", "json"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/"),
        ])
        .unwrap();
        let traces = settings.otlp_traces_endpoint.as_deref();
        assert_eq!(traces, Some("http://collector:4318/v1/traces"));
        assert_eq!(settings.name, "charge-card");
        assert_eq!(settings.exec_timeout, None);
        assert_eq!(settings.healthcheck_interval, Duration::from_secs(60));
        assert_eq!(settings.max_inflight, 7);
        assert_eq!(settings.lock_file, None);
        assert_eq!(settings.metrics_port, 0, "a free one, as its port is");
        assert_eq!(
            (settings.max_body_bytes, settings.max_stream_bytes),
            (1000, Some(1000))
        );
        assert_eq!(settings.redact, ["password", "iban"]);
        assert_eq!(settings.log_form, Form::Json);
    }

    #[test]
    fn every_problem_is_listed_at_once() {
        let problems = read(&[
            ("port", "eighty"),
            ("exec_timeout", "soon"),
            ("max_inflight", "-1"),
            ("suppress_lock", "yes"),
            ("write_timeout", "0"),
            ("metrics_port", "65536"),
            ("log_format", "xml"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ])
        .unwrap_err();
        let text: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(text.len(), 8, "{text:?}");
        assert!(text.contains(&r#"port = "eighty": it takes a port from 0 to 65535"#.to_owned()));
        assert!(
            text.iter()
                .any(|line| line.starts_with(r#"exec_timeout = "soon": not a duration"#))
        );
    }
}
