//! The header `Retry-After`, in seconds or as a date.

use std::time::{Duration, SystemTime};

/// Reads `Retry-After` (RFC 9110, 10.2.3). A date in the past is no wait at all; what is neither
/// form is ignored, so that a broken header falls back to the backoff. `now` is passed in.
pub fn parse(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if value.bytes().all(|b| b.is_ascii_digit()) && !value.is_empty() {
        // A number too long for u64 asks for longer than anything we grant.
        return Some(Duration::from_secs(
            value.parse().unwrap_or(u64::from(u32::MAX)),
        ));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or(Duration::ZERO))
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
    fn a_number_beyond_all_bounds_is_a_very_long_wait() {
        assert!(parse("99999999999999999999999", noon()).unwrap() > Duration::from_secs(43_200));
    }
}
