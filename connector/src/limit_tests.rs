use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::*;
use proptest::prelude::*;

/// A function that is called as often as the limit allows, on a clock of its own. `takes` says how
/// long a call takes when so many run, in milliseconds, before noise.
struct Busy {
    limit: Limit,
    now: Instant,
    /// When each call ends, with when it began.
    running: BinaryHeap<Reverse<(Instant, Instant)>>,
    noise: u64,
    done: u64,
    lowest: usize,
}

impl Busy {
    fn new(most: usize) -> Self {
        Self {
            limit: Limit::new(Bounds { least: 1, most }),
            now: Instant::now(),
            running: BinaryHeap::new(),
            noise: 7,
            done: 0,
            lowest: most,
        }
    }

    /// From 1 − spread to 1 + spread, the same in each run.
    fn noise(&mut self, spread: f64) -> f64 {
        self.noise = self
            .noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        1.0 + spread * ((self.noise >> 40) as f64 / f64::from(1 << 23) - 1.0)
    }

    fn work(&mut self, calls: u64, spread: f64, takes: impl Fn(usize) -> f64) {
        for _ in 0..calls {
            while self.running.len() < self.limit.now() {
                let ms = takes(self.running.len() + 1) * self.noise(spread);
                let ends = self.now + Duration::from_secs_f64(ms / 1000.0);
                self.running.push(Reverse((ends, self.now)));
            }
            let Some(Reverse((ends, began))) = self.running.pop() else {
                return;
            };
            self.now = ends;
            self.done += 1;
            self.limit.grow();
            let running = self.running.len() + 1;
            self.limit.succeeded(ends, ends - began, running);
            self.lowest = self.lowest.min(self.limit.now());
        }
    }
}

#[test]
fn a_function_that_takes_the_same_time_always_is_never_throttled() {
    for most in [1, 8, 32, 128, 512] {
        let mut busy = Busy::new(most);
        busy.work(most as u64 * 500, 0.5, |_| 10.0);
        assert_eq!(busy.lowest, most);
    }
}

#[test]
fn one_that_slows_down_modestly_as_more_run_is_never_throttled() {
    for most in [8, 32, 128, 512] {
        let mut busy = Busy::new(most);
        busy.work(most as u64 * 500, 0.3, |running| {
            10.0 * (1.0 + 0.6 * running as f64 / most as f64)
        });
        assert_eq!(busy.lowest, most);
    }
}

#[test]
fn one_with_quick_and_slow_messages_is_hardly_throttled() {
    let mut busy = Busy::new(64);
    let slow = std::cell::Cell::new(0_u32);
    busy.work(100_000, 0.3, |_| {
        slow.set(
            slow.get()
                .wrapping_mul(1_664_525)
                .wrapping_add(1_013_904_223),
        );
        if slow.get() >> 31 == 0 { 5.0 } else { 500.0 }
    });
    assert!(busy.lowest > 40, "{}", busy.lowest);
    assert!(busy.limit.now() > 56, "{}", busy.limit.now());
}

#[test]
fn one_that_works_on_eight_at_once_since_a_while_gets_no_queue_of_its_own() {
    let mut busy = Busy::new(64);
    busy.work(10_000, 0.1, |_| 10.0);
    let (before, from) = (busy.done, busy.now);
    busy.work(20_000, 0.1, |running| {
        10.0 * (running as f64 / 8.0).max(1.0)
    });
    let limit = busy.limit.now();
    assert!((8..=20).contains(&limit), "{limit}");
    let rate = (busy.done - before) as f64 / (busy.now - from).as_secs_f64();
    assert!(rate > 0.95 * 800.0, "{rate} a second of 800");
    busy.work(20_000, 0.1, |_| 10.0);
    assert_eq!(busy.limit.now(), 64, "back by itself");
}

#[test]
fn one_that_becomes_slow_for_reasons_of_its_own_is_throttled_for_a_trial_only() {
    let mut busy = Busy::new(64);
    busy.work(10_000, 0.1, |_| 10.0);
    busy.work(64 * 25, 0.1, |_| 100.0);
    assert_eq!(busy.lowest, 51, "a cut is tried");
    busy.work(64 * 25, 0.1, |_| 100.0);
    assert_eq!(busy.limit.now(), 64, "and taken back");
    busy.lowest = 64;
    busy.work(10_000, 0.1, |_| 100.0);
    assert_eq!(busy.lowest, 64, "for good");
}

#[test]
fn overload_halves_and_every_round_of_successes_adds_one() {
    let mut limit = Limit::new(Bounds { least: 3, most: 64 });
    limit.halve();
    assert_eq!(limit.now(), 32);
    (0..33).for_each(|_| limit.grow());
    assert_eq!(limit.now(), 33);
    (0..20).for_each(|_| limit.halve());
    assert_eq!(limit.now(), 3);
    (0..64 * 64).for_each(|_| limit.grow());
    assert_eq!(limit.now(), 64);
}

proptest! {
    #[test]
    fn the_limit_stays_within_its_bounds(
        least in 1..20_usize, more in 0..100_usize,
        steps in proptest::collection::vec((0..3_u8, 1..5_000_u64, 0..200_usize), 0..2000),
    ) {
        let bounds = Bounds { least, most: least + more };
        let mut limit = Limit::new(bounds);
        let mut now = Instant::now();
        for (what, ms, running) in steps {
            now += Duration::from_millis(ms / 2);
            match what {
                0 => limit.grow(),
                1 => limit.succeeded(now, Duration::from_millis(ms), running),
                _ => limit.halve(),
            }
            prop_assert!((bounds.least..=bounds.most).contains(&limit.now()));
        }
    }

    #[test]
    fn a_steady_function_keeps_its_limit_whatever_its_pace(
        most in 1..100_usize, ms in 1.0..2_000.0_f64, spread in 0.0..0.6_f64,
    ) {
        let mut busy = Busy::new(most);
        busy.work(3_000, spread, |_| ms);
        prop_assert_eq!(busy.lowest, most);
    }
}
