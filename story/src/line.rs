//! One log line: what a hop needs of it, whatever shape it lies in.

use std::fmt;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::wrapping;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The finest.
    Trace,
    /// For those who look for a fault.
    Debug,
    /// As it should be; also a line that names no level.
    Info,
    /// Not as it should be, and carried on.
    Warn,
    /// Failed; fatal and critical as well.
    Error,
}

/// What went wrong, as the line says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Fault {
    /// `error.message`.
    pub message: Option<String>,
    /// `error.type`.
    pub kind: Option<String>,
    /// `error.stack_trace`.
    pub stack: Option<String>,
}

/// One log line, read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    /// When, by the clock of who wrote it; else by that of who collected it.
    pub at: Option<Timestamp>,
    /// `service.name`; `?` when the line does not say.
    pub service: String,
    /// `log.level`.
    pub level: Level,
    /// `message`; may be empty.
    pub message: String,
    /// `milestone`: the step of the business way that it marks.
    pub milestone: Option<String>,
    /// `correlation_id`.
    pub correlation_id: Option<String>,
    /// The cards it names, the most explicit first.
    pub cards: Vec<String>,
    /// `call_id`.
    pub call_id: Option<String>,
    /// `trace.id`.
    pub trace_id: Option<String>,
    /// `error.*`, if any of it is there.
    pub error: Option<Fault>,
    /// All else that it says, flat, with dotted names.
    pub fields: Vec<(String, String)>,
}

impl Line {
    /// Reads one line of text; `None` if there is no JSON object in it.
    pub fn parse(text: &str) -> Option<Self> {
        let found = wrapping::unwrap(text)?;
        let object = &found.object;
        let say = |paths: &[&str]| paths.iter().find_map(|path| text_of(lookup(object, path)?));
        let own = ["@timestamp", "timestamp", "time", "ts"]
            .iter()
            .filter_map(|path| lookup(object, path));
        let error = Fault {
            message: say(&["error.message"]).or_else(|| {
                object
                    .get("error")
                    .filter(|e| !e.is_object())
                    .and_then(text_of)
            }),
            kind: say(&["error.type"]),
            stack: say(&["error.stack_trace", "error.stack"]),
        };
        Some(Self {
            at: own.chain(&found.times).find_map(time_of),
            service: say(&["service.name", "fields.service.name"])
                .unwrap_or_else(|| "?".to_owned()),
            level: say(&["log.level", "level", "severity"])
                .map_or(Level::Info, |level| Level::parse(&level)),
            message: say(&["message", "msg"]).unwrap_or_default(),
            milestone: say(&["milestone", "fields.milestone"]),
            correlation_id: say(&[
                "correlation_id",
                "fields.correlation_id",
                "labels.correlation_id",
            ]),
            cards: cards(object),
            call_id: say(&["call_id"]),
            trace_id: say(&["trace.id", "trace_id"]),
            error: Some(error).filter(|error| *error != Fault::default()),
            fields: fields(object),
        })
    }

    /// Whether it names this card.
    pub fn names_card(&self, card: &str) -> bool {
        self.cards.iter().any(|named| named == card)
    }

    /// The value of the field `name`.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

impl Level {
    /// Reads a level's name, or the number that some loggers write for it.
    fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "trace" => Self::Trace,
            "debug" => Self::Debug,
            "warn" | "warning" => Self::Warn,
            "error" | "err" | "fatal" | "critical" | "crit" | "alert" | "emerg" | "panic" => {
                Self::Error
            }
            other => match other.parse() {
                Ok(0..20) => Self::Trace,
                Ok(20..30) => Self::Debug,
                Ok(40..50) => Self::Warn,
                Ok(50..=u32::MAX) => Self::Error,
                _ => Self::Info,
            },
        }
    }

    /// Its name as `log.level` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The value at a dotted path, whether the dots are nested objects or part of a key.
fn lookup<'a>(object: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(value) = object.get(path) {
        return Some(value);
    }
    path.match_indices('.')
        .find_map(|(dot, _)| lookup(object.get(&path[..dot])?.as_object()?, &path[dot + 1..]))
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Object(_) => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// RFC 3339, or a number since 1970 in the unit that its size tells.
fn time_of(value: &Value) -> Option<Timestamp> {
    if let Some(text) = value.as_str() {
        return text.parse().ok();
    }
    let number = value.as_f64()?;
    let per_second = match number.abs() {
        size if size < 1e11 => 1e0,
        size if size < 1e14 => 1e3,
        size if size < 1e17 => 1e6,
        _ => 1e9,
    };
    // Through microseconds, as much as a double holds of today's times.
    Timestamp::from_microsecond((number / per_second * 1e6).round() as i64).ok()
}

/// What the object says under `card_id`, `card` or `issue`, at any depth.
fn cards(object: &Map<String, Value>) -> Vec<String> {
    fn walk(object: &Map<String, Value>, found: &mut Vec<String>) {
        for (key, value) in object {
            let name = key.rsplit('.').next().unwrap_or(key);
            let inner = value.as_object();
            if matches!(name, "card_id" | "card" | "cardId" | "issue") {
                let said = inner.map_or(Some(value), |card| {
                    card.get("id").or_else(|| card.get("key"))
                });
                found.extend(said.and_then(text_of).filter(|card| !card.is_empty()));
            }
            if let Some(inner) = inner {
                walk(inner, found);
            }
        }
    }
    let mut found = Vec::new();
    for path in ["card_id", "fields.card_id"] {
        found.extend(
            lookup(object, path)
                .and_then(text_of)
                .filter(|card| !card.is_empty()),
        );
    }
    walk(object, &mut found);
    let mut seen = std::collections::HashSet::new();
    found.retain(|card| seen.insert(card.clone()));
    found
}

/// Keys that are read above, or that say where a line was collected, not what happened.
const NOT_FIELDS: &[&str] = &[
    "@timestamp",
    "@version",
    "agent",
    "call_id",
    "cloud",
    "container",
    "correlation_id",
    "data_stream",
    "ecs",
    "error",
    "event",
    "host",
    "input",
    "kubernetes",
    "labels",
    "level",
    "log",
    "message",
    "milestone",
    "msg",
    "orchestrator",
    "process",
    "service",
    "severity",
    "span",
    "span_id",
    "stream",
    "tags",
    "throughline",
    "time",
    "timestamp",
    "trace",
    "trace_id",
    "ts",
];

fn fields(object: &Map<String, Value>) -> Vec<(String, String)> {
    fn flatten(name: String, value: &Value, fields: &mut Vec<(String, String)>) {
        match value {
            Value::Object(inner) => inner
                .iter()
                .for_each(|(key, value)| flatten(format!("{name}.{key}"), value, fields)),
            other => fields.extend(text_of(other).map(|text| (name, text))),
        }
    }
    let mut fields = Vec::new();
    for (key, value) in object {
        match value {
            Value::Object(inner) if key == "fields" => {
                inner
                    .iter()
                    .for_each(|(key, value)| flatten(key.clone(), value, &mut fields));
            }
            _ if NOT_FIELDS.contains(&key.split('.').next().unwrap_or(key)) => {}
            _ => flatten(key.clone(), value, &mut fields),
        }
    }
    // An index may have a field twice: under `fields`, and beside it with a type of its own.
    let mut seen = std::collections::HashSet::new();
    fields.retain(|field| seen.insert(field.clone()));
    fields
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
