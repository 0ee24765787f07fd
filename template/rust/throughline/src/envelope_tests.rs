//! What is read as an envelope, what as another form, and what as a body like any other.

use super::*;
use proptest::prelude::*;

fn read(body: &str) -> Delivery {
    Delivery::read(&Bytes::copy_from_slice(body.as_bytes())).unwrap()
}

fn id(value: &str) -> Option<CorrelationId> {
    Some(CorrelationId::parse(value).unwrap())
}

#[test]
fn an_envelope_is_unwrapped_to_the_senders_bytes() {
    let delivery = read(
        r#"{"v":1,"correlation_id":"a=1","request_id":"r","source":"jira","received_at_ms":7,
           "headers":{"X-Hub-Signature":"s"},"body_b64":"/wAKJg=="}"#,
    );
    assert_eq!(delivery.correlation_id, id("a=1"));
    assert_eq!(delivery.source.as_deref(), Some("jira"));
    assert_eq!(delivery.received_at_ms, Some(7));
    assert_eq!(delivery.headers["x-hub-signature"], "s");
    assert_eq!(&delivery.body[..], b"\xff\x00\x0a&");
}

#[test]
fn an_envelope_with_a_bad_id_still_delivers_and_says_so() {
    let delivery =
        read(r#"{"v":1,"correlation_id":"two words","received_at_ms":7,"body_b64":"e30="}"#);
    assert_eq!(delivery.correlation_id, None);
    assert!(delivery.refused_id);
    assert_eq!(&delivery.body[..], b"{}");
}

#[test]
fn the_older_form_gives_its_payload() {
    let delivery = read(
        r#"{"correlation_id":"x","source":"trello","timestamp":"2025-03-04T09:15:24Z","payload":{"a": 1}}"#,
    );
    assert_eq!(delivery.correlation_id, id("x"));
    assert_eq!(delivery.source.as_deref(), Some("trello"));
    assert_eq!(delivery.received_at_ms, Some(1_741_079_724_000));
    assert_eq!(&delivery.body[..], br#"{"a": 1}"#);
}

#[test]
fn lambdas_form_with_one_record_gives_what_the_record_holds() {
    let inner = r#"{"v":1,"correlation_id":"x","received_at_ms":7,"body_b64":"e30="}"#;
    let outer = serde_json::json!({"Records": [{"messageId": "m", "body": inner}]});
    let delivery = read(&outer.to_string());
    assert_eq!(delivery.correlation_id, id("x"));
    assert_eq!(&delivery.body[..], b"{}");
}

#[test]
fn every_other_body_is_taken_as_it_is() {
    for body in [
        "",
        "plain",
        "[1]",
        "null",
        "{\"correlation_id\":",
        r#"{"payload":{}}"#,
    ] {
        let delivery = read(body);
        assert_eq!(&delivery.body[..], body.as_bytes());
        assert_eq!(delivery.correlation_id, None);
        assert!(!delivery.refused_id);
    }
    let body = r#"{"correlation_id":"bare-1","card":{"id":"7"}}"#;
    assert_eq!(read(body).correlation_id, id("bare-1"));
    assert_eq!(&read(body).body[..], body.as_bytes());
    assert!(read(r#"{"correlation_id":null}"#).refused_id);
}

#[test]
fn a_damaged_envelope_is_named_as_such() {
    for (body, reason) in [
        (
            r#"{"v":1,"correlation_id":"x","received_at_ms":1,"body_b64":"%%"}"#,
            "not base64",
        ),
        (
            r#"{"v":2,"correlation_id":"x","received_at_ms":1,"body_b64":""}"#,
            "version 2",
        ),
        (
            r#"{"v":1,"correlation_id":"x","body_b64":""}"#,
            "received_at_ms",
        ),
    ] {
        let error = Delivery::read(&Bytes::from_static(body.as_bytes())).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
}

proptest! {
    #[test]
    fn any_bytes_go_in_and_come_out_of_an_envelope(body in any::<Vec<u8>>()) {
        let envelope = Envelope {
            correlation_id: CorrelationId::mint(),
            request_id: "r".into(),
            source: "generic".into(),
            received_at_ms: 1,
            headers: BTreeMap::new(),
            body: body.into(),
        };
        let json = Bytes::from(envelope.to_json());
        prop_assert_eq!(&Envelope::parse(&json).unwrap(), &envelope);
        prop_assert_eq!(Delivery::read(&json).unwrap().body, envelope.body);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(body in any::<Vec<u8>>()) {
        let _ = Delivery::read(&body.into());
    }
}
