//! The template as faas-cli lays it out: in both places where a handler's folder comes to lie, its
//! manifest finds the SDK and its lock file fits.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use author::{Function, StackFile, Template, copy, lay_out};
use serde_json::Value;
use tempfile::TempDir;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// `faas-cli template pull` and `faas-cli new --lang rust my-fn`, in an empty folder.
fn pulled_and_new() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let template = home.path().join("template/rust");
    // Not what cargo built in the starter's folder here, which git ignores.
    copy(&root().join("template/rust"), &template, &["function"]).unwrap();
    let starter = root().join("template/rust/function");
    for to in [&template.join("function"), &home.path().join("my-fn")] {
        copy(&starter, to, &["build", "target"]).unwrap();
    }
    home
}

fn my_fn() -> Function {
    serde_json::from_str(r#"{"lang": "rust", "handler": "./my-fn", "image": "my-fn:latest"}"#)
        .unwrap()
}

/// `faas-cli build --shrinkwrap`.
fn shrinkwrapped(home: &Path, extra: &[&str]) -> PathBuf {
    let context = home.join("build/my-fn");
    let extra: Vec<_> = extra.iter().map(ToString::to_string).collect();
    lay_out(home, &my_fn(), &extra, &context).unwrap();
    context
}

/// `cargo metadata` in `folder`: from what is on this machine already, else with the registry.
fn metadata(folder: &Path, more: &[&str]) -> Output {
    let run = |also: &[&str]| {
        Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked"])
            .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
            .args(also)
            .args(more)
            .current_dir(folder)
            .output()
            .expect("cargo runs")
    };
    let offline = run(&["--offline"]);
    if offline.status.success() {
        offline
    } else {
        run(&[])
    }
}

/// Gives what cargo found.
fn assert_resolves(output: &Output, sdk: &Path) -> Value {
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "if the lock file of the starter does not fit, this makes it anew:\n\
         UPDATE_LOCKFILE=1 .ci/standalone \"$(mktemp -d)\"\n\n{complaint}"
    );
    assert!(
        !complaint.contains("was not used"),
        "the patch is not used: {complaint}"
    );
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = found["packages"].as_array().unwrap();
    let ours = packages
        .iter()
        .find(|package| package["name"] == "throughline")
        .unwrap();
    let manifest = Path::new(ours["manifest_path"].as_str().unwrap());
    let expected = sdk.join("Cargo.toml");
    assert_eq!(
        manifest.canonicalize().unwrap(),
        expected.canonicalize().unwrap()
    );
    found
}

#[test]
fn a_new_function_finds_the_sdk_beside_it_and_its_lock_file_fits() {
    let home = pulled_and_new();
    let output = metadata(&home.path().join("my-fn"), &[]);
    let found = assert_resolves(&output, &home.path().join("template/rust/throughline"));
    let target = found["target_directory"].as_str().unwrap();
    assert!(
        target.ends_with("my-fn/build"),
        "faas-cli copies all but build: {target}"
    );
}

#[test]
fn the_image_is_built_from_the_same_manifest_told_where_the_sdk_lies() {
    let home = pulled_and_new();
    let context = shrinkwrapped(home.path(), &[]);
    let sdk = context.join("throughline");
    let patch = format!("patch.crates-io.throughline.path='{}'", sdk.display());
    let output = metadata(&context.join("function"), &["--config", &patch]);
    assert_resolves(&output, &sdk);
    let step = fs::read_to_string(context.join("steps/platform")).unwrap();
    assert!(step.contains("patch.crates-io.throughline.path='/build/throughline'"));
}

#[test]
fn the_layer_that_all_functions_share_has_the_starters_own_manifest_and_lock_file() {
    let template = root().join("template/rust");
    for file in ["Cargo.toml", "Cargo.lock"] {
        let [shared, starter] = ["dependencies", "function"]
            .map(|folder| fs::read(template.join(folder).join(file)).unwrap());
        assert!(
            shared == starter,
            "cp template/rust/function/{file} template/rust/dependencies/{file}"
        );
    }
}

#[test]
fn every_file_that_the_dockerfile_copies_is_in_the_context() {
    let home = pulled_and_new();
    let context = shrinkwrapped(home.path(), &[]);
    let dockerfile = fs::read_to_string(context.join("Dockerfile")).unwrap();
    let copied = dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix("COPY "));
    let mut sources = Vec::new();
    for arguments in copied.filter(|arguments| !arguments.starts_with("--from")) {
        let mut paths: Vec<_> = arguments.split(' ').collect();
        paths.pop();
        sources.extend(paths);
    }
    for needed in ["steps/", "throughline/", "dependencies/", "function/"] {
        assert!(sources.contains(&needed), "{needed} is not copied");
    }
    for source in sources {
        assert!(
            context.join(source).exists(),
            "{source} is not in the context"
        );
    }
    assert!(context.join(".dockerignore").exists());
}

#[test]
fn the_welcome_names_the_next_three_commands_in_their_order() {
    let template = Template::read(&root().join("template/rust/template.yml")).unwrap();
    let places = ["cargo test", "cargo run", "faas-cli up"]
        .map(|command| template.welcome_message.find(command).unwrap());
    assert!(places.is_sorted(), "{}", template.welcome_message);
}

#[test]
fn a_starters_file_that_its_author_deleted_is_back_in_the_context() {
    let home = pulled_and_new();
    fs::remove_file(home.path().join("my-fn/src/tests.rs")).unwrap();
    let context = shrinkwrapped(home.path(), &[]);
    assert!(context.join("function/src/tests.rs").exists());
}

#[test]
fn what_cargo_built_stays_out_of_the_context_and_a_private_crate_comes_into_it() {
    let home = pulled_and_new();
    fs::create_dir_all(home.path().join("my-fn/build/debug")).unwrap();
    fs::create_dir_all(home.path().join("libs/pricing")).unwrap();
    fs::write(home.path().join("libs/pricing/Cargo.toml"), "[package]").unwrap();
    let context = shrinkwrapped(home.path(), &["./libs"]);
    assert!(!context.join("function/build").exists());
    assert!(context.join("function/libs/pricing/Cargo.toml").exists());
}

#[test]
fn a_path_to_copy_that_leads_out_of_the_folder_is_refused() {
    let home = pulled_and_new();
    let context = home.path().join("build/my-fn");
    let error = lay_out(home.path(), &my_fn(), &["../secrets".to_owned()], &context).unwrap_err();
    assert!(
        error.to_string().contains("\"../secrets\": it leads out"),
        "{error}"
    );
}

#[test]
fn every_function_of_our_stack_file_has_its_folder_a_topic_and_a_read_only_root() {
    let folder = root().join("functions");
    let stack_file = StackFile::read(&folder.join("stack.yaml"), |_| None).unwrap();
    for (name, function) in &stack_file.functions {
        assert!(
            folder.join(&function.handler).join("Cargo.toml").exists(),
            "{name}"
        );
        assert!(function.annotations.contains_key("topic"), "{name}");
        assert!(function.readonly_root_filesystem, "{name}");
        assert!(!function.image.contains('$'), "{name}: {}", function.image);
    }
}
