//! Filters: which messages of a queue its functions get. Pure.
//!
//! The syntax is EventBridge's, over the record that Lambda would see of the message: `body`,
//! `messageAttributes`, `attributes` and `messageId`. A list of patterns lets through what one of them
//! matches. `parse` reads JSON into typed patterns and says of each fault where it is; the rest
//! matches and cannot fail.
//!
//! A `body` with fields matches JSON bodies only, a `body` with a list of rules those that are neither
//! a JSON object nor a list: so it is in Lambda.

use std::fmt;

use serde_json::Value;

use crate::message::Message;

mod decimal;
mod event;
mod glob;
mod json;
mod parse;
mod pattern;
mod rule;

pub use parse::Fault;

use event::Record;
use pattern::Pattern;

/// What a queue lets through to its functions.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    patterns: Vec<Pattern>,
    /// As it was given: a list of patterns.
    source: Value,
}

/// A filter, and what becomes of the messages that it does not let through.
#[derive(Clone, Debug, PartialEq)]
pub struct Filtering {
    /// The filter.
    pub filter: Filter,
    /// What becomes of the others.
    pub otherwise: OnFiltered,
}

/// What becomes of a message that the filter does not let through. There is no default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFiltered {
    /// It is deleted.
    Delete,
    /// It is given back for others that receive from the queue.
    Release,
    /// A copy goes to the dead-letter queue.
    DeadLetter,
}

impl Filter {
    /// Reads a pattern, a list of them, or Lambda's `{"Filters": [{"Pattern": "…"}]}`.
    ///
    /// # Errors
    /// With everything that is wrong.
    pub fn parse(json: &Value) -> Result<Self, Vec<Fault>> {
        parse::filter(json)
    }

    /// Whether the message is let through.
    pub fn matches(&self, message: &Message) -> bool {
        let record = Record::new(message);
        (self.patterns.iter()).any(|pattern| pattern.matches(&record.object()))
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl OnFiltered {
    /// The name in the configuration and in log lines.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Release => "release",
            Self::DeadLetter => "dead-letter",
        }
    }
}

#[cfg(test)]
#[path = "laws_tests.rs"]
mod laws;
#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
