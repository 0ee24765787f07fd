//! A sender's JSON, of which only what is needed is looked at.

use serde_json::Value;

use crate::rejection::Rejection;
use crate::senders::Sender;

/// A JSON document. Every look into it may find nothing, since each sender has many kinds of
/// deliveries and changes them when it likes: what nobody needs must not be able to be wrong.
#[derive(Debug)]
pub(crate) struct Document(Value);

impl Document {
    pub(crate) fn parse(sender: Sender, json: &[u8]) -> Result<Self, Rejection> {
        if json.is_empty() {
            return Err(Rejection::EmptyBody { sender, remedy: "" });
        }
        serde_json::from_slice(json)
            .map(Self)
            .map_err(|error| Rejection::Malformed {
                sender,
                line: error.line(),
                column: error.column(),
                reason: without_position(&error.to_string()),
            })
    }

    /// The value at a JSON pointer.
    pub(crate) fn at(&self, pointer: &str) -> Option<&Value> {
        self.0.pointer(pointer)
    }

    /// The text or number at a JSON pointer.
    pub(crate) fn text(&self, pointer: &str) -> Option<String> {
        text(self.at(pointer)?)
    }

    /// The elements of the array at a JSON pointer; none where there is no array.
    pub(crate) fn list(&self, pointer: &str) -> &[Value] {
        self.at(pointer)
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }
}

/// A text that is not blank, or a number as text: senders write ids as either.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// serde_json ends its text with the position, which the rejection names itself.
fn without_position(error: &str) -> String {
    match error.rfind(" at line ") {
        Some(end) => error[..end].to_owned(),
        None => error.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_json_is_rejected_with_its_position() {
        let rejection = Document::parse(Sender::Jira, b"{\"issue\":\n oops}").unwrap_err();
        assert_eq!(
            rejection.to_string(),
            "malformed JSON from jira at line 2 column 2: expected value"
        );
    }

    #[test]
    fn ids_may_be_texts_or_numbers_and_blank_ones_are_none() {
        let document = Document::parse(
            Sender::Generic,
            br#"{"a":"x","b":7,"c":" ","d":null,"e":[1]}"#,
        )
        .unwrap();
        assert_eq!(document.text("/a").as_deref(), Some("x"));
        assert_eq!(document.text("/b").as_deref(), Some("7"));
        for none in ["/c", "/d", "/e", "/f", "/a/b"] {
            assert_eq!(document.text(none), None, "{none}");
        }
        assert_eq!(document.list("/e").len(), 1);
        assert!(document.list("/a").is_empty());
    }

    #[test]
    fn json_nested_too_deep_is_rejected() {
        let deep = "[".repeat(100_000);
        assert_eq!(
            Document::parse(Sender::Generic, deep.as_bytes())
                .unwrap_err()
                .kind(),
            "malformed_json"
        );
    }
}
