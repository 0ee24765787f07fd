//! Every target on the corpus and on mutations of it, drawn from one seed.

mod mutate;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use fuzz_targets::{TARGETS, Target};
use mutate::Mutator;

/// How many mutations of each target are tried; `FUZZ_RUNS` sets another number.
const RUNS: usize = 3_000;

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(name);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    assert!(
        files.len() >= 5,
        "the corpus of {name} has shapes to start from"
    );
    files
        .iter()
        .map(|file| fs::read(file).expect("a file"))
        .collect()
}

/// Runs it; where it fails, says with what.
fn run(name: &str, target: Target, data: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(data))) {
        let reason = (panic.downcast_ref::<String>().map(String::as_str))
            .or_else(|| panic.downcast_ref::<&str>().copied());
        panic!("{name} fails with b\"{}\": {reason:?}", data.escape_ascii());
    }
}

#[test]
fn the_corpus_holds() {
    for (name, target) in TARGETS {
        for data in corpus(name) {
            run(name, target, &data);
        }
    }
}

#[test]
fn mutations_of_the_corpus_hold() {
    let runs = std::env::var("FUZZ_RUNS")
        .ok()
        .and_then(|runs| runs.parse().ok());
    for (name, target) in TARGETS {
        let corpus = corpus(name);
        let mut mutator = Mutator::new(7);
        for _ in 0..runs.unwrap_or(RUNS) {
            run(name, target, &mutator.mutate(&corpus));
        }
    }
}

#[test]
fn mutations_are_the_same_again_and_differ_among_each_other() {
    let corpus = corpus("filter");
    let draw = || {
        let mut mutator = Mutator::new(7);
        (0..50).map(|_| mutator.mutate(&corpus)).collect::<Vec<_>>()
    };
    let drawn = draw();
    assert_eq!(drawn, draw());
    let distinct: std::collections::BTreeSet<_> = drawn.iter().collect();
    assert!(distinct.len() > 40);
}
