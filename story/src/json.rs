//! A reading as JSON: one object a line, one line a story, for `jq` and for scripts.

use std::io::{self, Write};

use jiff::SignedDuration;
use serde::Serialize;

use crate::escape::escape_json;
use crate::missing::Missing;
use crate::reading::Reading;
use crate::search::Searched;
use crate::story::{Hop, Late, Story};

#[derive(Serialize)]
struct JsonStory<'a> {
    id: &'a str,
    correlation_id: Option<&'a str>,
    card_id: Option<&'a str>,
    verdict: &'static str,
    summary: String,
    exit_code: u8,
    began: Option<String>,
    total_ms: f64,
    attempts: usize,
    first_error: Option<JsonHop<'a>>,
    missing: Vec<JsonMissing<'a>>,
    late: Vec<JsonLate<'a>>,
    clocks_behind_ms: serde_json::Map<String, serde_json::Value>,
    hops: Vec<JsonHop<'a>>,
    searched: &'a Searched,
}

#[derive(Serialize)]
struct JsonHop<'a> {
    at: Option<String>,
    delta_ms: Option<f64>,
    service: &'a str,
    level: &'static str,
    milestone: Option<&'a str>,
    message: &'a str,
    attempt: usize,
    error: Option<JsonError<'a>>,
    call_id: Option<&'a str>,
    trace_id: Option<&'a str>,
    fields: serde_json::Map<String, serde_json::Value>,
}

#[derive(Serialize)]
struct JsonError<'a> {
    message: Option<&'a str>,
    r#type: Option<&'a str>,
    stack_trace: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonMissing<'a> {
    milestone: &'a str,
    service: Option<&'a str>,
    after: Option<JsonAfter<'a>>,
    service_silent: bool,
    logged_by: Option<&'a str>,
    hint: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonAfter<'a> {
    milestone: Option<&'a str>,
    service: &'a str,
    delta_ms: Option<f64>,
}

#[derive(Serialize)]
struct JsonLate<'a> {
    milestone: Option<&'a str>,
    took_ms: f64,
    within_ms: f64,
}

/// Writes one object for each story, or one with the verdict `not found` if there is none.
///
/// # Errors
/// If `out` cannot be written to.
pub fn write(reading: &Reading, out: &mut impl Write) -> io::Result<()> {
    let searched = &reading.searched;
    let mut put = |object: &JsonStory<'_>| {
        let json = serde_json::to_string(object).map_err(io::Error::other)?;
        writeln!(out, "{}", escape_json(&json))
    };
    if reading.stories.is_empty() {
        return put(&nothing(reading));
    }
    reading
        .stories
        .iter()
        .try_for_each(|story| put(&of_story(&reading.id, story, searched)))
}

fn nothing(reading: &Reading) -> JsonStory<'_> {
    JsonStory {
        id: &reading.id,
        correlation_id: None,
        card_id: None,
        verdict: "not found",
        summary: format!(
            "no line has {} as its correlation id or its card",
            reading.id
        ),
        exit_code: 2,
        began: None,
        total_ms: 0.0,
        attempts: 0,
        first_error: None,
        missing: Vec::new(),
        late: Vec::new(),
        clocks_behind_ms: serde_json::Map::new(),
        hops: Vec::new(),
        searched: &reading.searched,
    }
}

fn of_story<'a>(id: &'a str, story: &'a Story, searched: &'a Searched) -> JsonStory<'a> {
    JsonStory {
        id,
        correlation_id: Some(&story.correlation_id),
        card_id: story.card.as_deref(),
        verdict: story.verdict(),
        summary: story.summary(),
        exit_code: story.exit_code(),
        began: story.began().map(|began| began.to_string()),
        total_ms: ms(story.total()),
        attempts: story.attempts,
        first_error: story.first_error.map(|place| of_hop(&story.hops[place])),
        missing: story
            .missing
            .iter()
            .map(|missing| of_missing(missing, story))
            .collect(),
        late: story.late.iter().map(|late| of_late(late, story)).collect(),
        clocks_behind_ms: story
            .behind
            .iter()
            .map(|behind| (behind.service.clone(), ms(behind.by).into()))
            .collect(),
        hops: story.hops.iter().map(of_hop).collect(),
        searched,
    }
}

fn of_hop(hop: &Hop) -> JsonHop<'_> {
    let line = &hop.line;
    JsonHop {
        at: line.at.map(|at| at.to_string()),
        delta_ms: hop.since.map(ms),
        service: &line.service,
        level: line.level.as_str(),
        milestone: line.milestone.as_deref(),
        message: &line.message,
        attempt: hop.attempt,
        error: line.error.as_ref().map(|error| JsonError {
            message: error.message.as_deref(),
            r#type: error.kind.as_deref(),
            stack_trace: error.stack.as_deref(),
        }),
        call_id: line.call_id.as_deref(),
        trace_id: line.trace_id.as_deref(),
        fields: line
            .fields
            .iter()
            .map(|(key, value)| (key.clone(), value.as_str().into()))
            .collect(),
    }
}

fn of_missing<'a>(missing: &'a Missing, story: &'a Story) -> JsonMissing<'a> {
    JsonMissing {
        milestone: &missing.milestone,
        service: missing.service.as_deref(),
        after: missing.after.map(|place| {
            let hop = &story.hops[place];
            JsonAfter {
                milestone: hop.line.milestone.as_deref(),
                service: &hop.line.service,
                delta_ms: hop.since.map(ms),
            }
        }),
        service_silent: missing.silent,
        logged_by: missing.elsewhere.as_deref(),
        hint: missing.hint.as_deref(),
    }
}

fn of_late<'a>(late: &Late, story: &'a Story) -> JsonLate<'a> {
    JsonLate {
        milestone: story.hops[late.place].line.milestone.as_deref(),
        took_ms: ms(late.took),
        within_ms: ms(late.within),
    }
}

/// Milliseconds with the microseconds behind the point.
fn ms(span: SignedDuration) -> f64 {
    span.as_micros() as f64 / 1_000.0
}
