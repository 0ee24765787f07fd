//! A log line for a person at a terminal.

use std::fmt::Write as _;

use tracing::{Level, Metadata};

use super::line::{Parts, Value, level_name};
use super::object::{MARK, MAX_LINE};
use crate::Context;

const DIM: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";

impl Parts<'_> {
    /// Time of day, level, message, fields, then the id and who logged; a stack below it. Newline
    /// included. What could steer the terminal is written out.
    pub(crate) fn render_pretty(
        &self,
        time: jiff::Timestamp,
        metadata: &Metadata<'_>,
        context: Option<&Context>,
        colours: bool,
    ) -> String {
        let (dim, bold, reset) = match (colours, *metadata.level()) {
            (false, _) => ("", "", ""),
            (true, Level::ERROR) => (DIM, "\x1b[1;31m", RESET),
            (true, Level::WARN) => (DIM, "\x1b[1;33m", RESET),
            (true, Level::INFO) => (DIM, "\x1b[32m", RESET),
            (true, _) => (DIM, "\x1b[36m", RESET),
        };
        let mut text = String::with_capacity(256);
        let clock = format!("{time:.3}");
        let clock = clock.get(11..23).unwrap_or(&clock);
        let level = level_name(metadata.level()).to_ascii_uppercase();
        let _ = write!(text, "{dim}{clock}{reset} {bold}{level:<5}{reset} ");
        if let Some(milestone) = &self.milestone {
            let _ = write!(text, "{bold}{}{reset} ", shown(milestone));
        }
        text.push_str(&shown(&self.message));
        for (name, value) in [("error", &self.error_message), ("type", &self.error_type)] {
            // Most errors stand in their message already.
            if let Some(value) = value
                .as_ref()
                .filter(|value| !self.message.contains(*value))
            {
                let _ = write!(text, "  {dim}{name}={reset}{}", shown(value));
            }
        }
        for (name, value) in &self.fields {
            let (Value::Text(value) | Value::Json(value)) = value;
            let _ = write!(text, "  {dim}{name}={reset}{}", shown(value));
        }
        if let Some(context) = context {
            let _ = write!(text, "  {dim}[{}]{reset}", context.correlation_id());
        }
        let _ = write!(text, "  {dim}{}{reset}", shown(self.logger(metadata)));
        if let Some(stack) = &self.error_stack {
            for line in stack.lines() {
                let _ = write!(text, "\n    {dim}{}{reset}", shown(line));
            }
        }
        cut(&mut text, reset);
        text.push('\n');
        text
    }
}

/// The text with every control character written out.
fn shown(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    let escaped = text.chars().map(|c| match c {
        c if c.is_control() => c.escape_default().to_string(),
        c => c.to_string(),
    });
    escaped.collect()
}

fn cut(text: &mut String, reset: &str) {
    let most = MAX_LINE - MARK.len() - reset.len() - 1;
    if text.len() < MAX_LINE {
        return;
    }
    let end = text.floor_char_boundary(most);
    text.truncate(end);
    text.push_str(MARK);
    text.push_str(reset);
}
