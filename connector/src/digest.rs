//! The MD5 digests with which SQS says what it stored.

use std::collections::BTreeMap;

use md5::{Digest as _, Md5};

use crate::message::{Attribute, Value};

/// The digest of a body.
pub(crate) fn md5_of_body(body: &[u8]) -> String {
    hex(Md5::digest(body).as_slice())
}

/// The digest of message attributes, as the SQS developer guide defines it: for each attribute in
/// the order of names, the name, the data type, a byte for the kind of value, and the value; each
/// text and value with its length in four bytes before it.
pub(crate) fn md5_of_attributes(attributes: &BTreeMap<String, Attribute>) -> String {
    let mut md5 = Md5::new();
    for (name, attribute) in attributes {
        add(&mut md5, name.as_bytes());
        add(&mut md5, attribute.data_type.as_bytes());
        match &attribute.value {
            Value::Text(text) => {
                md5.update([1]);
                add(&mut md5, text.as_bytes());
            }
            Value::Binary(bytes) => {
                md5.update([2]);
                add(&mut md5, bytes);
            }
        }
    }
    hex(md5.finalize().as_slice())
}

fn add(md5: &mut Md5, part: &[u8]) {
    let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
    md5.update(length.to_be_bytes());
    md5.update(part);
}

fn hex(digest: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let mut hex = String::with_capacity(32);
    for byte in digest {
        hex.push(DIGITS[usize::from(byte >> 4)]);
        hex.push(DIGITS[usize::from(byte & 15)]);
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digests_are_those_that_sqs_gives() {
        assert_eq!(
            md5_of_body(b"Hello, World!"),
            "65a8e27d8879283831b664bd8b7f0ad4"
        );
        let timestamp = Attribute {
            data_type: "Number".into(),
            value: Value::Text("1493147359900".into()),
        };
        assert_eq!(
            md5_of_attributes(&[("timestamp".to_owned(), timestamp)].into()),
            "235c5c510d26fb653d073faed50ae77c"
        );
    }

    #[test]
    fn text_and_binary_of_the_same_bytes_differ() {
        let of = |value| {
            let data_type = "String".to_owned();
            md5_of_attributes(&[("a".to_owned(), Attribute { data_type, value })].into())
        };
        assert_ne!(
            of(Value::Text("x".into())),
            of(Value::Binary(b"x".as_slice().into()))
        );
    }
}
