//! A queue's attributes: their defaults, their ranges, and how they are read and written.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::redrive::{Redrive, RedriveAllow};
use super::refusal::{Code, Refusal};

/// The attributes that can be set, in the order they are listed.
const SETTABLE: [&str; 15] = [
    "VisibilityTimeout",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "DelaySeconds",
    "ReceiveMessageWaitTimeSeconds",
    "Policy",
    "RedrivePolicy",
    "RedriveAllowPolicy",
    "FifoQueue",
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "FifoThroughputLimit",
    "KmsMasterKeyId",
    "KmsDataKeyReusePeriodSeconds",
    "SqsManagedSseEnabled",
];

/// The attributes that only the queue itself knows.
pub(crate) const OBSERVED: [&str; 6] = [
    "QueueArn",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
];

/// What was set, or the default. Times are in seconds, as the service has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) fifo: bool,
    pub(crate) visibility_timeout: u64,
    pub(crate) maximum_message_size: usize,
    pub(crate) retention: u64,
    pub(crate) delay: u64,
    pub(crate) wait: u64,
    pub(crate) content_based_deduplication: bool,
    /// `DeduplicationScope` is `messageGroup`.
    pub(crate) deduplicate_by_group: bool,
    throughput_by_group: bool,
    pub(crate) redrive: Option<Redrive>,
    pub(crate) redrive_allow: Option<RedriveAllow>,
    /// Kept and answered, without effect here: access policy and encryption.
    inert: BTreeMap<String, String>,
}

impl Settings {
    /// A new queue's, with what the request sets.
    ///
    /// # Errors
    ///
    /// An attribute that is unknown, out of range, or not for this type of queue.
    pub(crate) fn new(fifo: bool, attributes: &BTreeMap<String, String>) -> Result<Self, Refusal> {
        let mut settings = Self {
            fifo,
            visibility_timeout: 30,
            maximum_message_size: 1_048_576,
            retention: 345_600,
            delay: 0,
            wait: 0,
            content_based_deduplication: false,
            deduplicate_by_group: false,
            throughput_by_group: false,
            redrive: None,
            redrive_allow: None,
            inert: BTreeMap::from([("SqsManagedSseEnabled".to_owned(), "true".to_owned())]),
        };
        settings.apply(attributes)?;
        Ok(settings)
    }

    /// Sets all of these or, on an error, leaves a half-set copy: apply it to a clone.
    pub(crate) fn apply(&mut self, attributes: &BTreeMap<String, String>) -> Result<(), Refusal> {
        attributes
            .iter()
            .try_for_each(|(name, value)| self.set(name, value))
    }

    /// The first of these attributes whose value differs from the one here.
    pub(crate) fn differing<'a>(
        &self,
        attributes: &'a BTreeMap<String, String>,
    ) -> Result<Option<&'a str>, Refusal> {
        let mut asked = self.clone();
        asked.apply(attributes)?;
        Ok(attributes
            .keys()
            .map(String::as_str)
            .find(|name| asked.get(name) != self.get(name)))
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        let seconds = |range| number(name, value, range);
        match name {
            "VisibilityTimeout" => self.visibility_timeout = seconds(0..=43_200)?,
            "MaximumMessageSize" => {
                let bytes = seconds(1024..=1_048_576)?;
                self.maximum_message_size = usize::try_from(bytes).unwrap_or(usize::MAX);
            }
            "MessageRetentionPeriod" => self.retention = seconds(60..=1_209_600)?,
            "DelaySeconds" => self.delay = seconds(0..=900)?,
            "ReceiveMessageWaitTimeSeconds" => self.wait = seconds(0..=20)?,
            "RedrivePolicy" => {
                self.redrive = optional(value).map(Redrive::parse).transpose()?;
            }
            "RedriveAllowPolicy" => {
                self.redrive_allow = optional(value).map(RedriveAllow::parse).transpose()?;
            }
            "FifoQueue" if !self.fifo => return Err(unknown(name)),
            "FifoQueue" => {
                if !flag(name, value)? {
                    return Err(Refusal::new(
                        Code::InvalidAttributeValue,
                        "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
                    ));
                }
            }
            "ContentBasedDeduplication" if !self.fifo => return Err(unknown(name)),
            "ContentBasedDeduplication" => self.content_based_deduplication = flag(name, value)?,
            "DeduplicationScope" | "FifoThroughputLimit" if !self.fifo => {
                return Err(Refusal::new(
                    Code::InvalidAttributeName,
                    format!("You can specify the {name} only when FifoQueue is set to true."),
                ));
            }
            "DeduplicationScope" => {
                self.deduplicate_by_group = choice(name, value, "queue", "messageGroup")?;
            }
            "FifoThroughputLimit" => {
                self.throughput_by_group = choice(name, value, "perQueue", "perMessageGroupId")?;
            }
            "Policy" | "KmsMasterKeyId" => self.keep(name, value),
            "KmsDataKeyReusePeriodSeconds" => {
                number(name, value, 60..=86_400)?;
                self.keep(name, value);
            }
            "SqsManagedSseEnabled" => {
                let on = flag(name, value)?;
                self.keep(name, if on { "true" } else { "false" });
            }
            _ => return Err(unknown(name)),
        }
        Ok(())
    }

    fn keep(&mut self, name: &str, value: &str) {
        if value.is_empty() {
            self.inert.remove(name);
        } else {
            self.inert.insert(name.to_owned(), value.to_owned());
        }
    }

    /// The value of a settable attribute; None when it is not set, or not one.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let of_fifo = |text: &str| self.fifo.then(|| text.to_owned());
        match name {
            "VisibilityTimeout" => Some(self.visibility_timeout.to_string()),
            "MaximumMessageSize" => Some(self.maximum_message_size.to_string()),
            "MessageRetentionPeriod" => Some(self.retention.to_string()),
            "DelaySeconds" => Some(self.delay.to_string()),
            "ReceiveMessageWaitTimeSeconds" => Some(self.wait.to_string()),
            "RedrivePolicy" => self.redrive.as_ref().map(Redrive::write),
            "RedriveAllowPolicy" => self.redrive_allow.as_ref().map(RedriveAllow::write),
            "FifoQueue" => of_fifo("true"),
            "ContentBasedDeduplication" => of_fifo(if self.content_based_deduplication {
                "true"
            } else {
                "false"
            }),
            "DeduplicationScope" => of_fifo(if self.deduplicate_by_group {
                "messageGroup"
            } else {
                "queue"
            }),
            "FifoThroughputLimit" => of_fifo(if self.throughput_by_group {
                "perMessageGroupId"
            } else {
                "perQueue"
            }),
            _ => self.inert.get(name).cloned(),
        }
    }

    /// Every settable attribute that has a value.
    pub(crate) fn list(&self) -> impl Iterator<Item = (&'static str, String)> {
        SETTABLE
            .into_iter()
            .filter_map(|name| self.get(name).map(|value| (name, value)))
    }

    /// Whether a queue can have an attribute of this name at all.
    pub(crate) fn is_known(name: &str) -> bool {
        SETTABLE.contains(&name) || OBSERVED.contains(&name)
    }
}

pub(crate) fn unknown(name: &str) -> Refusal {
    Refusal::new(
        Code::InvalidAttributeName,
        format!("Unknown Attribute {name}."),
    )
}

fn bad(name: &str) -> Refusal {
    Refusal::new(
        Code::InvalidAttributeValue,
        format!("Invalid value for the parameter {name}."),
    )
}

fn optional(value: &str) -> Option<&str> {
    (!value.is_empty()).then_some(value)
}

fn number(name: &str, value: &str, range: RangeInclusive<u64>) -> Result<u64, Refusal> {
    value
        .parse()
        .ok()
        .filter(|number| range.contains(number))
        .ok_or_else(|| bad(name))
}

fn flag(name: &str, value: &str) -> Result<bool, Refusal> {
    match value {
        _ if value.eq_ignore_ascii_case("true") => Ok(true),
        _ if value.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(bad(name)),
    }
}

/// False for the first of two words, true for the second.
fn choice(name: &str, value: &str, first: &str, second: &str) -> Result<bool, Refusal> {
    match value {
        _ if value == first => Ok(false),
        _ if value == second => Ok(true),
        _ => Err(bad(name)),
    }
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
