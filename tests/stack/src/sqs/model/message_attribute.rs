//! Message attributes: what a sender may attach, and how it is checked.

use std::collections::BTreeMap;

use super::refusal::{Code, Refusal};
use super::text;

const MOST: usize = 10;
const LONGEST_NAME: usize = 256;

/// A typed value that travels beside the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MessageAttribute {
    /// `String`, `Number` or `Binary`, with an optional custom suffix (`Number.int`).
    pub(crate) data_type: String,
    pub(crate) value: AttributeValue,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AttributeValue {
    /// `String` and `Number`.
    Text(String),
    Binary(Vec<u8>),
}

/// A message's attributes by name.
pub(crate) type MessageAttributes = BTreeMap<String, MessageAttribute>;

/// What a request holds before it is checked.
#[derive(Debug, Default)]
pub(crate) struct RawAttribute {
    pub(crate) data_type: Option<String>,
    pub(crate) string_value: Option<String>,
    pub(crate) binary_value: Option<Vec<u8>>,
}

/// Checks number, names, types and values.
///
/// # Errors
///
/// What is wrong with the first attribute that is wrong.
pub(crate) fn check(raw: BTreeMap<String, RawAttribute>) -> Result<MessageAttributes, Refusal> {
    if raw.len() > MOST {
        return Err(Refusal::invalid_value(format!(
            "Number of message attributes [{}] exceeds the allowed maximum [{MOST}].",
            raw.len()
        )));
    }
    raw.into_iter()
        .map(|(name, raw)| {
            check_name(&name)?;
            let attribute = check_value(&name, raw)?;
            Ok((name, attribute))
        })
        .collect()
}

fn check_name(name: &str) -> Result<(), Refusal> {
    let problem = if name.is_empty() || name.chars().count() > LONGEST_NAME {
        Some("must be 1 to 256 characters long")
    } else if !name
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
    {
        Some("can only contain letters, digits, underscores, hyphens and periods")
    } else if name.starts_with('.') || name.ends_with('.') || name.contains("..") {
        Some("must not start or end with a period, nor have two in a row")
    } else if ["aws.", "amazon."]
        .iter()
        .any(|reserved| name.to_ascii_lowercase().starts_with(reserved))
    {
        Some("must not start with AWS. or Amazon.")
    } else {
        None
    };
    problem.map_or(Ok(()), |problem| {
        Err(Refusal::invalid_value(format!(
            "Message (user) attribute name '{name}' {problem}."
        )))
    })
}

fn check_value(name: &str, raw: RawAttribute) -> Result<MessageAttribute, Refusal> {
    let refuse = |why: &str| {
        Err(Refusal::invalid_value(format!(
            "Message (user) attribute '{name}' {why}."
        )))
    };
    let data_type = raw.data_type.unwrap_or_default();
    let (kind, custom) = data_type.split_once('.').unwrap_or((&data_type, "-"));
    if data_type.is_empty() {
        return refuse("must contain a non-empty attribute type");
    }
    if data_type.len() > LONGEST_NAME || custom.is_empty() {
        return refuse("has a type that is longer than 256 characters or ends with a period");
    }
    let value = match (kind, raw.string_value, raw.binary_value) {
        ("String" | "Number", Some(text), None) if !text.is_empty() => AttributeValue::Text(text),
        ("Binary", None, Some(bytes)) if !bytes.is_empty() => AttributeValue::Binary(bytes),
        ("String" | "Number" | "Binary", ..) => {
            return refuse(&format!("must contain a non-empty value of type '{kind}'"));
        }
        _ => {
            return refuse(&format!(
                "has the type '{data_type}'; it must be String, Number or Binary, with an \
                 optional custom suffix"
            ));
        }
    };
    if let AttributeValue::Text(text) = &value {
        if let Some(c) = text::forbidden(text) {
            return refuse(&format!(
                "has a value with the character U+{:04X}, which is not allowed",
                u32::from(c)
            ));
        }
        if kind == "Number" && !is_number(text) {
            return refuse("has a value that is not a number of at most 38 digits");
        }
    }
    Ok(MessageAttribute { data_type, value })
}

fn is_number(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (1..=38).contains(&digits)
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'))
        && text.parse::<f64>().is_ok()
}

/// The X-Ray header, the only system attribute that a sender may set.
///
/// # Errors
///
/// When another attribute is set, or this one is not a string.
pub(crate) fn check_system(
    raw: BTreeMap<String, RawAttribute>,
) -> Result<Option<MessageAttribute>, Refusal> {
    let mut found = None;
    for (name, raw) in raw {
        if name != "AWSTraceHeader" {
            return Err(Refusal::new(
                Code::InvalidParameterValue,
                format!("Message system attribute name '{name}' is invalid."),
            ));
        }
        if raw.data_type.as_deref() != Some("String") {
            return Err(Refusal::invalid_value(
                "Message system attribute 'AWSTraceHeader' must be of type 'String'.",
            ));
        }
        found = Some(check_value(&name, raw)?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, data_type: &str, value: &str) -> Result<MessageAttributes, Refusal> {
        let raw = RawAttribute {
            data_type: Some(data_type.to_owned()),
            string_value: Some(value.to_owned()),
            binary_value: None,
        };
        check(BTreeMap::from([(name.to_owned(), raw)]))
    }

    #[test]
    fn the_types_with_and_without_a_custom_suffix_are_taken() {
        for data_type in ["String", "String.uuid", "Number", "Number.int"] {
            assert!(one("a", data_type, "12").is_ok(), "{data_type}");
        }
        for data_type in ["", "Strung", "String.", "Binary", "string"] {
            assert!(one("a", data_type, "12").is_err(), "{data_type}");
        }
    }

    #[test]
    fn names_keep_to_the_rules() {
        for name in ["correlation_id", "a.b-c_1", "attr.1øßä"] {
            assert!(one(name, "String", "v").is_ok(), "{name}");
        }
        let long = "L".repeat(257);
        for name in [
            "", ".a", "a.", "a..b", "aWs.x", "AMAZON.x", "a b", "a!", "§", &long,
        ] {
            assert!(one(name, "String", "v").is_err(), "{name}");
        }
    }

    #[test]
    fn values_must_be_there_and_fit_their_type() {
        assert!(one("n", "Number", "-1.5e3").is_ok());
        for value in ["", "x", "inf", "1e", &"9".repeat(39)] {
            assert!(one("n", "Number", value).is_err(), "{value}");
        }
        assert!(one("s", "String", "").is_err());
        assert!(one("s", "String", "bell \u{8}").is_err());
    }

    #[test]
    fn eleven_attributes_are_one_too_many() {
        let attributes = |n: usize| {
            let raw = (0..n).map(|i| {
                let raw = RawAttribute {
                    data_type: Some("String".to_owned()),
                    string_value: Some("v".to_owned()),
                    binary_value: None,
                };
                (format!("a{i}"), raw)
            });
            check(raw.collect())
        };
        assert!(attributes(10).is_ok());
        assert!(attributes(11).is_err());
    }
}
