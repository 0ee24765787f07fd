//! A message as the corpus writes it: attributes a line each, an empty line, and the body.
//!
//! `name: value` is a `String`, `name# 7` a `Number`, `name~ abc` a `Binary`; `@trace: …` is the
//! system attribute `AWSTraceHeader`, `@id: …` the message id, `@group: …` the message group.

use sqs_connector::message::{Attribute, Message, Value};

pub(crate) fn read(data: &[u8]) -> Message {
    let (head, body) = match data.windows(2).position(|pair| pair == b"\n\n") {
        _ if data.first() == Some(&b'\n') => (&[][..], &data[1..]),
        Some(at) => (&data[..at], &data[at + 2..]),
        None => (&[][..], data),
    };
    let mut message = Message::new("0f0e0d0c-0b0a-4908-8706-050403020100", body.to_vec());
    for line in head.split(|byte| *byte == b'\n') {
        let Some(at) = line.iter().position(|byte| b":#~".contains(byte)) else {
            continue;
        };
        let name = String::from_utf8_lossy(&line[..at]).into_owned();
        let value = line[at + 1..].strip_prefix(b" ").unwrap_or(&line[at + 1..]);
        let text = String::from_utf8_lossy(value).into_owned();
        match name.as_str() {
            "@trace" => message.aws_trace_header = Some(text),
            "@id" => message.id = text.as_str().into(),
            "@group" => message.group = Some(text),
            _ => {
                let attribute = match line[at] {
                    b'#' => Attribute {
                        data_type: "Number".into(),
                        value: Value::Text(text),
                    },
                    b'~' => Attribute {
                        data_type: "Binary".into(),
                        value: Value::Binary(value.to_vec().into()),
                    },
                    _ => Attribute::text(text),
                };
                message.attributes.insert(name, attribute);
            }
        }
    }
    message
}
