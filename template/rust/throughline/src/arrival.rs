//! What the headers of a request say of it: the context that it is handled in.

use http::HeaderMap;

use crate::{Baggage, Context, CorrelationId, TraceParent, header};

/// The id of the call, where it may be logged as it is.
fn call_id_of(headers: &HeaderMap) -> Option<CorrelationId> {
    text(headers, header::CALL_ID).and_then(|id| CorrelationId::parse(id).ok())
}

/// The context of a request with this id, and with all else that its headers say.
pub(crate) fn context_of(id: CorrelationId, headers: &HeaderMap) -> Context {
    let mut context = Context::new(id);
    if let Some(call_id) = call_id_of(headers) {
        context = context.with_call_id(call_id.as_str());
    }
    if let Some(caller) = text(headers, header::TRACEPARENT).and_then(TraceParent::parse) {
        context = context.with_caller(caller);
        if let Some(state) = text(headers, header::TRACESTATE).filter(|state| state.len() <= 512) {
            context = context.with_trace_state(state);
        }
    } else if let Some(caller) = text(headers, header::X_RAY).and_then(TraceParent::parse_aws) {
        context = context.with_caller(caller).with_x_ray();
    }
    if let Some(baggage) = text(headers, header::BAGGAGE).and_then(Baggage::parse) {
        context = context.with_baggage(baggage);
    }
    if let Some(key) = text(headers, header::IDEMPOTENCY_KEY) {
        context = context.with_idempotency_key(key);
    }
    if let Some(attempt) = text(headers, header::RECEIVE_COUNT).and_then(|n| n.parse().ok()) {
        context = context.with_delivery_attempt(attempt);
    }
    context
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
            .collect()
    }

    fn context(pairs: &[(&'static str, &'static str)]) -> Context {
        context_of(CorrelationId::parse("kan-7").unwrap(), &headers(pairs))
    }

    const W3C: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const X_RAY: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8";

    #[test]
    fn the_trace_is_that_of_traceparent_with_a_span_of_its_own() {
        let context = context(&[
            ("traceparent", W3C),
            ("tracestate", "vendor=1"),
            ("x-amzn-trace-id", X_RAY),
        ]);
        assert_eq!(context.caller().unwrap().to_string(), W3C);
        assert_eq!(
            context.trace().trace_id(),
            "0af7651916cd43dd8448eb211c80319c"
        );
        assert_ne!(context.trace().span_id(), "b7ad6b7169203331");
        assert_eq!(context.trace_state(), Some("vendor=1"));
        assert!(!context.from_x_ray());
    }

    #[test]
    fn without_it_the_trace_is_that_of_x_ray_sampled_where_that_is_left_open() {
        let context = context(&[("x-amzn-trace-id", X_RAY)]);
        assert_eq!(
            context.trace().trace_id(),
            "5759e988bd862e3fe1be46a994272793"
        );
        assert!(context.trace().sampled());
        assert!(context.from_x_ray());
    }

    #[test]
    fn a_root_alone_names_no_span_to_continue_and_a_new_trace_begins() {
        let root = "Root=1-5759e988-bd862e3fe1be46a994272793";
        let context = context(&[("x-amzn-trace-id", root)]);
        assert_eq!(context.caller(), None);
        assert_ne!(
            context.trace().trace_id(),
            "5759e988bd862e3fe1be46a994272793"
        );
    }

    #[test]
    fn what_is_not_valid_is_left_out() {
        let context = context(&[
            ("traceparent", "00-1-2-3"),
            ("tracestate", "vendor=1"),
            ("baggage", "no member"),
            ("x-call-id", "two words"),
            ("x-sqs-receive-count", "many"),
        ]);
        assert_eq!(context.caller(), None);
        assert_eq!(context.trace_state(), None);
        assert_eq!(context.baggage(), None);
        assert_eq!(context.call_id(), None);
        assert_eq!(context.delivery_attempt(), None);
    }
}
