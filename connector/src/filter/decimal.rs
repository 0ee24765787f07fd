//! Numbers as JSON writes them, compared exactly however long they are.

use std::cmp::Ordering;

/// A decimal number: `0.d₁d₂d₃… · 10^exponent`, the first digit not zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    negative: bool,
    /// Without zeros at either end; empty for zero.
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    /// Reads a number, with or without fraction and exponent.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match rest.find(['e', 'E']) {
            Some(at) => (&rest[..at], power(&rest[at + 1..])?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) {
            return None;
        }
        let all = || whole.bytes().chain(fraction.bytes());
        let zeros = all().take_while(|digit| *digit == b'0').count();
        let mut digits: Vec<u8> = all().skip(zeros).collect();
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        let is_zero = digits.is_empty();
        let place = i64::try_from(whole.len()).ok()? - i64::try_from(zeros).ok()?;
        Some(Self {
            negative: negative && !is_zero,
            exponent: if is_zero {
                0
            } else {
                place.saturating_add(exponent)
            },
            digits,
        })
    }

    /// How many digits it has, without zeros at either end.
    pub(super) fn digits(&self) -> usize {
        self.digits.len()
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => {
                (self.exponent.cmp(&other.exponent)).then_with(|| self.digits.cmp(&other.digits))
            }
        }
    }
}

/// An exponent; one beyond all reason is as good as the largest.
fn power(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let power = digits.parse::<i64>().unwrap_or(i64::MAX);
    Some(if negative { -power } else { power })
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.magnitude(other),
            (true, true) => other.magnitude(self),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn one_number_in_many_forms_is_one_number() {
        for form in ["300", "300.0", "3e2", "3.00E+2", "30000e-2", "0.3e3"] {
            assert_eq!(of(form), of("300"), "{form}");
        }
        for form in ["0", "-0", "0.0", "0e9", "-0.000e-3"] {
            assert_eq!(of(form), of("0"), "{form}");
        }
    }

    #[test]
    fn numbers_beyond_64_bits_are_told_apart() {
        assert!(of("18446744073709551617") > of("18446744073709551616"));
        assert!(of("0.10000000000000000000001") > of("0.1"));
        assert!(of("1e999999999999999999999") > of("9e99"));
        assert!(of("-1e400") < of("-1e399"));
        assert!(of("1e-99999999999999999999") > of("0"));
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in [
            "", "-", "1e", "e1", ".5", "5.", "1 ", "0x1", "NaN", "1e1.5", "+1",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn order_is_that_of_the_numbers(a in any::<i64>(), b in any::<i64>(), x in any::<f64>(), y in any::<f64>()) {
            prop_assert_eq!(of(&a.to_string()).cmp(&of(&b.to_string())), a.cmp(&b));
            let form = |number: f64| serde_json::Number::from_f64(number).map(|n| of(&n.to_string()));
            if let (Some(one), Some(two)) = (form(x), form(y)) {
                prop_assert_eq!(one.cmp(&two), x.partial_cmp(&y).unwrap());
            }
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "[-+0-9.eE]{0,30}|.*") {
            let _ = Decimal::parse(&text);
        }
    }
}
