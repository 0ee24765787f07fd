//! From what was answered to what is well, what is not, and what to do about it. Pure.

use std::time::Duration;

use serde::Serialize;

use super::callbacks;
use super::{Facts, GatewayFacts, QueueFacts, Tried};
use crate::config::{Config, QueueConfig};
use crate::filter::OnFiltered;
use crate::queue::{Attributes, IllegiblePolicy, QueueError, QueueErrorKind};
use crate::verdict::OnRejection;

/// Below this, one crash and one duplicate suffice for a good message to be dead-lettered.
const FEWEST_RECEIVES: u32 = 3;

/// How well something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// It is well.
    Ok,
    /// It works, and will not work well.
    Warning,
    /// It will not work.
    Failed,
    /// Nobody knows: it was not tried.
    NotTried,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The queue, or `gateway`.
    pub subject: String,
    /// What was looked at.
    pub check: &'static str,
    /// How well it is.
    pub result: Mark,
    /// What was found.
    pub says: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// Whether nothing failed.
pub fn is_well(findings: &[Finding]) -> bool {
    findings
        .iter()
        .all(|finding| finding.result != Mark::Failed)
}

/// Judges all facts: the gateway first, then the queues in the order of the configuration.
pub fn findings(config: &Config, facts: &Facts) -> Vec<Finding> {
    let mut all = gateway(config, &facts.gateway);
    all.extend(callbacks::findings(config, facts.asynchronous.as_ref()));
    for (n, (queue, known)) in config.queues.iter().zip(&facts.queues).enumerate() {
        all.extend(of_queue(queue, known));
        all.push(visibility(config, queue));
        if let GatewayFacts::Subscribed(lists) = &facts.gateway {
            all.push(subscribed(
                queue,
                lists.get(n).map_or(&[][..], Vec::as_slice),
            ));
        }
    }
    all
}

/// What can be told of a queue by its attributes alone.
pub fn of_attributes(queue: &QueueConfig, known: &Attributes) -> Vec<Finding> {
    let about = About(queue.url.name());
    let mut all = vec![fifo(&about, queue, known), redrive(&about, queue, known)];
    if let Some(key) = &known.kms_key {
        let says = format!(
            "encrypted with the KMS key {key}; whether that may be used shows at the first message"
        );
        let remedy =
            "allow the role kms:Decrypt on it, and kms:GenerateDataKey for the dead-letter queue";
        all.push(about.not_tried("encryption", says).with(remedy));
    }
    all
}

fn of_queue(queue: &QueueConfig, facts: &QueueFacts) -> Vec<Finding> {
    let about = About(queue.url.name());
    let mut all = Vec::new();
    match &facts.attributes {
        Ok(known) => {
            let says = format!(
                "{} messages to be received, {} held",
                known.visible, known.in_flight
            );
            all.push(about.ok("reachable", says));
            all.extend(of_attributes(queue, known));
        }
        Err(error) => all.push(about.refused("reachable", error, "sqs:GetQueueAttributes")),
    }
    all.push(about.permitted("may receive", &facts.receive, "sqs:ReceiveMessage"));
    all.push(about.permitted("may delete", &facts.delete, "sqs:DeleteMessage"));
    all.push(about.permitted(
        "may extend",
        &facts.change_visibility,
        "sqs:ChangeMessageVisibility",
    ));
    if let Some((known, sending)) = &facts.dead_letters {
        all.push(match known {
            Ok(dlq) => dead_letters(&about, facts, dlq),
            Err(error) => about.refused(
                "dead-letter queue",
                error,
                "sqs:GetQueueUrl and sqs:GetQueueAttributes on it",
            ),
        });
        all.push(about.permitted(
            "may dead-letter",
            sending,
            "sqs:SendMessage on the dead-letter queue",
        ));
    }
    all
}

fn fifo(about: &About<'_>, queue: &QueueConfig, known: &Attributes) -> Finding {
    let named = queue.url.name().ends_with(".fifo");
    match (named, known.fifo) {
        (true, true) => about.ok(
            "order",
            "FIFO: groups in parallel, strictly in order inside",
        ),
        (false, false) => about.ok("order", "a standard queue: no order is promised"),
        (named, _) => about
            .failed(
                "order",
                format!(
                    "its name says that it is {}, and its attributes say the opposite",
                    if named { "FIFO" } else { "standard" }
                ),
            )
            .with("check url and endpoint_url: this may be another server than meant"),
    }
}

fn redrive(about: &About<'_>, queue: &QueueConfig, known: &Attributes) -> Finding {
    let check = "redrive policy";
    let on_filtered = queue.filtering.as_ref().map(|it| it.otherwise);
    if let Some(illegible) = &known.illegible {
        let says = format!("{illegible}; while it stands nothing is sent to a dead-letter queue");
        return about.failed(check, says).with(IllegiblePolicy::REMEDY);
    }
    let Some(policy) = &known.redrive else {
        if queue.on_rejection == Some(OnRejection::DeadLetter) {
            return about
                .failed(
                    check,
                    "on_rejection is dead-letter, and the queue has no dead-letter queue",
                )
                .with("give the queue a redrive policy, or set on_rejection=retry");
        }
        if on_filtered == Some(OnFiltered::DeadLetter) {
            return about
                .failed(
                    check,
                    "on_filtered is dead-letter, and the queue has no dead-letter queue",
                )
                .with("give the queue a redrive policy, or set on_filtered=delete");
        }
        return about
            .warning(check, "none: a message that never succeeds comes again until its retention ends, and is lost then")
            .with("give the queue a dead-letter queue with maxReceiveCount 5");
    };
    let (name, count) = (&policy.target.name, policy.max_receive_count);
    let says = format!("to {name} after {count} receives");
    if count < FEWEST_RECEIVES {
        return about
            .warning(
                check,
                format!("{says}: a restart and a duplicate suffice for a good message to go there"),
            )
            .with("set maxReceiveCount to 5");
    }
    if on_filtered == Some(OnFiltered::Release) {
        return about
            .warning(
                check,
                format!("{says}, and on_filtered is release: so often may a message be released that the filter does not let through"),
            )
            .with("set on_filtered=delete or dead-letter, or give the other receivers a queue of their own");
    }
    about.ok(check, says)
}

fn dead_letters(about: &About<'_>, facts: &QueueFacts, dlq: &Attributes) -> Finding {
    let check = "dead-letter queue";
    let source = facts
        .attributes
        .as_ref()
        .ok()
        .and_then(|known| known.retention);
    if let (Some(source), Some(kept)) = (source, dlq.retention)
        && kept <= source
        && kept < Duration::from_secs(14 * 24 * 60 * 60)
    {
        let says = format!(
            "keeps messages for {} and the queue for {}: SQS counts from when a message was first sent, so that dead letters may be gone before anyone looks",
            days(kept),
            days(source)
        );
        return about
            .warning(check, says)
            .with("set MessageRetentionPeriod of the dead-letter queue to 14 days");
    }
    match dlq.visible + dlq.in_flight {
        0 => about.ok(check, "empty"),
        n => about
            .warning(check, format!("holds {n} messages"))
            .with("look at them with `sqs-connector peek`, and send them back with `sqs-connector redrive`"),
    }
}

fn visibility(config: &Config, queue: &QueueConfig) -> Finding {
    let about = About(queue.url.name());
    let (held, call) = (queue.visibility_timeout, config.gateway.upstream_timeout);
    let says = format!("held for {held:?}, and a function may take {call:?}");
    if held < call {
        return about
            .warning("visibility", format!("{says}: while SQS can't be asked for more, it hands the message to another receiver"))
            .with("set visibility_timeout to at least upstream_timeout");
    }
    about.ok("visibility", says)
}

fn subscribed(queue: &QueueConfig, functions: &[String]) -> Finding {
    let about = About(queue.url.name());
    let check = "functions";
    let topic = &queue.topic;
    if functions.is_empty() {
        return about
            .failed(
                check,
                format!("none has the annotation topic={topic}: nothing is received"),
            )
            .with(format!(
                "give a function the annotation `topic: {topic}`, or the queue the topic of one"
            ));
    }
    about.ok(check, functions.join(", "))
}

fn gateway(config: &Config, facts: &GatewayFacts) -> Vec<Finding> {
    let about = About("gateway");
    vec![match facts {
        GatewayFacts::Subscribed(_) => {
            about.ok("lists its functions", format!("{}", config.gateway.url))
        }
        GatewayFacts::Silent(reason) => {
            let remedy = if reason.contains("status 401") || reason.contains("status 403") {
                "mount the secret basic-auth of the gateway's namespace at secret_mount_path"
            } else {
                "check gateway_url, and that the gateway is up and reachable from here"
            };
            about
                .failed(
                    "lists its functions",
                    format!("{}: {reason}", config.gateway.url),
                )
                .with(remedy)
        }
    }]
}

fn days(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 86_400, seconds % 86_400) {
        (days, 0) => format!("{days} d"),
        _ => format!("{} h", seconds / 3600),
    }
}

/// Makes findings about one subject.
pub(super) struct About<'a>(pub(super) &'a str);

impl About<'_> {
    fn finding(&self, check: &'static str, result: Mark, says: impl Into<String>) -> Finding {
        Finding {
            subject: self.0.to_owned(),
            check,
            result,
            says: says.into(),
            remedy: None,
        }
    }

    pub(super) fn ok(&self, check: &'static str, says: impl Into<String>) -> Finding {
        self.finding(check, Mark::Ok, says)
    }

    pub(super) fn warning(&self, check: &'static str, says: impl Into<String>) -> Finding {
        self.finding(check, Mark::Warning, says)
    }

    pub(super) fn failed(&self, check: &'static str, says: impl Into<String>) -> Finding {
        self.finding(check, Mark::Failed, says)
    }

    pub(super) fn not_tried(&self, check: &'static str, says: impl Into<String>) -> Finding {
        self.finding(check, Mark::NotTried, says)
    }

    fn permitted(&self, check: &'static str, tried: &Tried, action: &str) -> Finding {
        match tried {
            Tried::Permitted => self.ok(check, action),
            Tried::Refused(error) => self.refused(check, error, action),
            Tried::Not(why) => self.not_tried(check, format!("not tried: {why}")),
        }
    }

    fn refused(&self, check: &'static str, error: &QueueError, action: &str) -> Finding {
        let remedy = match error.kind {
            QueueErrorKind::Denied => {
                format!(
                    "allow the role {action}, and check that the credentials are the ones meant"
                )
            }
            QueueErrorKind::NotFound => "check the queue's URL, region and account".to_owned(),
            QueueErrorKind::Unreachable => {
                "check region and endpoint_url, and the network's way to SQS".to_owned()
            }
            QueueErrorKind::NoCredentials | QueueErrorKind::Refused => {
                error.kind.remedy().to_owned()
            }
            QueueErrorKind::Throttled | QueueErrorKind::Failed => "try again".to_owned(),
        };
        self.failed(check, error.to_string()).with(remedy)
    }
}

impl Finding {
    pub(super) fn with(self, remedy: impl Into<String>) -> Self {
        Self {
            remedy: Some(remedy.into()),
            ..self
        }
    }
}

#[cfg(test)]
#[path = "findings_tests.rs"]
pub(super) mod tests;
