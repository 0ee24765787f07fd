//! Making, finding, changing and deleting queues.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::account::{Account, COOLDOWN};
use super::message::Millis;
use super::queue::Queue;
use super::redrive::Redrive;
use super::refusal::{Code, Refusal};
use super::settings::{OBSERVED, Settings, unknown};
use super::text;

const FIFO: &str = ".fifo";

impl Account {
    /// Makes a queue, or finds that it is there with these attributes.
    ///
    /// # Errors
    ///
    /// A bad name, a bad attribute, or a queue that is there with other attributes.
    pub(crate) fn create(
        &mut self,
        name: &str,
        attributes: &BTreeMap<String, String>,
        now: Millis,
    ) -> Result<(), Refusal> {
        let fifo = check_name(name, attributes)?;
        if let Some(queue) = self.queues.get(name) {
            return match queue.settings.differing(attributes)? {
                None => Ok(()),
                Some(attribute) => Err(Refusal::new(
                    Code::QueueNameExists,
                    format!(
                        "A queue already exists with the same name and a different value for attribute {attribute}"
                    ),
                )),
            };
        }
        let settings = Settings::new(fifo, attributes)?;
        self.check_redrive(name, &settings)?;
        if self.rules.cooldowns && self.deleted.get(name).is_some_and(|at| at + COOLDOWN > now) {
            return Err(Refusal::new(
                Code::QueueDeletedRecently,
                "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
            ));
        }
        self.deleted.remove(name);
        let arn = Arc::from(self.arn(name));
        let queue = Queue::new(self.seed.next(), arn, settings, now);
        self.queues.insert(Arc::from(name), queue);
        Ok(())
    }

    fn check_redrive(&self, name: &str, settings: &Settings) -> Result<(), Refusal> {
        let Some(redrive) = &settings.redrive else {
            return Ok(());
        };
        let refuse = |reason| Err(Refusal::parameter("RedrivePolicy", redrive.write(), reason));
        let target = self
            .by_arn(&redrive.target_arn)
            .and_then(|name| self.queues.get(name));
        match target {
            None => refuse("Dead letter target does not exist."),
            Some(target) if target.settings.fifo != settings.fifo => {
                refuse("Dead-letter queue must be same type of queue as the source.")
            }
            Some(target)
                if target
                    .settings
                    .redrive_allow
                    .as_ref()
                    .is_some_and(|allow| !allow.allows(&self.arn(name))) =>
            {
                refuse("Queue does not have permission to use the dead-letter queue.")
            }
            Some(_) => Ok(()),
        }
    }

    /// Names that start with the prefix and come after `after`, in order.
    pub(crate) fn names(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> impl Iterator<Item = &Arc<str>> {
        self.queues.keys().filter(move |name| {
            name.starts_with(prefix) && after.is_none_or(|after| &***name > after)
        })
    }

    /// Queues whose dead letters go to this one and that come after `after`, in order.
    ///
    /// # Errors
    ///
    /// When the queue is not there.
    pub(crate) fn sources(
        &self,
        name: &str,
        after: Option<&str>,
    ) -> Result<Vec<Arc<str>>, Refusal> {
        if !self.queues.contains_key(name) {
            return Err(Refusal::no_such_queue());
        }
        let arn = self.arn(name);
        let sends_here = |redrive: &Redrive| redrive.target_arn == arn;
        let sources = self.queues.iter().filter(|(source, queue)| {
            queue.settings.redrive.as_ref().is_some_and(sends_here)
                && after.is_none_or(|after| &***source > after)
        });
        Ok(sources.map(|(source, _)| Arc::clone(source)).collect())
    }

    /// # Errors
    ///
    /// When the queue is not there.
    pub(crate) fn delete_queue(&mut self, name: &str, now: Millis) -> Result<(), Refusal> {
        self.touch(name);
        let (name, _) = self
            .queues
            .remove_entry(name)
            .ok_or_else(Refusal::no_such_queue)?;
        self.deleted.insert(name, now);
        Ok(())
    }

    /// # Errors
    ///
    /// No such queue, or a purge less than 60 seconds ago.
    pub(crate) fn purge(&mut self, name: &str, now: Millis) -> Result<(), Refusal> {
        let cooldowns = self.rules.cooldowns;
        let queue = self.queue(name, now)?;
        if cooldowns && queue.purged_at.is_some_and(|at| at + COOLDOWN > now) {
            return Err(Refusal::new(
                Code::PurgeQueueInProgress,
                format!("Only one PurgeQueue operation on {name} is allowed every 60 seconds."),
            ));
        }
        queue.purge(now);
        Ok(())
    }

    /// Sets all of these attributes or none.
    ///
    /// # Errors
    ///
    /// No such queue, or a bad attribute.
    pub(crate) fn set_attributes(
        &mut self,
        name: &str,
        attributes: &BTreeMap<String, String>,
        now: Millis,
    ) -> Result<(), Refusal> {
        let mut settings = Settings::clone(&self.queue(name, now)?.settings);
        settings.apply(attributes)?;
        self.check_redrive(name, &settings)?;
        let queue = self.queue(name, now)?;
        queue.settings = Arc::new(settings);
        queue.modified_at = now;
        self.touch(name);
        Ok(())
    }

    /// The attributes asked for, `All` for each that has a value.
    ///
    /// # Errors
    ///
    /// No such queue, or a name that no attribute has.
    pub(crate) fn attributes(
        &mut self,
        name: &str,
        asked: &[String],
        now: Millis,
    ) -> Result<BTreeMap<String, String>, Refusal> {
        let queue = self.queue(name, now)?;
        let known = |name: &&String| *name == "All" || Settings::is_known(name);
        if let Some(bad) = asked.iter().find(|name| !known(name)) {
            return Err(unknown(bad));
        }
        let wanted = |name: &str| asked.iter().any(|asked| asked == "All" || asked == name);
        let counts = queue.counts();
        let observed = |name: &str| match name {
            "QueueArn" => queue.arn.to_string(),
            "ApproximateNumberOfMessages" => counts.visible.to_string(),
            "ApproximateNumberOfMessagesNotVisible" => counts.in_flight.to_string(),
            "ApproximateNumberOfMessagesDelayed" => counts.delayed.to_string(),
            "CreatedTimestamp" => (queue.created_at / 1000).to_string(),
            _ => (queue.modified_at / 1000).to_string(),
        };
        let observed = OBSERVED.into_iter().map(|name| (name, observed(name)));
        Ok(observed
            .chain(queue.settings.list())
            .filter(|(name, _)| wanted(name))
            .map(|(name, value)| (name.to_owned(), value))
            .collect())
    }
}

/// Whether the name, with these attributes, is a FIFO queue's.
fn check_name(name: &str, attributes: &BTreeMap<String, String>) -> Result<bool, Refusal> {
    let asks_fifo = attributes
        .get("FifoQueue")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let stem = name.strip_suffix(FIFO);
    if name.len() <= 80 && text::is_name(stem.unwrap_or(name)) && stem.is_some() == asks_fifo {
        return Ok(asks_fifo);
    }
    Err(Refusal::invalid_value(if asks_fifo {
        "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length."
    } else {
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
    }))
}
