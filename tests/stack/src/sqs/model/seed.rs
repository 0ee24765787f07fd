//! Numbers and ids drawn from one seed, so that a run can be replayed to the same ids.

/// A splitmix64 sequence. Not for secrets: a test server has none.
#[derive(Debug)]
pub(crate) struct Seed(u64);

impl Seed {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A version 4 UUID in its usual form.
    pub(crate) fn uuid(&mut self) -> String {
        let wide = (u128::from(self.next()) << 64) | u128::from(self.next());
        uuid::Builder::from_random_bytes(wide.to_be_bytes())
            .into_uuid()
            .to_string()
    }

    /// True with this probability (0 never, 1 always).
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        // 53 bits are what an f64 holds exactly.
        let drawn = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        drawn < probability
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_the_same_ids_again_and_another_seed_others() {
        let drawn = |seed| {
            let mut seed = Seed::new(seed);
            [seed.uuid(), seed.uuid()]
        };
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
        assert_ne!(drawn(7)[0], drawn(7)[1]);
        assert_eq!(drawn(7)[0].len(), 36);
    }

    #[test]
    fn a_chance_of_none_never_comes_and_one_of_all_always() {
        let mut seed = Seed::new(1);
        assert!((0..1000).all(|_| !seed.chance(0.0)));
        assert!((0..1000).all(|_| seed.chance(1.0)));
        let hits = (0..1000).filter(|_| seed.chance(0.5)).count();
        assert!((400..600).contains(&hits), "{hits} of 1000");
    }
}
