use super::*;
use proptest::prelude::*;

const INTERVALS: ProbeIntervals = ProbeIntervals {
    first: Duration::from_secs(1),
    longest: Duration::from_secs(30),
};

const DEFERENCE: Duration = crate::pause::DEFERENCE;

fn governor(most: usize) -> Governor {
    Governor::new(Bounds { least: 1, most }, INTERVALS)
}

fn refusal(reason: PauseReason) -> Refusal {
    Refusal {
        reason,
        retry_after: None,
        random: 1.0,
    }
}

fn go(governor: &mut Governor, now: Instant, refusals: u32) -> Pass {
    match governor.turn(now, refusals) {
        Turn::Go(pass) => pass,
        other => panic!("{other:?}"),
    }
}

fn refuse(governor: &mut Governor, pass: &Pass, now: Instant) -> bool {
    governor.refused(pass, now, refusal(PauseReason::Infrastructure))
}

/// One that is paused.
fn paused(most: usize, now: Instant, reason: PauseReason) -> Governor {
    let mut governor = governor(most);
    let pass = go(&mut governor, now, 0);
    assert!(governor.refused(&pass, now, refusal(reason)));
    governor
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[test]
fn calls_run_up_to_the_upper_bound() {
    let now = Instant::now();
    let mut governor = governor(2);
    let first = go(&mut governor, now, 0);
    go(&mut governor, now, 0);
    assert_eq!(governor.turn(now, 0), Turn::Later);
    governor.reached(&first, now, None);
    go(&mut governor, now, 0);
}

#[test]
fn a_pause_lets_one_probe_through_at_growing_intervals() {
    let start = Instant::now();
    let mut now = start;
    let mut governor = paused(4, now, PauseReason::Infrastructure);
    let mut probes = Vec::new();
    for _ in 0..7 {
        let Turn::At(next) = governor.turn(now, 0) else {
            panic!("a pause gives a time")
        };
        now = next;
        let probe = go(&mut governor, now, 0);
        assert_eq!(governor.turn(now, 0), Turn::Later, "one probe at a time");
        probes.push((now - start).as_secs());
        assert!(!refuse(&mut governor, &probe, now), "the pause goes on");
    }
    assert_eq!(probes, [1, 3, 7, 15, 31, 61, 91]);
}

#[test]
fn a_call_is_evidence_only_for_those_under_no_more_load() {
    let now = Instant::now();
    let mut governor = governor(4);
    let alone = go(&mut governor, now, 0);
    let beside = go(&mut governor, now, 0);
    assert_eq!((alone.beside(), beside.beside()), (0, 1));
    governor.reached(&alone, now, None);
    assert!(governor.reached_beside_since(0, 0));
    assert!(!governor.reached_beside_since(0, 1), "it ran alone");
    governor.reached(&beside, now, None);
    assert!(governor.reached_beside_since(0, 1));
    assert!(!governor.reached_beside_since(beside.number(), 0));
}

#[test]
fn a_refusal_that_others_contradict_neither_pauses_nor_lengthens_a_pause() {
    let now = Instant::now();
    let mut open = governor(4);
    let pass = go(&mut open, now, 5);
    open.contradicted(&pass);
    assert_eq!((open.paused(), open.limit(), open.running()), (None, 4, 0));
    let mut governor = paused(4, now, PauseReason::Overload);
    let now = now + seconds(1);
    let probe = go(&mut governor, now, 1);
    assert_eq!(governor.intake(now, 1), Intake::Closed);
    governor.contradicted(&probe);
    assert_eq!(governor.intake(now, 1), Intake::One, "another is tried");
    assert!(go(&mut governor, now, 0).is_probe(), "and at once");
}

#[test]
fn retry_after_delays_the_probe_up_to_what_is_granted() {
    for (asked, granted) in [(seconds(120), seconds(120)), (Duration::MAX, LONGEST_ASKED)] {
        let now = Instant::now();
        let mut governor = governor(4);
        let pass = go(&mut governor, now, 0);
        let refusal = Refusal {
            retry_after: Some(asked),
            ..refusal(PauseReason::Overload)
        };
        governor.refused(&pass, now, refusal);
        assert_eq!(governor.turn(now, 0), Turn::At(now + granted));
    }
}

#[test]
fn a_probe_that_goes_through_ends_the_pause_and_calls_start_at_half() {
    let now = Instant::now();
    let mut governor = paused(8, now, PauseReason::Infrastructure);
    assert_eq!(governor.paused(), Some(PauseReason::Infrastructure));
    let later = now + seconds(1);
    let probe = go(&mut governor, later, 0);
    assert_eq!(governor.running(), 1);
    assert!(governor.reached(&probe, later, None));
    assert_eq!((governor.paused(), governor.limit()), (None, 4));
}

#[test]
fn a_function_that_was_busy_is_probed_after_the_time_it_usually_takes() {
    let mut now = Instant::now();
    let mut governor = governor(8);
    for _ in 0..101 {
        let pass = go(&mut governor, now, 0);
        now += Duration::from_millis(50);
        governor.reached(&pass, now, Some(Duration::from_millis(50)));
    }
    let pass = go(&mut governor, now, 0);
    governor.refused(&pass, now, refusal(PauseReason::Overload));
    let Turn::At(next) = governor.turn(now, 0) else {
        panic!("a pause gives a time")
    };
    let pause = (next - now).as_millis();
    assert!((49..=51).contains(&pause), "{pause}");
}

#[test]
fn nothing_is_received_in_a_pause_while_a_message_is_held_to_probe_with() {
    let now = Instant::now();
    assert_eq!(governor(8).intake(now, 3), Intake::Open);
    let governor = paused(8, now, PauseReason::Infrastructure);
    assert_eq!(governor.intake(now, 1), Intake::Closed);
    assert_eq!(governor.intake(now, 0), Intake::At(now + seconds(1)));
    assert_eq!(governor.intake(now + seconds(2), 0), Intake::One);
}

#[test]
fn after_many_failed_probes_another_message_is_tried_before_the_stubborn_one() {
    let mut now = Instant::now();
    let mut governor = paused(8, now, PauseReason::Infrastructure);
    for refusals in 1..=STUBBORN {
        now += INTERVALS.longest;
        assert_eq!(governor.intake(now, 1), Intake::Closed);
        assert!(!governor.may_park(1), "no second one is held so far");
        let probe = go(&mut governor, now, refusals - 1);
        refuse(&mut governor, &probe, now);
    }
    let Turn::At(next) = governor.turn(now, 0) else {
        panic!("a pause gives a time")
    };
    assert_eq!(governor.intake(next, 1), Intake::One);
    assert_eq!(governor.intake(next, 2), Intake::Closed);
    assert_eq!(governor.turn(next, STUBBORN), Turn::At(next + DEFERENCE));
    let probe = go(&mut governor, next, 0);
    let both = governor.turn(next + DEFERENCE, STUBBORN);
    assert_eq!(both, Turn::Later, "a suspect waits for the other's probe");
    refuse(&mut governor, &probe, next);
    assert!(
        governor.may_park(1),
        "giving it back would cost it a receive"
    );
}

#[test]
fn what_is_held_in_a_long_outage_never_keeps_others_from_being_tried() {
    let mut now = Instant::now();
    for most in [1, 3] {
        let mut governor = paused(most, now, PauseReason::Infrastructure);
        for _ in 0..10 * STUBBORN {
            now += seconds(60);
            let probe = go(&mut governor, now, 0);
            refuse(&mut governor, &probe, now);
        }
        now += seconds(60);
        assert!(governor.may_park(most - 1) && !governor.may_park(most));
        assert_eq!(governor.intake(now, most), Intake::One);
        assert_eq!(governor.intake(now, most + 1), Intake::Closed);
    }
}

#[test]
fn nobody_waits_for_the_probe_of_a_message_on_which_the_function_hung() {
    let now = Instant::now();
    let mut governor = paused(8, now, PauseReason::Hang);
    let later = now + seconds(2);
    let hanging = go(&mut governor, later, 1);
    assert_eq!(governor.intake(later, 1), Intake::One);
    let other = go(&mut governor, later, 0);
    assert_eq!(governor.running(), 2);
    assert!(governor.reached(&other, later, None), "the pause is over");
    assert!(governor.reached_since(hanging.number()));
    let much_later = later + seconds(30);
    assert!(!governor.refused(&hanging, much_later, refusal(PauseReason::Hang)));
    assert_eq!(governor.paused(), None, "what hung since says nothing new");
    assert_eq!(governor.running(), 0);
}

#[test]
fn a_suspects_probe_does_not_delay_the_others() {
    let now = Instant::now();
    let mut governor = paused(8, now, PauseReason::Hang);
    for n in 1..5 {
        let at = now + seconds(60 * n);
        let probe = go(&mut governor, at, 1);
        governor.refused(&probe, at, refusal(PauseReason::Hang));
        assert_eq!(governor.intake(at, 1), Intake::One);
    }
}

#[test]
fn a_probe_whose_lease_is_lost_makes_room_for_the_next() {
    let now = Instant::now();
    let mut governor = paused(8, now, PauseReason::Infrastructure);
    let later = now + seconds(2);
    let probe = go(&mut governor, later, 0);
    governor.abandoned(&probe);
    go(&mut governor, later, 0);
}

#[test]
fn a_message_that_is_itself_to_blame_ends_the_pause_and_speaks_for_nobody() {
    let now = Instant::now();
    let mut governor = paused(8, now, PauseReason::Infrastructure);
    let probe = go(&mut governor, now + seconds(2), 0);
    assert!(governor.cleared(&probe));
    assert!(!governor.reached_since(0));
}

#[test]
fn calls_that_were_on_their_way_neither_lengthen_the_pause_nor_begin_another() {
    let now = Instant::now();
    let mut governor = governor(8);
    let passes: Vec<_> = (0..8).map(|_| go(&mut governor, now, 0)).collect();
    let began = (passes[..6].iter()).filter(|pass| refuse(&mut governor, pass, now));
    assert_eq!(began.count(), 1);
    assert_eq!(governor.turn(now, 0), Turn::At(now + seconds(1)));
    let later = now + seconds(1);
    let probe = go(&mut governor, later, 0);
    governor.reached(&probe, later, None);
    assert!(!refuse(&mut governor, &passes[6], later));
    assert!(!refuse(&mut governor, &passes[7], later));
    assert_eq!((governor.paused(), governor.limit()), (None, 4));
}

#[test]
fn two_functions_of_a_queue_are_received_for_when_both_are_open() {
    let (soon, later) = (Instant::now(), Instant::now() + seconds(1));
    use Intake::{At, Closed, One, Open};
    for (one, other, both) in [
        (Open, Open, Open),
        (Open, Closed, Closed),
        (One, Closed, Closed),
        (One, Open, One),
        (One, At(soon), One),
        (At(soon), Open, At(soon)),
        (At(soon), At(later), At(soon)),
    ] {
        assert_eq!((one.and(other), other.and(one)), (both, both));
    }
}

proptest! {
    #[test]
    fn every_call_is_counted_once_whatever_comes_back_and_when(
        most in 1..16_usize,
        steps in proptest::collection::vec((0..7_u8, any::<proptest::sample::Index>(), 0..8_u32), 0..400),
    ) {
        let mut now = Instant::now();
        let mut governor = governor(most);
        let mut passes: Vec<Pass> = Vec::new();
        for (what, which, refusals) in steps {
            now += Duration::from_millis(300);
            if what < 2 || passes.is_empty() {
                if let Turn::Go(pass) = governor.turn(now, refusals) { passes.push(pass); }
            } else {
                let pass = passes.swap_remove(which.index(passes.len()));
                match what {
                    2 => { governor.reached(&pass, now, Some(Duration::from_millis(20))); }
                    3 => { governor.cleared(&pass); }
                    4 => governor.abandoned(&pass),
                    5 => { governor.refused(&pass, now, refusal(PauseReason::Hang)); }
                    _ => { refuse(&mut governor, &pass, now); }
                }
            }
            prop_assert!((1..=most).contains(&governor.limit()));
            let calls = passes.iter().filter(|pass| !pass.is_probe()).count();
            prop_assert!(calls <= most);
            let probing = governor.pause.as_ref().map_or(0, Pause::probing);
            prop_assert_eq!(governor.running(), calls + probing);
            prop_assert!(probing <= 2);
            let none_running = passes.is_empty();
            let turn = governor.turn(now + seconds(3600), 0);
            if none_running {
                let Turn::Go(pass) = turn else { panic!("nobody runs and nobody may") };
                governor.abandoned(&pass);
            } else if let Turn::Go(pass) = turn {
                governor.abandoned(&pass);
            }
        }
    }
}
