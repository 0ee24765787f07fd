//! The binary and the logs it is run over.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const REFUSED: [&str; 4] = [
    "ingress.ndjson",
    "sqs-connector.log",
    "kanban-processor.log",
    "graphql-backend.log",
];

/// What a run left behind.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn command<S: AsRef<OsStr>>(args: &[S]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_story"));
    command
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null());
    for variable in [
        "NO_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "ELASTICSEARCH_API_KEY",
        "ELASTICSEARCH_USERNAME",
        "ELASTICSEARCH_PASSWORD",
    ] {
        command.env_remove(variable);
    }
    command
}

pub(crate) fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn story<S: AsRef<OsStr>>(args: &[S]) -> Ran {
    ran(command(args).output().unwrap())
}

pub(crate) fn piped(args: &[&str], input: &[u8]) -> Ran {
    let mut child = command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    ran(child.wait_with_output().unwrap())
}

pub(crate) fn fixture(name: &str) -> String {
    format!("tests/fixtures/{name}")
}

pub(crate) fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(fixture(name))).unwrap()
}

pub(crate) fn refused() -> Vec<String> {
    REFUSED
        .iter()
        .map(|name| fixture(&format!("refused/{name}")))
        .collect()
}

pub(crate) fn milestones(json: &str) -> Vec<String> {
    let story: serde_json::Value = serde_json::from_str(json).unwrap();
    let hops = story["hops"].as_array().unwrap();
    hops.iter()
        .filter_map(|hop| Some(hop["milestone"].as_str()?.to_owned()))
        .collect()
}
