//! From the template's repository to a function that runs on a laptop.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use harness::{Process, Spec, post_json};
use serde_json::json;

use crate::tree::Tree;
use crate::walk::Walk;

/// A cold build of all dependencies, on a machine with other work.
const COMPILED: Duration = Duration::from_secs(600);
const STOPPED: Duration = Duration::from_secs(30);

pub(super) async fn the_template_is_pulled_from_a_git_repository(
    walk: &Walk,
) -> anyhow::Result<String> {
    walk.cli.pull(&walk.home, &walk.repository, &walk.log())?;
    let pulled = Tree::read(&walk.home.join("template"))?;
    let differences = Tree::read(&walk.repository.join("template"))?.differences(&pulled);
    ensure!(
        differences == ["rust/meta.json is too much"],
        "{differences:?}"
    );
    Ok(format!("{} files and folders", pulled.paths().count()))
}

pub(super) async fn a_new_function_is_the_starter_and_the_welcome_names_the_next_three_commands(
    walk: &Walk,
) -> anyhow::Result<String> {
    let said = walk
        .cli
        .new_function(&walk.home, "charge-card", &walk.log())?;
    let starter = Tree::read(&walk.home.join("template/rust/function"))?;
    let function = Tree::read(&walk.home.join("charge-card"))?;
    let differences = starter.differences(&function);
    let own_folder = differences
        .iter()
        .all(|difference| difference.starts_with(" has mode 700"));
    ensure!(own_folder, "{differences:?}");
    let places: Option<Vec<_>> = ["cargo test", "cargo run", "faas-cli up"]
        .iter()
        .map(|command| said.find(command))
        .collect();
    let places = places.with_context(|| format!("it said: {said}"))?;
    ensure!(
        places.is_sorted(),
        "the commands come in another order: {said}"
    );
    Ok(String::new())
}

pub(super) async fn cargo_test_passes_in_its_folder(walk: &Walk) -> anyhow::Result<String> {
    walk.reuse_what_cargo_built("charge-card")?;
    let tested = walk
        .cargo("charge-card", &["test", "--locked"])?
        .succeeded()?;
    let results = tested.text.lines();
    let passed =
        results.filter_map(|line| line.strip_prefix("test result: ok. ")?.split(' ').next());
    let passed: u32 = passed.filter_map(|count| count.parse::<u32>().ok()).sum();
    ensure!(passed > 0, "it ran no test:\n{}", tested.text);
    let folder = walk.home.join("charge-card");
    ensure!(
        !folder.join("target").exists(),
        "cargo made a target/, which faas-cli would copy"
    );
    ensure!(
        folder.join("build/debug").is_dir(),
        "cargo did not build in build/"
    );
    Ok(format!("{passed} tests"))
}

pub(super) async fn cargo_run_serves_as_in_production_and_stops_on_sigterm(
    walk: &Walk,
) -> anyhow::Result<String> {
    let folder = walk.home.join("charge-card");
    let mut spec = Spec::new("cargo run", "env".into());
    // Cargo reads its settings from where it is started.
    let run = [
        "--chdir",
        &folder.display().to_string(),
        "cargo",
        "run",
        "--quiet",
    ];
    spec.args.extend(run.map(Into::into));
    for variable in ["HOME", "CARGO_HOME", "RUSTUP_HOME"] {
        if let Ok(value) = std::env::var(variable) {
            spec = spec.env(variable, value);
        }
    }
    let spec = spec
        .env("port", "0")
        .env("suppress_lock", "true")
        .env("healthcheck_interval", "0");
    let mut function = Process::start(&spec)?;
    let ready = function.wait_for("that it is ready", COMPILED, |line| {
        line.says("the function is ready")
    });
    let port = ready.await?.json["fields"]["port"]
        .as_u64()
        .context("its port")?;
    let url = format!("http://127.0.0.1:{port}");
    let answer = post_json(&url, &json!({"item": "tea", "quantity": 2})).await?;
    ensure!(answer.json() == json!({"text": "2 x tea"}), "{answer:?}");
    let id = answer
        .header("x-correlation-id")
        .context("the answer has no id")?;
    let milestone = function.wait_for("its milestone", STOPPED, |line| {
        line.milestone() == Some("ORDER_RECEIVED") && line.correlation_id() == Some(id)
    });
    milestone.await?;
    let status = function.stop(STOPPED).await?;
    ensure!(
        status.code() == Some(0),
        "after SIGTERM it ended with {status}"
    );
    Ok(String::new())
}
