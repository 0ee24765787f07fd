use super::*;
use proptest::prelude::*;

const INTERVALS: ProbeIntervals = ProbeIntervals {
    first: Duration::from_secs(1),
    longest: Duration::from_secs(30),
};

fn refuse(governor: &mut Governor, turn: Turn, now: Instant) -> bool {
    governor.refused(turn, now, PauseReason::Infrastructure, None, 1.0)
}

#[test]
fn calls_run_up_to_the_ceiling() {
    let now = Instant::now();
    let mut governor = Governor::new(2, INTERVALS);
    assert_eq!(governor.turn(now, 0), Turn::Go);
    assert_eq!(governor.turn(now, 0), Turn::Go);
    assert_eq!(governor.turn(now, 0), Turn::Later);
    governor.reached(Turn::Go);
    assert_eq!(governor.turn(now, 0), Turn::Go);
}

#[test]
fn a_pause_lets_one_probe_through_at_growing_intervals() {
    let start = Instant::now();
    let mut now = start;
    let mut governor = Governor::new(4, INTERVALS);
    let turn = governor.turn(now, 0);
    assert!(refuse(&mut governor, turn, now));
    let mut probes = Vec::new();
    for _ in 0..7 {
        let Turn::At(next) = governor.turn(now, 0) else {
            panic!("a pause gives a time")
        };
        now = next;
        assert_eq!(governor.turn(now, 0), Turn::Probe);
        assert_eq!(governor.turn(now, 0), Turn::Later, "one probe at a time");
        probes.push((now - start).as_secs());
        assert!(
            !refuse(&mut governor, Turn::Probe, now),
            "the pause goes on"
        );
    }
    assert_eq!(probes, [1, 3, 7, 15, 31, 61, 91]);
}

#[test]
fn a_retry_after_beyond_all_bounds_pauses_for_no_longer_than_is_granted() {
    let now = Instant::now();
    let mut governor = Governor::new(4, INTERVALS);
    let turn = governor.turn(now, 0);
    governor.refused(turn, now, PauseReason::Overload, Some(Duration::MAX), 1.0);
    assert_eq!(governor.turn(now, 0), Turn::At(now + LONGEST_ASKED));
}

#[test]
fn a_probe_that_goes_through_ends_the_pause_and_calls_start_at_half() {
    let now = Instant::now();
    let mut governor = Governor::new(8, INTERVALS);
    let turn = governor.turn(now, 0);
    refuse(&mut governor, turn, now);
    assert_eq!(governor.paused(), Some(PauseReason::Infrastructure));
    let later = now + Duration::from_secs(1);
    assert_eq!(governor.turn(later, 0), Turn::Probe);
    assert!(governor.reached(Turn::Probe));
    assert_eq!(governor.paused(), None);
    assert_eq!(governor.limit(), 4);
}

#[test]
fn nothing_is_received_in_a_pause_while_a_message_is_held_to_probe_with() {
    let now = Instant::now();
    let mut governor = Governor::new(8, INTERVALS);
    assert_eq!(governor.intake(now, 3), Intake::Open);
    let turn = governor.turn(now, 0);
    refuse(&mut governor, turn, now);
    assert_eq!(governor.intake(now, 1), Intake::Closed);
    assert!(matches!(governor.intake(now, 0), Intake::At(_)));
    assert_eq!(
        governor.intake(now + Duration::from_secs(2), 0),
        Intake::One
    );
}

#[test]
fn after_many_failed_probes_another_message_is_tried_before_the_stubborn_one() {
    let mut now = Instant::now();
    let mut governor = Governor::new(8, INTERVALS);
    let turn = governor.turn(now, 0);
    refuse(&mut governor, turn, now);
    for refusals in 1..=STUBBORN {
        now += INTERVALS.longest;
        assert_eq!(governor.intake(now, 1), Intake::Closed);
        assert_eq!(governor.turn(now, refusals - 1), Turn::Probe);
        refuse(&mut governor, Turn::Probe, now);
    }
    let Turn::At(next) = governor.turn(now, 0) else {
        panic!("a pause gives a time")
    };
    assert_eq!(governor.intake(next, 1), Intake::One);
    assert_eq!(governor.intake(next, 2), Intake::Closed);
    assert_eq!(governor.turn(next, STUBBORN), Turn::At(next + DEFERENCE));
    assert_eq!(governor.turn(next, 0), Turn::Probe);
}

#[test]
fn retry_after_delays_the_probe() {
    let now = Instant::now();
    let mut governor = Governor::new(8, INTERVALS);
    let turn = governor.turn(now, 0);
    let asked = Some(Duration::from_secs(120));
    governor.refused(turn, now, PauseReason::Overload, asked, 0.0);
    assert_eq!(
        governor.turn(now, 0),
        Turn::At(now + Duration::from_secs(120))
    );
}

#[test]
fn a_probe_whose_lease_is_lost_makes_room_for_the_next() {
    let now = Instant::now();
    let mut governor = Governor::new(8, INTERVALS);
    let turn = governor.turn(now, 0);
    refuse(&mut governor, turn, now);
    let later = now + Duration::from_secs(2);
    assert_eq!(governor.turn(later, 0), Turn::Probe);
    governor.abandoned(Turn::Probe);
    assert_eq!(governor.turn(later, 0), Turn::Probe);
}

#[test]
fn calls_that_were_on_their_way_do_not_lengthen_the_pause() {
    let now = Instant::now();
    let mut governor = Governor::new(8, INTERVALS);
    let turns: Vec<_> = (0..8).map(|_| governor.turn(now, 0)).collect();
    assert!(turns.iter().all(|turn| *turn == Turn::Go));
    let began: Vec<_> = turns
        .iter()
        .map(|turn| refuse(&mut governor, *turn, now))
        .collect();
    assert_eq!(began.iter().filter(|began| **began).count(), 1);
    assert_eq!(
        governor.turn(now, 0),
        Turn::At(now + Duration::from_secs(1))
    );
}

proptest! {
    #[test]
    fn the_limit_stays_between_one_and_the_ceiling(
        ceiling in 1..64_usize, answers in proptest::collection::vec(any::<bool>(), 0..300),
    ) {
        let mut now = Instant::now();
        let mut governor = Governor::new(ceiling, INTERVALS);
        for good in answers {
            now += Duration::from_secs(60);
            let turn = governor.turn(now, 0);
            prop_assert!(matches!(turn, Turn::Go | Turn::Probe));
            if good { governor.reached(turn); } else { refuse(&mut governor, turn, now); }
            prop_assert!((1..=ceiling).contains(&governor.limit()));
            prop_assert_eq!(governor.running, 0);
        }
    }
}
