//! Room for the messages of one queue: how many are held at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room beyond the `concurrency`, for the one message that is tried in place of a suspect.
const SPARE: usize = 1;

/// How many messages may wait for SQS to confirm their settlement, beyond those that are at work.
const SETTLING: usize = 1000;

/// Room for `concurrency` messages, and for one to probe with when it is all taken.
#[derive(Debug)]
pub struct Room {
    permits: Arc<Semaphore>,
    concurrency: usize,
}

impl Room {
    /// All of it free.
    pub fn new(concurrency: usize) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(concurrency + SPARE)),
            concurrency,
        }
    }

    /// How many more messages fit, the one to probe with apart.
    pub fn free(&self) -> usize {
        self.permits.available_permits().saturating_sub(SPARE)
    }

    /// How much is taken, by messages and by the polls that may bring some.
    pub fn taken(&self) -> usize {
        self.concurrency + SPARE - self.permits.available_permits()
    }

    /// How many messages to receive, where `limit` may be at work at once and SQS has yet to be
    /// told what became of `unsettled`. An SQS that confirms nothing must not fill the memory.
    pub fn fits(&self, limit: usize, unsettled: usize) -> usize {
        let free = self.free();
        free.min((limit + free).saturating_sub(self.concurrency))
            .min((self.concurrency + SETTLING).saturating_sub(unsettled))
    }

    /// Takes room for a poll, the last of it included.
    pub fn take(&self, count: usize) -> Option<OwnedSemaphorePermit> {
        let count = u32::try_from(count).ok()?;
        self.permits.clone().try_acquire_many_owned(count).ok()
    }

    /// Done when a message fits.
    pub fn freed(&self) -> impl Future<Output = ()> + Send + use<> {
        let permits = self.permits.clone();
        async move {
            let _ = permits.acquire_many(1 + SPARE as u32).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[test]
    fn when_all_is_taken_there_is_room_to_probe_with() {
        let room = Room::new(2);
        let held = room.take(2).unwrap();
        assert_eq!((room.free(), room.taken(), room.fits(2, 2)), (0, 2, 0));
        let probe = room.take(1).unwrap();
        assert!(room.take(1).is_none());
        assert!(room.freed().now_or_never().is_none());
        drop(probe);
        assert!(room.freed().now_or_never().is_none());
        drop(held);
        assert!(room.freed().now_or_never().is_some());
        assert_eq!((room.free(), room.taken()), (2, 0));
    }

    #[test]
    fn what_fits_is_bounded_by_the_limit_and_by_what_is_not_settled() {
        let room = Room::new(8);
        let _busy = room.take(3).unwrap();
        assert_eq!(room.fits(8, 3), 5);
        assert_eq!(room.fits(4, 3), 1);
        assert_eq!(room.fits(1, 3), 0);
        assert_eq!(room.fits(8, 8 + SETTLING - 2), 2);
        assert_eq!(room.fits(8, 8 + SETTLING + 5), 0);
    }
}
