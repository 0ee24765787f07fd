//! Saying the same thing at once, and then once a minute.

use std::time::Duration;

use tokio::time::Instant;

/// How long the same complaint is kept back.
const PERIOD: Duration = Duration::from_secs(60);

/// Lets a repeated complaint through at once, and then once a minute.
#[derive(Debug, Default)]
pub struct Nag {
    said: Option<Instant>,
    kept_back: u32,
}

impl Nag {
    /// Whether to say it now; `Some` carries how often it was kept back since it was last said.
    pub fn due(&mut self, now: Instant) -> Option<u32> {
        if self
            .said
            .is_some_and(|said| now.duration_since(said) < PERIOD)
        {
            self.kept_back += 1;
            return None;
        }
        self.said = Some(now);
        Some(std::mem::take(&mut self.kept_back))
    }

    /// What was complained about is over: the next complaint is said at once. `true` where there
    /// had been one.
    pub fn over(&mut self) -> bool {
        self.kept_back = 0;
        self.said.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_said_at_once_and_then_once_a_minute() {
        let start = Instant::now();
        let mut nag = Nag::default();
        let said: Vec<u64> = (0..150)
            .filter(|s| nag.due(start + Duration::from_secs(*s)).is_some())
            .collect();
        assert_eq!(said, [0, 60, 120]);
    }

    #[test]
    fn after_it_was_over_the_next_is_said_at_once() {
        let start = Instant::now();
        let mut nag = Nag::default();
        assert!(!nag.over());
        assert_eq!(nag.due(start), Some(0));
        assert_eq!(nag.due(start), None);
        assert!(nag.over());
        assert_eq!(nag.due(start), Some(0));
    }
}
