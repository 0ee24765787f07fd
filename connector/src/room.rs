//! Room for the messages of one queue: how many are held, how many of those are at work at once, and
//! how many bytes they have.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::bulk::Bulk;

/// Room beyond the `concurrency`, for the one message that is tried in place of a suspect.
const SPARE: usize = 1;

/// How many messages may wait for SQS to confirm their settlement, beyond those that are at work.
const SETTLING: usize = 1000;

/// Seats for `concurrency` messages at work, places for those and for what is received ahead of them,
/// and one more of both to probe with when all is taken.
#[derive(Debug)]
pub struct Room {
    places: Arc<Semaphore>,
    seats: Arc<Semaphore>,
    scales: Arc<Scales>,
    concurrency: usize,
    ahead: usize,
}

/// The bytes, shared by all that hold some.
#[derive(Debug)]
struct Scales {
    bulk: Mutex<Bulk>,
    changed: Notify,
}

/// The room of one message, or of one that a poll may bring. Given back when dropped.
#[derive(Debug)]
pub struct Place {
    scales: Arc<Scales>,
    load: Load,
    // Given back before the waiting hear of it.
    permit: Option<OwnedSemaphorePermit>,
    seat: Option<OwnedSemaphorePermit>,
}

#[derive(Clone, Copy, Debug)]
enum Load {
    Reserved(usize),
    Held(usize),
    Unloaded,
}

impl Room {
    /// All of it free: for `concurrency` messages at work and up to `ahead` that wait for a seat.
    pub fn new(concurrency: usize, ahead: usize, most_bytes: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(concurrency + ahead + SPARE)),
            seats: Arc::new(Semaphore::new(concurrency + SPARE)),
            scales: Arc::new(Scales {
                bulk: Mutex::new(Bulk::new(most_bytes)),
                changed: Notify::new(),
            }),
            concurrency,
            ahead,
        }
    }

    /// How many more messages could be held, the one to probe with apart.
    pub fn free(&self) -> usize {
        let places = (self.places.available_permits()).saturating_sub(SPARE);
        places.min(self.scales.bulk().fits())
    }

    /// How many places are taken, by messages and by the polls that may bring some.
    pub fn taken(&self) -> usize {
        self.concurrency + self.ahead + SPARE - self.places.available_permits()
    }

    /// How many messages are at work.
    pub fn seated(&self) -> usize {
        self.concurrency + SPARE - self.seats.available_permits()
    }

    /// How many messages to receive, where `limit` may be at work at once, `ahead` more are to be
    /// there, of those that are here `waiting` wait for their turn in a group and make no call, and
    /// SQS has yet to be told what became of `unsettled`. An SQS that confirms nothing must not fill
    /// the memory.
    pub fn fits(&self, limit: usize, ahead: usize, waiting: usize, unsettled: usize) -> usize {
        (self.free())
            .min((limit + ahead + waiting).saturating_sub(self.taken()))
            .min((self.concurrency + ahead + SETTLING).saturating_sub(unsettled))
    }

    /// Takes room for the messages of a poll, the last of it included.
    pub fn take(&self, count: usize) -> Option<Vec<Place>> {
        let all = u32::try_from(count).ok()?;
        let mut permits = self.places.clone().try_acquire_many_owned(all).ok()?;
        let mut bulk = self.scales.bulk();
        // One to probe with may be too many bytes, but not one after the other.
        if bulk.is_exceeded() {
            return None;
        }
        let places = (0..count).map(|_| Place {
            load: Load::Reserved(bulk.reserve()),
            permit: permits.split(1),
            seat: None,
            scales: self.scales.clone(),
        });
        Some(places.collect())
    }

    /// Lets the message that has this place go to work; `false` where no seat is free, the one to
    /// probe with included.
    pub fn seat(&self, place: &mut Place) -> bool {
        if place.seat.is_none() {
            place.seat = self.seats.clone().try_acquire_owned().ok();
        }
        place.seat.is_some()
    }

    /// How many bytes of messages are held.
    pub fn bytes(&self) -> usize {
        self.scales.bulk().held()
    }

    /// Done when room was given back since this was done last. For one waiter.
    pub async fn changed(&self) {
        self.scales.changed.notified().await;
    }
}

impl Scales {
    fn bulk(&self) -> MutexGuard<'_, Bulk> {
        self.bulk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// A message of this size takes it.
    pub fn load(&mut self, size: usize) {
        if let Load::Reserved(reserved) = self.load {
            let size = self.scales.bulk().arrived(reserved, size);
            self.load = Load::Held(size);
        }
    }

    /// The message's bytes are no longer needed; its place still is.
    pub fn unload(&mut self) {
        match std::mem::replace(&mut self.load, Load::Unloaded) {
            Load::Reserved(reserved) => self.scales.bulk().unreserve(reserved),
            Load::Held(size) => self.scales.bulk().gone(size),
            Load::Unloaded => return,
        }
        self.scales.changed.notify_one();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.seat.take();
        self.permit.take();
        self.unload();
        self.scales.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    const PLENTY: usize = 1 << 40;

    #[test]
    fn when_all_is_taken_there_is_room_to_probe_with() {
        let room = Room::new(2, 0, PLENTY);
        let mut held = room.take(2).unwrap();
        assert!(held.iter_mut().all(|place| room.seat(place)));
        assert_eq!((room.free(), room.taken(), room.seated()), (0, 2, 2));
        assert_eq!(room.fits(2, 0, 0, 2), 0);
        let mut probe = room.take(1).unwrap();
        assert!(room.seat(&mut probe[0]));
        assert!(room.take(1).is_none());
        assert!(room.changed().now_or_never().is_none());
        drop(probe);
        assert!(room.changed().now_or_never().is_some());
        assert!(room.changed().now_or_never().is_none());
        drop(held);
        assert_eq!((room.free(), room.taken(), room.seated()), (2, 0, 0));
    }

    #[test]
    fn what_is_received_ahead_has_a_place_and_waits_for_a_seat() {
        let room = Room::new(1, 3, PLENTY);
        assert_eq!(room.fits(1, 2, 0, 0), 3);
        let mut held = room.take(3).unwrap();
        assert_eq!((room.fits(1, 2, 0, 3), room.fits(1, 3, 0, 3)), (0, 1));
        let seated: Vec<bool> = held.iter_mut().map(|place| room.seat(place)).collect();
        assert_eq!(seated, [true, true, false], "one seat is to probe with");
        held.remove(0);
        assert!(room.seat(&mut held[1]));
        assert_eq!((room.taken(), room.seated()), (2, 2));
    }

    #[test]
    fn what_fits_is_bounded_by_the_limit_and_by_what_is_not_settled() {
        let room = Room::new(8, 0, PLENTY);
        let _busy = room.take(3).unwrap();
        assert_eq!(room.fits(8, 0, 0, 3), 5);
        assert_eq!(room.fits(4, 0, 0, 3), 1);
        assert_eq!(room.fits(1, 0, 0, 3), 0);
        assert_eq!(room.fits(1, 0, 3, 3), 1, "what only waits makes no call");
        assert_eq!(room.fits(8, 0, 3, 3), 5, "but it takes its place");
        assert_eq!(room.fits(8, 0, 0, 8 + SETTLING - 2), 2);
        assert_eq!(room.fits(8, 0, 0, 8 + SETTLING + 5), 0);
    }

    #[test]
    fn what_fits_is_bounded_by_the_bytes_of_what_is_held() {
        const MIB: usize = 1024 * 1024;
        let room = Room::new(32, 100, 4 * MIB);
        assert_eq!(
            room.fits(32, 100, 0, 0),
            4,
            "nobody knows how large they are"
        );
        let mut places = room.take(4).unwrap();
        assert_eq!(room.fits(32, 100, 0, 0), 0);
        for place in &mut places {
            place.load(MIB);
        }
        assert_eq!((room.fits(32, 100, 0, 4), room.bytes()), (0, 4 * MIB));
        assert!(room.changed().now_or_never().is_none());
        places[0].unload();
        assert!(room.changed().now_or_never().is_some());
        assert_eq!((room.fits(32, 100, 0, 4), room.taken()), (1, 4));
        drop(places);
        assert_eq!(
            (room.fits(32, 0, 0, 0), room.bytes(), room.taken()),
            (4, 0, 0)
        );
    }

    #[test]
    fn what_is_taken_to_probe_with_exceeds_the_bytes_by_one_message_only() {
        let room = Room::new(32, 0, 5000);
        for _ in 0..2 {
            let mut places = room.take(1).unwrap();
            places[0].load(5000);
            std::mem::forget(places);
        }
        assert!(room.take(1).is_none());
    }

    #[test]
    fn one_message_always_fits_into_an_empty_room() {
        let room = Room::new(32, 0, 1);
        assert_eq!(room.fits(32, 0, 0, 0), 1);
        let mut places = room.take(1).unwrap();
        places[0].load(5000);
        assert_eq!(room.fits(32, 0, 0, 1), 0);
        drop(places);
        assert_eq!(room.fits(32, 0, 0, 0), 1);
    }
}
