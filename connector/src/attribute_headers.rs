//! Message attributes as headers: `X-Sqs-Attr-<name>`.
//!
//! What no header may carry goes as base64, and `X-Sqs-Attr-<name>-Encoding: base64` says so.
//! `X-Sqs-Attr-<name>-Type` names the data type where it is not plainly `String`. A character that
//! no header's name may have is percent-encoded in it, and so is `%` itself.
//!
//! Three things leave an attribute out, as a whole and by rules that do not depend on chance: its
//! header's name is taken (names of headers do not know case; the first in byte order has it), it
//! would be mistaken for the type or the encoding of another, or there is no room. Smaller ones get
//! room first.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue};

use crate::message::{Attribute, Value};

const PREFIX: &str = "x-sqs-attr-";
const TYPE: &str = "-type";
const ENCODING: &str = "-encoding";

/// SQS has no more than these; many servers take no more than 100 headers in all.
const MOST: usize = 10;

/// The headers of a message's attributes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct AttributeHeaders {
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// How many attributes are not among them.
    pub(crate) left_out: usize,
}

/// The headers of these attributes, in at most `room` bytes.
pub(crate) fn attribute_headers(
    attributes: &BTreeMap<String, Attribute>,
    room: usize,
) -> AttributeHeaders {
    if attributes.is_empty() {
        return AttributeHeaders::default();
    }
    let mut taken = BTreeSet::new();
    let mut groups: Vec<_> = (attributes.iter())
        .map(|(name, attribute)| (encoded(name), attribute))
        .filter(|(name, _)| taken.insert(name.clone()))
        .collect();
    groups.retain(|(name, _)| !is_about_another(name, &taken));
    let mut groups: Vec<_> = (groups.into_iter())
        .filter_map(|(name, attribute)| group(&name, attribute))
        .collect();
    // Sorting is stable: of two of one size, the first by name stays the first.
    groups.sort_by_key(|group| weight_of(group));
    let mut left = room;
    let headers: Vec<_> = (groups.into_iter())
        .take(MOST)
        .map_while(|group| {
            left = left.checked_sub(weight_of(&group))?;
            Some(group)
        })
        .collect();
    AttributeHeaders {
        left_out: attributes.len() - headers.len(),
        headers: headers.into_iter().flatten().collect(),
    }
}

/// The headers of one attribute: its value, and what is to be known of it.
fn group(name: &str, attribute: &Attribute) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let base64 = match &attribute.value {
        Value::Text(text) => (!is_plain(text)).then(|| STANDARD.encode(text)),
        Value::Binary(bytes) => Some(STANDARD.encode(bytes)),
    };
    let value = match (&base64, &attribute.value) {
        (Some(base64), _) => base64,
        (None, Value::Text(text)) => text,
        (None, Value::Binary(_)) => return None,
    };
    let mut headers = vec![header(name, "", value)?];
    if attribute.data_type != "String" && is_plain(&attribute.data_type) {
        headers.push(header(name, TYPE, &attribute.data_type)?);
    }
    if base64.is_some() {
        headers.push(header(name, ENCODING, "base64")?);
    }
    Some(headers)
}

fn header(name: &str, about: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::try_from(format!("{PREFIX}{name}{about}")).ok()?;
    Some((name, HeaderValue::from_str(value).ok()?))
}

/// Whether it would be mistaken for what is said of another attribute.
fn is_about_another(name: &str, all: &BTreeSet<String>) -> bool {
    let of = |about| {
        name.strip_suffix(about)
            .is_some_and(|stem| all.contains(stem))
    };
    of(TYPE) || of(ENCODING)
}

/// Printable ASCII that no hop trims.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| (0x20..0x7f).contains(&b)) && text.trim_matches(' ').len() == text.len()
}

/// The name in lower case, with all that is no character of a header's name percent-encoded.
fn encoded(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
            encoded.push(char::from(byte.to_ascii_lowercase()));
        } else {
            encoded.push_str(&format!("%{byte:02x}"));
        }
    }
    encoded
}

fn weight_of(group: &[(HeaderName, HeaderValue)]) -> usize {
    (group.iter())
        .map(|(name, value)| weight(name, value))
        .sum()
}

/// As a header is on the wire: with a colon, a space, and the end of the line.
pub(crate) fn weight(name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> usize {
    name.as_ref().len() + value.as_ref().len() + 4
}

#[cfg(test)]
#[path = "attribute_headers_tests.rs"]
mod tests;
