//! The look aside, for tests and for people: what no client of the service can see.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use serde::Serialize;

use super::Sqs;
use super::action::Action;
use super::model::message::{Message, Standing};
use super::model::message_attribute::AttributeValue;
use super::model::tally::{Counts, Totals};

/// Everything at one moment.
#[derive(Debug, Clone, Serialize)]
pub struct Census {
    /// Requests by action, refused and failed ones too.
    pub requests: BTreeMap<&'static str, u64>,
    pub queues: BTreeMap<String, QueueView>,
}

/// A queue at one moment.
#[derive(Debug, Clone, Serialize)]
pub struct QueueView {
    pub counts: Counts,
    pub totals: Totals,
    /// In the order they came in.
    pub messages: Vec<MessageView>,
}

/// A message at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MessageView {
    pub id: String,
    pub body: String,
    /// Message attributes; a binary one as text, with what is no UTF-8 replaced.
    pub attributes: BTreeMap<String, String>,
    /// `visible`, `in_flight` or `delayed`.
    pub standing: &'static str,
    pub receive_count: u32,
    pub sent_at_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The ARN of the queue that it was dead-lettered from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_letter_source: Option<String>,
}

impl Sqs {
    /// Everything at one moment, with every message.
    pub fn census(&self) -> Census {
        Census {
            requests: self.requests(),
            queues: self.with(|account, now| {
                let names: Vec<_> = account.names("", None).cloned().collect();
                let views = names.into_iter().filter_map(|name| {
                    let queue = account.queue(&name, now).ok()?;
                    let view = QueueView {
                        counts: queue.counts(),
                        totals: queue.totals.clone(),
                        messages: queue.messages().map(view).collect(),
                    };
                    Some((name.to_string(), view))
                });
                views.collect()
            }),
        }
    }

    /// Requests by action, refused and failed ones too; only actions that were asked for.
    pub fn requests(&self) -> BTreeMap<&'static str, u64> {
        let counted = Action::ALL.iter().zip(&self.requests);
        counted
            .map(|(action, count)| (action.name(), count.load(Ordering::Relaxed)))
            .filter(|(_, count)| *count > 0)
            .collect()
    }

    /// How many messages stand where in this queue; None when there is no such queue.
    pub fn counts(&self, queue: &str) -> Option<Counts> {
        self.with(|account, now| account.queue(queue, now).ok().map(|queue| queue.counts()))
    }

    /// What happened in this queue since it was made; None when there is no such queue.
    pub fn totals(&self, queue: &str) -> Option<Totals> {
        self.with(|account, now| {
            account
                .queue(queue, now)
                .ok()
                .map(|queue| queue.totals.clone())
        })
    }

    /// How many messages left this queue since it was made, whichever way; cheap enough to be asked
    /// after every request.
    pub fn departed(&self, queue: &str) -> u64 {
        self.with(|account, now| {
            account.queue(queue, now).map_or(0, |queue| {
                let totals = &queue.totals;
                totals.deleted
                    + totals.expired
                    + totals.purged
                    + totals.dead_letters_out
                    + totals.moved_out
            })
        })
    }

    /// The messages of this queue; none when there is no such queue.
    pub fn messages(&self, queue: &str) -> Vec<MessageView> {
        self.with(|account, now| {
            let queue = account.queue(queue, now).ok();
            queue.map_or_else(Vec::new, |queue| queue.messages().map(view).collect())
        })
    }
}

fn view(message: &Message) -> MessageView {
    let attributes = message.content.attributes.iter().map(|(name, attribute)| {
        let value = match &attribute.value {
            AttributeValue::Text(text) => text.clone(),
            AttributeValue::Binary(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        };
        (name.clone(), value)
    });
    MessageView {
        id: message.id.to_string(),
        body: message.content.body.to_string(),
        attributes: attributes.collect(),
        standing: match message.standing {
            Standing::Visible { .. } => "visible",
            Standing::InFlight { .. } => "in_flight",
            Standing::Delayed { .. } => "delayed",
        },
        receive_count: message.receive_count,
        sent_at_ms: message.sent_at,
        group: message.group.as_deref().map(str::to_owned),
        dead_letter_source: message.dead_letter_source.as_deref().map(str::to_owned),
    }
}
