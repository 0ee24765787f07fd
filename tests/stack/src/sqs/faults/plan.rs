//! What the faults make of one request.

use std::time::Duration;

use super::super::model::refusal::Code;
use super::spec::{Effect, Entries};

/// How a request ends otherwise than it would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// An error, and nothing done.
    Answer {
        status: u16,
        code: String,
        message: String,
    },
    /// The connection is closed after this time; the action was carried out or not.
    Cut { done: bool, after: Duration },
}

/// Everything that fired, in one place.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) before: Duration,
    pub(crate) afterwards: Duration,
    pub(crate) ending: Option<Ending>,
    pub(crate) duplicate: bool,
    pub(crate) entries: Vec<Entries>,
}

impl Plan {
    pub(super) const fn is_ended(&self) -> bool {
        self.ending.is_some()
    }

    pub(super) fn add(&mut self, effect: &Effect) {
        match effect {
            Effect::Fail {
                status,
                code,
                message,
            } => {
                let message = message
                    .clone()
                    .unwrap_or_else(|| format!("A fault answers this request with {code}."));
                self.ending = Some(Ending::Answer {
                    status: *status,
                    code: code.clone(),
                    message,
                });
            }
            Effect::Throttle { code } => {
                let code = code
                    .as_deref()
                    .unwrap_or(Code::RequestThrottled.query_code());
                self.ending = Some(Ending::Answer {
                    status: 400,
                    code: code.to_owned(),
                    message: "Rate exceeded".to_owned(),
                });
            }
            Effect::Delay(pause) if pause.after => {
                self.afterwards += Duration::from_millis(pause.ms)
            }
            Effect::Delay(pause) => self.before += Duration::from_millis(pause.ms),
            Effect::Drop(when) => {
                self.ending = Some(Ending::Cut {
                    done: when.after,
                    after: Duration::ZERO,
                });
            }
            Effect::Hang(pause) => {
                self.ending = Some(Ending::Cut {
                    done: pause.after,
                    after: Duration::from_millis(pause.ms),
                });
            }
            Effect::Duplicate {} => self.duplicate = true,
            Effect::FailEntries(entries) => self.entries.push(entries.clone()),
        }
    }

    /// The first fault that hits this entry of a batch.
    pub(crate) fn entry(&self, position: usize, id: &str) -> Option<&Entries> {
        self.entries
            .iter()
            .find(|entries| entries.hit(position, id))
    }
}
