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

const EVENT: &str = r#"{"version":"0","id":"6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "detail-type":"Order Placed","source":"shop.orders","account":"000000000000",
    "time":"2026-01-02T03:04:05Z","region":"eu-west-1","resources":[],"detail":{"order":7}}"#;

const S3: &str = r#"{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"eu-west-1",
    "eventName":"ObjectCreated:Put","responseElements":{"x-amz-request-id":"C3D13FE58DE4C810",
    "x-amz-id-2":"FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD"},
    "s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}, 7]}"#;

const S3_TEST: &str = r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-01-02T03:04:05Z",
    "Bucket":"b","RequestId":"5582815E1AEA5ADF","HostId":"8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9"}"#;

/// As SNS wraps it where raw delivery is off.
fn wrapped(message: &str, attributes: &str) -> String {
    let message = serde_json::to_string(message).unwrap();
    format!(
        r#"{{"Type":"Notification","MessageId":"22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
           "TopicArn":"arn:aws:sns:eu-west-1:000000000000:t","Message":{message},"MessageAttributes":{attributes}}}"#
    )
}

#[test]
fn an_event_of_event_bridge_is_known_by_its_details_id_and_else_by_its_own() {
    let found = of(EVENT);
    assert_eq!(
        (found.id.as_str(), found.source),
        ("6a7e8feb-b491-4cf7-a9f1-bf3703467718", Source::EventBridge)
    );
    let with_id = EVENT.replace(r#""order":7"#, r#""correlation_id":"order-7""#);
    let found = of(&with_id);
    assert_eq!(
        (found.id.as_str(), found.source),
        ("order-7", Source::EventBridge)
    );
    // An `id` alone may be anything.
    for lacking in ["detail-type", "source", "\"detail\""] {
        let other = EVENT.replace(
            lacking,
            &lacking.replace('d', "D").replace("source", "sauce"),
        );
        assert_eq!(of(&other).source, Source::MessageId, "without {lacking}");
    }
}

#[test]
fn an_event_of_s3_is_known_by_the_request_that_caused_it() {
    let found = of(S3);
    assert_eq!(
        (found.id.as_str(), found.source),
        ("C3D13FE58DE4C810", Source::S3)
    );
    let found = of(&S3.replace("C3D13FE58DE4C810", "not an id"));
    assert!(found.id.as_str().starts_with("FMyUVURIY8/"));
    assert_eq!((found.source, found.refused), (Source::S3, 1));
    let found = of(S3_TEST);
    assert_eq!(
        (found.id.as_str(), found.source),
        ("5582815E1AEA5ADF", Source::S3)
    );
    for other in [
        S3.replace("aws:s3", "aws:ses"),
        r#"{"Records":[]}"#.into(),
        r#"{"Records":[7]}"#.into(),
        r#"{"Records":{"eventSource":"aws:s3"}}"#.into(),
        S3_TEST.replace("s3:TestEvent", "other"),
    ] {
        assert_eq!(of(&other).source, Source::MessageId, "{other}");
    }
}

#[test]
fn what_sns_wraps_is_looked_into_before_the_id_of_sns_is_taken() {
    let envelope = r#"{"v":1,"correlation_id":"kan-1","headers":{},"body_b64":"e30="}"#;
    for (inner, id, source) in [
        (S3, "C3D13FE58DE4C810", Source::S3),
        (
            EVENT,
            "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
            Source::EventBridge,
        ),
        (envelope, "kan-1", Source::Sns),
        ("hello", "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324", Source::Sns),
    ] {
        let found = of(&wrapped(inner, "{}"));
        assert_eq!((found.id.as_str(), found.source), (id, source));
        let attribute = r#"{"correlation_id":{"Type":"String","Value":"sns-1"}}"#;
        assert_eq!(of(&wrapped(inner, attribute)).id.as_str(), "sns-1");
    }
}

#[test]
fn the_trace_is_taken_out_of_an_sns_wrapper() {
    let w3c = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let attributes = format!(r#"{{"traceparent":{{"Type":"String","Value":"{w3c}"}}}}"#);
    let wrapper = wrapped("hello", &attributes);
    assert_eq!(of(&wrapper).trace.to_string(), w3c);
    let aws = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    let attributes = format!(r#"{{"AWSTraceHeader":{{"Type":"String","Value":"{aws}"}}}}"#);
    assert_eq!(
        of(&wrapped("hello", &attributes)).trace.trace_id(),
        "5759e988bd862e3fe1be46a994272793"
    );
    let mut message = Message::with_body(wrapper);
    message.aws_trace_header = Some(aws.into());
    assert_eq!(
        correlate(&message).trace.trace_id(),
        "5759e988bd862e3fe1be46a994272793"
    );
}

#[test]
fn a_message_without_id_and_trace_has_the_same_ones_on_every_delivery() {
    let mut message = Message::with_body("hello");
    message.id = "no id at all".into();
    let (first, again) = (correlate(&message), correlate(&message));
    assert_eq!((&first.id, first.trace), (&again.id, again.trace));
    message.id = "another".into();
    let other = correlate(&message);
    assert_ne!(first.trace.trace_id(), other.trace.trace_id());
    message.id = "no id either".into();
    assert_ne!(first.id, correlate(&message).id);
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
