//! `sqs-connector peek` and `redrive`: what is in the dead-letter queue, and back with it.

mod choice;
mod copy;
mod native;
mod peek;
mod redrive;
mod show;
mod walk;

pub use peek::peek;
pub use redrive::redrive;

use anyhow::{Context as _, bail};

use crate::queue::{Attributes, IllegiblePolicy, Queue};

/// What `peek` is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peek {
    /// Whose dead-letter queue, by name or URL; the only configured queue's where not given.
    pub queue: Option<String>,
    /// How many messages to show at most.
    pub limit: usize,
    /// Only the messages with one of these message or correlation ids.
    pub ids: Vec<String>,
    /// One JSON object a line, bodies whole.
    pub json: bool,
}

/// What `redrive` is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redrive {
    /// Whose dead-letter queue, by name or URL; the only configured queue's where not given.
    pub queue: Option<String>,
    /// Only the messages with one of these message or correlation ids; all where empty.
    pub ids: Vec<String>,
    /// Do it; else it is only said what would be done.
    pub execute: bool,
    /// Messages a second at most.
    pub rate: Option<u32>,
    /// Receive, send and delete one by one, even where SQS could move them itself.
    pub copy: bool,
}

/// A queue and its dead-letter queue, with what both say of themselves.
struct Pair {
    source: Queue,
    known: Attributes,
    dlq: Queue,
    dead: Attributes,
}

impl Pair {
    async fn of(source: &Queue) -> anyhow::Result<Self> {
        let name = source.name();
        let known = (source.attributes().await)
            .with_context(|| format!("cannot ask queue {name} for its redrive policy"))?;
        if let Some(illegible) = &known.illegible {
            bail!("queue {name}: {illegible}; {}", IllegiblePolicy::REMEDY);
        }
        let policy = known.redrive.as_ref().with_context(|| {
            format!("queue {name} has no dead-letter queue; give it a redrive policy")
        })?;
        let wanted = &policy.target.name;
        let dlq = (source.dead_letter_queue(&policy.target).await).with_context(|| {
            format!("cannot find the dead-letter queue {wanted} of queue {name}")
        })?;
        let dead = (dlq.attributes().await)
            .with_context(|| format!("cannot ask the dead-letter queue {wanted}"))?;
        Ok(Self {
            source: source.clone(),
            known,
            dlq,
            dead,
        })
    }
}
