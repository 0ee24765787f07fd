//! A fault as it is written.

use serde::{Deserialize, Serialize};

use super::super::action::Action;

/// Which requests something goes wrong with, how often, and what.
///
/// ```json
/// {"action":"ReceiveMessage","queue":"kanban-events","after":1,"times":2,
///  "effect":{"fail":{"status":500,"code":"InternalError"}}}
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// An action's name, or `*`.
    pub action: Target,
    /// A queue's name; every queue without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// How often it fires; until cleared without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// How many matching requests pass unharmed before.
    #[serde(default)]
    pub after: u64,
    /// Fires with this probability, drawn from the server's seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    pub effect: Effect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Target {
    Every,
    One(Action),
}

impl TryFrom<String> for Target {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        if name == "*" {
            return Ok(Self::Every);
        }
        Action::named(&name).map(Self::One).map_err(|_| {
            format!("action = {name:?}: no such action; give one, such as ReceiveMessage, or *")
        })
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        match target {
            Target::Every => "*".to_owned(),
            Target::One(action) => action.name().to_owned(),
        }
    }
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// Answers with an error, such as 500 `InternalError` or 403 `ExpiredToken`, without doing
    /// anything.
    Fail {
        status: u16,
        code: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// Answers 400 `RequestThrottled`, or `ThrottlingException` if that is the code asked for.
    Throttle {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
    },
    /// Waits before the action, or with `after` before the answer.
    Delay(Pause),
    /// Closes the connection without an answer: before the action, or with `after` once it was
    /// carried out.
    Drop(When),
    /// Says nothing for that long and then closes the connection: without the action, or with
    /// `after` once it was carried out.
    Hang(Pause),
    /// A receive leaves its messages visible, so that the next one delivers them again.
    Duplicate {},
    /// A batch answers 200 with these entries under `Failed`; they are not carried out.
    FailEntries(Entries),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    #[serde(default)]
    pub after: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    pub ms: u64,
    #[serde(default)]
    pub after: bool,
}

/// Which entries of a batch fail: exactly one of `every`, `ids` and `first_n`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entries {
    pub code: String,
    #[serde(default)]
    pub sender_fault: bool,
    /// Every n-th entry: 1 is each, 2 the second, fourth, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<usize>,
    /// The entries with these ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<String>>,
    /// The first n entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_n: Option<usize>,
}

impl Entries {
    /// Whether the entry at this position (from 0) fails.
    pub(crate) fn hit(&self, position: usize, id: &str) -> bool {
        self.every.is_some_and(|n| (position + 1).is_multiple_of(n))
            || self
                .ids
                .as_ref()
                .is_some_and(|ids| ids.iter().any(|hit| hit == id))
            || self.first_n.is_some_and(|n| position < n)
    }
}

/// A fault that can't be meant.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum BadFault {
    #[error("probability = {0}: give a number from 0 to 1")]
    Probability(f64),
    #[error("times = 0: it would never fire; leave it out to fire until cleared")]
    Never,
    #[error("fail.status = {0}: give a status from 400 to 599")]
    Status(u16),
    #[error("throttle.code = {0:?}: give RequestThrottled or ThrottlingException")]
    Throttle(String),
    #[error("fail_entries: give exactly one of every (1 or more), ids and first_n")]
    Entries,
    #[error("{effect} needs {needs}, and action = {action:?} is none")]
    Effect {
        effect: &'static str,
        needs: &'static str,
        action: String,
    },
}

impl Fault {
    pub(crate) fn matches(&self, action: Action, queue: Option<&str>) -> bool {
        let aimed = match self.action {
            Target::Every => true,
            Target::One(one) => one == action,
        };
        aimed
            && self.effect.fits(action)
            && self.queue.as_deref().is_none_or(|name| queue == Some(name))
    }

    pub(crate) fn check(&self) -> Result<(), BadFault> {
        if let Some(odds) = self.probability
            && !(0.0..=1.0).contains(&odds)
        {
            return Err(BadFault::Probability(odds));
        }
        if self.times == Some(0) {
            return Err(BadFault::Never);
        }
        match &self.effect {
            Effect::Fail { status, .. } if !(400..=599).contains(status) => {
                Err(BadFault::Status(*status))
            }
            Effect::Throttle { code: Some(code) }
                if code != "RequestThrottled" && code != "ThrottlingException" =>
            {
                Err(BadFault::Throttle(code.clone()))
            }
            Effect::FailEntries(entries) => {
                let given = usize::from(entries.every.is_some())
                    + usize::from(entries.ids.is_some())
                    + usize::from(entries.first_n.is_some());
                if given != 1 || entries.every == Some(0) {
                    return Err(BadFault::Entries);
                }
                self.needs("fail_entries", "a batch action or *")
            }
            Effect::Duplicate {} => self.needs("duplicate", "ReceiveMessage or *"),
            _ => Ok(()),
        }
    }

    fn needs(&self, effect: &'static str, needs: &'static str) -> Result<(), BadFault> {
        match self.action {
            Target::One(action) if !self.effect.fits(action) => Err(BadFault::Effect {
                effect,
                needs,
                action: action.name().to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

impl Effect {
    /// Whether it can have an effect on this action at all.
    fn fits(&self, action: Action) -> bool {
        match self {
            Self::Duplicate {} => action == Action::ReceiveMessage,
            Self::FailEntries(_) => matches!(
                action,
                Action::SendMessageBatch
                    | Action::DeleteMessageBatch
                    | Action::ChangeMessageVisibilityBatch
            ),
            _ => true,
        }
    }
}

#[cfg(test)]
#[path = "spec_tests.rs"]
mod tests;
