//! Repeated measurements of one thing: their median and their spread.

use std::fmt;
use std::time::Duration;

/// What was measured, once a repetition.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// The median; of an even number the lower of the two in the middle. `None` where nothing was
    /// measured.
    pub(crate) fn median(&self) -> Option<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len().checked_sub(1)? / 2).copied()
    }

    fn range(&self) -> Option<(f64, f64)> {
        let least = self.0.iter().copied().min_by(f64::total_cmp)?;
        let most = self.0.iter().copied().max_by(f64::total_cmp)?;
        Some((least, most))
    }
}

/// `median (least–most)`, with the precision that is asked for.
impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        match (self.median(), self.range()) {
            (Some(median), Some((least, most))) if self.0.len() > 1 => {
                write!(f, "{median:.digits$} ({least:.digits$}–{most:.digits$})")
            }
            (Some(median), _) => write!(f, "{median:.digits$}"),
            _ => f.write_str("–"),
        }
    }
}

/// The value below which a share of all lies, in milliseconds.
pub(crate) fn percentile_ms(values: &mut [Duration], share: f64) -> Option<f64> {
    values.sort();
    let last = values.len().checked_sub(1)?;
    let at = (last as f64 * share).round() as usize;
    values.get(at).map(|value| value.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_stands_with_the_range_of_all_repetitions() {
        let mut samples = Samples::default();
        assert_eq!(samples.to_string(), "–");
        samples.push(3.0);
        assert_eq!(format!("{samples:.0}"), "3");
        samples.push(1.0);
        samples.push(2.0);
        assert_eq!(format!("{samples:.1}"), "2.0 (1.0–3.0)");
    }

    #[test]
    fn percentiles_are_of_the_sorted_values() {
        let mut values: Vec<Duration> = (1..=101).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile_ms(&mut values, 0.5), Some(51.0));
        assert_eq!(percentile_ms(&mut values, 0.99), Some(100.0));
        assert_eq!(percentile_ms(&mut [], 0.5), None);
    }
}
