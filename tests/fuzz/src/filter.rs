//! The parser and the matcher of filters.

use serde_json::{Value, json};
use sqs_connector::filter::Filter;

use crate::letter;

/// What stands between the pattern and the message.
const LINE: &[u8] = b"\n---\n";

/// Parses any filter and holds any message against it.
///
/// # Panics
/// When a filter is refused without a fault, when it does not mean the same after it was written and
/// read again, or when one of two patterns is not enough.
pub fn filter(data: &[u8]) {
    let at = data.windows(LINE.len()).position(|window| window == LINE);
    let (pattern, message) = match at {
        Some(at) => (&data[..at], &data[at + LINE.len()..]),
        None => (data, &b""[..]),
    };
    let Ok(pattern) = serde_json::from_slice::<Value>(pattern) else {
        return;
    };
    let filter = match Filter::parse(&pattern) {
        Ok(filter) => filter,
        Err(faults) => {
            assert!(!faults.is_empty());
            assert!(faults.iter().all(|fault| !fault.reason.is_empty()));
            return;
        }
    };
    let message = letter::read(message);
    let matches = filter.matches(&message);
    let written = serde_json::from_str(&filter.to_string()).expect("a filter is written as JSON");
    let again = Filter::parse(&written).expect("what was read can be read again");
    assert_eq!(again, filter);
    assert_eq!(again.matches(&message), matches);

    let nobody = json!({"messageId": [""]});
    let mut either = written.as_array().cloned().unwrap_or_default();
    either.push(nobody);
    let either = Filter::parse(&Value::Array(either)).expect("both are patterns");
    assert_eq!(either.matches(&message), matches || message.id.is_empty());
}
