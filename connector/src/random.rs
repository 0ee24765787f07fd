//! Where random numbers come from: jitter and call ids. Seeded, so that a run can be repeated.

use std::sync::{Arc, Mutex, PoisonError};

/// A shared source of random numbers; a clone draws from the same sequence.
///
/// SplitMix64: good enough to spread retries, and not meant to keep secrets.
#[derive(Clone, Debug)]
pub struct Random {
    state: Arc<Mutex<u64>>,
    /// Whether [`token`](Self::token) may be repeated, as all else may.
    repeatable: bool,
}

impl Random {
    /// The sequence of one seed.
    pub fn seeded(seed: u64) -> Self {
        Self {
            state: Arc::new(Mutex::new(seed)),
            repeatable: true,
        }
    }

    /// A sequence that differs in every process.
    pub fn from_entropy() -> Self {
        let (high, low) = uuid::Uuid::now_v7().as_u64_pair();
        Self {
            repeatable: false,
            ..Self::seeded(high ^ low)
        }
    }

    /// 64 random bits.
    pub fn bits(&self) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 up to, and not including, 1.
    pub fn fraction(&self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// What nobody can guess: 122 bits from the operating system. Of one seed it is drawn like
    /// everything else, and no secret.
    pub fn token(&self) -> String {
        let token = if self.repeatable {
            self.uuid()
        } else {
            uuid::Uuid::new_v4()
        };
        token.simple().to_string()
    }

    /// A UUID of version 4, for a call's id.
    pub fn uuid(&self) -> uuid::Uuid {
        let bits = (u128::from(self.bits()) << 64) | u128::from(self.bits());
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence() {
        let (one, other) = (Random::seeded(7), Random::seeded(7));
        assert!((0..100).all(|_| one.bits() == other.bits()));
        assert_ne!(Random::seeded(8).bits(), Random::seeded(7).bits());
    }

    #[test]
    fn tokens_repeat_with_a_seed_and_never_else() {
        assert_eq!(Random::seeded(7).token(), Random::seeded(7).token());
        let random = Random::from_entropy();
        assert_ne!(random.token(), random.token());
        assert_eq!(random.token().len(), 32);
    }

    #[test]
    fn fractions_fill_the_unit_interval_and_stay_inside() {
        let random = Random::seeded(1);
        let drawn: Vec<f64> = (0..10_000).map(|_| random.fraction()).collect();
        assert!(drawn.iter().all(|f| (0.0..1.0).contains(f)));
        let mean = drawn.iter().sum::<f64>() / 10_000.0;
        assert!((0.48..0.52).contains(&mean), "{mean}");
    }
}
