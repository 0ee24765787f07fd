//! How a function wants to be tried again, by its annotations `com.openfaas.retry.*`.
//!
//! They are those of the queue-worker. A bad value is told, and the default holds in its place.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use throughline::parse_duration;

use crate::backoff::Backoff;
use crate::lease::MAX_HELD;

const ATTEMPTS: &str = "com.openfaas.retry.attempts";
const CODES: &str = "com.openfaas.retry.codes";
const MIN_WAIT: &str = "com.openfaas.retry.min_wait";
const MAX_WAIT: &str = "com.openfaas.retry.max_wait";

/// What a function's annotations say; nothing where they say nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetryRules {
    /// After so many tries a message that fails is treated as rejected.
    pub attempts: Option<u32>,
    /// The statuses that are tried again; all others of the function are permanent.
    pub codes: Option<BTreeSet<u16>>,
    /// No pause between two tries is shorter, …
    pub min_wait: Option<Duration>,
    /// … and none is longer, unless `Retry-After` asks for it.
    pub max_wait: Option<Duration>,
}

/// An annotation that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BadAnnotation {
    /// Whose.
    pub function: String,
    /// Its name.
    pub annotation: &'static str,
    /// Its value.
    pub value: String,
    /// What is wrong, and what would be right.
    pub reason: String,
}

impl fmt::Display for BadAnnotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {:?}: {}", self.annotation, self.value, self.reason)
    }
}

impl RetryRules {
    /// Reads them; what is wrong is put into `bad`.
    pub fn read(
        function: &str,
        annotations: &BTreeMap<String, Option<String>>,
        bad: &mut BTreeSet<BadAnnotation>,
    ) -> Self {
        let mut reader = Reader {
            function,
            annotations,
            bad,
        };
        let mut rules = Self {
            attempts: reader.read(ATTEMPTS, attempts),
            codes: reader.read(CODES, codes),
            min_wait: reader.read(MIN_WAIT, wait),
            max_wait: reader.read(MAX_WAIT, wait),
        };
        if let (Some(min), Some(max)) = (rules.min_wait, rules.max_wait)
            && max < min
        {
            reader.complain(MAX_WAIT, format!("less than min_wait, {min:?}; give more"));
            (rules.min_wait, rules.max_wait) = (None, None);
        }
        rules
    }

    /// The pause after delivery number `receive_count`: by the queue's backoff, within what the
    /// function wants. Its `min_wait` is waited in any case, and the jitter is drawn on top of it.
    pub fn pause(&self, backoff: Backoff, receive_count: u32, random: f64) -> Duration {
        let Some(least) = self.min_wait else {
            let max = self.max_wait.unwrap_or(backoff.max);
            let min = backoff.min.min(max);
            return Backoff { min, max }.delay(receive_count, random);
        };
        let max = self.max_wait.unwrap_or(backoff.max).max(least);
        let bound = Backoff { min: least, max }.bound(receive_count.saturating_add(1));
        least + (bound - least).mul_f64(random.clamp(0.0, 1.0))
    }

    /// Whether no try is left to the message after so many that failed.
    pub fn used_up(&self, tries: u32) -> bool {
        self.attempts.is_some_and(|most| tries >= most)
    }
}

struct Reader<'a> {
    function: &'a str,
    annotations: &'a BTreeMap<String, Option<String>>,
    bad: &'a mut BTreeSet<BadAnnotation>,
}

impl Reader<'_> {
    fn read<T>(
        &mut self,
        annotation: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.annotations.get(annotation)?.as_deref()?.trim();
        match parse(value) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.complain(annotation, reason);
                None
            }
        }
    }

    fn complain(&mut self, annotation: &'static str, reason: String) {
        let value = self.annotations.get(annotation).cloned().flatten();
        self.bad.insert(BadAnnotation {
            function: self.function.to_owned(),
            annotation,
            // It comes from outside and goes to the log.
            value: value.unwrap_or_default().chars().take(100).collect(),
            reason,
        });
    }
}

fn attempts(value: &str) -> Result<u32, String> {
    (value.parse().ok().filter(|n| *n >= 1))
        .ok_or_else(|| "give the number of tries, at least 1".into())
}

fn codes(value: &str) -> Result<BTreeSet<u16>, String> {
    let codes = value
        .split(',')
        .map(str::trim)
        .filter(|code| !code.is_empty());
    let codes: Result<BTreeSet<u16>, String> = codes
        .map(|code| {
            (code.parse().ok().filter(|code| (300..600).contains(code)))
                .ok_or_else(|| format!("{code:?} is no status from 300 to 599"))
        })
        .collect();
    let codes = codes?;
    if codes.is_empty() {
        return Err("give statuses, such as 408,500,502".into());
    }
    Ok(codes)
}

fn wait(value: &str) -> Result<Duration, String> {
    let wait = parse_duration(value).map_err(|error| error.to_string())?;
    if wait.is_zero() || wait > MAX_HELD {
        return Err("give more than 0 and at most the 12h that SQS grants".into());
    }
    Ok(wait)
}

#[cfg(test)]
#[path = "retry_rules_tests.rs"]
mod tests;
