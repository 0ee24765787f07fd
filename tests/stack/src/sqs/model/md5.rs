//! The digests that the service answers with, so that a client can tell what arrived.

use md5::{Digest as _, Md5};

use super::message_attribute::{AttributeValue, MessageAttribute};

/// MD5 of these bytes in lower-case hex.
pub(crate) fn of_bytes(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

/// MD5 of message attributes as the service defines it: in the order of their names, each name,
/// data type and value behind its length in four big-endian bytes, and before the value one byte
/// that says text (1) or binary (2). None when there is no attribute.
pub(crate) fn of_attributes<'a>(
    attributes: impl IntoIterator<Item = (&'a str, &'a MessageAttribute)>,
) -> Option<String> {
    let mut sorted: Vec<_> = attributes.into_iter().collect();
    if sorted.is_empty() {
        return None;
    }
    sorted.sort_by_key(|(name, _)| *name);
    let mut digest = Md5::new();
    for (name, attribute) in sorted {
        let (tag, value) = match &attribute.value {
            AttributeValue::Text(text) => (1_u8, text.as_bytes()),
            AttributeValue::Binary(bytes) => (2_u8, bytes.as_slice()),
        };
        measured(&mut digest, name.as_bytes());
        measured(&mut digest, attribute.data_type.as_bytes());
        digest.update([tag]);
        measured(&mut digest, value);
    }
    Some(hex(&digest.finalize()))
}

fn measured(digest: &mut Md5, bytes: &[u8]) {
    digest.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    digest.update(bytes);
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|nibble| char::from(DIGITS[usize::from(nibble)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &'static str, value: &str) -> (&'static str, MessageAttribute) {
        let attribute = MessageAttribute {
            data_type: "String".to_owned(),
            value: AttributeValue::Text(value.to_owned()),
        };
        (name, attribute)
    }

    fn digest(attributes: &[(&'static str, MessageAttribute)]) -> Option<String> {
        of_attributes(attributes.iter().map(|(name, value)| (*name, value)))
    }

    #[test]
    fn a_body_has_the_md5_that_everyone_knows() {
        assert_eq!(of_bytes(b""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(of_bytes(b"test"), "098f6bcd4621d373cade4e832627b4f6");
    }

    #[test]
    fn attributes_have_the_md5_that_the_service_answers() {
        // Digests that Amazon SQS itself answered with for these attributes.
        let known = |attributes: &[_], expected: &str| {
            assert_eq!(digest(attributes).as_deref(), Some(expected));
        };
        known(&[text("Foo", "Bar")], "ae7155c6026991b6d54b11589678bf9c");
        known(
            &[text("Hello", "There")],
            "a311262e065454b75da111d535b8dacd",
        );
        known(
            &[text("Hello", "There"), text("General", "Kenobi")],
            "fca026605781cb4126a1e9044df24232",
        );
        assert_eq!(digest(&[]), None);
    }

    #[test]
    fn text_and_binary_of_the_same_bytes_differ() {
        let binary = MessageAttribute {
            data_type: "String".to_owned(),
            value: AttributeValue::Binary(b"Bar".to_vec()),
        };
        assert_ne!(digest(&[("Foo", binary)]), digest(&[text("Foo", "Bar")]));
    }
}
