//! Where the random part of an id comes from.

use std::cell::Cell;

use uuid::{Builder, Uuid};

thread_local! {
    static SEED: Cell<Option<u64>> = const { Cell::new(None) };
    /// Where this thread's span ids are drawn from; begun by the operating system.
    static SPANS: Cell<u64> = Cell::new(Uuid::new_v4().as_u64_pair().1);
}

/// Draws the ids that this thread makes from one seed, until it is called with `None`.
///
/// For simulations: one seed makes the same trace and correlation ids again. Elsewhere ids come from
/// the operating system, as they should, since seeded ones repeat.
///
/// ```
/// use throughline::{TraceParent, seed_ids};
///
/// seed_ids(Some(7));
/// let first = TraceParent::root();
/// seed_ids(Some(7));
/// assert_eq!(TraceParent::root(), first);
/// seed_ids(None);
/// assert_ne!(TraceParent::root(), first);
/// ```
pub fn seed_ids(seed: Option<u64>) {
    SEED.set(seed);
}

/// A UUID of version 4.
pub(crate) fn uuid_v4() -> Uuid {
    drawn().map_or_else(Uuid::new_v4, |bytes| {
        Builder::from_random_bytes(bytes).into_uuid()
    })
}

/// A UUID of version 7; of no particular time where it is drawn from a seed.
pub(crate) fn uuid_v7() -> Uuid {
    drawn().map_or_else(Uuid::now_v7, |bytes| {
        let mut random = [0; 10];
        random.copy_from_slice(&bytes[..10]);
        Builder::from_unix_timestamp_millis(0, &random).into_uuid()
    })
}

/// The id of a span, never zero. It has to be its own only within its trace, so that no request need
/// ask the operating system for one.
pub(crate) fn span() -> u64 {
    if let Some(bytes) = drawn() {
        return Builder::from_random_bytes(bytes)
            .into_uuid()
            .as_u64_pair()
            .1;
    }
    let mut state = SPANS.get();
    let id = next(&mut state);
    SPANS.set(state);
    id.max(1)
}

/// SplitMix64, twice.
fn drawn() -> Option<[u8; 16]> {
    let mut state = SEED.get()?;
    let bits = (u128::from(next(&mut state)) << 64) | u128::from(next(&mut state));
    SEED.set(Some(state));
    Some(bits.to_be_bytes())
}

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn span_ids_differ_within_a_thread_and_between_threads() {
        let some = || (0..1000).map(|_| span()).collect::<Vec<_>>();
        let mut all = some();
        all.extend(std::thread::spawn(some).join().unwrap());
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 2000);
    }
}
