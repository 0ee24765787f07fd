use super::*;

fn problems(text: &str) -> Vec<String> {
    parse("way.toml", text).unwrap_err().problems
}

#[test]
fn every_key_of_a_way_file_is_read() {
    let way = parse(
        "way.toml",
        "skew = \"5ms\"\n[[step]]\nmilestone = \"A\"\n[[step]]\nmilestone = \"B\"\nservice = \"b\"\nwithin = \"1m 30s\"\noptional = true\nper = \"function\"\nhint = \"h\"\n[[end]]\nmilestone = \"E\"\nthen = [\"B\"]\n[[retry]]\nmilestone = \"R\"",
    )
    .unwrap();
    assert_eq!(way.skew, SignedDuration::from_millis(5));
    let step = &way.steps[1];
    assert_eq!(
        (step.within, step.optional),
        (Some(SignedDuration::from_secs(90)), true)
    );
    assert_eq!(
        (step.per.as_deref(), step.hint.as_deref()),
        (Some("function"), Some("h"))
    );
    assert_eq!(
        (
            way.ends[0].then.as_slice(),
            way.retries[0].mark.milestone.as_str()
        ),
        ([1].as_slice(), "R")
    );
}

#[test]
fn all_problems_are_told_at_once_with_line_and_nearest_name() {
    let text = "skwe = \"5ms\"\n[[step]]\nmiletsone = \"A\"\n[[step]]\nmilestone = \"B\"\nwithin = 30\noptional = \"no\"\n[[end]]\nmilestone = \"E\"\nthen = [\"BB\", 3]\ncolour = 1\n";
    assert_eq!(
        problems(text),
        [
            "way.toml:1: unknown key skwe: did you mean skew?",
            "way.toml:3: unknown key step.miletsone: did you mean milestone?",
            "way.toml:2: [[step]] without milestone: say what its line's `milestone` is",
            "way.toml:6: step.within = 30: must be a time such as \"500ms\", \"30s\" or \"2m\"",
            "way.toml:7: step.optional = \"no\": must be true or false",
            "way.toml:11: unknown key end.colour: known are milestone, service, then, failed, hint",
            "way.toml:10: end.then = \"BB\": no step has this milestone; did you mean B?",
            "way.toml:10: end.then = 3: must be a list of milestones",
        ]
    );
}

#[test]
fn a_way_without_steps_or_with_one_twice_is_refused() {
    assert_eq!(
        problems(""),
        ["way.toml: no [[step]]: a way needs at least one"]
    );
    let text = "[[step]]\nmilestone = \"A\"\n[[step]]\nmilestone = \"A\"\n";
    assert_eq!(
        problems(text),
        [
            "way.toml:3: step.milestone = \"A\": is there already; a milestone has one place on the way"
        ]
    );
    assert_eq!(
        problems("step = 3"),
        ["way.toml:1: step is no list of tables: write [[step]]"]
    );
}

#[test]
fn text_that_is_no_toml_is_refused_with_its_line() {
    let found = problems("[[step]]\nmilestone = A\n");
    assert!(found[0].starts_with("way.toml:2: no TOML: "), "{found:?}");
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "(\\[\\[(step|end|retry)\\]\\]\n|[a-z]{1,9} ?= ?[\"a-z0-9\\[\\]]{0,9}\n|\\PC{0,9}){0,8}") {
        let _ = parse("way.toml", &text);
    }
}
