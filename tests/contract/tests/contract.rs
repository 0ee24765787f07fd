//! The suite on the suite's own function, which is built with it.

use contract::{Kind, Subject, examine, examine_at};

#[test]
fn a_function_on_the_sdk_keeps_the_contract() {
    let report = examine(&Subject {
        kind: Kind::Throughline,
        command: vec![env!("CARGO_BIN_EXE_contract-function").to_owned()],
        env: Vec::new(),
    });
    println!("{}", report.text);
    assert!(report.failed == 0 && report.held >= 25, "{}", report.text);
}

#[test]
fn where_nothing_serves_every_check_fails_and_says_so() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap().to_string();
    drop(nobody);
    let report = examine_at(Kind::Throughline, &address);
    assert_eq!(report.held, 0, "{}", report.text);
    assert!(report.failed >= 8 && report.not_asked >= 15, "{report:?}");
    assert!(
        report.text.contains(&format!("connecting to {address}")),
        "{}",
        report.text
    );
}
