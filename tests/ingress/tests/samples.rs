//! What the template rendered, read by those who read it in production: the SDK and the connector.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use ingress::law::message_of;
use ingress::queue::Message;
use ingress::sample::{self, EXTENDED_REQUEST_ID, RECEIVED_AT_MS, Sample};
use ingress::velocity::Rendered;
use sqs_connector::correlate::{Source, correlate};
use throughline::{Delivery, Envelope, TraceParent};

fn samples() -> BTreeMap<String, (Sample, Message)> {
    let samples = sample::read().unwrap();
    assert!(samples.len() > 20, "the samples are there");
    let with_message = |(name, sample): (String, Sample)| {
        let rendered = Rendered {
            text: sample.rendered.clone(),
            status: None,
            hook_secret: None,
        };
        (name, (sample, message_of(&rendered).unwrap()))
    };
    samples.into_iter().map(with_message).collect()
}

#[test]
fn the_sdk_reads_every_envelope_that_the_template_renders() {
    for (name, (sample, message)) in samples() {
        let envelope = Envelope::parse(message.body.as_bytes()).unwrap();
        assert_eq!(envelope.correlation_id.as_str(), EXTENDED_REQUEST_ID);
        assert_eq!(envelope.received_at_ms, RECEIVED_AT_MS, "{name}");
        assert_eq!(envelope.source, sample.delivery.source, "{name}");
        let sent = String::from_utf8_lossy(&sample.delivery.body);
        assert_eq!(envelope.body, sent.as_bytes(), "{name}");
        for (header, value) in &envelope.headers {
            let sent = sample.delivery.headers.iter();
            let sent = sent.filter(|(name, _)| name.eq_ignore_ascii_case(header));
            assert_eq!(sent.map(|(_, value)| value).collect::<Vec<_>>(), [value]);
        }
        assert_eq!(envelope.to_json(), message.body, "{name}");

        let delivery = Delivery::read(&message.body.clone().into()).unwrap();
        assert_eq!(delivery.correlation_id, Some(envelope.correlation_id));
        assert_eq!(delivery.headers, envelope.headers, "{name}");
        assert_eq!(delivery.body, envelope.body, "{name}");
    }
}

#[test]
fn the_connector_finds_the_id_and_the_trace_in_every_message() {
    for (name, (_, message)) in samples() {
        let received = sqs_connector::message::Message {
            id: "6d1f3e0a-7f6c-4a5e-9f0e-0b7c9d2b1a44".into(),
            handle: "handle".into(),
            body: message.body.into(),
            attributes: BTreeMap::new(),
            receive_count: 1,
            sent_at_ms: None,
            first_received_at_ms: None,
            sender: None,
            group: None,
            deduplication: None,
            sequence: None,
            aws_trace_header: message.trace.clone(),
            dead_letter_source: None,
        };
        let found = correlate(&received);
        assert_eq!(found.id.as_str(), EXTENDED_REQUEST_ID, "{name}");
        assert_eq!((found.source, found.refused), (Source::Envelope, 0));
        let trace = TraceParent::parse_aws(&message.trace.unwrap());
        assert!(trace.is_none_or(|trace| trace.trace_id() == found.trace.trace_id()));
    }
}
