//! Durations as OpenFaaS writes them: Go's form, or an integer of seconds.

use std::time::Duration;

/// Why a value is no duration.
///
/// ```
/// let error = throughline::parse_duration("soon").unwrap_err();
/// assert!(error.to_string().contains("not a duration"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a duration: give an integer of seconds or Go's form, such as 30s, 1m30s or 250ms")]
pub struct InvalidDuration;

/// Reads `30s`, `1m30s`, `1.5h`, `250ms`, `0`, or an integer of seconds such as `30`.
///
/// Negative durations are refused: no timeout is negative.
///
/// # Errors
/// When the value is neither form.
///
/// ```
/// use std::time::Duration;
/// assert_eq!(throughline::parse_duration("1m30s"), Ok(Duration::from_secs(90)));
/// assert_eq!(throughline::parse_duration("30"), Ok(Duration::from_secs(30)));
/// assert!(throughline::parse_duration("soon").is_err());
/// ```
pub fn parse_duration(value: &str) -> Result<Duration, InvalidDuration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Ok(Duration::from_secs(seconds));
    }
    let mut rest = value;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or(InvalidDuration)?;
        let (number, tail) = rest.split_at(digits);
        let end = tail
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        total = term(number, unit)
            .and_then(|term| total.checked_add(term))
            .ok_or(InvalidDuration)?;
        rest = tail;
    }
    if value.is_empty() {
        Err(InvalidDuration)
    } else {
        Ok(total)
    }
}

fn term(number: &str, unit: &str) -> Option<Duration> {
    let seconds = match unit {
        "ns" => 1e-9,
        "us" | "µs" | "μs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_forms_are_read() {
        for (value, millis) in [
            ("0", 0),
            ("30", 30_000),
            ("30s", 30_000),
            ("1m30s", 90_000),
            ("1.5h", 5_400_000),
            ("250ms", 250),
            (" 2s ", 2_000),
            (".5s", 500),
        ] {
            assert_eq!(
                parse_duration(value),
                Ok(Duration::from_millis(millis)),
                "{value}"
            );
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for value in [
            "", "s", "-1s", "1 s", "1d", "1.5", "1s2", "1..5s", "soon", "1e9s", "∞",
        ] {
            assert_eq!(parse_duration(value), Err(InvalidDuration), "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(value in any::<String>()) {
            let _ = parse_duration(&value);
        }
    }
}
