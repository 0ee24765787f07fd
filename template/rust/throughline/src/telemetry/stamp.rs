//! Times and ids as a line has them.

use std::cell::RefCell;
use std::fmt::Write as _;

/// Bytes as hex digits.
pub(super) fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

/// RFC 3339, in UTC, to the microsecond. The lines of a second share what comes before its fraction.
pub(super) fn push_time(text: &mut String, time: jiff::Timestamp) {
    thread_local! {
        static SECOND: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
    }
    let micros = time.subsec_nanosecond() / 1000;
    if micros < 0 {
        // Before 1970.
        let _ = write!(text, "{time:.6}");
        return;
    }
    SECOND.with_borrow_mut(|(second, shown)| {
        if *second != time.as_second() {
            *second = time.as_second();
            shown.clear();
            let _ = write!(shown, "{time:.0}");
            // Its Z comes after the fraction.
            shown.pop();
        }
        text.push_str(shown);
    });
    let _ = write!(text, ".{micros:06}Z");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_time_is_written_as_jiff_writes_it(
            seconds in proptest::collection::vec(-100_000_000_i64..4_000_000_000, 1..4),
            nanos in 0..1_000_000_000_i32,
        ) {
            for second in seconds.iter().chain(&seconds) {
                let time = jiff::Timestamp::new(*second, nanos).unwrap();
                let mut text = String::new();
                push_time(&mut text, time);
                prop_assert_eq!(text, format!("{time:.6}"));
            }
        }

        #[test]
        fn an_id_is_written_as_hex(id in any::<u64>()) {
            let mut text = String::new();
            push_hex(&mut text, &id.to_be_bytes());
            prop_assert_eq!(text, format!("{id:016x}"));
        }
    }
}
