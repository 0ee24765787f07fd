//! Dead letters as a table, and as JSON.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use crate::correlate::correlate;
use crate::dead_letter;
use crate::message::{Message, Value};

/// So many characters of a body are shown.
const EXCERPT: usize = 60;

/// A block for each message: its ids and receives, why it is here, and how its body begins.
pub(super) fn table(messages: &[Message]) -> String {
    let mut text = String::new();
    for message in messages {
        let correlation = correlate(message);
        let why = match message.text(dead_letter::REASON) {
            Some(reason) => clean(reason),
            None => format!("received {} times", message.receive_count),
        };
        let by = message.text(dead_letter::FUNCTION).map(clean);
        let _ = writeln!(
            text,
            "{}  correlation id {}",
            message.id,
            correlation.id.as_str()
        );
        let _ = match by {
            Some(function) => writeln!(text, "    {why} ({function})"),
            None => writeln!(text, "    {why}"),
        };
        let _ = writeln!(
            text,
            "    {} bytes: {}",
            message.body.len(),
            excerpt(&message.body)
        );
    }
    text
}

/// One message whole; a body that is no text is in `body_b64`.
pub(super) fn object(message: &Message) -> Json {
    let attributes: serde_json::Map<String, Json> = (message.attributes.iter())
        .map(|(name, attribute)| {
            let value = match &attribute.value {
                Value::Text(text) => json!(text),
                Value::Binary(bytes) => json!({ "b64": STANDARD.encode(bytes) }),
            };
            (name.clone(), value)
        })
        .collect();
    let mut object = json!({
        "message_id": &*message.id,
        "correlation_id": correlate(message).id.as_str(),
        "receive_count": message.receive_count,
        "sent_at_ms": message.sent_at_ms,
        "source_arn": message.dead_letter_source,
        "group": message.group,
        "attributes": attributes,
    });
    match std::str::from_utf8(&message.body) {
        Ok(text) => object["body"] = json!(text),
        Err(_) => object["body_b64"] = json!(STANDARD.encode(&message.body)),
    }
    object
}

fn excerpt(body: &[u8]) -> String {
    let text = clean(&String::from_utf8_lossy(body));
    if text.chars().count() <= EXCERPT {
        return text;
    }
    let mut cut: String = text.chars().take(EXCERPT).collect();
    cut.push('…');
    cut
}

/// Nothing that a sender wrote may move the cursor of a terminal.
fn clean(text: &str) -> String {
    let blank = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(blank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Attribute;

    #[test]
    fn a_body_is_cut_and_cannot_write_to_the_terminal() {
        let message = Message::with_body(format!("\u{1b}[2J{}", "x".repeat(100)));
        let table = table(&[message]);
        assert!(!table.contains('\u{1b}') && table.contains('…'), "{table}");
    }

    #[test]
    fn a_dead_letter_says_why_and_which_function() {
        let mut message = Message::with_body("{}");
        let note = |name: &str, value: &str| (name.to_owned(), Attribute::text(value));
        message.attributes.extend([
            note(dead_letter::REASON, "rejected with status 400"),
            note(dead_letter::FUNCTION, "charge.openfaas-fn"),
            note("correlation_id", "kan-7"),
        ]);
        let table = table(std::slice::from_ref(&message));
        for part in [
            "rejected with status 400",
            "charge.openfaas-fn",
            "kan-7",
            "2 bytes",
        ] {
            assert!(table.contains(part), "{part} is not in\n{table}");
        }
        assert_eq!(object(&message)["correlation_id"], "kan-7");
        assert_eq!(object(&message)["body"], "{}");
    }

    #[test]
    fn a_body_that_is_no_text_is_shown_in_base64() {
        let object = object(&Message::with_body(vec![0xff, 0]));
        assert_eq!(object["body_b64"], "/wA=");
        assert!(object.get("body").is_none());
    }
}
