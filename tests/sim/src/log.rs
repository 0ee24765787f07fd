//! The log of a run: what the engine said, and what SQS and the functions saw, with virtual time.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, Once, PoisonError};

use tokio::time::Instant;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

/// Lines in the order in which they came; a clone writes into the same.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    started: Instant,
    lines: Option<Arc<Mutex<Vec<String>>>>,
}

impl Log {
    /// Begins now. Where nothing is kept, writing costs nothing.
    pub(crate) fn new(keep: bool) -> Self {
        Self {
            started: Instant::now(),
            lines: keep.then(Arc::default),
        }
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.lines.is_some()
    }

    /// Writes what this says, with the time.
    pub(crate) fn say(&self, what: impl FnOnce() -> String) {
        if let Some(lines) = &self.lines {
            let line = format!("{:>10.3} {}", self.started.elapsed().as_secs_f64(), what());
            lines
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(line);
        }
    }

    pub(crate) fn take(&self) -> Vec<String> {
        let lines = self.lines.as_ref();
        lines
            .map(|lines| std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner)))
            .unwrap_or_default()
    }
}

thread_local! {
    /// Where the engine's events on this thread go.
    static HERE: RefCell<Option<Log>> = const { RefCell::new(None) };
}

/// Takes the engine's events on this thread into `log` from now on; into none where that keeps none.
pub(crate) fn listen(log: Option<Log>) {
    // One for the process: a subscriber for each run would race with the first use of a callsite on
    // another thread, and that callsite would be silent.
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let set = tracing::subscriber::set_global_default(Lines);
        set.expect("the simulation has its process to itself");
    });
    HERE.set(log.filter(Log::is_kept));
}

/// Whether it comes from the engine.
fn is_ours(of: &Metadata<'_>) -> bool {
    let ours = ["sqs_connector", "throughline"];
    *of.level() <= Level::DEBUG && ours.iter().any(|name| of.target().starts_with(name))
}

/// Writes the engine's own events into the log of the run that is played on their thread.
struct Lines;

impl Subscriber for Lines {
    fn register_callsite(&self, of: &'static Metadata<'static>) -> Interest {
        if is_ours(of) {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    /// Asked for others' callsites too: while one is registered on another thread, its interest is not
    /// known yet here.
    fn enabled(&self, of: &Metadata<'_>) -> bool {
        is_ours(of) && HERE.with_borrow(Option::is_some)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let Some(log) = HERE.with_borrow(Option::clone) else {
            return;
        };
        log.say(|| {
            let mut line = Line::default();
            event.record(&mut line);
            let level = event.metadata().level();
            let of = throughline::current();
            let id = of.as_ref().map_or("-", |of| of.correlation_id().as_str());
            format!("engine  {level} [{id}] {}{}", line.message, line.fields)
        });
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message.push_str(value),
            name => drop(write!(self.fields, " {name}={value}")),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        match field.name() {
            "message" => drop(write!(self.message, "{value:?}")),
            name => drop(write!(self.fields, " {name}={value:?}")),
        }
    }
}
