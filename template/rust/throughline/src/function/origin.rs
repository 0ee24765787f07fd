//! What a request says of where it comes from, in its headers and its body.

use bytes::Bytes;
use http::HeaderMap;

use crate::{Context, CorrelationId, Delivery, header};

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
        .or(call_id)
        .unwrap_or_else(CorrelationId::mint);
    (crate::arrival::context_of(id, headers), refused)
}

/// A header's value, where it is there and is text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
