//! What a function answers to a batch: which items failed.
//!
//! The form is that of AWS Lambda's partial batch responses. The function must say which messages it
//! failed in the form's own words: nothing is guessed from anything else, since a guess would delete
//! messages. Beside Lambda's `itemIdentifier` an entry may have a `statusCode`: what the function
//! would have answered to this message alone.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

/// Why an answer does not say which items failed. The whole batch counts as failed then.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unreadable {
    /// It is not JSON.
    #[error("it is no JSON")]
    NoJson,
    /// It is JSON, of another form.
    #[error("it is JSON without a list batchItemFailures")]
    NoList,
    /// An entry of the list does not name a message.
    #[error("an entry of batchItemFailures has no itemIdentifier")]
    NoIdentifier,
    /// An entry of the list names a message that was not in the batch.
    #[error("an itemIdentifier is no messageId of the batch")]
    Unknown,
    /// It is longer than what is read.
    #[error("it is longer than {0} bytes")]
    TooLong(usize),
}

#[derive(Deserialize)]
struct Failure {
    #[serde(rename = "itemIdentifier")]
    item_identifier: String,
    #[serde(rename = "statusCode", default)]
    status_code: Value,
}

/// The messages that failed, by id, each with its `statusCode` where it has one that is a number;
/// empty where all succeeded: an empty body, `null`, `{}`, a list that is empty or `null`. Of two
/// entries about one message the first that has a status says it.
///
/// # Errors
/// When it is anything else: plain text, JSON without the list, a list that names no message, or
/// one that was not in the batch.
pub fn read(
    body: &[u8],
    sent: &BTreeSet<&str>,
) -> Result<BTreeMap<String, Option<u16>>, Unreadable> {
    if body.trim_ascii().is_empty() {
        return Ok(BTreeMap::new());
    }
    let answer: Value = serde_json::from_slice(body).map_err(|_| Unreadable::NoJson)?;
    let list = match answer {
        Value::Null => return Ok(BTreeMap::new()),
        Value::Object(map) if map.is_empty() => return Ok(BTreeMap::new()),
        Value::Object(mut map) => map.remove("batchItemFailures").ok_or(Unreadable::NoList)?,
        _ => return Err(Unreadable::NoList),
    };
    let entries = match list {
        Value::Null => return Ok(BTreeMap::new()),
        Value::Array(entries) => entries,
        _ => return Err(Unreadable::NoList),
    };
    let mut failed = BTreeMap::new();
    for entry in entries {
        let failure: Failure =
            serde_json::from_value(entry).map_err(|_| Unreadable::NoIdentifier)?;
        if failure.item_identifier.is_empty() {
            return Err(Unreadable::NoIdentifier);
        }
        if !sent.contains(failure.item_identifier.as_str()) {
            return Err(Unreadable::Unknown);
        }
        let status = failure.status_code.as_u64().and_then(|n| n.try_into().ok());
        let known = failed.entry(failure.item_identifier).or_insert(status);
        *known = known.or(status);
    }
    Ok(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn failed(body: &str) -> Result<Vec<String>, Unreadable> {
        read(body.as_bytes(), &BTreeSet::from(["m1", "m2", "m3"]))
            .map(|failed| failed.into_keys().collect())
    }

    #[test]
    fn an_answer_that_names_no_failure_is_success_for_all() {
        for body in [
            "",
            " \r\n",
            "null",
            "{}",
            r#"{"batchItemFailures":[]}"#,
            r#"{"batchItemFailures":null}"#,
            r#"{"batchItemFailures":[],"more":1}"#,
        ] {
            assert_eq!(failed(body), Ok(vec![]), "{body:?}");
        }
    }

    #[test]
    fn what_is_named_failed_and_the_rest_succeeded() {
        let body = r#"{"batchItemFailures":[{"itemIdentifier":"m3"},{"itemIdentifier":"m1","why":"no"},{"itemIdentifier":"m3"}]}"#;
        assert_eq!(failed(body).unwrap(), ["m1", "m3"]);
    }

    #[test]
    fn a_status_is_read_where_it_is_a_number_and_harms_nothing_elsewhere() {
        for (status, read_as) in [
            ("422", Some(422)),
            ("\"422\"", None),
            ("null", None),
            ("-1", None),
            ("99999", None),
            ("4.5", None),
            ("{}", None),
        ] {
            let body = format!(
                r#"{{"batchItemFailures":[{{"itemIdentifier":"m1","statusCode":{status}}}]}}"#
            );
            let failed = read(body.as_bytes(), &BTreeSet::from(["m1"])).unwrap();
            assert_eq!(failed["m1"], read_as, "{status}");
        }
    }

    #[test]
    fn what_is_not_the_form_fails_the_whole_batch() {
        for (body, why) in [
            ("OK", Unreadable::NoJson),
            ("{", Unreadable::NoJson),
            (r#"{"batchItemFailures":[]} and more"#, Unreadable::NoJson),
            (r#""OK""#, Unreadable::NoList),
            ("true", Unreadable::NoList),
            ("[]", Unreadable::NoList),
            (r#"{"statusCode":200}"#, Unreadable::NoList),
            (r#"{"batchitemfailures":[]}"#, Unreadable::NoList),
            (r#"{"batchItemFailures":{}}"#, Unreadable::NoList),
            (r#"{"batchItemFailures":"m1"}"#, Unreadable::NoList),
            (r#"{"batchItemFailures":["m1"]}"#, Unreadable::NoIdentifier),
            (r#"{"batchItemFailures":[{}]}"#, Unreadable::NoIdentifier),
            (
                r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
                Unreadable::NoIdentifier,
            ),
            (
                r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
                Unreadable::NoIdentifier,
            ),
            (
                r#"{"batchItemFailures":[{"id":"m1"}]}"#,
                Unreadable::NoIdentifier,
            ),
            (
                r#"{"batchItemFailures":[{"itemIdentifier":"m1"},{"itemIdentifier":"m4"}]}"#,
                Unreadable::Unknown,
            ),
        ] {
            assert_eq!(failed(body), Err(why), "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_what_failed_was_in_the_batch(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let sent = BTreeSet::from(["m1"]);
            if let Ok(failed) = read(&body, &sent) {
                prop_assert!(failed.keys().all(|id| sent.contains(id.as_str())));
            }
        }
    }
}
