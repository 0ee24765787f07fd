//! The header `Retry-After`, in seconds or as a date.

use std::time::{Duration, SystemTime};

use crate::lease::MAX_HELD;

/// Reads `Retry-After` (RFC 9110, 10.2.3). A date in the past is no wait at all; what is neither
/// form is ignored, so that a broken header falls back to the backoff. Never more than the 12 hours
/// that a message can be held: what is asked for comes from outside. `now` is passed in.
pub fn parse(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if value.bytes().all(|b| b.is_ascii_digit()) && !value.is_empty() {
        // A number too long for u64 asks for longer than anything we grant.
        let seconds = value.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(MAX_HELD));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    let wait = date.duration_since(now).unwrap_or(Duration::ZERO);
    Some(wait.min(MAX_HELD))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: &str = "Fri, 21 Nov 2025 12:00:00 GMT";

    fn noon() -> SystemTime {
        httpdate::parse_http_date(NOON).unwrap()
    }

    #[test]
    fn seconds_and_dates_are_read() {
        let thirty = Some(Duration::from_secs(30));
        assert_eq!(parse("30", noon()), thirty);
        assert_eq!(parse(" 30 ", noon()), thirty);
        assert_eq!(parse("Fri, 21 Nov 2025 12:00:30 GMT", noon()), thirty);
    }

    #[test]
    fn a_date_that_has_passed_is_no_wait() {
        assert_eq!(
            parse("Fri, 21 Nov 2025 11:00:00 GMT", noon()),
            Some(Duration::ZERO)
        );
    }

    #[test]
    fn what_is_neither_is_ignored() {
        for value in ["", "-1", "1.5", "soon", "30s", "Fri, 99 Nov 2025"] {
            assert_eq!(parse(value, noon()), None, "{value}");
        }
    }

    #[test]
    fn what_is_beyond_all_bounds_is_cut_to_what_a_message_can_wait() {
        for value in [
            "99999999999999999999999",
            "18446744073709551615",
            "43201",
            "Fri, 31 Dec 9999 23:59:59 GMT",
        ] {
            assert_eq!(parse(value, noon()), Some(MAX_HELD), "{value}");
        }
    }
}
