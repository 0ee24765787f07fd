//! What of a JSON body tells where it comes from. Everything else is skipped without being built.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

/// The keys of a JSON body that matter here.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Body<'a> {
    #[serde(borrow)]
    correlation_id: Option<&'a RawValue>,
    // The envelope of the ingress.
    #[serde(borrow)]
    v: Option<&'a RawValue>,
    #[serde(borrow)]
    body_b64: Option<&'a RawValue>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    // SNS, where raw delivery is off.
    #[serde(borrow, rename = "Type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, rename = "Message")]
    message: Option<&'a RawValue>,
    #[serde(borrow, rename = "MessageId")]
    message_id: Option<&'a RawValue>,
    #[serde(borrow, rename = "MessageAttributes")]
    attributes: Option<&'a RawValue>,
    // EventBridge.
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow, rename = "detail-type")]
    detail_type: Option<&'a RawValue>,
    #[serde(borrow)]
    source: Option<&'a RawValue>,
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    // S3, and what it sends when notifications are switched on.
    #[serde(borrow, rename = "Records")]
    records: Option<&'a RawValue>,
    #[serde(borrow, rename = "Event")]
    event: Option<&'a RawValue>,
    #[serde(borrow, rename = "RequestId")]
    request_id: Option<&'a RawValue>,
    #[serde(borrow, rename = "HostId")]
    host_id: Option<&'a RawValue>,
}

/// The attributes of an SNS wrapper, by name.
pub(crate) type Wrapped<'a> = BTreeMap<Cow<'a, str>, WrappedAttribute<'a>>;

/// One of them; a binary one is base64.
#[derive(Deserialize)]
pub(crate) struct WrappedAttribute<'a> {
    #[serde(borrow, rename = "Value")]
    pub(crate) value: Cow<'a, str>,
}

impl<'a> Body<'a> {
    /// Looks at a body; one that is no JSON object has nothing to say.
    pub(crate) fn peek(body: &'a [u8]) -> Self {
        let first = body.iter().find(|b| !b.is_ascii_whitespace());
        if first != Some(&b'{') {
            return Self::default();
        }
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// A top-level `correlation_id`.
    pub(crate) fn correlation_id(&self) -> Option<Cow<'a, str>> {
        self.correlation_id.and_then(text)
    }

    /// Version 1, or the older form with a `payload`.
    pub(crate) fn is_envelope(&self) -> bool {
        (self.v.is_some() && self.body_b64.is_some()) || self.payload.is_some()
    }

    /// The attributes of an SNS wrapper; `None` where the body is none.
    pub(crate) fn wrapped_attributes(&self) -> Option<Wrapped<'a>> {
        self.wrapper()?;
        let attributes = self.attributes.map(RawValue::get);
        Some(
            attributes
                .and_then(|json| serde_json::from_str(json).ok())
                .unwrap_or_default(),
        )
    }

    /// What an SNS wrapper wraps, and SNS's own id of it.
    pub(crate) fn wrapped(&self) -> Option<(Cow<'a, str>, Option<Cow<'a, str>>)> {
        self.wrapper()?;
        Some((self.message.and_then(text)?, self.message_id.and_then(text)))
    }

    fn wrapper(&self) -> Option<()> {
        (self.kind?.get() == "\"Notification\"").then_some(())
    }

    /// The ids of an EventBridge event: its detail's `correlation_id`, then its own `id`.
    pub(crate) fn event_bridge(&self) -> [Option<Cow<'a, str>>; 2] {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Detail<'a> {
            #[serde(borrow)]
            correlation_id: Option<&'a RawValue>,
        }
        let (Some(id), Some(detail)) = (self.id, self.detail) else {
            return [None, None];
        };
        if self.detail_type.and_then(text).is_none() || self.source.and_then(text).is_none() {
            return [None, None];
        }
        let detail: Detail<'a> = serde_json::from_str(detail.get()).unwrap_or_default();
        [detail.correlation_id.and_then(text), text(id)]
    }

    /// The ids of the request that made S3 send this: `x-amz-request-id`, then `x-amz-id-2`.
    pub(crate) fn s3(&self) -> [Option<Cow<'a, str>>; 2] {
        #[derive(Deserialize)]
        struct Record<'a> {
            #[serde(borrow, rename = "eventSource")]
            event_source: Cow<'a, str>,
            #[serde(borrow, rename = "responseElements")]
            response: BTreeMap<Cow<'a, str>, &'a RawValue>,
        }
        if (self.event.and_then(text)).is_some_and(|event| event == "s3:TestEvent") {
            return [self.request_id.and_then(text), self.host_id.and_then(text)];
        }
        let record = (self.records).and_then(|records| first::<Record<'a>>(records.get()));
        let Some(record) = record.filter(|record| record.event_source.ends_with(":s3")) else {
            return [None, None];
        };
        let element = |name: &str| record.response.get(name).copied().and_then(text);
        [element("x-amz-request-id"), element("x-amz-id-2")]
    }
}

/// The first element of a JSON array, without a look at the others.
fn first<'a, T: Deserialize<'a>>(array: &'a str) -> Option<T> {
    let elements = array.strip_prefix('[')?;
    serde_json::Deserializer::from_str(elements)
        .into_iter()
        .next()?
        .ok()
}

/// A JSON string; a value of another type is as good as none.
fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Cow<'_, str>>(raw.get()).ok()
}
