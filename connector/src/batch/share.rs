//! How large a batch a message may be part of: what stops one bad message from failing others.

/// A quarter of the size for each receive beyond the first, and alone at the last receive before
/// SQS moves the message to the dead-letter queue: so nothing ends there only because of what it
/// was in a batch with, and what fails a whole batch is soon alone with its failure.
///
/// It needs no memory of earlier batches, and so holds across restarts and replicas.
/// With a `max_receive_count` of 1 the first receive is the last: then batches stay whole.
pub fn share(size: usize, receive_count: u32, max_receive_count: Option<u32>) -> usize {
    let again = receive_count.saturating_sub(1);
    if again > 0 && max_receive_count.is_some_and(|most| receive_count >= most) {
        return 1;
    }
    let quarters = again.saturating_mul(2).min(usize::BITS - 1);
    (size >> quarters).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn batches_of_what_came_again_are_smaller_each_time() {
        let shares: Vec<usize> = (0..7).map(|count| share(100, count, None)).collect();
        assert_eq!(shares, [100, 100, 25, 6, 1, 1, 1]);
        assert_eq!(share(10, u32::MAX, None), 1);
    }

    #[test]
    fn the_last_receive_before_the_dead_letter_queue_is_alone() {
        assert_eq!(share(1000, 2, Some(3)), 250);
        assert_eq!(share(1000, 3, Some(3)), 1);
        assert_eq!(share(1000, 2, Some(2)), 1);
        assert_eq!(share(1000, 1, Some(1)), 1000);
    }

    proptest! {
        #[test]
        fn a_share_is_never_none_never_more_than_the_size_and_never_grows(
            size in 1..10_000_usize, count in 0..50_u32, most in proptest::option::of(1..20_u32),
        ) {
            let now = share(size, count, most);
            prop_assert!((1..=size).contains(&now));
            prop_assert!(share(size, count + 1, most) <= now);
        }
    }
}
