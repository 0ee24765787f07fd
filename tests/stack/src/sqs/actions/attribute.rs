//! Message attributes as they travel.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::super::model::message_attribute::{AttributeValue, MessageAttribute, RawAttribute};
use super::super::model::refusal::{Code, Refusal};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WireAttribute {
    data_type: Option<String>,
    string_value: Option<String>,
    /// In base64.
    binary_value: Option<String>,
}

impl WireAttribute {
    /// What it adds to the message's size, its name aside.
    pub(super) fn size(&self) -> usize {
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let padding = self.binary_value.as_ref().map_or(0, |value| {
            value.bytes().rev().take_while(|byte| *byte == b'=').count()
        });
        let binary = (length(&self.binary_value) / 4 * 3).saturating_sub(padding);
        length(&self.data_type) + length(&self.string_value) + binary
    }

    pub(super) fn decode(self) -> Result<RawAttribute, Refusal> {
        let binary_value = self
            .binary_value
            .map(|value| STANDARD.decode(value))
            .transpose();
        Ok(RawAttribute {
            data_type: self.data_type,
            string_value: self.string_value,
            binary_value: binary_value.map_err(|error| {
                Refusal::new(
                    Code::Serialization,
                    format!("a BinaryValue is not base64: {error}"),
                )
            })?,
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WrittenAttribute<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    string_value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binary_value: Option<String>,
    data_type: &'a str,
}

/// Attributes by name, as an answer holds them.
pub(super) type Written<'a> = BTreeMap<&'a str, WrittenAttribute<'a>>;

pub(super) fn written(attribute: &MessageAttribute) -> WrittenAttribute<'_> {
    let (string_value, binary_value) = match &attribute.value {
        AttributeValue::Text(text) => (Some(text.as_str()), None),
        AttributeValue::Binary(bytes) => (None, Some(STANDARD.encode(bytes))),
    };
    WrittenAttribute {
        string_value,
        binary_value,
        data_type: &attribute.data_type,
    }
}
