//! One record of a batch, as AWS Lambda's SQS event has it, and the request that it becomes.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::request::Request;
use crate::{Context, CorrelationId, Delivery, TraceParent, header};

/// A record's own message attributes that say its id.
const ID_ATTRIBUTES: [&str; 2] = ["correlation_id", "X-Correlation-ID"];

/// The document: `{"Records":[…]}`.
#[derive(Deserialize)]
pub(super) struct Document<'a> {
    #[serde(rename = "Records", borrow)]
    records: Vec<&'a RawValue>,
}

/// What is read of a record; the rest of it is left out.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    pub(super) message_id: String,
    body: String,
    #[serde(default)]
    attributes: System,
    #[serde(default)]
    message_attributes: BTreeMap<String, Attribute>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct System {
    approximate_receive_count: Option<String>,
    message_group_id: Option<String>,
    #[serde(rename = "AWSTraceHeader")]
    aws_trace_header: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attribute {
    string_value: Option<String>,
}

impl<'a> Document<'a> {
    /// A body that is such a document; `None` for every other body.
    pub(super) fn read(body: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    /// Its records.
    ///
    /// # Errors
    /// Says which of them is none, and why.
    pub(super) fn records(&self) -> Result<Vec<Record>, String> {
        let records = self.records.iter().enumerate();
        let read = records.map(|(n, record)| {
            serde_json::from_str(record.get()).map_err(|error| format!("Records[{n}]: {error}"))
        });
        read.collect()
    }
}

impl Record {
    /// Its message group; messages of one are handled one after another.
    pub(super) fn group(&self) -> Option<&str> {
        self.attributes.message_group_id.as_deref()
    }

    /// The request that hands it to a handler: its body, and the headers that a call of its own
    /// would have had.
    pub(super) fn request(&self, call: &Request) -> Request {
        let mut headers = HeaderMap::new();
        let mut put = |name: &'static str, value: Option<&str>| {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
                headers.insert(name, value);
            }
        };
        put(header::SQS_MESSAGE_ID, Some(&self.message_id));
        put(header::IDEMPOTENCY_KEY, Some(&self.message_id));
        put(
            header::RECEIVE_COUNT,
            self.attributes.approximate_receive_count.as_deref(),
        );
        for name in [
            header::SQS_QUEUE_URL,
            header::TOPIC,
            header::CONNECTOR,
            header::CALL_ID,
        ] {
            put(name, call.header(name));
        }
        Request {
            method: call.method.clone(),
            uri: call.uri.clone(),
            headers,
            body: Bytes::from(self.body.clone()),
        }
    }

    /// Its own context inside the batch's: the id from its attributes, else its body, else the
    /// message id, which is the same on every delivery. And whether an id that it had was refused.
    pub(super) fn context(&self, batch: &Context) -> (Context, bool) {
        let text = |name: &str| self.message_attributes.get(name)?.string_value.as_deref();
        let given = ID_ATTRIBUTES.iter().find_map(|name| text(name));
        let parsed = given.and_then(|id| CorrelationId::parse(id).ok());
        let mut refused = given.is_some() && parsed.is_none();
        let id = parsed
            .or_else(|| {
                let delivery = Delivery::read(&Bytes::from(self.body.clone())).ok()?;
                refused |= delivery.refused_id;
                delivery.correlation_id
            })
            .or_else(|| CorrelationId::parse(&self.message_id).ok())
            .unwrap_or_else(CorrelationId::mint);
        let caller = text("traceparent").and_then(TraceParent::parse);
        let aws = self.attributes.aws_trace_header.as_deref();
        let trace = caller.or_else(|| aws.and_then(TraceParent::parse_aws));
        let mut context = Context::new(id)
            .with_caller(trace.unwrap_or(*batch.trace()))
            .with_idempotency_key(&self.message_id);
        if let Some(call_id) = batch.call_id() {
            context = context.with_call_id(call_id);
        }
        if let Some(deadline) = batch.deadline() {
            context = context.with_deadline(deadline);
        }
        let attempt = self.attributes.approximate_receive_count.as_deref();
        if let Some(attempt) = attempt.and_then(|count| count.parse().ok()) {
            context = context.with_delivery_attempt(attempt);
        }
        if let Some(baggage) = batch.baggage() {
            context = context.with_baggage(baggage.clone());
        }
        if batch.asks_for_debug_log() {
            context = context.with_debug_log();
        }
        (context, refused)
    }
}
