//! What became of a delivery: told by the log lines with its id, and by what lies in the queues.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::Way;
use crate::process::{Line, Process};

/// What became of a delivery, by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The function did its work and the message was deleted.
    Succeeded,
    /// The function refused it for good: set aside in the dead-letter queue, with the reason.
    Rejected,
    /// Its receives are used up: in the dead-letter queue.
    DeadLettered,
    /// Still on its way.
    Pending,
    /// Nowhere.
    Lost,
}

impl Way {
    /// The lines of all parts that carry this id.
    pub fn lines_of(&self, id: &str) -> Vec<Line> {
        let parts = [
            Some(&self.stack),
            self.connector.as_ref(),
            self.function.as_ref(),
        ];
        parts
            .into_iter()
            .flatten()
            .flat_map(Process::lines)
            .chain(self.past.iter().cloned())
            .filter(|line| line.correlation_id() == Some(id))
            .collect()
    }

    /// What became of the delivery with this id.
    ///
    /// # Errors
    /// When the stack does not answer.
    pub async fn fate(&self, id: &str) -> anyhow::Result<Fate> {
        Ok(self.fate_in(&self.census().await?, id))
    }

    fn fate_in(&self, queues: &Value, id: &str) -> Fate {
        let lines = self.lines_of(id);
        let passed = |milestone| lines.iter().any(|line| line.milestone() == Some(milestone));
        let topic = self.topic();
        let dead = match topic.strip_suffix(".fifo") {
            Some(stem) => format!("{stem}-dlq.fifo"),
            None => format!("{topic}-dlq"),
        };
        match find(queues, &dead, id) {
            // Sent there by the connector, which says so a moment later.
            Some(message) if message["attributes"]["throughline_reason"].is_string() => {
                if passed("MESSAGE_DEAD_LETTERED") {
                    Fate::Rejected
                } else {
                    Fate::Pending
                }
            }
            Some(_) => Fate::DeadLettered,
            None if passed("MESSAGE_DELETED") => Fate::Succeeded,
            None if find(queues, &topic, id).is_some() => Fate::Pending,
            // Another server only counts them.
            None if queues["queues"][&topic]["waiting"].as_u64() > Some(0) => Fate::Pending,
            None => Fate::Lost,
        }
    }

    /// Waits until every one of these deliveries has come to an end; gives their fates.
    ///
    /// # Errors
    /// When the stack does not answer. Deliveries that are not at an end in time are given as
    /// [`Fate::Pending`].
    pub async fn settled(
        &self,
        ids: &[String],
        patience: Duration,
    ) -> anyhow::Result<BTreeMap<String, Fate>> {
        let until = tokio::time::Instant::now() + patience;
        loop {
            let queues = self.census().await?;
            let fates: BTreeMap<_, _> = ids
                .iter()
                .map(|id| (id.clone(), self.fate_in(&queues, id)))
                .collect();
            let open = fates
                .values()
                .any(|fate| matches!(fate, Fate::Pending | Fate::Lost));
            if !open || tokio::time::Instant::now() >= until {
                return Ok(fates);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// The message in a queue whose envelope has this id.
fn find<'a>(census: &'a Value, queue: &str, id: &str) -> Option<&'a Value> {
    let mut messages = census["queues"][queue]["messages"].as_array()?.iter();
    messages.find(|message| {
        message["body"]
            .as_str()
            .is_some_and(|body| body.contains(id))
    })
}
