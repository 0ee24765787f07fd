//! Runs the real binary over recorded logs.

#![expect(
    clippy::unwrap_used,
    reason = "a test whose command does not run has failed"
)]

mod command;
mod elasticsearch;
mod readme;

use std::path::Path;
use std::process::Stdio;

use command::{command, fixture, milestones, piped, ran, read, refused, story};

#[test]
fn a_whole_story_exits_0() {
    let whole = story(&["KAN-3", &fixture("whole.ndjson")]);
    assert_eq!(whole.code, 0, "{}", whole.out);
    assert!(
        whole.out.contains("\nwhole · 13 lines in 45 ms\n"),
        "{}",
        whole.out
    );
    assert_eq!(whole.err, "");
}

#[test]
fn a_refused_deployment_is_told_from_cri_docker_compose_and_plain_lines() {
    let mut args = vec!["KAN-7".to_owned()];
    args.extend(refused());
    let refused = story(&args);
    assert_eq!(refused.code, 1);
    for said in [
        "✗ First error: kanban-processor at +31 ms",
        "\n  the backend refused to deploy KAN-7: change freeze until Monday 08:00\n",
        "✗ First missing: DEPLOYMENT_CREATED from graphql-backend",
        "should have come after DEPLOYMENT_REQUESTED (kanban-processor at +21 ms)",
        "usually: the backend refused",
        "read 4 sources, 14 lines; 1 without JSON",
    ] {
        assert!(refused.out.contains(said), "{said}\n{}", refused.out);
    }
}

#[test]
fn a_retry_that_worked_is_whole_and_its_error_is_shown() {
    let retry = story(&["KAN-9", &fixture("retry.ndjson")]);
    assert_eq!(retry.code, 0);
    for said in [
        "── attempt 3 of 3 ──",
        "attempt 2: function invoked",
        "… nothing for 4.069 s, inside sqs-connector",
        "overcome later",
        "whole, after 2 retries",
    ] {
        assert!(retry.out.contains(said), "{said}\n{}", retry.out);
    }
}

#[test]
fn a_poison_message_is_told_with_its_stack_and_where_it_ended() {
    let id = "0198c1f0-3333-7c3b-9d4e-5f60718293a4";
    let poison = story(&[id, &fixture("poison.ndjson")]);
    assert_eq!(poison.code, 1);
    for said in [
        "… 4 more, shown with --all",
        "ended with MESSAGE_DEAD_LETTERED after 3 attempts",
        "mend the cause",
    ] {
        assert!(poison.out.contains(said), "{said}\n{}", poison.out);
    }
    assert!(
        story(&[id, &fixture("poison.ndjson"), "--all"])
            .out
            .contains("read::h11")
    );
}

#[test]
fn an_ignored_card_is_whole() {
    let ignored = story(&["KAN-21", &fixture("ignored.ndjson")]);
    assert_eq!(ignored.code, 0);
    assert!(
        ignored.out.contains("whole, ended early by CARD_IGNORED"),
        "{}",
        ignored.out
    );
}

#[test]
fn a_card_with_two_stories_tells_both_the_oldest_first() {
    let mut args = vec!["KAN-7".to_owned(), fixture("again.ndjson")];
    args.extend(refused());
    let both = story(&args);
    assert_eq!(both.code, 1);
    assert!(
        both.out
            .starts_with("2 stories of card KAN-7: 1 whole, 1 broken (0198c1f0-7a2e-"),
        "{}",
        both.out
    );
    assert!(both.out.find("✗ 0198c1f0-7a2e").unwrap() < both.out.find("✓ 0198c1f0-5555").unwrap());
    assert!(
        both.out
            .contains("1 naming the card without a correlation id"),
        "{}",
        both.out
    );
    assert!(
        both.out
            .contains("the clock of kanban-processor seems 4 ms behind"),
        "{}",
        both.out
    );
}

#[test]
fn standard_input_is_read_twice_for_a_card_and_with_a_dash() {
    let log = read("retry.ndjson");
    for args in [["KAN-9", "--json"].as_slice(), &["KAN-9", "--json", "-"]] {
        let told = piped(args, log.as_bytes());
        assert_eq!((told.code, milestones(&told.out).len()), (0, 24));
    }
}

#[test]
fn the_same_lines_from_an_elastic_export_tell_the_same_hops_once() {
    let plain = story(&["KAN-3", "--json", &fixture("whole.ndjson")]);
    let hits = story(&[
        "KAN-3",
        "--json",
        &fixture("hits.ndjson"),
        &fixture("whole.ndjson"),
    ]);
    let hops = |ran: &command::Ran| {
        serde_json::from_str::<serde_json::Value>(&ran.out).unwrap()["hops"].clone()
    };
    assert_eq!(hops(&plain), hops(&hits));
    assert!(hits.out.contains(r#""duplicates":13"#), "{}", hits.out);
}

#[test]
fn nothing_found_exits_2_and_says_what_was_read_and_what_comes_near() {
    let none = story(&["KAN-4", &fixture("whole.ndjson")]);
    assert_eq!((none.code, none.out.as_str()), (2, ""));
    assert!(
        none.err
            .contains("no line has KAN-4 as its correlation id or its card"),
        "{}",
        none.err
    );
    assert!(
        none.err
            .contains("read tests/fixtures/whole.ndjson, 13 lines")
            && none.err.contains("did you mean KAN-3?"),
        "{}",
        none.err
    );
    let json = story(&["KAN-4", "--json", &fixture("whole.ndjson")]);
    assert_eq!(json.code, 2);
    assert!(
        json.out.contains(r#""verdict":"not found""#),
        "{}",
        json.out
    );
}

#[test]
fn wrong_use_and_bad_files_exit_64_with_every_problem() {
    assert_eq!(story::<&str>(&[]).code, 64);
    assert_eq!(story(&["a", "--colour"]).code, 64);
    assert_eq!(story(&["--help"]).code, 0);
    let folder = tempfile::tempdir().unwrap();
    let way = folder.path().join("way.toml");
    std::fs::write(&way, "[[step]]\nmiletsone = \"A\"\n[[stepp]]\n").unwrap();
    let bad = story(&["a", "no-such-file", "--way", way.to_str().unwrap()]);
    assert_eq!(bad.code, 64);
    for said in [
        "did you mean milestone?",
        "did you mean step?",
        "cannot open no-such-file",
    ] {
        assert!(bad.err.contains(said), "{said}\n{}", bad.err);
    }
}

#[test]
fn a_way_of_ones_own_is_followed_and_the_built_in_one_is_printed() {
    let printed = story(&["--print-way"]);
    assert_eq!(
        printed.out,
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("way.toml")).unwrap()
    );
    let folder = tempfile::tempdir().unwrap();
    let way = folder.path().join("way.toml");
    std::fs::write(&way, "[[step]]\nmilestone = \"WEBHOOK_RECEIVED\"\n").unwrap();
    let hostile = story(&[
        "c-evil",
        &fixture("hostile.ndjson"),
        "--way",
        way.to_str().unwrap(),
    ]);
    assert_eq!(hostile.code, 0, "{}", hostile.out);
}

#[test]
fn a_hostile_message_never_reaches_the_terminal_raw() {
    for args in [
        ["KAN-66", "tests/fixtures/hostile.ndjson"].as_slice(),
        &["KAN-66", "tests/fixtures/hostile.ndjson", "--json"],
    ] {
        let told = story(args);
        assert!(
            !told
                .out
                .chars()
                .any(|c| c.is_control() && c != '\n' || c == '\u{202e}'),
            "{:?}",
            told.out
        );
        assert!(told.out.contains("hi"));
    }
}

#[test]
fn colours_are_for_terminals_or_on_request() {
    let args = ["KAN-3", "tests/fixtures/whole.ndjson"];
    let with = |variable: &str| ran(command(&args).env(variable, "1").output().unwrap()).out;
    assert!(!story(&args).out.contains('\u{1b}'));
    assert!(with("CLICOLOR_FORCE").contains('\u{1b}'));
    assert!(!with("NO_COLOR").contains('\u{1b}'));
    assert!(
        story(&["KAN-3", "tests/fixtures/whole.ndjson", "--color", "always"])
            .out
            .contains('\u{1b}')
    );
    let never = ran(
        command(&["KAN-3", "tests/fixtures/whole.ndjson", "--color=never"])
            .env("CLICOLOR_FORCE", "1")
            .output()
            .unwrap(),
    );
    assert!(!never.out.contains('\u{1b}'));
}

#[test]
fn hops_are_cut_at_the_width_unless_all_is_asked_for() {
    let run = |more: &[&str]| {
        story(
            &[
                &["KAN-3", "tests/fixtures/whole.ndjson", "--width", "100"],
                more,
            ]
            .concat(),
        )
        .out
    };
    let cut = run(&[]);
    assert!(
        cut.contains('…') && cut.lines().all(|line| line.chars().count() <= 100),
        "{cut}"
    );
    assert!(run(&["--all"]).contains("6d1f3e0a-7f6c-4a5e-9f0e-0b7c9d2b1a44 queue=kanban-events"));
}

#[test]
fn a_line_over_1_mib_and_bytes_that_are_no_text_are_counted_not_fatal() {
    let mut log = read("whole.ndjson").into_bytes();
    log.extend(vec![b'x'; 1024 * 1024 + 1]);
    log.extend_from_slice(b"\n\xff\xfe\x00\n");
    let told = piped(&["KAN-3"], &log);
    assert_eq!(told.code, 0, "{}", told.err);
    assert!(
        told.out
            .contains("15 lines; 1 without JSON; 1 over 1 MiB skipped"),
        "{}",
        told.out
    );
}

#[test]
fn a_reader_that_has_seen_enough_does_not_make_it_fail() {
    let mut child = command(&["KAN-3", "tests/fixtures/whole.ndjson"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let told = ran(child.wait_with_output().unwrap());
    assert_eq!((told.code, told.err.as_str()), (0, ""));
}
