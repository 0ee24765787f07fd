//! What may be told to a function as the type of its content.

use http::HeaderValue;

use crate::message::Message;

/// A content type longer than this is none.
const LONGEST: usize = 256;

/// Reads a content type: `type/subtype`, with or without parameters.
///
/// # Errors
/// In words, when it is none.
pub fn parse(value: &str) -> Result<HeaderValue, String> {
    let essence = value.split(';').next().unwrap_or_default().trim_end();
    let is_type =
        (essence.split_once('/')).is_some_and(|(main, sub)| is_token(main) && is_token(sub));
    let plain = value.len() <= LONGEST && value.bytes().all(|b| (0x20..0x7f).contains(&b));
    (HeaderValue::from_str(value).ok())
        .filter(|_| is_type && plain)
        .ok_or_else(|| "not a content type; give one such as application/json".into())
}

/// What a message says of its own content, in its attribute `content_type`, `Content-Type` or
/// `contentType`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Declared {
    /// Nothing.
    No,
    /// This.
    As(HeaderValue),
    /// Something that is no content type: the configured one stands in.
    Unreadable,
}

/// What the message says of its content.
pub fn declared(message: &Message) -> Declared {
    let names = ["content_type", "content-type", "contenttype"];
    match names.iter().find_map(|name| message.text(name)) {
        None => Declared::No,
        Some(value) => parse(value.trim()).map_or(Declared::Unreadable, Declared::As),
    }
}

fn is_token(part: &str) -> bool {
    !part.is_empty()
        && (part.bytes()).all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Attribute;

    #[test]
    fn content_types_that_are_in_use_are_read_and_others_are_refused() {
        for good in [
            "application/json",
            "application/vnd.api+json; charset=utf-8",
            "application/cloudevents-batch+json",
            "multipart/form-data; boundary=\"x y\"",
        ] {
            assert_eq!(parse(good).unwrap(), good);
        }
        for bad in [
            "",
            "json",
            "/",
            "text/",
            "text /plain",
            "text/plain\r\nx-evil: 1",
            "text/plä",
            &format!("text/{}", "x".repeat(300)),
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_message_declares_its_content_in_an_attribute_of_any_of_its_names() {
        for name in ["content_type", "Content-Type", "contentType"] {
            let mut message = Message::with_body("{}");
            assert_eq!(declared(&message), Declared::No);
            message
                .attributes
                .insert(name.into(), Attribute::text("application/json"));
            let json = HeaderValue::from_static("application/json");
            assert_eq!(declared(&message), Declared::As(json));
            message
                .attributes
                .insert(name.into(), Attribute::text("a\nb"));
            assert_eq!(declared(&message), Declared::Unreadable);
        }
    }
}
