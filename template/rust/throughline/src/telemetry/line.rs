//! One log line: a JSON object with unique keys, at most 16 KiB, in the names of the Elastic
//! Common Schema.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::{Level, Metadata};

use super::object::Line;
use super::redact::{REDACTED, Redact};
use super::stamp::{push_hex, push_time};
use crate::Context;

/// The version of the Elastic Common Schema whose names the lines use.
const ECS_VERSION: &str = "8.17.0";

/// How much of a line each part may take, so that none crowds out the others.
const MAX_MESSAGE: usize = 6 * 1024;
const MAX_ERROR: usize = 2 * 1024;
const MAX_STACK: usize = 4 * 1024;

/// What an event says, collected field by field.
pub(crate) struct Parts<'a> {
    redact: &'a Redact,
    pub(super) message: String,
    pub(super) milestone: Option<String>,
    pub(super) error_message: Option<String>,
    pub(super) error_type: Option<String>,
    pub(super) error_stack: Option<String>,
    logger: Option<String>,
    pub(super) fields: Vec<(&'static str, Value)>,
}

#[derive(Clone)]
pub(crate) enum Value {
    Text(String),
    /// A number or a boolean, as JSON has it.
    Json(String),
}

impl<'a> Parts<'a> {
    /// Nothing yet; fields that `redact` names will be there without their values.
    pub(crate) fn new(redact: &'a Redact) -> Self {
        Self {
            redact,
            message: String::new(),
            milestone: None,
            error_message: None,
            error_type: None,
            error_stack: None,
            logger: None,
            fields: Vec::new(),
        }
    }

    /// A field of a span around the event, unless the event or a span further in has said it.
    pub(crate) fn put_outer(&mut self, name: &'static str, value: &Value) {
        if self.fields.iter().all(|(known, _)| *known != name) {
            self.fields.push((name, value.clone()));
        }
    }

    /// Who logged: the target, or what the `log` crate calls so.
    pub(super) fn logger<'b>(&'b self, metadata: &'b Metadata<'_>) -> &'b str {
        self.logger.as_deref().unwrap_or(metadata.target())
    }

    /// A field that is nothing but a field; said again, it is the last that counts.
    pub(super) fn put_field(&mut self, name: &'static str, value: Value) {
        let value = self.fit(name, value);
        self.fields.retain(|(known, _)| *known != name);
        self.fields.push((name, value));
    }

    fn fit(&self, name: &str, value: Value) -> Value {
        if self.redact.hides(name) {
            Value::Text(REDACTED.to_owned())
        } else {
            value
        }
    }

    fn put(&mut self, name: &'static str, value: Value) {
        let slot = match name {
            "message" => {
                self.message = value.into_text();
                return;
            }
            "milestone" => &mut self.milestone,
            "error" | "error.message" => &mut self.error_message,
            "error.type" => &mut self.error_type,
            "error.stack_trace" => &mut self.error_stack,
            // What tracing-log says of an event of the `log` crate: where it came from, and noise.
            "log.target" => &mut self.logger,
            "log.module_path" | "log.file" | "log.line" => return,
            _ => return self.put_field(name, value),
        };
        *slot = Some(if self.redact.hides(name) {
            REDACTED.to_owned()
        } else {
            value.into_text()
        });
    }

    /// Writes the line, newline included.
    pub(crate) fn render(
        &self,
        time: jiff::Timestamp,
        metadata: &Metadata<'_>,
        service: &str,
        context: Option<&Context>,
    ) -> String {
        let mut line = Line::new();
        line.text.push_str("{\"@timestamp\":\"");
        push_time(&mut line.text, time);
        line.text.push_str("\",\"log.level\":\"");
        line.text.push_str(level_name(metadata.level()));
        line.text.push('"');
        let message = match (&self.message[..], &self.milestone) {
            ("", Some(milestone)) => milestone,
            (message, _) => message,
        };
        line.pair("message", message, MAX_MESSAGE);
        line.pair("ecs.version", ECS_VERSION, MAX_ERROR);
        let service = context.and_then(Context::service).unwrap_or(service);
        line.pair("service.name", service, MAX_ERROR);
        if let Some(context) = context {
            line.pair(
                "correlation_id",
                context.correlation_id().as_str(),
                MAX_ERROR,
            );
            if let Some(call_id) = context.call_id() {
                line.pair("call_id", call_id, MAX_ERROR);
            }
            let (trace, span) = context.trace().ids();
            line.text.push_str(",\"trace.id\":\"");
            push_hex(&mut line.text, &trace.to_be_bytes());
            line.text.push_str("\",\"span.id\":\"");
            push_hex(&mut line.text, &span.to_be_bytes());
            line.text.push('"');
        }
        line.pair("log.logger", self.logger(metadata), MAX_ERROR);
        for (key, value, most) in [
            ("milestone", &self.milestone, MAX_ERROR),
            ("error.type", &self.error_type, MAX_ERROR),
            ("error.message", &self.error_message, MAX_ERROR),
            ("error.stack_trace", &self.error_stack, MAX_STACK),
        ] {
            if let Some(value) = value {
                line.pair(key, value, most);
            }
        }
        line.fields(&self.fields);
        line.close()
    }
}

impl Value {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) | Self::Json(text) => text,
        }
    }
}

impl Visit for Parts<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field.name(), Value::Text(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), Value::Text(value.to_owned()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), Value::Json(value.to_string()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), Value::Json(value.to_string()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), Value::Json(value.to_string()));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON knows no NaN and no infinity.
        let value = if value.is_finite() {
            Value::Json(value.to_string())
        } else {
            Value::Text(value.to_string())
        };
        self.put(field.name(), value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.put(field.name(), Value::Text(chain(value)));
    }
}

/// An error and what caused it, in one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some errors already tell their cause.
        if !text.ends_with(&cause_text) {
            let _ = write!(text, ": {cause_text}");
        }
        source = cause.source();
    }
    text
}

pub(super) fn level_name(level: &Level) -> &'static str {
    match *level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}
