//! What a request says of where it comes from, in its headers and its body.

use bytes::Bytes;
use http::HeaderMap;

use crate::{Context, CorrelationId, Delivery, TraceParent, header};

/// The context of a request: the id from the header, else the envelope, else `X-Call-Id`, else new.
/// And why an id that came was refused, if one was.
///
/// The body is read only where the header does not settle it.
pub(super) fn context_of(headers: &HeaderMap, body: &Bytes) -> (Context, Option<String>) {
    let call_id = text(headers, header::CALL_ID).and_then(|id| CorrelationId::parse(id).ok());
    let given = headers.get(header::CORRELATION_ID).map(|value| {
        let value = value.to_str().map_err(|_| "it is not text".to_owned())?;
        CorrelationId::parse(value).map_err(|error| error.to_string())
    });
    let (given, mut refused) = match given {
        Some(Ok(id)) => (Some(id), None),
        Some(Err(reason)) => (None, Some(format!("X-Correlation-ID: {reason}"))),
        None => (None, None),
    };
    let id = given
        .or_else(|| {
            let delivery = Delivery::read(body).ok()?;
            if delivery.refused_id {
                refused.get_or_insert_with(|| "the body's correlation_id is none".to_owned());
            }
            delivery.correlation_id
        })
        .or_else(|| call_id.clone())
        .unwrap_or_else(CorrelationId::mint);
    let mut context = Context::new(id);
    if let Some(call_id) = call_id {
        context = context.with_call_id(call_id.as_str());
    }
    if let Some(trace) = text(headers, header::TRACEPARENT).and_then(TraceParent::parse) {
        context = context.with_trace(trace.child());
    }
    if let Some(key) = text(headers, header::IDEMPOTENCY_KEY) {
        context = context.with_idempotency_key(key);
    }
    if let Some(attempt) = text(headers, header::RECEIVE_COUNT).and_then(|n| n.parse().ok()) {
        context = context.with_delivery_attempt(attempt);
    }
    (context, refused)
}

/// A header's value, where it is there and is text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
