//! The template as faas-cli copies it: in both places where a handler's folder comes to lie, its
//! manifest finds the SDK and its lockfile fits.
//!
//! After a change of the SDK's dependencies the starter's lockfile has to follow:
//! `UPDATE_LOCKFILE=1 cargo test -p throughline --test template_layout`.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Once;

use tempfile::TempDir;

/// `template/rust`.
fn template() -> PathBuf {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR"));
    sdk.parent()
        .expect("the SDK lies in the template")
        .to_owned()
}

/// Copies a folder's content, dotfiles too, but for the entries at its top that are named.
fn copy(from: &Path, to: &Path, but: &[&str]) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if but.iter().any(|skipped| name == *skipped) {
            continue;
        }
        let target = to.join(&name);
        if entry.file_type().unwrap().is_dir() {
            // What cargo built is of no interest here, and large.
            copy(&entry.path(), &target, &["target"]);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// `faas-cli template pull` and `faas-cli new --lang rust my-fn`, in an empty folder.
fn pulled_and_new() -> TempDir {
    static UPDATED: Once = Once::new();
    UPDATED.call_once(|| {
        if std::env::var_os("UPDATE_LOCKFILE").is_some() {
            update_lockfile(laid_out().path());
        }
    });
    laid_out()
}

fn laid_out() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    copy(&template(), &home.path().join("template/rust"), &[]);
    let starter = home.path().join("template/rust/function");
    copy(&starter, &home.path().join("my-fn"), &[]);
    home
}

/// `faas-cli build --shrinkwrap`: the template, and over its `function` the handler's folder.
fn shrinkwrapped(home: &Path) -> PathBuf {
    let context = home.join("build/my-fn");
    copy(&home.join("template/rust"), &context, &[]);
    let function = context.join("function");
    copy(&home.join("my-fn"), &function, &["build", "template"]);
    context
}

/// `cargo metadata` in `folder`: from what is on this machine already, else with the registry.
fn metadata(folder: &Path, more: &[&str]) -> Output {
    let run = |also: &[&str]| {
        Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1"])
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

fn assert_resolves(output: &Output, sdk: &Path) {
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "if the lockfile of the starter does not fit, this refreshes it:\n\
         UPDATE_LOCKFILE=1 cargo test -p throughline --test template_layout\n\n{complaint}"
    );
    assert!(
        !complaint.contains("was not used"),
        "the patch is not used: {complaint}"
    );
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
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
}

/// Writes the starter's lockfile anew: versions as the workspace has them, wherever it has one.
fn update_lockfile(home: &Path) {
    let lockfile = home.join("my-fn/Cargo.lock");
    fs::copy(template().join("../../Cargo.lock"), &lockfile).unwrap();
    let resolved = metadata(&home.join("my-fn"), &[]);
    assert!(
        resolved.status.success(),
        "{}",
        String::from_utf8_lossy(&resolved.stderr)
    );
    fs::copy(&lockfile, template().join("function/Cargo.lock")).unwrap();
}

#[test]
fn a_new_function_finds_the_sdk_beside_it_and_its_lockfile_fits() {
    let home = pulled_and_new();
    let function = home.path().join("my-fn");
    let output = metadata(&function, &["--locked"]);
    assert_resolves(&output, &home.path().join("template/rust/throughline"));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let target = found["target_directory"].as_str().unwrap();
    assert!(
        target.ends_with("my-fn/build"),
        "faas-cli copies all but build: {target}"
    );
}

#[test]
fn the_image_is_built_from_the_same_manifest_told_where_the_sdk_lies() {
    let home = pulled_and_new();
    let context = shrinkwrapped(home.path());
    let sdk = context.join("throughline");
    let patch = format!(
        "patch.crates-io.throughline.path={:?}",
        sdk.display().to_string()
    );
    let output = metadata(&context.join("function"), &["--locked", "--config", &patch]);
    assert_resolves(&output, &sdk);
}

#[test]
fn the_dockerfile_says_the_same_and_every_file_it_copies_is_in_the_context() {
    let dockerfile = fs::read_to_string(template().join("Dockerfile")).unwrap();
    assert!(dockerfile.contains(r#"patch.crates-io.throughline.path=\"/build/throughline\""#));
    let home = pulled_and_new();
    let context = shrinkwrapped(home.path());
    let copied = dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix("COPY "))
        .filter(|arguments| !arguments.starts_with("--from"));
    let mut sources = Vec::new();
    for arguments in copied {
        let mut paths: Vec<_> = arguments.split(' ').collect();
        paths.pop();
        sources.extend(paths);
    }
    assert!(sources.contains(&"throughline/") && sources.contains(&"function/"));
    for source in sources {
        assert!(
            context.join(source).exists(),
            "{source} is not in the context"
        );
    }
    assert!(context.join(".dockerignore").exists());
}
