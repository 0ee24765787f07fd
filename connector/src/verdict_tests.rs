use super::*;

const RULES: &RetryRules = &RetryRules {
    attempts: None,
    codes: None,
    min_wait: None,
    max_wait: None,
};

const TERMS: Terms<'_> = Terms {
    receive_count: 3,
    tries: 3,
    backoff: Backoff {
        min: Duration::from_secs(1),
        max: Duration::from_secs(300),
    },
    on_rejection: OnRejection::DeadLetter,
    rules: RULES,
    blamed: false,
    random: 0.5,
};

/// The ways in which one status can reach us.
fn variants(status: u16) -> [(&'static str, Answer); 5] {
    let answer = Answer {
        status,
        ..Answer::default()
    };
    let internal = |who: &str| Some(who.to_owned());
    [
        (
            "made by the function",
            Answer {
                by_function: true,
                ..answer.clone()
            },
        ),
        ("plain", answer.clone()),
        (
            "with an empty body",
            Answer {
                empty: true,
                ..answer.clone()
            },
        ),
        (
            "with an empty body, late",
            Answer {
                empty: true,
                late: true,
                ..answer.clone()
            },
        ),
        (
            "`X-OpenFaaS-Internal: proxy`",
            Answer {
                internal: internal("proxy"),
                empty: true,
                ..answer
            },
        ),
    ]
}

fn class_of(answer: Answer) -> Class {
    classify(&Outcome::Answered(answer))
}

/// One line for each run of statuses that behave alike in every variant.
fn table() -> String {
    let row = |status: u16| variants(status).map(|(_, answer)| class_of(answer));
    let mut lines = vec![
        "| Status | made by the function | plain | empty body | empty body, late | `X-OpenFaaS-Internal: proxy` |".to_owned(),
        "|---|---|---|---|---|---|".to_owned(),
    ];
    let mut first = 100;
    for status in 100..=599 {
        if status == 599 || row(status + 1) != row(first) {
            let range = if first == status {
                format!("{first}")
            } else {
                format!("{first}–{status}")
            };
            let classes = row(first).map(Class::kind).join(" | ");
            lines.push(format!("| {range} | {classes} |"));
            first = status + 1;
        }
    }
    for failure in [
        Transport::Connect,
        Transport::Dropped,
        Transport::Timeout,
        Transport::Hung,
    ] {
        let outcome = Outcome::Failed(failure);
        lines.push(format!(
            "| {outcome} | | {} | | | |",
            classify(&outcome).kind()
        ));
    }
    lines.join("\n")
}

#[test]
fn the_table_of_the_readme_is_what_the_code_does() {
    let readme = include_str!("../README.md");
    assert!(
        readme.contains(&table()),
        "the README lacks this table:\n{}",
        table()
    );
}

#[test]
fn every_status_has_the_class_of_its_contract() {
    use Class::{Hang, Infrastructure, Overload, Permanent, Retryable, Success};
    for status in 100..=599_u16 {
        let [function, plain, empty, late, proxy] = variants(status).map(|(_, a)| class_of(a));
        let expected = match status {
            200..=299 => [Success; 5],
            401 | 403..=405 | 407 => [
                Permanent,
                Infrastructure,
                Infrastructure,
                Infrastructure,
                Infrastructure,
            ],
            408 | 425 | 431 => [Retryable; 5],
            429 => [Overload; 5],
            400..=499 => [Permanent; 5],
            500 => [Retryable, Retryable, Retryable, Retryable, Infrastructure],
            502 => [Retryable, Retryable, Infrastructure, Hang, Infrastructure],
            503 => [Overload, Overload, Overload, Overload, Infrastructure],
            _ => [Retryable; 5],
        };
        assert_eq!(
            [function, plain, empty, late, proxy],
            expected,
            "status {status}"
        );
    }
}

#[test]
fn only_success_deletes_and_no_verdict_is_a_hot_retry() {
    for status in 100..=599_u16 {
        for (variant, answer) in variants(status) {
            let outcome = Outcome::Answered(answer);
            let verdict = judge(&outcome, &TERMS);
            assert_eq!(
                verdict == Verdict::Delete,
                (200..300).contains(&status),
                "{status} {variant}"
            );
            if let Verdict::RetryAfter(pause) = verdict {
                assert!(pause > Duration::ZERO, "{status} {variant}");
            }
        }
    }
}

#[test]
fn a_504_of_the_watchdog_is_the_functions_timeout_and_is_retried() {
    let answer = Answer {
        status: 504,
        internal: Some("of-watchdog".into()),
        ..Answer::default()
    };
    assert_eq!(class_of(answer), Class::Retryable);
}

#[test]
fn a_429_of_the_watchdog_is_overload() {
    let answer = Answer {
        status: 429,
        internal: Some("faas-middleware".into()),
        retry_after: Some(Duration::from_secs(7)),
        ..Answer::default()
    };
    assert_eq!(
        judge(&Outcome::Answered(answer), &TERMS),
        Verdict::Pause {
            reason: PauseReason::Overload,
            retry_after: Some(Duration::from_secs(7))
        }
    );
}

#[test]
fn a_failure_is_retried_after_the_backoff_of_its_receive_count() {
    let outcome = Outcome::Answered(Answer {
        status: 500,
        ..Answer::default()
    });
    assert_eq!(
        judge(&outcome, &TERMS),
        Verdict::RetryAfter(Duration::from_secs(2))
    );
}

#[test]
fn retry_after_lengthens_the_backoff_and_never_shortens_it() {
    let asked = |seconds| {
        let answer = Answer {
            status: 500,
            retry_after: Some(Duration::from_secs(seconds)),
            ..Answer::default()
        };
        judge(&Outcome::Answered(answer), &TERMS)
    };
    assert_eq!(asked(60), Verdict::RetryAfter(Duration::from_secs(60)));
    assert_eq!(asked(0), Verdict::RetryAfter(Duration::from_secs(2)));
}

#[test]
fn a_rejection_is_dead_lettered_or_retried_as_configured() {
    let outcome = Outcome::Answered(Answer {
        status: 400,
        by_function: true,
        ..Answer::default()
    });
    assert_eq!(
        judge(&outcome, &TERMS),
        Verdict::DeadLetter {
            reason: "rejected with status 400".into()
        }
    );
    let retrying = Terms {
        on_rejection: OnRejection::Retry,
        ..TERMS
    };
    assert!(matches!(judge(&outcome, &retrying), Verdict::RetryAfter(_)));
}

#[test]
fn with_several_functions_the_most_patient_verdict_wins() {
    let delete = Verdict::Delete;
    let reject = Verdict::DeadLetter {
        reason: "no".into(),
    };
    let retry = Verdict::RetryAfter(Duration::from_secs(3));
    let longer = Verdict::RetryAfter(Duration::from_secs(9));
    let pause = Verdict::Pause {
        reason: PauseReason::Overload,
        retry_after: None,
    };
    assert_eq!(delete.clone().and(reject.clone()), reject);
    assert_eq!(reject.and(retry.clone()), retry);
    assert_eq!(longer.clone().and(retry.clone()), longer);
    assert_eq!(retry.and(pause.clone()), pause);
    assert_eq!(pause.clone().and(delete), pause);
}

fn of_function(status: u16) -> Outcome {
    Outcome::Answered(Answer {
        status,
        by_function: true,
        ..Answer::default()
    })
}

#[test]
fn what_hangs_pauses_unless_the_message_is_to_blame() {
    let timeout = Outcome::Failed(Transport::Timeout);
    let pause = Verdict::Pause {
        reason: PauseReason::Hang,
        retry_after: None,
    };
    assert_eq!(judge(&timeout, &TERMS), pause);
    let blamed = Terms {
        blamed: true,
        ..TERMS
    };
    for outcome in [timeout, Outcome::Failed(Transport::Dropped)] {
        assert_eq!(
            judge(&outcome, &blamed),
            Verdict::RetryAfter(Duration::from_secs(2))
        );
    }
}

#[test]
fn a_message_whose_attempts_are_used_up_is_rejected_with_the_reason() {
    let rules = RetryRules {
        attempts: Some(3),
        ..RetryRules::default()
    };
    let at = |tries, on_rejection| {
        let terms = Terms {
            receive_count: 9,
            tries,
            on_rejection,
            rules: &rules,
            ..TERMS
        };
        judge(&of_function(500), &terms)
    };
    assert!(matches!(
        at(2, OnRejection::DeadLetter),
        Verdict::RetryAfter(_)
    ));
    let reason = "failed at each of 3 tries, the last time with status 500".to_owned();
    assert_eq!(
        at(3, OnRejection::DeadLetter),
        Verdict::DeadLetter { reason }
    );
    assert!(matches!(at(4, OnRejection::Retry), Verdict::RetryAfter(_)));
}

#[test]
fn an_outage_uses_up_no_attempts() {
    let rules = RetryRules {
        attempts: Some(1),
        ..RetryRules::default()
    };
    let terms = Terms {
        rules: &rules,
        ..TERMS
    };
    let of_gateway = |status| {
        Outcome::Answered(Answer {
            status,
            empty: true,
            ..Answer::default()
        })
    };
    let out = [401, 403, 404, 407, 429, 502, 503].map(of_gateway);
    let failed = [
        Transport::Connect,
        Transport::Dropped,
        Transport::Timeout,
        Transport::Hung,
    ];
    for outcome in out.into_iter().chain(failed.map(Outcome::Failed)) {
        let verdict = judge(&outcome, &terms);
        assert!(matches!(verdict, Verdict::Pause { .. }), "{outcome}");
    }
}

#[test]
fn a_functions_own_codes_say_which_of_its_statuses_are_tried_again() {
    let rules = RetryRules {
        codes: Some([400, 404, 429, 502].into()),
        ..RetryRules::default()
    };
    let terms = Terms {
        rules: &rules,
        ..TERMS
    };
    for status in 300..600 {
        let verdict = judge(&of_function(status), &terms);
        match status {
            400 | 404 | 502 => assert!(matches!(verdict, Verdict::RetryAfter(_)), "{status}"),
            429 => assert!(matches!(verdict, Verdict::Pause { .. }), "{status}"),
            _ => assert!(matches!(verdict, Verdict::DeadLetter { .. }), "{status}"),
        }
    }
    assert_eq!(judge(&of_function(204), &terms), Verdict::Delete);
}

#[test]
fn a_functions_codes_say_nothing_of_what_it_did_not_answer() {
    let rules = RetryRules {
        codes: Some([418].into()),
        ..RetryRules::default()
    };
    for status in 300..600 {
        for (variant, answer) in variants(status) {
            let made_elsewhere = answer.internal.is_some();
            let outcome = Outcome::Answered(answer);
            let class = classify(&outcome);
            let kept = classify_by(rules.codes.as_ref().unwrap(), &outcome) == class;
            let out = matches!(class, Class::Infrastructure | Class::Hang);
            let unproven = class == Class::Overload && variant != "made by the function";
            if made_elsewhere || out || unproven {
                assert!(kept, "{status} {variant}");
            }
        }
    }
}
