//! Log lines: what each carries, and how it leaves the process without holding anything up.

mod filter;
mod line;
mod object;
mod pretty;
mod queue;
mod redact;
#[cfg(feature = "otlp")]
pub(crate) mod spans;
mod stamp;
mod stdout;
mod subscriber;

use std::io::IsTerminal as _;
use std::panic;

#[cfg(feature = "otlp")]
use tracing_subscriber::filter::Targets;
use tracing_subscriber::filter::{Directive, EnvFilter, LevelFilter};
use tracing_subscriber::layer::{Filter, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use filter::ByRequest;
use redact::Redact;

#[cfg(any(feature = "function", feature = "client"))]
pub(crate) use line::chain;
pub use stdout::Guard;
pub(crate) use subscriber::JsonLines;
#[cfg(feature = "function")]
pub(crate) use subscriber::Sink;

/// The target of the SDK's own spans, which go to a collector and into no line.
const SPANS: &str = "throughline::span";
const FILTER_REMEDY: &str = "give a level such as info, or directives such as info,hyper=warn";

/// Why logging could not be set up.
///
/// ```
/// use throughline::telemetry::{InitError, init_with};
///
/// let refused = init_with("charge-card", Some("info,=")).err().unwrap();
/// assert!(matches!(refused, InitError::Filter { .. }));
/// assert!(refused.to_string().starts_with(r#"RUST_LOG = "info,=""#), "{refused}");
/// ```
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// `RUST_LOG` is no filter.
    #[error("RUST_LOG = {value:?}: {reason}; {FILTER_REMEDY}")]
    Filter {
        /// The value of `RUST_LOG`.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Standard output is not there to write to.
    #[error("standard output can't be opened for log lines: {0}")]
    Stdout(#[source] std::io::Error),
    /// The program already has a subscriber.
    #[error("log lines are already set up in this process: {0}")]
    Twice(#[source] tracing_subscriber::util::TryInitError),
}

/// How the lines of a process are written.
///
/// ```no_run
/// use throughline::telemetry::{self, Form};
///
/// # fn main() -> Result<(), telemetry::InitError> {
/// let _lines = telemetry::Lines::new("charge-card")
///     .filter(Some("info,hyper=warn"))
///     .form(Form::Auto)
///     .redact(&["password".into()])
///     .start()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    service: &'a str,
    filter: Option<&'a str>,
    form: Form,
    redact: Redact,
    debug_by_request: bool,
}

/// How a line looks.
///
/// ```
/// use throughline::telemetry::{Form, Lines};
///
/// // For a person, also where standard output is a pipe.
/// let lines = Lines::new("charge-card").form(Form::Pretty);
/// # let _ = lines;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// For a person where standard output is a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// One JSON object.
    Json,
    /// For a person, in colours on a terminal that has not said `NO_COLOR`.
    Pretty,
}

impl<'a> Lines<'a> {
    /// JSON lines from info up.
    ///
    /// ```
    /// let lines = throughline::telemetry::Lines::new("charge-card");
    /// # let _ = lines;
    /// ```
    pub fn new(service: &'a str) -> Self {
        Self {
            service,
            filter: None,
            form: Form::Json,
            redact: Redact::default(),
            debug_by_request: false,
        }
    }

    /// Which lines are written, in the form of `RUST_LOG`; `None` means `info`. Milestones are
    /// written whatever it says, unless it has a directive for `throughline::milestone`.
    ///
    /// ```
    /// let lines = throughline::telemetry::Lines::new("charge-card").filter(Some("info,hyper=warn"));
    /// # let _ = lines;
    /// ```
    #[must_use]
    pub fn filter(self, filter: Option<&'a str>) -> Self {
        Self { filter, ..self }
    }

    /// How a line looks.
    ///
    /// ```
    /// use throughline::telemetry::{Form, Lines};
    ///
    /// let lines = Lines::new("charge-card").form(Form::Auto);
    /// # let _ = lines;
    /// ```
    #[must_use]
    pub fn form(self, form: Form) -> Self {
        Self { form, ..self }
    }

    /// Names of fields whose values are never printed, compared without regard to case. A name also
    /// hides the fields whose last part after a dot it is.
    ///
    /// ```
    /// let lines = throughline::telemetry::Lines::new("charge-card").redact(&["password".to_owned()]);
    /// # let _ = lines;
    /// ```
    #[must_use]
    pub fn redact(self, names: &[String]) -> Self {
        let redact = Redact::new(names);
        Self { redact, ..self }
    }

    /// Whether a request may ask for all of its debug lines: a context says so with
    /// [`Context::with_debug_log`](crate::Context::with_debug_log). Costs a look at the context for
    /// each line below the filter's level.
    ///
    /// ```
    /// let lines = throughline::telemetry::Lines::new("charge-card").debug_by_request(true);
    /// # let _ = lines;
    /// ```
    #[must_use]
    pub fn debug_by_request(self, debug_by_request: bool) -> Self {
        Self {
            debug_by_request,
            ..self
        }
    }

    /// Sets up the log lines of this process, one line an event, each stamped with the id of the
    /// request it belongs to. Events of the `log` crate and panics come out as lines too.
    ///
    /// Lines are written by a thread of their own through a bounded queue: a standard output that
    /// nobody reads never stops a request. What the queue could not hold is dropped, lowest levels
    /// first, counted, and said in a line once there is room again.
    ///
    /// Keep the [`Guard`]: dropping it writes out what is queued.
    ///
    /// ```no_run
    /// fn main() -> Result<(), throughline::telemetry::InitError> {
    ///     let _lines = throughline::telemetry::Lines::new("charge-card").start()?;
    ///     tracing::info!("the first line");
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// When the filter does not parse, standard output is closed, or logging was set up before.
    pub fn start(self) -> Result<Guard, InitError> {
        let (lines, guard) = self.layer()?;
        (tracing_subscriber::registry().with(lines).try_init()).map_err(InitError::Twice)?;
        log_panics();
        Ok(guard)
    }

    /// [`Lines::start`], and spans to where `exporter` sends them.
    #[cfg(feature = "otlp")]
    pub(crate) fn start_with_spans(
        self,
        exporter: Option<&spans::Exporter>,
    ) -> Result<Guard, InitError> {
        let Some(exporter) = exporter else {
            return self.start();
        };
        let to_collector = tracing_opentelemetry::layer()
            .with_tracer(exporter.tracer())
            .with_filter(Targets::new().with_target(SPANS, LevelFilter::INFO));
        let (lines, guard) = self.layer()?;
        tracing_subscriber::registry()
            .with(to_collector)
            .with(lines)
            .try_init()
            .map_err(InitError::Twice)?;
        log_panics();
        Ok(guard)
    }

    fn layer<S>(self) -> Result<(impl Layer<S>, Guard), InitError>
    where
        S: tracing::Subscriber + for<'s> LookupSpan<'s>,
    {
        let filter = env_filter(self.filter)?;
        let filter: Box<dyn Filter<S> + Send + Sync> = if self.debug_by_request {
            Box::new(ByRequest(filter))
        } else {
            Box::new(filter)
        };
        let guard = stdout::start().map_err(InitError::Stdout)?;
        let layer = JsonLines::new(self.service, guard.sink())
            .redact(self.redact)
            .form(self.form.decided());
        Ok((layer.with_filter(filter), guard))
    }
}

impl Form {
    fn decided(self) -> subscriber::Form {
        let terminal = std::io::stdout().is_terminal();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self {
            Self::Auto if !terminal => subscriber::Form::Json,
            Self::Json => subscriber::Form::Json,
            Self::Auto | Self::Pretty => subscriber::Form::Pretty {
                colours: terminal && !plain,
            },
        }
    }
}

/// [`Lines`] of a service by a filter, as JSON.
///
/// ```no_run
/// fn main() -> Result<(), throughline::telemetry::InitError> {
///     let _lines = throughline::telemetry::init_with("charge-card", Some("debug"))?;
///     tracing::debug!("the first line");
///     Ok(())
/// }
/// ```
///
/// # Errors
/// As [`Lines::start`].
pub fn init_with(service: &str, filter: Option<&str>) -> Result<Guard, InitError> {
    Lines::new(service).filter(filter).start()
}

/// The line takes the place of std's text on standard error, which would have no id.
fn log_panics() {
    panic::set_hook(Box::new(log_panic));
}

/// [`init_with`] the filter of the environment variable `RUST_LOG`.
///
/// ```no_run
/// fn main() -> Result<(), throughline::telemetry::InitError> {
///     let _lines = throughline::telemetry::init("charge-card")?;
///     tracing::info!("the first line");
///     Ok(())
/// }
/// ```
///
/// # Errors
/// As [`init_with`].
pub fn init(service: &str) -> Result<Guard, InitError> {
    let filter = std::env::var("RUST_LOG").ok();
    init_with(service, filter.as_deref())
}

fn env_filter(filter: Option<&str>) -> Result<EnvFilter, InitError> {
    let text = filter.unwrap_or_default();
    let parsed = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .parse(text)
        .map_err(|error| InitError::Filter {
            value: text.to_owned(),
            reason: error.to_string(),
        })?;
    if text.contains("throughline::milestone") {
        return Ok(parsed);
    }
    let milestones: Directive = "throughline::milestone=info"
        .parse()
        .expect("a target and a level are a directive");
    Ok(parsed.add_directive(milestones))
}

/// Whether a text is a filter; if not, why, and what to give.
#[cfg(feature = "function")]
pub(crate) fn check_filter(text: &str) -> Result<(), String> {
    match env_filter(Some(text)) {
        Ok(_) => Ok(()),
        Err(InitError::Filter { reason, .. }) => Err(format!("{reason}; {FILTER_REMEDY}")),
        Err(other) => Err(other.to_string()),
    }
}

/// The hook runs on the thread that panics, so inside the request's context.
fn log_panic(panic: &panic::PanicHookInfo<'_>) {
    let message = panic
        .payload_as_str()
        .unwrap_or("the panic's payload is not text");
    let place = panic
        .location()
        .map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let backtrace = std::backtrace::Backtrace::capture();
    let stack = match backtrace.status() {
        std::backtrace::BacktraceStatus::Captured => backtrace.to_string(),
        _ => place.clone(),
    };
    tracing::error!(
        error.r#type = "panic",
        error.message = message,
        error.stack_trace = stack,
        "panicked at {place}: {message}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_does_not_parse_is_named_with_the_remedy() {
        let error = env_filter(Some("info,hyper=loud")).unwrap_err().to_string();
        assert!(error.contains("info,hyper=loud"), "{error}");
        assert!(error.contains("give a level"), "{error}");
    }

    #[test]
    fn milestones_pass_every_filter_but_one_that_names_them() {
        let has = |filter| {
            env_filter(filter)
                .unwrap()
                .to_string()
                .contains("throughline::milestone=info")
        };
        assert!(has(None));
        assert!(has(Some("warn")));
        assert!(!has(Some("warn,throughline::milestone=off")));
    }
}
