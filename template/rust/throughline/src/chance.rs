//! Where the random part of an id comes from.

use std::cell::Cell;

use uuid::{Builder, Uuid};

thread_local! {
    static SEED: Cell<Option<u64>> = const { Cell::new(None) };
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

/// SplitMix64, twice.
fn drawn() -> Option<[u8; 16]> {
    let mut state = SEED.get()?;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    let bits = (u128::from(next()) << 64) | u128::from(next());
    SEED.set(Some(state));
    Some(bits.to_be_bytes())
}
