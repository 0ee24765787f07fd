//! The JSON object in a line of text, out of whatever collected the line put around it.

use serde::de::IgnoredAny;
use serde_json::{Deserializer, Map, Value};

/// How many `{` of a line are tried as the begin of its object: text before it may hold some.
const TRIES: usize = 16;
/// How deep a log line may be wrapped in others: an Elastic hit of a docker line, and one to spare.
const DEPTH: usize = 3;

/// A log line's object and what its wrapping said of its time.
#[derive(Debug, PartialEq)]
pub(crate) struct Unwrapped {
    pub(crate) object: Map<String, Value>,
    /// What may be the wrapping's own timestamp, nearest first.
    pub(crate) times: Vec<Value>,
}

/// The innermost log line in `text`: plain JSON, or JSON behind a text prefix (CRI, compose,
/// journald), in docker's `log`, in journald's `MESSAGE`, or in an Elastic hit's `_source`.
pub(crate) fn unwrap(text: &str) -> Option<Unwrapped> {
    let (prefix, mut object) = find_object(text)?;
    let mut times: Vec<Value> = prefix.split_whitespace().take(3).map(Value::from).collect();
    for _ in 0..DEPTH {
        match inner(&object) {
            Inner::Line(next) => {
                times.splice(
                    0..0,
                    ["@timestamp", "time", "timestamp"]
                        .iter()
                        .filter_map(|key| object.get(*key).cloned()),
                );
                object = next;
            }
            Inner::Text => return None,
            Inner::None => break,
        }
    }
    Some(Unwrapped { object, times })
}

/// Whether there is a JSON object in `line`, at the cost of no allocation.
pub(crate) fn holds_object(line: &[u8]) -> bool {
    memchr::memchr_iter(b'{', line).take(TRIES).any(|at| {
        let rest = &line[at..];
        !starts_empty(rest)
            && Deserializer::from_slice(rest)
                .into_iter::<IgnoredAny>()
                .next()
                .is_some_and(|found| found.is_ok())
    })
}

enum Inner {
    /// Another log line.
    Line(Map<String, Value>),
    /// Text that is no JSON: the collector wrapped a line that was none.
    Text,
    None,
}

fn inner(object: &Map<String, Value>) -> Inner {
    if let Some(Value::Object(source)) = object.get("_source") {
        return Inner::Line(source.clone());
    }
    if object.contains_key("correlation_id") {
        return Inner::None;
    }
    for key in ["log", "MESSAGE"] {
        if let Some(Value::String(text)) = object.get(key) {
            return find_object(text).map_or(Inner::Text, |(_, found)| Inner::Line(found));
        }
    }
    // An ordinary message may quote JSON, so only one that is nothing else is unwrapped.
    match object.get("message") {
        Some(Value::String(text)) if text.trim_start().starts_with('{') => {
            find_object(text).map_or(Inner::None, |(_, found)| Inner::Line(found))
        }
        _ => Inner::None,
    }
}

/// The first JSON object in `text` that is not empty, and the text before it.
fn find_object(text: &str) -> Option<(&str, Map<String, Value>)> {
    memchr::memchr_iter(b'{', text.as_bytes())
        .take(TRIES)
        .find_map(|at| {
            let found = Deserializer::from_str(&text[at..])
                .into_iter::<Map<String, Value>>()
                .next()?;
            found
                .ok()
                .filter(|object| !object.is_empty())
                .map(|object| (&text[..at], object))
        })
}

fn starts_empty(rest: &[u8]) -> bool {
    rest[1..].trim_ascii_start().first() == Some(&b'}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Option<String> {
        let object = unwrap(text)?.object;
        Some(object.get("message")?.as_str()?.to_owned())
    }

    #[test]
    fn every_wrapping_gives_the_same_object() {
        for text in [
            r#"{"correlation_id":"a","message":"hi"}"#,
            r#"2026-11-21T06:27:39.1Z stdout F {"correlation_id":"a","message":"hi"}"#,
            r#"kanban-processor-7d9 | {"correlation_id":"a","message":"hi"} "#,
            r#"Nov 21 06:27:39 node svc[{1}]: {"correlation_id":"a","message":"hi"}"#,
            r#"{"log":"{\"correlation_id\":\"a\",\"message\":\"hi\"}\n","stream":"stdout","time":"2026-11-21T06:27:39Z"}"#,
            r#"{"_index":"logs","_source":{"correlation_id":"a","message":"hi"}}"#,
            r#"{"MESSAGE":"{\"correlation_id\":\"a\",\"message\":\"hi\"}","PRIORITY":"6"}"#,
            r#"{"timestamp":1,"message":"{\"correlation_id\":\"a\",\"message\":\"hi\"}"}"#,
        ] {
            assert_eq!(message(text).as_deref(), Some("hi"), "{text}");
            assert!(holds_object(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn text_is_no_object() {
        for text in [
            "",
            "{",
            "{}",
            "{ }",
            "listening on :8080",
            "map {a b}",
            r#"{"cut":"of"#,
            "[1]",
        ] {
            assert_eq!(unwrap(text), None, "{text}");
            assert!(!holds_object(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_docker_line_around_plain_text_is_no_json_line() {
        assert_eq!(
            unwrap(r#"{"log":"listening\n","stream":"stdout","time":"2026-11-21T06:27:39Z"}"#),
            None
        );
    }

    #[test]
    fn a_message_that_quotes_json_is_left_alone() {
        let text = r#"{"service.name":"a","message":"answered {\"ok\":true}"}"#;
        assert_eq!(message(text).as_deref(), Some(r#"answered {"ok":true}"#));
    }

    #[test]
    fn the_time_of_the_wrapping_is_kept() {
        let cri = unwrap(r#"2026-11-21T06:27:39.1Z stdout F {"a":1}"#).unwrap();
        assert_eq!(cri.times, ["2026-11-21T06:27:39.1Z", "stdout", "F"]);
        let docker = unwrap(r#"{"log":"{\"a\":1}","time":"2026-11-21T06:27:39Z"}"#).unwrap();
        assert_eq!(docker.times, ["2026-11-21T06:27:39Z"]);
    }
}
