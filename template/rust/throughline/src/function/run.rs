//! The process around a handler: it starts, serves, and stops in order.

use std::process::ExitCode;
use std::sync::Arc;
use std::{fs, io};

use super::answer::Function;
use super::debug_log::DebugLog;
use super::handler::Handler;
use super::listen::{bind, bind_metrics, put_lock, serve_metrics};
use super::metrics::Metrics;
use super::settings::{Problem, Settings};
use crate::serve::serve_with_ids;
use crate::{shutdown_signal, telemetry};

/// `EX_USAGE` of sysexits: the configuration is at fault.
const USAGE: u8 = 64;
/// `EX_UNAVAILABLE`: the port could not be had.
const UNAVAILABLE: u8 = 69;

/// Serves a handler as an OpenFaaS function until SIGTERM, and gives the exit code for `main`.
///
/// Exits with 64 after listing every problem when the environment is wrong, and with 69 when the
/// port can't be had.
///
/// ```no_run
/// use throughline::Request;
///
/// async fn handle(request: Request) -> String {
///     format!("{} bytes", request.body().len())
/// }
///
/// fn main() -> std::process::ExitCode {
///     throughline::run(handle)
/// }
/// ```
pub fn run<H, Via>(handler: H) -> ExitCode
where
    H: Handler<Via>,
    Via: 'static,
{
    run_with(|_| Ok(handler))
}

/// [`run`] for a handler that has a configuration of its own.
///
/// `build` is given the environment as a lookup. What it finds wrong is listed together with what
/// is wrong in the settings all functions have.
///
/// ```no_run
/// use throughline::{Problem, Request};
///
/// fn main() -> std::process::ExitCode {
///     throughline::run_with(|env| {
///         let shop = env("shop_url")
///             .ok_or_else(|| vec![Problem::without_value("shop_url", "set it to the shop's URL")])?;
///         Ok(move |_: Request| {
///             let shop = shop.clone();
///             async move { format!("buying at {shop}") }
///         })
///     })
/// }
/// ```
pub fn run_with<H, Via>(
    build: impl FnOnce(&dyn Fn(&str) -> Option<String>) -> Result<H, Vec<Problem>>,
) -> ExitCode
where
    H: Handler<Via>,
    Via: 'static,
{
    let env = |name: &str| std::env::var(name).ok();
    let read = (Settings::read(&env), DebugLog::read(&env), build(&env));
    let (settings, debug_log, handler) = match read {
        (Ok(settings), Ok(debug_log), Ok(handler)) => (settings, debug_log, handler),
        (settings, debug_log, handler) => {
            let mut problems = settings.err().unwrap_or_default();
            problems.extend(debug_log.err());
            problems.extend(handler.err().unwrap_or_default());
            complain(&problems);
            return ExitCode::from(USAGE);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&[Problem::without_value("threads", error.to_string())]);
            return ExitCode::from(UNAVAILABLE);
        }
    };
    // Spans are sent on the runtime, so that it must be there before them and outlive them.
    let _inside = runtime.enter();
    let telemetry = match start_telemetry(&settings, debug_log.is_set()) {
        Ok(telemetry) => telemetry,
        Err(problem) => {
            complain(&[problem]);
            return ExitCode::from(USAGE);
        }
    };
    let metrics = Arc::new(Metrics::new(telemetry.lines.dropped_count()));
    let function = Function::counted(handler, settings.clone(), debug_log, Arc::clone(&metrics));
    match runtime.block_on(serve_function(function, &settings, metrics)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = %error, "the function can't be served");
            ExitCode::from(UNAVAILABLE)
        }
    }
}

/// What is written out when it is dropped: spans first, since that may be worth a line.
struct Telemetry {
    _spans: Option<telemetry::spans::Exporter>,
    lines: telemetry::Guard,
}

fn start_telemetry(settings: &Settings, debug_by_request: bool) -> Result<Telemetry, Problem> {
    let spans = match &settings.otlp_traces_endpoint {
        None => None,
        Some(endpoint) => Some(
            telemetry::spans::Exporter::start(&settings.name, endpoint).map_err(|error| {
                Problem::without_value("OTEL_EXPORTER_OTLP_ENDPOINT", error.to_string())
            })?,
        ),
    };
    let lines = telemetry::Lines::new(&settings.name)
        .filter(settings.log_filter.as_deref())
        .form(settings.log_form)
        .redact(&settings.redact)
        .debug_by_request(debug_by_request)
        .start_with_spans(spans.as_ref())
        .map_err(|error| Problem::without_value("log lines", error.to_string()))?;
    Ok(Telemetry {
        _spans: spans,
        lines,
    })
}

async fn serve_function<H: Handler<Via>, Via: 'static>(
    function: Function<H, Via>,
    settings: &Settings,
    metrics: Arc<Metrics>,
) -> io::Result<()> {
    let asked_to_stop = shutdown_signal()?;
    let listener = bind("port", settings.port).await?;
    let address = listener.local_addr()?;
    let for_metrics = bind_metrics(settings).await?;
    let metrics_port = match &for_metrics {
        Some(listener) => Some(listener.local_addr()?.port()),
        None => None,
    };
    if let Some(lock) = &settings.lock_file {
        put_lock(lock)?;
    }
    tracing::info!(port = address.port(), metrics_port, "the function is ready");
    let stopping = {
        let function = function.clone();
        let settings = settings.clone();
        async move {
            asked_to_stop.await;
            // Listened for only now: the first signal is not the second one.
            let asked_again = shutdown_signal();
            function.stop_being_ready();
            if let Some(lock) = &settings.lock_file {
                let _ = fs::remove_file(lock);
            }
            let wait = settings.healthcheck_interval;
            tracing::info!(
                healthcheck_interval_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                "asked to stop: no longer ready, still serving for {wait:?}; asked again, it stops waiting"
            );
            match asked_again {
                Ok(asked_again) => drop(tokio::time::timeout(wait, asked_again).await),
                Err(_) => tokio::time::sleep(wait).await,
            }
        }
    };
    let service = move |request| function.clone().serve(request);
    let (drain, head) = (settings.write_timeout, settings.read_timeout);
    let left = tokio::select! {
        left = serve_with_ids(listener, service, stopping, drain, head) => left,
        never = serve_metrics(for_metrics, metrics) => match never {},
    };
    match left {
        0 => tracing::info!("stopped; every request was answered"),
        left => tracing::warn!(
            left,
            "stopped; {left} connections were cut after write_timeout"
        ),
    }
    Ok(())
}

/// Before there is a log, problems go to standard error.
#[expect(
    clippy::print_stderr,
    reason = "the log is not set up when the configuration is wrong"
)]
fn complain(problems: &[Problem]) {
    for problem in problems {
        eprintln!("{problem}");
    }
}
