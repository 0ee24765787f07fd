//! Redrive policies: where messages go that were received too often, and who may send them there.

use serde::Deserialize;
use serde_json::Value;

use super::refusal::Refusal;

const MOST_RECEIVES: u64 = 1000;
const MOST_SOURCES: usize = 10;

/// `RedrivePolicy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Redrive {
    pub(crate) target_arn: String,
    /// A message that was received so often goes to the target instead of being received again.
    pub(crate) max_receive_count: u32,
}

impl Redrive {
    /// # Errors
    ///
    /// When it is not an object with `deadLetterTargetArn`, an ARN of a queue, and
    /// `maxReceiveCount`, 1 to 1000, as a number or in quotes.
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        let refuse = |reason: &str| Refusal::parameter("RedrivePolicy", text, reason);
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct Raw {
            dead_letter_target_arn: Option<String>,
            max_receive_count: Option<Value>,
        }
        let raw: Raw = serde_json::from_str(text)
            .map_err(|_| refuse("Redrive policy is not a valid JSON map."))?;
        let target_arn = raw.dead_letter_target_arn.ok_or_else(|| {
            refuse("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.")
        })?;
        let count = raw.max_receive_count.ok_or_else(|| {
            refuse("Redrive policy does not contain mandatory attribute: maxReceiveCount.")
        })?;
        if queue_of(&target_arn).is_none() {
            return Err(refuse("Invalid value for deadLetterTargetArn."));
        }
        let count = match &count {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        let max_receive_count = count
            .filter(|count| (1..=MOST_RECEIVES).contains(count))
            .and_then(|count| u32::try_from(count).ok())
            .ok_or_else(|| {
                refuse(
                    "Invalid value for maxReceiveCount: must be between 1 and 1000 both inclusive.",
                )
            })?;
        Ok(Self {
            target_arn,
            max_receive_count,
        })
    }

    /// The name of the queue that the dead letters go to.
    pub(crate) fn target(&self) -> &str {
        queue_of(&self.target_arn).unwrap_or_default()
    }

    pub(crate) fn write(&self) -> String {
        serde_json::json!({
            "deadLetterTargetArn": self.target_arn,
            "maxReceiveCount": self.max_receive_count,
        })
        .to_string()
    }
}

/// `RedriveAllowPolicy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RedriveAllow {
    written: String,
    allowed: Option<Vec<String>>,
}

impl RedriveAllow {
    /// # Errors
    ///
    /// When it is not one of `allowAll`, `denyAll` and `byQueue` with 1 to 10 `sourceQueueArns`.
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        let refuse = |reason: &str| Refusal::parameter("RedriveAllowPolicy", text, reason);
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct Raw {
            redrive_permission: String,
            source_queue_arns: Option<Vec<String>>,
        }
        let raw: Raw = serde_json::from_str(text)
            .map_err(|_| refuse("Redrive allow policy is not a valid JSON map."))?;
        let allowed = match (raw.redrive_permission.as_str(), raw.source_queue_arns) {
            ("allowAll", None) => None,
            ("denyAll", None) => Some(Vec::new()),
            ("byQueue", Some(arns)) if (1..=MOST_SOURCES).contains(&arns.len()) => Some(arns),
            _ => {
                return Err(refuse(
                    "redrivePermission must be allowAll or denyAll, or byQueue with 1 to 10 sourceQueueArns.",
                ));
            }
        };
        Ok(Self {
            written: text.to_owned(),
            allowed,
        })
    }

    pub(crate) fn allows(&self, source_arn: &str) -> bool {
        self.allowed
            .as_ref()
            .is_none_or(|arns| arns.iter().any(|arn| arn == source_arn))
    }

    pub(crate) fn write(&self) -> String {
        self.written.clone()
    }
}

/// The queue's name in `arn:aws:sqs:<region>:<account>:<name>`.
pub(crate) fn queue_of(arn: &str) -> Option<&str> {
    let parts: Vec<_> = arn.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "sqs", region, account, name]
            if !region.is_empty() && !account.is_empty() && !name.is_empty() =>
        {
            Some(name)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:sqs:us-east-1:000000000000:dead";

    #[test]
    fn a_policy_needs_both_members_and_a_count_in_range() {
        let parsed = |count: &str| {
            Redrive::parse(&format!(
                r#"{{"deadLetterTargetArn":"{ARN}","maxReceiveCount":{count}}}"#
            ))
        };
        assert_eq!(parsed("3").unwrap().target(), "dead");
        assert_eq!(parsed(r#""42""#).unwrap().max_receive_count, 42);
        assert_eq!(Redrive::parse(&parsed("3").unwrap().write()), parsed("3"));
        for bad in ["0", "1001", "-1", "1.5", r#""x""#, "null"] {
            assert!(parsed(bad).is_err(), "{bad}");
        }
        for bad in [
            "",
            "[]",
            r#"{"maxReceiveCount":3}"#,
            r#"{"deadLetterTargetArn":"dummy","maxReceiveCount":3}"#,
        ] {
            assert!(Redrive::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_allow_policy_says_who_may_send_dead_letters() {
        let allows = |text: &str| RedriveAllow::parse(text).unwrap().allows(ARN);
        assert!(allows(r#"{"redrivePermission":"allowAll"}"#));
        assert!(!allows(r#"{"redrivePermission":"denyAll"}"#));
        assert!(allows(&format!(
            r#"{{"redrivePermission":"byQueue","sourceQueueArns":["{ARN}"]}}"#
        )));
        assert!(!allows(
            r#"{"redrivePermission":"byQueue","sourceQueueArns":["arn:aws:sqs:r:a:other"]}"#
        ));
        assert!(RedriveAllow::parse(r#"{"redrivePermission":"byQueue"}"#).is_err());
    }
}
