//! One log line: a JSON object with unique keys, at most 16 KiB, in the names of the Elastic
//! Common Schema.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::{Level, Metadata};

use super::redact::{REDACTED, Redact};
use crate::Context;

/// The longest line, its newline included: container runtimes split longer ones.
pub(crate) const MAX_LINE: usize = 16 * 1024;

/// The version of the Elastic Common Schema whose names the lines use.
const ECS_VERSION: &str = "8.17.0";

/// How much of a line each part may take, so that none crowds out the others.
const MAX_MESSAGE: usize = 6 * 1024;
const MAX_ERROR: usize = 2 * 1024;
const MAX_STACK: usize = 4 * 1024;
pub(super) const MARK: &str = "…[cut]";
/// Room kept for what closes a line: `},"log.cut":true}` and the newline.
const TAIL: usize = 32;

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
        let _ = write!(
            line.text,
            "{{\"@timestamp\":\"{time:.6}\",\"log.level\":\"{}\"",
            level_name(metadata.level())
        );
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
            line.pair("trace.id", &context.trace().trace_id(), MAX_ERROR);
            line.pair("span.id", &context.trace().span_id(), MAX_ERROR);
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

/// Whether a byte of a JSON string stands for itself.
fn is_plain(byte: u8) -> bool {
    byte >= b' ' && byte != b'"' && byte != b'\\'
}

/// A line that is being written, and whether something of it had to be left out.
struct Line {
    text: String,
    cut: bool,
}

impl Line {
    fn new() -> Self {
        Self {
            text: String::with_capacity(512),
            cut: false,
        }
    }

    /// `,"key":"value"`, the value cut at `most` bytes of JSON and at the end of the line.
    fn pair(&mut self, key: &str, value: &str, most: usize) {
        let around = key.len() + 6;
        let Some(room) = self.room().checked_sub(around) else {
            self.cut = true;
            return;
        };
        self.text.push(',');
        self.string(key, usize::MAX);
        self.text.push(':');
        self.string(value, most.min(room));
    }

    fn room(&self) -> usize {
        (MAX_LINE - TAIL).saturating_sub(self.text.len())
    }

    /// A JSON string whose inside takes at most `most` bytes.
    fn string(&mut self, value: &str, most: usize) {
        self.text.push('"');
        // Nearly every string is as it is, and far from the end of its room.
        if value.len() + MARK.len() <= most && value.bytes().all(is_plain) {
            self.text.push_str(value);
            self.text.push('"');
            return;
        }
        let start = self.text.len();
        for (at, c) in value.char_indices() {
            let before = self.text.len();
            match c {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                c if c < ' ' => {
                    let _ = write!(self.text, "\\u{:04x}", u32::from(c));
                }
                c => self.text.push(c),
            }
            let rest = value.len() - at - c.len_utf8();
            let mark = if rest > 0 { MARK.len() } else { 0 };
            if self.text.len() - start + mark > most {
                self.text.truncate(before);
                if most >= MARK.len() {
                    self.text.push_str(MARK);
                }
                self.cut = true;
                break;
            }
        }
        self.text.push('"');
    }

    fn fields(&mut self, fields: &[(&'static str, Value)]) {
        if fields.is_empty() || self.room() < 64 {
            self.cut |= !fields.is_empty();
            return;
        }
        self.text.push_str(",\"fields\":{");
        let start = self.text.len();
        for (name, value) in fields {
            let comma = usize::from(self.text.len() > start);
            let needed = match value {
                Value::Json(json) => json.len(),
                Value::Text(text) => 2 + text.len().min(64),
            };
            if self.room() < name.len() + 4 + comma + needed {
                self.cut = true;
                continue;
            }
            if comma == 1 {
                self.text.push(',');
            }
            self.string(name, usize::MAX);
            self.text.push(':');
            match value {
                Value::Json(json) => self.text.push_str(json),
                Value::Text(text) => self.string(text, self.room().saturating_sub(2)),
            }
        }
        self.text.push('}');
    }

    fn close(mut self) -> String {
        if self.cut {
            self.text.push_str(",\"log.cut\":true");
        }
        self.text.push_str("}\n");
        self.text
    }
}
