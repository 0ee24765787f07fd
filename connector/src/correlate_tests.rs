use super::*;
use crate::message::Attribute;
use proptest::prelude::*;

fn of(body: &str) -> Correlation {
    correlate(&Message::with_body(body.to_owned()))
}

fn with_attribute(name: &str, value: &str, body: &str) -> Message {
    let mut message = Message::with_body(body.to_owned());
    message
        .attributes
        .insert(name.into(), Attribute::text(value));
    message
}

#[test]
fn the_attribute_wins_over_everything_in_the_body() {
    for name in ["correlation_id", "X-Correlation-ID", "x-correlation-id"] {
        let found = correlate(&with_attribute(
            name,
            "from-attribute",
            r#"{"correlation_id":"from-body"}"#,
        ));
        assert_eq!(
            (found.id.as_str(), found.source),
            ("from-attribute", Source::Attribute)
        );
    }
}

#[test]
fn envelopes_of_both_forms_are_read() {
    let v1 = r#"{"v":1,"correlation_id":"kan-1","headers":{},"body_b64":"e30="}"#;
    let older = r#"{"correlation_id":"kan-1","source":"jira","timestamp":"","payload":{"a":1}}"#;
    for body in [v1, older] {
        let found = of(body);
        assert_eq!(
            (found.id.as_str(), found.source),
            ("kan-1", Source::Envelope)
        );
    }
}

#[test]
fn a_top_level_field_of_any_json_object_is_read() {
    let found = of(" \n{\"a\":[{\"correlation_id\":\"inner\"}],\"correlation_id\":\"top\"}");
    assert_eq!((found.id.as_str(), found.source), ("top", Source::Body));
}

#[test]
fn the_attributes_of_an_sns_wrapper_are_read() {
    let wrapper = r#"{"Type":"Notification","Message":"hello","MessageAttributes":
        {"other":{"Type":"String","Value":"x"},"correlation_id":{"Type":"String","Value":"sns-1"}}}"#;
    let found = of(wrapper);
    assert_eq!((found.id.as_str(), found.source), ("sns-1", Source::Sns));
}

#[test]
fn without_an_id_the_message_id_stands_in() {
    for body in [
        "",
        "plain text",
        "[]",
        "{",
        "{\"correlation_id\":7}",
        "null",
        "{\"a\":1}",
    ] {
        let message = Message::with_body(body);
        let found = correlate(&message);
        assert_eq!(
            (found.id.as_str(), found.source),
            (&*message.id, Source::MessageId),
            "{body}"
        );
        assert_eq!(found.refused, 0);
    }
}

#[test]
fn a_hostile_id_is_refused_and_the_next_source_is_asked() {
    let long = "x".repeat(10_000);
    for hostile in ["a\r\nX-Evil: 1", "", "a b", &long] {
        let found = correlate(&with_attribute(
            "correlation_id",
            hostile,
            r#"{"correlation_id":"good"}"#,
        ));
        assert_eq!((found.id.as_str(), found.refused), ("good", 1));
        let found = correlate(&with_attribute("correlation_id", hostile, ""));
        assert_eq!((found.source, found.refused), (Source::MessageId, 1));
    }
}

#[test]
fn the_trace_comes_from_traceparent_else_from_the_aws_header() {
    let w3c = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let mut message = with_attribute("traceparent", w3c, "");
    message.aws_trace_header =
        Some("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1".into());
    assert_eq!(correlate(&message).trace.to_string(), w3c);
    message.attributes.clear();
    assert_eq!(
        correlate(&message).trace.trace_id(),
        "5759e988bd862e3fe1be46a994272793"
    );
    message.aws_trace_header = Some("Root=nonsense".into());
    assert_eq!(correlate(&message).trace.trace_id().len(), 32);
}

#[test]
fn the_context_carries_what_is_known_of_the_delivery() {
    let mut message = with_attribute("correlation_id", "kan-7", "");
    message.receive_count = 3;
    let context = correlate(&message).context(&message);
    assert_eq!(context.correlation_id().as_str(), "kan-7");
    assert_eq!(context.delivery_attempt(), Some(3));
    assert_eq!(context.idempotency_key(), Some(&*message.id));
}

proptest! {
    #[test]
    fn any_body_is_read_without_a_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        correlate(&Message::with_body(body));
    }

    #[test]
    fn any_attribute_gives_a_valid_id(value in any::<String>()) {
        let found = correlate(&with_attribute("correlation_id", &value, ""));
        prop_assert!(CorrelationId::parse(found.id.as_str()).is_ok());
    }
}
