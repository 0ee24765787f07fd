//! What SQS says when it refuses a call, and what kind of trouble that is.

use http::HeaderMap;
use serde::Deserialize;

use super::{QueueError, QueueErrorKind};
use crate::aws::refusal;

/// A refusal as it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    status: u16,
    code: String,
    message: String,
}

#[derive(Default, Deserialize)]
struct Body {
    #[serde(rename = "__type")]
    kind: Option<String>,
    code: Option<String>,
    #[serde(alias = "Message", alias = "errorMessage")]
    message: Option<String>,
}

impl Refusal {
    /// Reads an answer that is not 200, as the SDK does: the code of the query protocol where there
    /// is one, else the type in the header or in the body, without its namespace.
    pub(super) fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let body: Body = serde_json::from_slice(body).unwrap_or_default();
        let query = header("x-amzn-query-error").and_then(|error| error.split_once(';'));
        let code = query
            .map(|(code, _)| code)
            .or(header("x-amzn-errortype"))
            .or(body.code.as_deref())
            .or(body.kind.as_deref())
            .unwrap_or_default();
        let code = code.split(':').next().unwrap_or_default();
        let code = code.rsplit('#').next().unwrap_or_default();
        Self {
            status,
            code: code.to_owned(),
            message: body.message.unwrap_or_default(),
        }
    }

    /// The signature's time is too far from SQS's own.
    pub(super) fn is_about_time(&self) -> bool {
        let names = [
            "RequestTimeTooSkewed",
            "RequestExpired",
            "RequestInTheFuture",
        ];
        // SQS says it under the code of any bad signature.
        names.contains(&&*self.code)
            || self.message.starts_with("Signature expired")
            || self.message.starts_with("Signature not yet current")
    }

    /// Other credentials might do.
    pub(super) fn is_about_credentials(&self) -> bool {
        refusal::is_in(&self.code)
    }

    pub(super) fn into_error(self, action: &'static str) -> QueueError {
        QueueError {
            action,
            kind: kind(&self.code, self.status),
            reason: format!("status {} {} {}", self.status, self.code, self.message),
        }
    }
}

/// The kind of trouble behind a code and a status.
pub(super) fn kind(code: &str, status: u16) -> QueueErrorKind {
    match code {
        c if c.contains("NonExistentQueue") || c.contains("QueueDoesNotExist") => {
            QueueErrorKind::NotFound
        }
        c if c.contains("Throttl") || c.contains("OverLimit") || status == 429 => {
            QueueErrorKind::Throttled
        }
        c if refusal::is_in(c) => QueueErrorKind::Refused,
        c if c.contains("AccessDenied") || matches!(status, 401 | 403) => QueueErrorKind::Denied,
        _ => QueueErrorKind::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Refusal {
        let headers = headers.iter().map(|(name, value)| {
            (
                http::HeaderName::from_static(name),
                http::HeaderValue::from_static(value),
            )
        });
        Refusal::read(status, &headers.collect(), body.as_bytes())
    }

    #[test]
    fn the_code_is_found_wherever_sqs_and_its_likes_put_it() {
        let namespaced = r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"gone"}"#;
        let query = [(
            "x-amzn-query-error",
            "AWS.SimpleQueueService.NonExistentQueue;Sender",
        )];
        assert_eq!(
            read(400, &query, namespaced).code,
            "AWS.SimpleQueueService.NonExistentQueue"
        );
        assert_eq!(read(400, &[], namespaced).code, "QueueDoesNotExist");
        assert_eq!(read(400, &[], namespaced).message, "gone");
        assert_eq!(
            read(400, &[], r#"{"code":"A","__type":"B","Message":"m"}"#).code,
            "A"
        );
        let typed = [(
            "x-amzn-errortype",
            "OverLimit:http://internal.amazon.com/coral/",
        )];
        assert_eq!(read(403, &typed, "{}").code, "OverLimit");
        let nothing = read(503, &[], "<html>");
        assert_eq!((&*nothing.code, &*nothing.message), ("", ""));
    }

    #[test]
    fn every_code_is_of_its_kind() {
        use QueueErrorKind::{Denied, Failed, NotFound, Refused, Throttled};
        for (status, code, expected) in [
            (400, "AWS.SimpleQueueService.NonExistentQueue", NotFound),
            (400, "QueueDoesNotExist", NotFound),
            (400, "RequestThrottled", Throttled),
            (400, "ThrottlingException", Throttled),
            (403, "Throttling", Throttled),
            (400, "KmsThrottled", Throttled),
            (403, "OverLimit", Throttled),
            (429, "", Throttled),
            (400, "AccessDeniedException", Denied),
            (403, "AccessDenied", Denied),
            (403, "SignatureDoesNotMatch", Denied),
            (400, "ExpiredToken", Refused),
            (403, "InvalidClientTokenId", Refused),
            (400, "InvalidAddress", Failed),
            (500, "InternalFailure", Failed),
            (503, "ServiceUnavailable", Failed),
        ] {
            assert_eq!(kind(code, status), expected, "{status} {code}");
        }
    }

    #[test]
    fn refusals_that_the_next_call_can_learn_from_are_told_apart() {
        let skewed = read(
            403,
            &[("x-amzn-query-error", "SignatureDoesNotMatch;Sender")],
            r#"{"message":"Signature expired: 20260101T000000Z is now earlier than 20260101T000500Z"}"#,
        );
        assert!(skewed.is_about_time() && !skewed.is_about_credentials());
        let expired = read(403, &[], r#"{"__type":"ExpiredToken"}"#);
        assert!(expired.is_about_credentials() && !expired.is_about_time());
        let wrong = read(
            403,
            &[],
            r#"{"__type":"SignatureDoesNotMatch","message":"The request signature we calculated does not match"}"#,
        );
        assert!(!wrong.is_about_credentials() && !wrong.is_about_time());
    }
}
