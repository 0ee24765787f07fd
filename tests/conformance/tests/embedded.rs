//! The embedded server does what AWS documents, on virtual time.

use std::collections::BTreeSet;

use conformance::{Case, Server, Verdict, all, document, run, table};

fn cases() -> Vec<Case> {
    let groups = all();
    let cases = groups.iter().flat_map(|(_, cases)| cases.iter().copied());
    cases.collect()
}

#[tokio::test(start_paused = true)]
async fn the_embedded_server_does_what_aws_documents() {
    let cases = cases();
    let run = run(&Server::Embedded, &cases).await;
    let passes = |verdict: &Verdict| *verdict == Verdict::Passes;
    assert!(run.verdicts.iter().all(passes), "{}", table(&cases, &[run]));
}

#[test]
fn every_case_has_a_name_of_its_own() {
    let cases = cases();
    let names: BTreeSet<_> = cases.iter().map(Case::name).collect();
    assert_eq!(names.len(), cases.len());
    assert!(cases.len() >= 40);
}

#[test]
fn the_page_of_the_documentation_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/conformance.md");
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == document(&all()),
        "run: cargo run -p conformance -- --write docs/conformance.md"
    );
}
