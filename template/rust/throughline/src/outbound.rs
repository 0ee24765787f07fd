//! What every call that goes out carries, whoever makes it.

use http::{HeaderMap, HeaderValue};

use crate::{Baggage, Context, header};

/// Puts the ids of a context on a request that goes out; what stood there under their names is
/// replaced.
///
/// The SDK's own clients do this; it is for those that are none of them.
///
/// ```
/// use throughline::{Context, CorrelationId};
///
/// let context = Context::new(CorrelationId::parse("kan-7").unwrap());
/// let mut headers = http::HeaderMap::new();
/// throughline::stamp(&context, &mut headers);
/// assert_eq!(headers["x-correlation-id"], "kan-7");
/// assert_eq!(headers["baggage"], "correlation_id=kan-7");
/// assert!(headers.contains_key("traceparent"));
/// ```
pub fn stamp(context: &Context, headers: &mut HeaderMap) {
    let mut put = |name: &'static str, value: &str| {
        // What came in a header may go out in one; anything else is left out.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put(header::CORRELATION_ID, context.correlation_id().as_str());
    put(header::TRACEPARENT, &context.trace().to_string());
    if let Some(state) = context.trace_state() {
        put(header::TRACESTATE, state);
    }
    if context.from_x_ray() {
        put(header::X_RAY, &context.trace().to_aws());
    }
    let baggage = Baggage::outgoing(context.correlation_id(), context.baggage());
    put(header::BAGGAGE, &baggage);
    if let Some(call_id) = context.call_id() {
        put(header::CALL_ID, call_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CorrelationId, TraceParent};

    #[test]
    fn a_trace_that_came_from_x_ray_goes_on_in_both_forms() {
        let aws = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
        let caller = TraceParent::parse_aws(aws).unwrap();
        let context = Context::new(CorrelationId::mint())
            .with_caller(caller)
            .with_x_ray();
        let mut headers = HeaderMap::new();
        stamp(&context, &mut headers);
        let span = context.trace().span_id();
        let expected = format!("Root=1-5759e988-bd862e3fe1be46a994272793;Parent={span};Sampled=1");
        assert_eq!(headers[header::X_RAY], expected);
        let w3c = format!("00-5759e988bd862e3fe1be46a994272793-{span}-01");
        assert_eq!(headers[header::TRACEPARENT], w3c);
    }
}
