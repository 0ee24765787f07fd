use super::*;
use crate::paint::Look;
use crate::render::render_story;
use proptest::prelude::*;

const WAY: [(&str, &str); 10] = [
    ("ingress", "WEBHOOK_RECEIVED"),
    ("sqs-connector", "MESSAGE_RECEIVED"),
    ("sqs-connector", "FUNCTION_INVOKED"),
    ("kanban-processor", "CARD_RECEIVED"),
    ("kanban-processor", "CARD_VERIFIED"),
    ("kanban-processor", "CARD_MOVED"),
    ("kanban-processor", "DEPLOYMENT_REQUESTED"),
    ("graphql-backend", "DEPLOYMENT_CREATED"),
    ("kanban-processor", "DEPLOYMENT_STARTED"),
    ("sqs-connector", "MESSAGE_DELETED"),
];
const FAILED: (&str, &str) = ("kanban-processor", "!failed");
const RETRIED: (&str, &str) = ("sqs-connector", "MESSAGE_RETRIED");
const BURIED: (&str, &str) = ("sqs-connector", "MESSAGE_DEAD_LETTERED");
const IGNORED: (&str, &str) = ("kanban-processor", "CARD_IGNORED");

/// Lines 10 ms apart; `!` before a name makes it the message of an error.
fn lines(hops: &[(&str, &str)]) -> Vec<Line> {
    let line = |(place, (service, what)): (usize, &(&str, &str))| {
        let at = Timestamp::from_millisecond(1_795_242_459_000 + 10 * place as i64).unwrap();
        let said = match what.strip_prefix('!') {
            Some(message) => format!(r#""log.level":"error","message":"{message}""#),
            None => format!(r#""milestone":"{what}""#),
        };
        Line::parse(&format!(
            r#"{{"@timestamp":"{at}","service.name":"{service}",{said}}}"#
        ))
        .unwrap()
    };
    hops.iter().enumerate().map(line).collect()
}

fn story(hops: &[(&str, &str)]) -> Story {
    Story::assemble("c-1", lines(hops), &Way::kanban())
}

fn lacks(story: &Story) -> Vec<&str> {
    story
        .missing
        .iter()
        .map(|missing| missing.milestone.as_str())
        .collect()
}

#[test]
fn a_way_with_all_its_steps_is_whole() {
    let story = story(&WAY);
    assert_eq!(
        (story.summary().as_str(), story.exit_code(), story.attempts),
        ("whole", 0, 1)
    );
    assert_eq!(story.total().as_millis(), 90);
}

#[test]
fn an_optional_step_is_not_missed_and_its_neighbours_are() {
    let step = |milestone, optional| {
        format!("[[step]]\nmilestone = \"{milestone}\"\noptional = {optional}\n")
    };
    let lacks = |optional| {
        let text = ["A", "B", "C"].map(|name| step(name, optional && name == "B"));
        let way = Way::parse("way.toml", &text.concat()).unwrap();
        let story = Story::assemble("c-1", lines(&[("a", "A")]), &way);
        let names = story.missing.into_iter().map(|missing| missing.milestone);
        names.collect::<Vec<_>>()
    };
    assert_eq!(lacks(true), ["C"]);
    assert_eq!(lacks(false), ["B", "C"]);
}

#[test]
fn the_first_missing_step_is_told_with_the_one_that_came_before_it() {
    let story = story(&[&WAY[..7], &[FAILED, BURIED]].concat());
    assert_eq!(
        lacks(&story),
        [
            "DEPLOYMENT_CREATED",
            "DEPLOYMENT_STARTED",
            "MESSAGE_DELETED"
        ]
    );
    let first = &story.missing[0];
    assert_eq!(
        (first.after, first.service.as_deref(), first.silent),
        (Some(6), Some("graphql-backend"), true)
    );
    assert_eq!(story.first_error, Some(7));
    assert_eq!(
        story.summary(),
        "broken: error in kanban-processor, DEPLOYMENT_CREATED and 2 more never came, ended with MESSAGE_DEAD_LETTERED"
    );
}

#[test]
fn two_failures_and_then_success_are_whole_after_two_retries() {
    let failed = [&WAY[1..7], &[FAILED, RETRIED]].concat();
    let story = story(&[&WAY[..1], &failed, &failed, &WAY[1..]].concat());
    assert_eq!((story.attempts, story.exit_code()), (3, 0));
    assert_eq!(story.summary(), "whole, after 2 retries");
    assert_eq!(story.hops[story.first_error.unwrap()].attempt, 1);
}

#[test]
fn a_last_attempt_that_breaks_off_is_broken_though_an_earlier_one_came_further() {
    let story = story(&[&WAY[..7], &[FAILED, RETRIED], &WAY[1..3]].concat());
    assert_eq!(lacks(&story)[0], "CARD_RECEIVED");
    assert_eq!(story.hops[story.missing[0].after.unwrap()].attempt, 2);
}

#[test]
fn a_message_that_was_delivered_and_only_deleted_again_is_whole() {
    let story = story(&[&WAY[..9], &[RETRIED], &WAY[1..2], &WAY[9..]].concat());
    assert_eq!(story.summary(), "whole, after 1 retry");
}

#[test]
fn a_message_that_will_come_again_is_said_to() {
    let story = story(&[&WAY[..4], &[FAILED, RETRIED]].concat());
    assert_eq!(story.sent_back, Some(5));
    assert!(
        story.summary().ends_with("sent back to the queue"),
        "{}",
        story.summary()
    );
}

#[test]
fn a_card_that_is_ignored_needs_no_deployment_but_its_message_must_be_deleted() {
    let ignored = [&WAY[..5], &[IGNORED]].concat();
    assert_eq!(lacks(&story(&ignored)), ["MESSAGE_DELETED"]);
    let whole = story(&[&ignored, &WAY[9..]].concat());
    assert_eq!(
        (whole.summary().as_str(), whole.exit_code()),
        ("whole, ended early by CARD_IGNORED", 0)
    );
    // A hole before the end is still a hole.
    assert_eq!(
        lacks(&story(
            &[&WAY[..3], &WAY[4..5], &[IGNORED], &WAY[9..]].concat()
        )),
        ["CARD_RECEIVED"]
    );
}

#[test]
fn a_dead_letter_breaks_the_story_until_a_redrive_succeeds() {
    let buried = [&WAY[..4], &[FAILED, BURIED]].concat();
    assert!(story(&buried).failed_end.is_some());
    let redriven = story(&[&buried, &WAY[1..]].concat());
    assert_eq!(redriven.summary(), "whole, after 1 retry");
}

#[test]
fn steps_before_the_first_that_came_are_not_what_is_looked_at_first() {
    let story = story(&WAY[1..8]);
    assert_eq!(
        lacks(&story),
        ["DEPLOYMENT_STARTED", "MESSAGE_DELETED", "WEBHOOK_RECEIVED"]
    );
    let unseen = Story::assemble("c-1", lines(&WAY[1..]), &Way::kanban());
    assert_eq!(
        (lacks(&unseen), unseen.missing[0].after),
        (vec!["WEBHOOK_RECEIVED"], None)
    );
}

#[test]
fn a_step_logged_by_another_service_is_pointed_out() {
    let mut hops = WAY;
    hops[7].0 = "deployments";
    let story = story(&hops);
    assert_eq!(story.missing[0].elsewhere.as_deref(), Some("deployments"));
}

#[test]
fn a_step_that_comes_later_than_allowed_is_said_and_breaks_nothing() {
    let mut lines = lines(&WAY);
    for line in &mut lines[8..] {
        line.at = line.at.map(|at| at + SignedDuration::from_secs(40));
    }
    let story = Story::assemble("c-1", lines, &Way::kanban());
    assert_eq!((story.late[0].place, story.late[0].took.as_secs()), (8, 40));
    assert_eq!(story.summary(), "whole, but DEPLOYMENT_STARTED was late");
}

#[test]
fn lines_without_a_time_stand_at_the_end() {
    let mut lines = lines(&WAY[..3]);
    lines[0].at = None;
    let story = Story::assemble("c-1", lines, &Way::kanban());
    assert_eq!(story.hops[2].since, None);
    assert_eq!(story.hops[2].line.service, "ingress");
}

fn some_story() -> impl Strategy<Value = Vec<Line>> {
    let hop = prop_oneof![
        proptest::sample::select(WAY.to_vec()),
        proptest::sample::select(vec![FAILED, RETRIED, BURIED, IGNORED, ("other", "X")])
    ];
    let jitter = proptest::collection::vec(-30i64..30, 24);
    (proptest::collection::vec(hop, 0..24), jitter).prop_map(|(hops, jitter)| {
        let mut lines = lines(&hops);
        for (place, (line, jitter)) in lines.iter_mut().zip(jitter).enumerate() {
            // Distinct to the microsecond, so that no tie is left to the place in the file.
            line.at = line
                .at
                .map(|at| at + SignedDuration::from_micros(jitter * 1_000 + place as i64));
        }
        lines
    })
}

proptest! {
    #[test]
    fn the_order_of_the_lines_read_does_not_change_the_story(lines in some_story(), seed in any::<u64>()) {
        let way = Way::kanban();
        let mut turned = lines.clone();
        turned.sort_by_key(|line| line.at.unwrap().as_nanosecond().wrapping_mul(i128::from(seed | 1)) & 0xffff_ffff);
        prop_assert_eq!(Story::assemble("c", turned, &way), Story::assemble("c", lines, &way));
    }

    #[test]
    fn any_story_is_shown_without_a_control_character(lines in some_story(), message in any::<String>(), width in proptest::option::of(0usize..200), all in any::<bool>()) {
        let mut lines = lines;
        for line in &mut lines {
            line.message.clone_from(&message);
            line.service.push_str(&message);
        }
        let story = Story::assemble(&message, lines, &Way::kanban());
        let mut text = Vec::new();
        render_story(&story, &Look { color: false, width, all }, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
        prop_assert_eq!(text.lines().count() > 2, true);
    }
}
