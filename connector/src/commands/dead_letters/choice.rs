//! Which dead letters are meant, and which way they go back. Pure.

use crate::correlate::correlate;
use crate::dead_letter;
use crate::message::Message;

/// Which messages are meant.
pub(super) struct Wanted<'a> {
    /// Message or correlation ids; all where empty.
    pub(super) ids: &'a [String],
    /// The queue they go back to: its name and its ARN.
    pub(super) queue: &'a str,
    pub(super) arn: &'a str,
    /// Whether other queues have the same dead-letter queue.
    pub(super) shared: bool,
}

/// Why a message stays where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stays {
    /// Its id was not asked for.
    NotAsked,
    /// It came from another queue, or nobody knows from which.
    NotOurs,
}

impl Wanted<'_> {
    /// Whether the message goes back.
    pub(super) fn judge(&self, message: &Message) -> Result<(), Stays> {
        if !self.ids.is_empty() && !is_one_of(self.ids, message) {
            return Err(Stays::NotAsked);
        }
        let ours = match (
            &message.dead_letter_source,
            message.text(dead_letter::QUEUE),
        ) {
            (Some(arn), _) => arn == self.arn,
            (None, Some(queue)) => queue == self.queue,
            (None, None) => !self.shared,
        };
        if ours { Ok(()) } else { Err(Stays::NotOurs) }
    }
}

/// Whether the message has one of these message or correlation ids.
pub(super) fn is_one_of(ids: &[String], message: &Message) -> bool {
    let correlation = correlate(message).id;
    ids.iter()
        .any(|id| *id == *message.id || *id == *correlation.as_str())
}

/// Those of the ids that none of the messages has.
pub(super) fn missing<'a>(ids: &'a [String], messages: &[Message]) -> Vec<&'a str> {
    let is_there = |id: &&String| {
        let one = std::slice::from_ref(*id);
        messages.iter().any(|message| is_one_of(one, message))
    };
    ids.iter()
        .filter(|id| !is_there(id))
        .map(String::as_str)
        .collect()
}

/// So many messages, in words.
pub(super) fn messages(count: u64) -> String {
    match count {
        1 => "1 message".to_owned(),
        n => format!("{n} messages"),
    }
}

/// The way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// SQS moves all by itself.
    Native,
    /// One by one, and why.
    Copy(&'static str),
}

/// SQS can only move all there is, so that it may not where some are meant.
pub(super) fn way(wanted: &Wanted<'_>, copy: bool) -> Way {
    if copy {
        Way::Copy("as asked")
    } else if !wanted.ids.is_empty() {
        Way::Copy("SQS itself can only move all there are")
    } else if wanted.shared {
        Way::Copy("other queues have the same dead-letter queue")
    } else {
        Way::Native
    }
}

/// The message as it goes back: without what was noted about why it was set aside. Its
/// deduplication id is its message id, so that sending it twice within five minutes is sending it once.
pub(super) fn restored(message: &Message) -> Message {
    let mut back = message.clone();
    for name in dead_letter::NOTES {
        back.attributes.remove(name);
    }
    back
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Attribute;

    const ARN: &str = "arn:aws:sqs:eu-west-1:000000000000:orders";

    fn wanted(ids: &[String], shared: bool) -> Wanted<'_> {
        Wanted {
            ids,
            queue: "orders",
            arn: ARN,
            shared,
        }
    }

    fn message() -> Message {
        let mut message = Message::with_body("{}");
        message
            .attributes
            .insert("correlation_id".into(), Attribute::text("kan-7"));
        message
    }

    #[test]
    fn a_message_is_found_by_its_own_id_and_by_its_correlation_id() {
        let message = message();
        for id in ["kan-7", &message.id] {
            assert_eq!(wanted(&[id.to_owned()], false).judge(&message), Ok(()));
        }
        let other = ["kan-8".to_owned()];
        assert_eq!(wanted(&other, false).judge(&message), Err(Stays::NotAsked));
    }

    #[test]
    fn an_id_that_no_message_has_is_named() {
        let ids = ["kan-7".to_owned(), "kan-99".to_owned()];
        assert_eq!(missing(&ids, &[message()]), ["kan-99"]);
        assert_eq!(
            (messages(1), messages(0)),
            ("1 message".into(), "0 messages".into())
        );
    }

    #[test]
    fn from_a_shared_dead_letter_queue_only_what_is_surely_ours_goes_back() {
        let mut message = message();
        assert_eq!(wanted(&[], false).judge(&message), Ok(()));
        assert_eq!(wanted(&[], true).judge(&message), Err(Stays::NotOurs));
        (message.attributes).insert(dead_letter::QUEUE.into(), Attribute::text("orders"));
        assert_eq!(wanted(&[], true).judge(&message), Ok(()));
        message.dead_letter_source = Some("arn:aws:sqs:eu-west-1:000000000000:refunds".into());
        assert_eq!(wanted(&[], false).judge(&message), Err(Stays::NotOurs));
        message.dead_letter_source = Some(ARN.into());
        assert_eq!(wanted(&[], true).judge(&message), Ok(()));
    }

    #[test]
    fn sqs_moves_only_where_all_are_meant() {
        let ids = ["kan-7".to_owned()];
        assert_eq!(way(&wanted(&[], false), false), Way::Native);
        for (wanted, copy) in [
            (wanted(&ids, false), false),
            (wanted(&[], true), false),
            (wanted(&[], false), true),
        ] {
            assert!(matches!(way(&wanted, copy), Way::Copy(_)));
        }
    }

    #[test]
    fn a_restored_message_keeps_its_correlation_id_and_loses_our_notes() {
        let mut message = message();
        for name in dead_letter::NOTES {
            message.attributes.insert(name.into(), Attribute::text("x"));
        }
        let back = restored(&message);
        assert_eq!(
            back.attributes.keys().collect::<Vec<_>>(),
            ["correlation_id"]
        );
        assert_eq!(back.body, message.body);
    }
}
