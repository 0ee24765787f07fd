//! What a callback tells of a call.
//!
//! It carries the headers of the function's answer, and the queue-worker's own: `X-Function-Status`,
//! `X-Function-Name`, `X-Duration-Seconds` and `X-Call-Id`.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use throughline::header;

use crate::retry_after;
use crate::verdict::{Answer, Outcome};

/// The function's status.
const FUNCTION_STATUS: &str = "x-function-status";

/// What the outcome of one call is read by.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The correlation id that was sent along: a function on the thread echoes it.
    pub sent_id: String,
    /// A call that took as long as this may have met the gateway's own timeout.
    pub late: Duration,
}

/// The outcome, and how long the queue-worker says that the call took; `None` where there is no
/// status in it.
pub fn told(
    headers: &HeaderMap,
    empty: bool,
    terms: &Terms,
    now: SystemTime,
) -> Option<(Outcome, Option<Duration>)> {
    let status = status(headers)?;
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let seconds = text(header::DURATION_SECONDS).and_then(|seconds| seconds.parse::<f64>().ok());
    let took = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let answer = Answer {
        status,
        internal: text(header::OPENFAAS_INTERNAL).map(str::to_owned),
        // The duration is the queue-worker's word, and says nothing of the function.
        by_function: text(header::CORRELATION_ID) == Some(&terms.sent_id),
        empty,
        late: took.is_some_and(|took| took >= terms.late),
        retry_after: text("retry-after").and_then(|value| retry_after::parse(value, now)),
    };
    Some((Outcome::Answered(answer), took))
}

/// The function's status, where it is one.
pub(super) fn status(headers: &HeaderMap) -> Option<u16> {
    let value = headers.get(FUNCTION_STATUS)?.to_str().ok()?;
    let is_status = |status: &u16| (100..=999).contains(status);
    value.trim().parse().ok().filter(is_status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::{Class, classify};
    use http::{HeaderName, HeaderValue};

    fn read(headers: &[(&'static str, &'static str)], empty: bool) -> Option<(Class, Outcome)> {
        let terms = Terms {
            sent_id: "kan-7".into(),
            late: Duration::from_secs(27),
        };
        let headers = (headers.iter())
            .map(|(name, value)| {
                let name = HeaderName::from_static(name);
                (name, HeaderValue::from_static(value))
            })
            .collect();
        let (outcome, _) = told(&headers, empty, &terms, SystemTime::UNIX_EPOCH)?;
        Some((classify(&outcome), outcome))
    }

    fn class(headers: &[(&'static str, &'static str)]) -> Class {
        read(headers, true).unwrap().0
    }

    #[test]
    fn the_functions_status_decides_as_it_does_in_a_direct_call() {
        assert_eq!(class(&[("x-function-status", "200")]), Class::Success);
        assert_eq!(class(&[("x-function-status", "500")]), Class::Retryable);
        assert_eq!(class(&[("x-function-status", "400")]), Class::Permanent);
        assert_eq!(class(&[("x-function-status", "429")]), Class::Overload);
        let internal = [
            ("x-function-status", "503"),
            ("x-openfaas-internal", "proxy"),
        ];
        assert_eq!(class(&internal), Class::Infrastructure);
    }

    #[test]
    fn a_404_is_the_functions_own_where_it_echoes_the_id_and_else_a_function_that_is_not_there() {
        let mut headers = vec![("x-function-status", "404"), ("x-duration-seconds", "0.1")];
        assert_eq!(class(&headers), Class::Infrastructure);
        headers.push(("x-correlation-id", "kan-7"));
        assert_eq!(class(&headers), Class::Permanent);
    }

    #[test]
    fn an_empty_502_that_came_late_is_the_gateways_timeout() {
        let late = [("x-function-status", "502"), ("x-duration-seconds", "29.9")];
        assert_eq!(class(&late), Class::Hang);
        let soon = [("x-function-status", "502"), ("x-duration-seconds", "0.2")];
        assert_eq!(class(&soon), Class::Infrastructure);
        assert_eq!(read(&soon, false).unwrap().0, Class::Retryable);
    }

    #[test]
    fn a_callback_without_a_status_tells_nothing() {
        for status in ["", "OK", "99", "1000", "-1", "2 00"] {
            let headers = [("x-function-status", status)];
            assert!(read(&headers, true).is_none(), "{status:?}");
        }
        assert!(read(&[], true).is_none());
    }

    #[test]
    fn a_wait_that_the_function_asked_for_is_read() {
        let headers = [("x-function-status", "429"), ("retry-after", "7")];
        let (_, outcome) = read(&headers, true).unwrap();
        let Outcome::Answered(answer) = outcome else {
            panic!("answered")
        };
        assert_eq!(answer.retry_after, Some(Duration::from_secs(7)));
        let odd = [("x-function-status", "200"), ("x-duration-seconds", "NaN")];
        assert_eq!(class(&odd), Class::Success);
    }
}
