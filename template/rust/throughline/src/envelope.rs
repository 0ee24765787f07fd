//! The envelope that the ingress wraps a webhook in, and the other forms a body may have.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::CorrelationId;

/// A webhook as the ingress puts it on the queue, version 1.
///
/// `{"v":1,"correlation_id":"…","request_id":"…","source":"jira","received_at_ms":…,"headers":{…},"body_b64":"…"}`.
/// The body is the sender's, byte for byte, so that its signature can be verified.
///
/// ```
/// use throughline::{CorrelationId, Envelope};
///
/// let envelope = Envelope {
///     correlation_id: CorrelationId::parse("kan-7").unwrap(),
///     request_id: "r-1".into(),
///     source: "jira".into(),
///     received_at_ms: 1_741_079_724_316,
///     headers: [("x-hub-signature".into(), "sha256=00".into())].into(),
///     body: "{}".into(),
/// };
/// assert_eq!(Envelope::parse(envelope.to_json().as_bytes()).unwrap(), envelope);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Minted by the ingress, not by the sender.
    pub correlation_id: CorrelationId,
    /// The ingress' id of the one HTTP request.
    pub request_id: String,
    /// The last part of the ingress' path: `jira` for `POST /hooks/jira`.
    pub source: String,
    /// When the ingress received it, in milliseconds since 1970.
    pub received_at_ms: u64,
    /// The sender's headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The sender's body, byte for byte.
    pub body: Bytes,
}

/// Why a body that says it is an envelope is none.
///
/// ```
/// use throughline::Envelope;
///
/// assert!(Envelope::parse(b"{}").is_err());
/// ```
#[derive(Debug, thiserror::Error)]
pub enum InvalidEnvelope {
    /// It is not the JSON that an envelope is.
    #[error("not an envelope of version 1: {0}")]
    Json(#[from] serde_json::Error),
    /// Its version is another.
    #[error("the envelope has version {0}, and only version 1 is known")]
    Version(u64),
    /// `body_b64` is not base64.
    #[error("the envelope's body_b64 is not base64: {0}")]
    Body(#[from] base64::DecodeError),
}

#[derive(Serialize, Deserialize)]
struct Wire {
    v: u64,
    correlation_id: CorrelationId,
    #[serde(default)]
    request_id: String,
    #[serde(default)]
    source: String,
    received_at_ms: u64,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body_b64: String,
}

impl Envelope {
    /// Reads the JSON form.
    ///
    /// ```
    /// use throughline::Envelope;
    ///
    /// let envelope = Envelope::parse(
    ///     br#"{"v":1,"correlation_id":"kan-7","source":"jira","received_at_ms":1,"body_b64":"e30="}"#,
    /// )?;
    /// assert_eq!(envelope.source, "jira");
    /// assert_eq!(envelope.body, "{}");
    /// # Ok::<(), throughline::InvalidEnvelope>(())
    /// ```
    ///
    /// # Errors
    /// When it is not JSON, of another version, lacks a part, or its body is not base64.
    pub fn parse(json: &[u8]) -> Result<Self, InvalidEnvelope> {
        let wire: Wire = serde_json::from_slice(json)?;
        if wire.v != 1 {
            return Err(InvalidEnvelope::Version(wire.v));
        }
        Ok(Self {
            correlation_id: wire.correlation_id,
            request_id: wire.request_id,
            source: wire.source,
            received_at_ms: wire.received_at_ms,
            headers: lower_cased(wire.headers),
            body: STANDARD.decode(wire.body_b64)?.into(),
        })
    }

    /// Writes the JSON form.
    ///
    /// ```
    /// # use throughline::{CorrelationId, Envelope};
    /// # let envelope = Envelope {
    /// #     correlation_id: CorrelationId::parse("kan-7").unwrap(),
    /// #     request_id: "r-1".into(),
    /// #     source: "jira".into(),
    /// #     received_at_ms: 1,
    /// #     headers: [].into(),
    /// #     body: "{}".into(),
    /// # };
    /// assert!(envelope.to_json().starts_with(r#"{"v":1,"correlation_id":"kan-7""#));
    /// ```
    pub fn to_json(&self) -> String {
        serde_json::to_string(&Wire {
            v: 1,
            correlation_id: self.correlation_id.clone(),
            request_id: self.request_id.clone(),
            source: self.source.clone(),
            received_at_ms: self.received_at_ms,
            headers: self.headers.clone(),
            body_b64: STANDARD.encode(&self.body),
        })
        .expect("a map of strings and numbers has a JSON form")
    }
}

/// What a request's body delivers, whichever form it has: an [`Envelope`], the older form
/// `{"correlation_id","source","timestamp","payload":{…}}`, Lambda's `{"Records":[{"body":"…"}]}`
/// with one record that holds either, or anything else, which is taken as it is.
///
/// ```
/// use throughline::Delivery;
///
/// let bare = Delivery::read(&r#"{"correlation_id":"kan-7","item":"tea"}"#.into())?;
/// assert_eq!(bare.correlation_id.unwrap().as_str(), "kan-7");
/// assert_eq!(bare.source, None);
/// # Ok::<(), throughline::InvalidEnvelope>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// The id inside the body; `None` where it has none, or none that is valid.
    pub correlation_id: Option<CorrelationId>,
    /// Whether the body had an id that was refused.
    pub refused_id: bool,
    /// Who sent it, as far as the body says.
    pub source: Option<String>,
    /// When the ingress received it, in milliseconds since 1970.
    pub received_at_ms: Option<u64>,
    /// The sender's headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// What the sender sent: an envelope's body, an older envelope's payload, or the whole body.
    pub body: Bytes,
}

/// The keys by which a body's form is told. Everything else in it is skipped.
#[derive(Deserialize)]
struct Keys<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    v: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    correlation_id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    body_b64: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    source: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    payload: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present", rename = "Records")]
    records: Option<&'a RawValue>,
}

/// `null` is a value too: only a key that is not there is `None`.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(value).map(Some)
}

#[derive(Deserialize)]
struct Record {
    body: String,
}

impl Delivery {
    /// Reads a body.
    ///
    /// ```
    /// use throughline::Delivery;
    ///
    /// let older = r#"{"correlation_id":"kan-7","source":"jira","timestamp":1,"payload":{"a":1}}"#;
    /// let delivery = Delivery::read(&older.into())?;
    /// assert_eq!(delivery.source.as_deref(), Some("jira"));
    /// assert_eq!(delivery.body, r#"{"a":1}"#);
    /// # Ok::<(), throughline::InvalidEnvelope>(())
    /// ```
    ///
    /// # Errors
    /// When the body says that it is an envelope of version 1 (it has `v` and `body_b64`) and is
    /// not. Every other body is a delivery.
    pub fn read(body: &Bytes) -> Result<Self, InvalidEnvelope> {
        Self::read_nested(body, true)
    }

    fn read_nested(body: &Bytes, may_hold_records: bool) -> Result<Self, InvalidEnvelope> {
        let bare = || Self {
            body: body.clone(),
            ..Self::default()
        };
        let Ok(keys) = serde_json::from_slice::<Keys<'_>>(body) else {
            return Ok(bare());
        };
        if keys.v.is_some() && keys.body_b64.is_some() {
            return Self::from_envelope(body, &keys);
        }
        if let (Some(records), true) = (keys.records, may_hold_records)
            && let Ok([record]) = <[Record; 1]>::deserialize(records)
        {
            return Self::read_nested(&record.body.into(), false);
        }
        let (correlation_id, refused_id) = id_in(keys.correlation_id);
        match keys.payload {
            Some(payload) if keys.source.is_some() && keys.timestamp.is_some() => Ok(Self {
                correlation_id,
                refused_id,
                source: text(keys.source),
                received_at_ms: keys.timestamp.and_then(millis),
                headers: BTreeMap::new(),
                body: payload.get().to_owned().into(),
            }),
            _ => Ok(Self {
                correlation_id,
                refused_id,
                ..bare()
            }),
        }
    }

    /// An envelope whose only fault is its id still delivers: the id is replaced, not the message.
    fn from_envelope(body: &Bytes, keys: &Keys<'_>) -> Result<Self, InvalidEnvelope> {
        #[derive(Deserialize)]
        struct AnyId {
            v: u64,
            #[serde(default)]
            source: String,
            received_at_ms: u64,
            #[serde(default)]
            headers: BTreeMap<String, String>,
            body_b64: String,
        }
        let wire: AnyId = serde_json::from_slice(body)?;
        if wire.v != 1 {
            return Err(InvalidEnvelope::Version(wire.v));
        }
        let (correlation_id, refused_id) = id_in(keys.correlation_id);
        Ok(Self {
            correlation_id,
            refused_id,
            source: Some(wire.source).filter(|source| !source.is_empty()),
            received_at_ms: Some(wire.received_at_ms),
            headers: lower_cased(wire.headers),
            body: STANDARD.decode(wire.body_b64)?.into(),
        })
    }
}

fn id_in(value: Option<&RawValue>) -> (Option<CorrelationId>, bool) {
    let Some(value) = value else {
        return (None, false);
    };
    let id = text(Some(value)).and_then(|id| CorrelationId::parse(&id).ok());
    let refused = id.is_none();
    (id, refused)
}

fn text(value: Option<&RawValue>) -> Option<String> {
    value.and_then(|value| serde_json::from_str(value.get()).ok())
}

/// Milliseconds since 1970 from a number of them, or from an RFC 3339 time.
fn millis(value: &RawValue) -> Option<u64> {
    serde_json::from_str::<u64>(value.get()).ok().or_else(|| {
        let time: jiff::Timestamp = text(Some(value))?.parse().ok()?;
        u64::try_from(time.as_millisecond()).ok()
    })
}

fn lower_cased(headers: BTreeMap<String, String>) -> BTreeMap<String, String> {
    headers
        .into_iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect()
}

#[cfg(test)]
#[path = "envelope_tests.rs"]
mod tests;
