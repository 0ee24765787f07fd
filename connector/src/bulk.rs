//! How many bytes of messages are held, and for how many more a poll may ask.
//!
//! Nobody knows how large a message is before it is there. So a poll reserves for each message that
//! it asks for as much as the largest had lately, and a mebibyte, the most SQS allows, while none
//! has been seen. What it brings is counted as it is. The largest falls slowly: by a thirty-second
//! of its distance with each smaller message, so that one large message among small ones costs
//! little throughput and a row of large ones is believed.
//!
//! While nothing is held and nothing reserved one message may always be asked for, so that no bound
//! stops a queue. The bound may be exceeded by what open polls bring when a queue whose messages
//! were small suddenly has large ones; with the first of them no more are asked for.

/// The largest message of SQS.
pub const LARGEST: usize = 1024 * 1024;

/// What the smallest message costs: its ids, its handle, its place.
const LEAST: usize = 1024;

/// The bytes of one queue's messages.
#[derive(Debug)]
pub struct Bulk {
    most: usize,
    held: usize,
    reserved: usize,
    largest: usize,
    seen: bool,
}

impl Bulk {
    /// Nothing held; at most `most` bytes are to be.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            held: 0,
            reserved: 0,
            largest: LARGEST,
            seen: false,
        }
    }

    /// For how many more messages to ask.
    pub fn fits(&self) -> usize {
        if self.held + self.reserved == 0 {
            return (self.most / self.largest).max(1);
        }
        self.most.saturating_sub(self.held + self.reserved) / self.largest
    }

    /// Whether more is held, or may come, than is to be: what came unlooked for, or one to probe with.
    pub fn is_exceeded(&self) -> bool {
        self.held + self.reserved > self.most
    }

    /// A message is asked for: how many bytes are reserved for it.
    pub fn reserve(&mut self) -> usize {
        self.reserved += self.largest;
        self.largest
    }

    /// A message came for what was reserved: how many bytes it is counted with.
    pub fn arrived(&mut self, reserved: usize, size: usize) -> usize {
        let size = size.max(LEAST);
        self.unreserve(reserved);
        self.held += size;
        let falling = self.largest - self.largest.saturating_sub(size).div_ceil(32);
        self.largest = if self.seen { falling.max(size) } else { size };
        self.seen = true;
        size
    }

    /// No message came for what was reserved.
    pub fn unreserve(&mut self, reserved: usize) {
        self.reserved = self.reserved.saturating_sub(reserved);
    }

    /// A message that was counted with so many bytes is no longer there.
    pub fn gone(&mut self, size: usize) {
        self.held = self.held.saturating_sub(size);
    }

    /// How many bytes are held.
    pub fn held(&self) -> usize {
        self.held
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MIB: usize = LARGEST;

    #[test]
    fn each_is_taken_for_a_mebibyte_until_one_was_seen() {
        let mut bulk = Bulk::new(64 * MIB);
        assert_eq!(bulk.fits(), 64);
        let reserved: Vec<usize> = (0..10).map(|_| bulk.reserve()).collect();
        assert_eq!(bulk.fits(), 54);
        for reserved in reserved {
            bulk.arrived(reserved, 300);
        }
        assert_eq!(bulk.held(), 10 * LEAST);
        assert!(bulk.fits() > 60_000, "{}", bulk.fits());
    }

    #[test]
    fn one_large_message_is_believed_at_once_and_forgotten_after_many_small_ones() {
        let mut bulk = Bulk::new(64 * MIB);
        let mut pass = |size| {
            let reserved = bulk.reserve();
            let size = bulk.arrived(reserved, size);
            bulk.gone(size);
            bulk.fits()
        };
        assert!(pass(100) > 60_000);
        assert_eq!(pass(MIB), 64);
        let fits: Vec<usize> = (0..300).map(|_| pass(100)).collect();
        assert!(fits[20] > 100 && fits[99] > 1000, "{fits:?}");
        assert!(fits[299] > 30_000, "{fits:?}");
    }

    #[test]
    fn a_message_that_is_larger_than_the_bound_still_comes_alone() {
        let mut bulk = Bulk::new(10);
        assert_eq!(bulk.fits(), 1);
        let reserved = bulk.reserve();
        assert_eq!(bulk.fits(), 0);
        let size = bulk.arrived(reserved, MIB);
        assert_eq!(bulk.fits(), 0);
        bulk.gone(size);
        assert_eq!(bulk.fits(), 1);
    }

    proptest! {
        /// Polls of up to ten, each as large as it pleases, in any order of coming and going.
        #[test]
        fn what_is_held_exceeds_the_bound_by_no_more_than_open_polls_bring_and_nothing_stops(
            most in 1..20_000_000_usize,
            sizes in proptest::collection::vec((0..MIB, 1..=10_usize, any::<bool>()), 1..300),
        ) {
            let mut bulk = Bulk::new(most);
            let mut held = Vec::new();
            let mut sum = 0;
            for (size, asked, settles) in sizes {
                let asked = asked.min(bulk.fits());
                prop_assert!(asked > 0 || !held.is_empty(), "with nothing held something fits");
                let reserved: Vec<usize> = (0..asked).map(|_| bulk.reserve()).collect();
                prop_assert!(asked <= 1 || sum + bulk.reserved <= most, "no more is asked for than fits");
                for (n, reserved) in reserved.into_iter().enumerate() {
                    // Some polls bring less than they asked for.
                    if n % 3 == 2 {
                        bulk.unreserve(reserved);
                    } else {
                        let size = bulk.arrived(reserved, size);
                        sum += size;
                        held.push(size);
                    }
                }
                prop_assert_eq!((bulk.held(), bulk.reserved), (sum, 0));
                prop_assert!(sum <= most.max(LEAST) + 10 * MIB);
                if settles || asked == 0 {
                    for size in held.drain(..) {
                        bulk.gone(size);
                        sum -= size;
                    }
                }
            }
        }
    }
}
