//! A copy of a rejected message for the dead-letter queue, with the reason.

use throughline::CorrelationId;

use crate::message::{Attribute, Message, Value};

/// SQS takes at most this many attributes, and this many bytes of body and attributes together.
const ATTRIBUTES: usize = 10;
const BYTES: usize = 1024 * 1024;
/// A reason is cut to this length.
const LONGEST_REASON: usize = 512;

/// The attribute that says why.
pub const REASON: &str = "throughline_reason";
/// The attribute that names the function.
pub const FUNCTION: &str = "throughline_function";
/// The attribute that names the queue the message came from.
pub const QUEUE: &str = "throughline_queue";
const STATUS: &str = "throughline_status";

/// The attributes that tell why a message was set aside.
pub const NOTES: [&str; 4] = [REASON, FUNCTION, STATUS, QUEUE];

/// Why a message goes to the dead-letter queue.
#[derive(Clone, Debug)]
pub struct Rejection {
    /// In words.
    pub reason: String,
    /// The function that rejected it.
    pub function: String,
    /// With which status.
    pub status: Option<u16>,
    /// The queue it came from.
    pub queue: String,
}

/// The message with all of its own attributes, and as many of ours as SQS has room for. What the
/// sender sent is never given up for what we have to say.
pub fn copy(message: &Message, id: &CorrelationId, rejection: &Rejection) -> Message {
    let mut copy = message.clone();
    let ours = [
        ("correlation_id", Some(id.to_string())),
        (REASON, Some(cut(&rejection.reason))),
        (FUNCTION, Some(rejection.function.clone())),
        (STATUS, rejection.status.map(|status| status.to_string())),
        (QUEUE, Some(rejection.queue.clone())),
    ];
    let mut size = message.body.len() + message.attributes.iter().map(weight).sum::<usize>();
    for (name, value) in ours {
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            continue;
        };
        let attribute = Attribute::text(value);
        let added = weight((&name.to_owned(), &attribute));
        // The sender's own correlation id stays where it is a valid one; a refused one is replaced.
        let replaces = copy.attributes.contains_key(name);
        if (replaces || copy.attributes.len() < ATTRIBUTES) && size + added <= BYTES {
            size += added;
            copy.attributes.insert(name.to_owned(), attribute);
        }
    }
    copy
}

fn weight((name, attribute): (&String, &Attribute)) -> usize {
    let value = match &attribute.value {
        Value::Text(text) => text.len(),
        Value::Binary(bytes) => bytes.len(),
    };
    name.len() + attribute.data_type.len() + value
}

/// Cuts to the bound, and replaces what SQS does not take in text.
fn cut(reason: &str) -> String {
    reason
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST_REASON)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejection() -> Rejection {
        Rejection {
            reason: "rejected with status 400".into(),
            function: "kanban-processor.openfaas-fn".into(),
            status: Some(400),
            queue: "orders".into(),
        }
    }

    fn id() -> CorrelationId {
        CorrelationId::parse("kan-7").unwrap()
    }

    fn text<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
        message.text(name)
    }

    #[test]
    fn the_copy_says_why_and_keeps_what_was_there() {
        let mut message = Message::with_body("{}");
        message
            .attributes
            .insert("mine".into(), Attribute::text("kept"));
        let copy = copy(&message, &id(), &rejection());
        assert_eq!(copy.body, message.body);
        assert_eq!(text(&copy, "mine"), Some("kept"));
        assert_eq!(text(&copy, "correlation_id"), Some("kan-7"));
        assert_eq!(
            text(&copy, "throughline_reason"),
            Some("rejected with status 400")
        );
        assert_eq!(text(&copy, "throughline_status"), Some("400"));
        assert_eq!(
            text(&copy, "throughline_function"),
            Some("kanban-processor.openfaas-fn")
        );
        assert_eq!(text(&copy, "throughline_queue"), Some("orders"));
    }

    #[test]
    fn the_senders_attributes_go_before_ours_when_there_is_no_room() {
        for theirs in 7..=10 {
            let mut message = Message::with_body("{}");
            for n in 0..theirs {
                message
                    .attributes
                    .insert(format!("theirs-{n}"), Attribute::text("x"));
            }
            let copy = copy(&message, &id(), &rejection());
            assert_eq!(copy.attributes.len(), 10);
            assert!((0..theirs).all(|n| copy.attributes.contains_key(&format!("theirs-{n}"))));
        }
    }

    #[test]
    fn a_message_of_a_whole_mebibyte_gets_no_attribute_that_sqs_would_refuse() {
        let message = Message::with_body(vec![b'x'; BYTES]);
        assert!(copy(&message, &id(), &rejection()).attributes.is_empty());
    }

    #[test]
    fn a_reason_is_cut_and_cleaned() {
        let mut rejection = rejection();
        rejection.reason = format!("a\u{0}b{}", "x".repeat(5000));
        let copy = copy(&Message::with_body("{}"), &id(), &rejection);
        let reason = text(&copy, "throughline_reason").unwrap();
        assert!(reason.starts_with("a bx") && reason.len() == LONGEST_REASON);
    }
}
