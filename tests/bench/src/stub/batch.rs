//! Answers to `ReceiveMessage`, made once and patched: a stub must not be what is measured.

use md5::{Digest as _, Md5};

/// How long a body is, about as long as a webhook in its envelope.
const BODY: usize = 400;
/// Real handles are about this long.
const HANDLE: usize = 180;
/// Hexadecimal digits of a message's number: the end of its id and of its handle.
const DIGITS: usize = 12;

/// One message as JSON, with places for its number.
#[derive(Debug)]
pub(crate) struct Template {
    plain: Patch,
    with_attributes: Patch,
}

#[derive(Debug)]
struct Patch {
    json: String,
    places: Vec<usize>,
}

impl Template {
    pub(crate) fn new() -> Self {
        let body = body();
        let md5 = Md5::digest(body.as_bytes())
            .iter()
            .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        let body = serde_json::to_string(&body).expect("text is JSON");
        let mark = "#".repeat(DIGITS);
        let handle = "AQEB".repeat((HANDLE - DIGITS) / 4);
        let head = format!(
            r#"{{"MessageId":"00000000-0000-4000-8000-{mark}","ReceiptHandle":"{handle}{mark}","MD5OfBody":"{md5}","Body":{body}"#
        );
        let attributes = r#","Attributes":{"SenderId":"AIDAIENQZJOLO23YVJ4VO","ApproximateFirstReceiveTimestamp":"1700000000000","ApproximateReceiveCount":"1","SentTimestamp":"1700000000000"}"#;
        Self {
            plain: Patch::new(format!("{head}}}"), &mark),
            with_attributes: Patch::new(format!("{head}{attributes}}}"), &mark),
        }
    }

    /// The answer with the messages of these numbers.
    pub(crate) fn answer(&self, numbers: std::ops::Range<u64>, attributes: bool) -> Vec<u8> {
        let patch = if attributes {
            &self.with_attributes
        } else {
            &self.plain
        };
        let count = usize::try_from(numbers.end - numbers.start).unwrap_or(0);
        let mut answer = Vec::with_capacity(32 + count * (patch.json.len() + 1));
        answer.extend_from_slice(br#"{"Messages":["#);
        for (n, number) in numbers.enumerate() {
            if n > 0 {
                answer.push(b',');
            }
            let start = answer.len();
            answer.extend_from_slice(patch.json.as_bytes());
            for place in &patch.places {
                write_hex(&mut answer[start + place..start + place + DIGITS], number);
            }
        }
        answer.extend_from_slice(b"]}");
        answer
    }
}

impl Patch {
    fn new(json: String, mark: &str) -> Self {
        let places = json.match_indices(mark).map(|(at, _)| at).collect();
        Self { json, places }
    }
}

/// The number at the end of a message's id, which every consumer sends as the correlation id.
pub(crate) fn number(id: &[u8]) -> Option<u64> {
    let digits = id.get(id.len().checked_sub(DIGITS)?..)?;
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

fn write_hex(place: &mut [u8], mut number: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(number & 15) as usize];
        number >>= 4;
    }
}

fn body() -> String {
    let mut body =
        String::from(r#"{"webhookEvent":"jira:issue_updated","issue":{"key":"PAY-142","#);
    body.push_str(r#""fields":{"status":"In Progress","summary":""#);
    let end = r#""}},"user":"someone"}"#;
    while body.len() + end.len() < BODY {
        body.push_str("words and ");
    }
    body.push_str(end);
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_has_a_number_of_its_own_in_id_and_handle() {
        let answer = Template::new().answer(254..257, true);
        let json: serde_json::Value = serde_json::from_slice(&answer).unwrap();
        let messages = json["Messages"].as_array().unwrap();
        assert_eq!(messages.len(), 3);
        for (message, n) in messages.iter().zip(254..) {
            for key in ["MessageId", "ReceiptHandle"] {
                assert_eq!(number(message[key].as_str().unwrap().as_bytes()), Some(n));
            }
        }
    }

    #[test]
    fn the_body_has_the_size_of_a_webhook() {
        assert!(
            (BODY..BODY + 20).contains(&body().len()),
            "{}",
            body().len()
        );
    }
}
