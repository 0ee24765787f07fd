//! The tables: on a terminal after a run, and in the documentation.

use std::fmt::Write as _;

use crate::case::Case;
use crate::run::{Run, Verdict};
use crate::server::Kind;

const SHOWN: [Kind; 3] = [Kind::Embedded, Kind::ElasticMq, Kind::Moto];

/// What each case came to at each server, what was seen where it is not as declared, and the sums.
pub fn table(cases: &[Case], runs: &[Run]) -> String {
    let mut text = String::new();
    for run in runs {
        let _ = write!(text, "{:<10}", run.kind);
    }
    text.push_str("case\n");
    for (at, case) in cases.iter().enumerate() {
        for run in runs {
            let _ = write!(text, "{:<10}", word(&run.verdicts[at]));
        }
        let _ = writeln!(text, "{}", case.name());
    }
    for run in runs {
        for (case, verdict) in cases.iter().zip(&run.verdicts) {
            let why = match verdict {
                Verdict::Fails(seen) => seen.as_str(),
                Verdict::DiffersNoMore => "it is declared to differ, and does not: take that away",
                Verdict::Passes | Verdict::Differs | Verdict::NotRun => continue,
            };
            let _ = writeln!(text, "\n{}: {}: {why}", run.kind, case.name());
            let _ = writeln!(text, "  AWS documents ({}): {}", case.page, case.documents);
            if let Some(declared) = case.difference(run.kind) {
                let _ = writeln!(text, "  declared: {}", declared.does);
            }
        }
    }
    text.push('\n');
    for run in runs {
        let count = |wanted: fn(&Verdict) -> bool| {
            run.verdicts
                .iter()
                .filter(|verdict| wanted(verdict))
                .count()
        };
        let _ = writeln!(
            text,
            "{}: {} as documented, {} differ as declared, {} not run (they take minutes), {} wrong",
            run.kind,
            count(|verdict| *verdict == Verdict::Passes),
            count(|verdict| *verdict == Verdict::Differs),
            count(|verdict| *verdict == Verdict::NotRun),
            count(|verdict| !verdict.is_good()),
        );
    }
    text
}

const fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Passes => "ok",
        Verdict::Differs => "differs",
        Verdict::NotRun => "-",
        Verdict::Fails(_) | Verdict::DiffersNoMore => "WRONG",
    }
}

/// The page of the documentation: what is declared, which a run without a wrong verdict has shown.
pub fn document(groups: &[(&str, &[Case])]) -> String {
    let cases = groups.iter().flat_map(|(_, cases)| cases.iter());
    let count = cases.clone().count();
    let mut text = String::from(HEAD);
    let _ = writeln!(text, "{count} cases:\n");
    for kind in SHOWN {
        let differs = |case: &&Case| case.difference(kind).is_some();
        let differing = cases.clone().filter(differs).count();
        let long = |case: &&Case| case.long && kind != Kind::Embedded;
        let not_run = cases.clone().filter(long).count();
        let _ = writeln!(
            text,
            "- **{kind}**: {} as documented, {differing} differ, {not_run} not run",
            count - differing - not_run
        );
    }
    text.push_str("\n## Who differs, and who follows AWS\n\n");
    text.push_str(
        "In each of these rows the embedded server follows the page that is named; the other does not.\n\n",
    );
    text.push_str("| Case | AWS documents | Instead |\n|---|---|---|\n");
    for case in cases.clone().filter(|case| case.left_open.is_none()) {
        row_of_differences(&mut text, case, case.documents);
    }
    text.push_str("\n## Where AWS leaves it open\n\n");
    text.push_str("Both are right; the case checks the embedded server's choice.\n\n");
    text.push_str("| Case | What is open | Instead |\n|---|---|---|\n");
    for case in cases {
        if let Some(open) = case.left_open {
            row_of_differences(&mut text, case, open);
        }
    }
    for (title, cases) in groups {
        let _ = writeln!(text, "\n## {title}\n");
        text.push_str("| Case | Page | embedded | ElasticMQ | moto |\n|---|---|---|---|---|\n");
        for case in *cases {
            let _ = write!(text, "| {} | {} |", case.name(), case.page);
            for kind in SHOWN {
                let _ = write!(text, " {} |", declared(case, kind));
            }
            text.push('\n');
        }
    }
    text
}

fn row_of_differences(text: &mut String, case: &Case, documents: &str) {
    let servers = SHOWN.into_iter().filter_map(|kind| {
        let difference = case.difference(kind)?;
        Some(format!("{kind} {}", difference.does))
    });
    let servers: Vec<_> = servers.collect();
    if !servers.is_empty() {
        let _ = writeln!(
            text,
            "| {} | {documents} ({}) | {} |",
            case.name(),
            case.page,
            servers.join("; ")
        );
    }
}

const fn declared(case: &Case, kind: Kind) -> &'static str {
    match (case.difference(kind), kind) {
        (Some(_), _) if case.left_open.is_some() => "other choice",
        (Some(_), _) => "differs",
        (None, Kind::Embedded) => "ok",
        (None, _) if case.long => "not run",
        (None, _) => "ok",
    }
}

const HEAD: &str = "\
# Conformance of the embedded SQS

What AWS documents of SQS, as cases. The same cases run against the server of `tests/stack`, on
virtual time with every `cargo test`, and against the real ElasticMQ and moto in `.ci/run`. A case
that comes out otherwise than it is listed here fails the run, and so does a listed difference that
is gone. Written by `cargo run -p conformance -- --write docs/conformance.md`; a test checks that it
is up to date.

";
