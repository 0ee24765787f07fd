use super::*;
use proptest::prelude::*;

const BACKOFF: Backoff = Backoff {
    min: Duration::from_secs(1),
    max: Duration::from_secs(300),
};

fn read(annotations: &[(&str, &str)]) -> (RetryRules, Vec<String>) {
    let named = |(name, value): &(&str, &str)| {
        let name = format!("com.openfaas.retry.{name}");
        (name, Some((*value).to_owned()))
    };
    let mut bad = BTreeSet::new();
    let rules = RetryRules::read("f.ns", &annotations.iter().map(named).collect(), &mut bad);
    assert!(bad.iter().all(|bad| bad.function == "f.ns"));
    (rules, bad.iter().map(ToString::to_string).collect())
}

#[test]
fn a_functions_rules_are_read() {
    let (rules, bad) = read(&[
        ("attempts", "5"),
        ("codes", "408, 429,500,"),
        ("min_wait", "2s"),
        ("max_wait", "1m30s"),
    ]);
    assert_eq!(bad, [""; 0]);
    assert_eq!(rules.attempts, Some(5));
    assert_eq!(rules.codes, Some(BTreeSet::from([408, 429, 500])));
    assert_eq!(rules.min_wait, Some(Duration::from_secs(2)));
    assert_eq!(rules.max_wait, Some(Duration::from_secs(90)));
    assert_eq!(read(&[]), (RetryRules::default(), Vec::new()));
}

#[test]
fn what_cannot_be_read_is_told_and_left_out() {
    for (name, value, reason) in [
        ("attempts", "0", "give the number of tries, at least 1"),
        ("attempts", "many", "give the number of tries, at least 1"),
        ("codes", "", "give statuses, such as 408,500,502"),
        ("codes", "500,2xx", "\"2xx\" is no status from 300 to 599"),
        ("codes", "200", "\"200\" is no status from 300 to 599"),
        (
            "max_wait",
            "0s",
            "give more than 0 and at most the 12h that SQS grants",
        ),
        (
            "max_wait",
            "13h",
            "give more than 0 and at most the 12h that SQS grants",
        ),
    ] {
        let (rules, bad) = read(&[(name, value)]);
        assert_eq!(rules, RetryRules::default());
        assert_eq!(
            bad,
            [format!("com.openfaas.retry.{name} = {value:?}: {reason}")]
        );
    }
    let (rules, bad) = read(&[("min_wait", "soon"), ("attempts", "3")]);
    assert_eq!((rules.min_wait, rules.attempts), (None, Some(3)));
    assert!(
        bad[0].starts_with("com.openfaas.retry.min_wait = \"soon\": "),
        "{bad:?}"
    );
}

#[test]
fn waits_the_wrong_way_round_are_told_and_both_left_out() {
    let (rules, bad) = read(&[("min_wait", "1m"), ("max_wait", "10s")]);
    assert_eq!(rules, RetryRules::default());
    assert_eq!(
        bad,
        ["com.openfaas.retry.max_wait = \"10s\": less than min_wait, 60s; give more"]
    );
}

#[test]
fn pauses_double_between_the_functions_waits() {
    let (rules, _) = read(&[("min_wait", "10s"), ("max_wait", "60s")]);
    let pause = |n, random| rules.pause(BACKOFF, n, random).as_secs();
    assert_eq!([1, 2, 3, 4, 5].map(|n| pause(n, 1.0)), [20, 40, 60, 60, 60]);
    assert_eq!([1, 2, 3].map(|n| pause(n, 0.0)), [10, 10, 10]);
    let (rules, _) = read(&[("max_wait", "2s")]);
    let pause = |n| rules.pause(BACKOFF, n, 1.0).as_secs();
    assert_eq!([1, 2, 3, 40].map(pause), [1, 2, 2, 2]);
    let (rules, _) = read(&[("min_wait", "10m")]);
    assert_eq!(rules.pause(BACKOFF, 1, 0.5), Duration::from_secs(600));
}

proptest! {
    #[test]
    fn a_pause_is_within_what_the_function_wants(
        min in proptest::option::of(1..5_000_u64), more in proptest::option::of(0..5_000_u64),
        count in any::<u32>(), random in 0.0..1.0_f64,
    ) {
        let seconds = |n: u64| Duration::from_secs(n);
        let max = more.map(|more| min.unwrap_or(1) + more);
        let rules = RetryRules {
            min_wait: min.map(seconds), max_wait: max.map(seconds),
            ..RetryRules::default()
        };
        let pause = rules.pause(BACKOFF, count, random);
        prop_assert!(min.is_none_or(|min| pause >= seconds(min)));
        prop_assert!(max.is_none_or(|max| pause <= seconds(max)));
    }
}
