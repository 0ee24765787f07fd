//! From JSON to typed patterns; of each fault, where it is.

use serde_json::{Map, Value};

use super::Filter;
use super::decimal::Decimal;
use super::event::SYSTEM;
use super::pattern::{Pattern, Test};
use super::rule::Literal;
use rules::rules;

mod rules;

/// What is wrong with a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where in the filter, such as `[0].body.price.numeric`.
    pub path: String,
    /// What is there.
    pub value: String,
    /// What is wrong with it, and what would be right.
    pub reason: String,
}

/// Collects faults on the way through the JSON.
#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, path: &str, value: &Value, reason: impl Into<String>) {
        let value = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let (path, reason) = (path.to_owned(), reason.into());
        self.0.push(Fault {
            path,
            value,
            reason,
        });
    }
}

/// What an object of a pattern is about; each has its own names.
#[derive(Clone, Copy)]
enum Level {
    Record,
    Attributes,
    Attribute,
    System,
    Json,
}

const RECORD: [&str; 4] = ["body", "messageAttributes", "attributes", "messageId"];
const ATTRIBUTE: [&str; 3] = ["stringValue", "binaryValue", "dataType"];

pub(super) fn filter(json: &Value) -> Result<Filter, Vec<Fault>> {
    let mut faults = Faults::default();
    let given: Vec<(String, Value)> = match json {
        Value::Object(map) if map.contains_key("Filters") => lambdas(&mut faults, map),
        Value::Array(list) => (list.iter().enumerate())
            .map(|(n, pattern)| (format!("[{n}]"), pattern.clone()))
            .collect(),
        one => vec![(String::new(), one.clone())],
    };
    if given.is_empty() && faults.0.is_empty() {
        faults.add("", json, "give at least one pattern");
    }
    let patterns = (given.iter())
        .map(|(path, value)| pattern(&mut faults, path, value, Level::Record))
        .collect();
    if faults.0.is_empty() {
        let source = given.into_iter().map(|(_, pattern)| pattern).collect();
        Ok(Filter { patterns, source })
    } else {
        Err(faults.0)
    }
}

/// Lambda's `FilterCriteria`: each pattern is JSON in a text.
fn lambdas(faults: &mut Faults, map: &Map<String, Value>) -> Vec<(String, Value)> {
    let mut patterns = Vec::new();
    let list = map.get("Filters").and_then(Value::as_array);
    let Some(list) = list.filter(|_| map.len() == 1) else {
        let whole = Value::Object(map.clone());
        faults.add("", &whole, "Filters is a list, and stands alone");
        return patterns;
    };
    for (n, entry) in list.iter().enumerate() {
        let path = format!(".Filters[{n}].Pattern");
        match entry.get("Pattern") {
            Some(Value::String(text)) => match serde_json::from_str(text) {
                Ok(pattern) => patterns.push((path, pattern)),
                Err(error) => faults.add(&path, &entry["Pattern"], format!("is not JSON: {error}")),
            },
            Some(pattern @ Value::Object(_)) => patterns.push((path, pattern.clone())),
            _ => faults.add(&path, entry, "each of the Filters has a Pattern"),
        }
    }
    patterns
}

fn pattern(faults: &mut Faults, path: &str, value: &Value, level: Level) -> Pattern {
    let mut pattern = Pattern::default();
    let Value::Object(map) = value else {
        faults.add(path, value, "a pattern is a map of fields");
        return pattern;
    };
    if map.is_empty() {
        faults.add(path, value, "a pattern without fields says nothing");
    }
    for (name, value) in map {
        let path = format!("{path}.{name}");
        if name == "$or" {
            pattern.any_of.push(any_of(faults, &path, value, level));
            continue;
        }
        if let Some(reason) = unknown(level, name) {
            faults.add(&path, value, reason);
            continue;
        }
        let test = test(faults, &path, value, level.inside(name));
        pattern.fields.push((name.clone(), test));
    }
    pattern
}

fn any_of(faults: &mut Faults, path: &str, value: &Value, level: Level) -> Vec<Pattern> {
    let Some(list) = value.as_array().filter(|list| list.len() > 1) else {
        faults.add(path, value, "$or is a list of at least two patterns");
        return Vec::new();
    };
    (list.iter().enumerate())
        .map(|(n, value)| pattern(faults, &format!("{path}[{n}]"), value, level))
        .collect()
}

/// A list of rules, or the fields of an object.
fn test(faults: &mut Faults, path: &str, value: &Value, inside: Option<Level>) -> Test {
    match (value, inside) {
        (Value::Array(list), Some(Level::Attributes | Level::System)) => {
            let reason = "this is a map of attributes, each with a list of values";
            faults.add(path, value, reason);
            Test::Rules(rules(faults, path, list))
        }
        (Value::Array(list), _) => {
            if list.is_empty() {
                faults.add(path, value, "an empty list matches nothing");
            }
            Test::Rules(rules(faults, path, list))
        }
        (Value::Object(_), Some(level)) => Test::Inside(pattern(faults, path, value, level)),
        (Value::Object(_), None) => {
            faults.add(path, value, "this has no fields; give a list of values");
            Test::Rules(Vec::new())
        }
        _ => {
            let reason = format!("values stand in a list: [{value}]");
            faults.add(path, value, reason);
            Test::Rules(Vec::new())
        }
    }
}

impl Level {
    /// What the fields of a field are; `None` where it has none.
    fn inside(self, name: &str) -> Option<Self> {
        match (self, name) {
            (Self::Record, "body") | (Self::Json, _) => Some(Self::Json),
            (Self::Record, "messageAttributes") => Some(Self::Attributes),
            (Self::Record, "attributes") => Some(Self::System),
            (Self::Attributes, _) => Some(Self::Attribute),
            (Self::Record | Self::Attribute | Self::System, _) => None,
        }
    }
}

/// Why there is no such field, where there is none.
fn unknown(level: Level, name: &str) -> Option<String> {
    let known: &[&str] = match level {
        Level::Record => &RECORD,
        Level::Attribute => &ATTRIBUTE,
        Level::System => &SYSTEM,
        Level::Attributes | Level::Json => return None,
    };
    if known.contains(&name) {
        return None;
    }
    let list = known.join(", ");
    let meant = (known.iter()).find(|known| known.eq_ignore_ascii_case(&name.replace('_', "")));
    Some(match (meant, level) {
        (Some(meant), _) => format!("no such field; did you mean {meant}?"),
        (None, Level::Record) => format!(
            "no such field; there are {list}, and the fields of a JSON message stand under body"
        ),
        (None, _) => format!("no such field; there are {list}"),
    })
}
