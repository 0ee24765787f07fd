//! The function as a process: what it says when its configuration is wrong.

use std::process::Command;

#[test]
fn a_wrong_configuration_exits_with_64_and_lists_every_problem() {
    let output = Command::new(env!("CARGO_BIN_EXE_kanban-processor"))
        .env_clear()
        .env("port", "eighty")
        .env("graphql_url", "nowhere")
        .env("allow_unsigned", "gitlab")
        .env("secrets_dir", "/nowhere")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(64));
    let text = String::from_utf8(output.stderr).unwrap();
    for start in [
        "port = \"eighty\": ",
        "graphql_url = \"nowhere\": ",
        "allow_unsigned = \"gitlab\": ",
    ] {
        assert!(
            text.lines().any(|line| line.starts_with(start)),
            "{start}: {text}"
        );
    }
    assert_eq!(text.lines().count(), 3, "{text}");
}
