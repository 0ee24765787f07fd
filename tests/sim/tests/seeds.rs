//! 200 seeds, and that a seed is a run.

#[test]
fn two_hundred_seeds_keep_every_promise() {
    let summary = sim::play_all(0..200, None, sim::cores());
    assert!(summary.failed.is_empty(), "{summary}");
}

#[test]
fn a_seed_gives_the_same_log_byte_for_byte() {
    for seed in [1, 2, 3, 1000, 1001, 1002, 1003, 1004] {
        let (once, again) = (sim::play(seed, true), sim::play(seed, true));
        assert!(once.log.len() > 50, "seed {seed}: {:?}", once.log);
        for (line, (one, other)) in once.log.iter().zip(&again.log).enumerate() {
            assert_eq!(one, other, "seed {seed}, line {line}");
        }
        assert_eq!(once.log.len(), again.log.len(), "seed {seed}");
        let silent = sim::play(seed, false);
        assert_eq!(
            (silent.calls, silent.lasted),
            (once.calls, once.lasted),
            "seed {seed}: whether a log is kept changes nothing"
        );
    }
}
