//! Times as a reader takes them in at a glance.

use jiff::{SignedDuration, Timestamp};

/// `0 ms`, `12 ms`, `1.204 s`, `2 m 03 s`, `5 h 07 m`, `3 d 04 h`; a minus sign when it is negative.
pub fn span(span: SignedDuration) -> String {
    let sign = if span.is_negative() { "-" } else { "" };
    let span = span.unsigned_abs();
    let (seconds, ms) = (span.as_secs(), span.subsec_millis());
    match seconds {
        0 if ms == 0 => "0 ms".to_owned(),
        0 => format!("{sign}{ms} ms"),
        1..60 => format!("{sign}{seconds}.{ms:03} s"),
        60..3_600 => format!("{sign}{} m {:02} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{sign}{} h {:02} m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{sign}{} d {:02} h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// The same with a plus sign when it is not negative; `?` when it is not known.
pub(crate) fn since(since: Option<SignedDuration>) -> String {
    let Some(since) = since else {
        return "?".to_owned();
    };
    let span = span(since);
    if span.starts_with('-') {
        span
    } else {
        format!("+{span}")
    }
}

/// `2026-11-21 06:27:39.123 UTC`.
pub(crate) fn wall(at: Timestamp) -> String {
    let text = format!("{at:.3}");
    format!("{} UTC", text.trim_end_matches('Z').replacen('T', " ", 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_said_in_the_two_units_that_matter() {
        for (ms, said) in [
            (0, "+0 ms"),
            (12, "+12 ms"),
            (999, "+999 ms"),
            (1_204, "+1.204 s"),
            (59_999, "+59.999 s"),
            (123_400, "+2 m 03 s"),
            (3_600_000, "+1 h 00 m"),
            (18_432_000, "+5 h 07 m"),
            (273_600_000, "+3 d 04 h"),
            (-3, "-3 ms"),
            (-1_500, "-1.500 s"),
        ] {
            assert_eq!(since(Some(SignedDuration::from_millis(ms))), said);
        }
        assert_eq!(since(Some(SignedDuration::from_micros(-400))), "+0 ms");
        assert_eq!(since(None), "?");
    }

    #[test]
    fn the_wall_clock_is_utc_to_the_millisecond() {
        assert_eq!(
            wall("2026-11-21T06:27:39.123456Z".parse().unwrap()),
            "2026-11-21 06:27:39.123 UTC"
        );
        assert_eq!(
            wall("2026-11-21T06:27:39Z".parse().unwrap()),
            "2026-11-21 06:27:39.000 UTC"
        );
    }
}
