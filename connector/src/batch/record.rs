//! The document that a function gets in batch mode: AWS Lambda's SQS event, `{"Records":[…]}`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut as _, Bytes, BytesMut};
use serde::Serialize;
use throughline::CorrelationId;

use crate::config::QueueUrl;
use crate::digest::{md5_of_attributes, md5_of_body};
use crate::message::{Attribute, Message, Value};

/// The message attribute that carries a record's correlation id.
const CORRELATION_ID: &str = "correlation_id";

const HEAD: &[u8] = br#"{"Records":["#;
const TAIL: &[u8] = b"]}";

/// What a batch takes beside its records, the commas between them counted with the records.
pub const FRAME: usize = HEAD.len() + TAIL.len();

/// Where the records come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    arn: String,
    region: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    message_id: &'a str,
    receipt_handle: &'a str,
    body: &'a str,
    attributes: System<'a>,
    message_attributes: BTreeMap<&'a str, Wire<'a>>,
    md5_of_body: String,
    md5_of_message_attributes: String,
    event_source: &'static str,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: &'a str,
    aws_region: &'a str,
}

/// All of them are text in Lambda's event.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct System<'a> {
    approximate_receive_count: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approximate_first_receive_timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_group_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_deduplication_id: Option<&'a str>,
    #[serde(rename = "AWSTraceHeader", skip_serializing_if = "Option::is_none")]
    aws_trace_header: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dead_letter_queue_source_arn: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    string_value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binary_value: Option<String>,
    string_list_values: [&'static str; 0],
    binary_list_values: [&'static str; 0],
    data_type: &'a str,
}

impl Source {
    /// The queue of this URL; its account is the part of the path before its name.
    pub fn new(url: &QueueUrl, region: &str) -> Self {
        let mut parts = url.as_str().trim_end_matches('/').rsplit('/').skip(1);
        let account = parts.next().unwrap_or_default();
        let partition = match region {
            r if r.starts_with("cn-") => "aws-cn",
            r if r.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        Self {
            arn: format!("arn:{partition}:sqs:{region}:{account}:{}", url.name()),
            region: region.to_owned(),
        }
    }
}

/// One record, as JSON. It says `id` in its message attribute `correlation_id`, also where the sender
/// did not.
pub fn record(message: &Message, id: &CorrelationId, source: &Source) -> Bytes {
    let ours = Attribute::text(id.as_str());
    let sent = &message.attributes;
    let attributes = if sent.get(CORRELATION_ID).map(|own| &own.value) == Some(&ours.value) {
        Cow::Borrowed(sent)
    } else {
        let mut attributes = sent.clone();
        attributes.insert(CORRELATION_ID.to_owned(), ours);
        Cow::Owned(attributes)
    };
    let number = |n: Option<u64>| n.map(|n| n.to_string());
    let record = Record {
        message_id: &message.id,
        receipt_handle: &message.handle,
        // A body comes as JSON text, so it is UTF-8.
        body: &String::from_utf8_lossy(&message.body),
        attributes: System {
            approximate_receive_count: message.receive_count.to_string(),
            sent_timestamp: number(message.sent_at_ms),
            sender_id: message.sender.as_deref(),
            approximate_first_receive_timestamp: number(message.first_received_at_ms),
            message_group_id: message.group.as_deref(),
            sequence_number: message.sequence.as_deref(),
            message_deduplication_id: message.deduplication.as_deref(),
            aws_trace_header: message.aws_trace_header.as_deref(),
            dead_letter_queue_source_arn: message.dead_letter_source.as_deref(),
        },
        message_attributes: (attributes.iter())
            .map(|(name, attribute)| (name.as_str(), wire(attribute)))
            .collect(),
        md5_of_body: md5_of_body(&message.body),
        md5_of_message_attributes: md5_of_attributes(&attributes),
        event_source: "aws:sqs",
        event_source_arn: &source.arn,
        aws_region: &source.region,
    };
    serde_json::to_vec(&record)
        .expect("maps of text have a JSON form")
        .into()
}

/// The whole document.
pub fn document<'a>(records: impl Iterator<Item = &'a Bytes> + Clone) -> Bytes {
    let length: usize = records.clone().map(|record| record.len() + 1).sum();
    let mut document = BytesMut::with_capacity(FRAME + length);
    document.put_slice(HEAD);
    for (n, record) in records.enumerate() {
        if n > 0 {
            document.put_u8(b',');
        }
        document.put_slice(record);
    }
    document.put_slice(TAIL);
    document.freeze()
}

fn wire(attribute: &Attribute) -> Wire<'_> {
    let (string_value, binary_value) = match &attribute.value {
        Value::Text(text) => (Some(text.as_str()), None),
        Value::Binary(bytes) => (None, Some(STANDARD.encode(bytes))),
    };
    Wire {
        string_value,
        binary_value,
        string_list_values: [],
        binary_list_values: [],
        data_type: &attribute.data_type,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const URL: &str = "https://sqs.eu-west-1.amazonaws.com/000000000000/orders.fifo";

    fn source() -> Source {
        Source::new(&QueueUrl::parse(URL).unwrap(), "eu-west-1")
    }

    fn id(text: &str) -> CorrelationId {
        CorrelationId::parse(text).unwrap()
    }

    fn full() -> Message {
        let mut message = Message::with_body("{\"a\":\"\u{1}é\"}");
        message.receive_count = 2;
        message.sent_at_ms = Some(1_700_000_000_000);
        message.first_received_at_ms = Some(1_700_000_000_001);
        message.group = Some("g".into());
        message.deduplication = Some("d".into());
        message.sequence = Some("18870710000000000000".into());
        message.sender = Some("AIDAEXAMPLE".into());
        message.aws_trace_header = Some("Root=1-5759e988-bd862e3fe1be46a994272793".into());
        let binary = Attribute {
            data_type: "Binary.png".into(),
            value: Value::Binary(vec![0, 255].into()),
        };
        message.attributes.insert("picture".into(), binary);
        (message.attributes).insert("correlation_id".into(), Attribute::text("kan-7"));
        message
    }

    #[test]
    fn a_record_has_the_form_of_lambdas_event() {
        let record: serde_json::Value =
            serde_json::from_slice(&record(&full(), &id("kan-7"), &source())).unwrap();
        let expected = json!({
            "messageId": "0f0e0d0c-0b0a-4908-8706-050403020100",
            "receiptHandle": "handle",
            "body": "{\"a\":\"\u{1}é\"}",
            "attributes": {
                "ApproximateReceiveCount": "2",
                "SentTimestamp": "1700000000000",
                "SenderId": "AIDAEXAMPLE",
                "ApproximateFirstReceiveTimestamp": "1700000000001",
                "MessageGroupId": "g",
                "SequenceNumber": "18870710000000000000",
                "MessageDeduplicationId": "d",
                "AWSTraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793",
            },
            "messageAttributes": {
                "correlation_id": {
                    "stringValue": "kan-7", "stringListValues": [], "binaryListValues": [],
                    "dataType": "String",
                },
                "picture": {
                    "binaryValue": "AP8=", "stringListValues": [], "binaryListValues": [],
                    "dataType": "Binary.png",
                },
            },
            "md5OfBody": md5_of_body(&full().body),
            "md5OfMessageAttributes": md5_of_attributes(&full().attributes),
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:orders.fifo",
            "awsRegion": "eu-west-1",
        });
        assert_eq!(record, expected);
    }

    #[test]
    fn a_record_always_says_its_own_correlation_id_and_its_digest_fits() {
        for mut message in [Message::with_body("{}"), full()] {
            let record: serde_json::Value =
                serde_json::from_slice(&record(&message, &id("other"), &source())).unwrap();
            let said = &record["messageAttributes"]["correlation_id"]["stringValue"];
            assert_eq!(said, "other");
            (message.attributes).insert("correlation_id".into(), Attribute::text("other"));
            let digest = md5_of_attributes(&message.attributes);
            assert_eq!(record["md5OfMessageAttributes"], digest);
        }
    }

    #[test]
    fn a_document_is_its_records_and_nothing_else() {
        let records = [Bytes::from_static(b"1"), Bytes::from_static(b"22")];
        let document = document(records.iter());
        assert_eq!(&document[..], br#"{"Records":[1,22]}"#);
        assert_eq!(document.len(), FRAME + 3 + 1);
    }

    #[test]
    fn an_arn_names_the_partition_the_account_and_the_queue() {
        let arn = |url: &str, region: &str| Source::new(&QueueUrl::parse(url).unwrap(), region).arn;
        assert_eq!(
            arn("https://sqs.cn-north-1.amazonaws.com.cn/1/q", "cn-north-1"),
            "arn:aws-cn:sqs:cn-north-1:1:q"
        );
        assert_eq!(
            arn("http://localhost:9324/000000000000/q/", "us-east-1"),
            "arn:aws:sqs:us-east-1:000000000000:q"
        );
    }
}
