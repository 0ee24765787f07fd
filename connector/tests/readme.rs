//! The README's table of what the connector does names tests that there are.

use std::collections::BTreeMap;
use std::path::Path;

/// Every Rust file of these folders with its text, by its path from the repository's root.
fn sources(root: &Path, folder: &str, all: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            sources(root, &path, all);
        } else if path.ends_with(".rs") {
            all.insert(path, std::fs::read_to_string(entry.path()).unwrap());
        }
    }
}

#[test]
fn each_of_its_seventeen_parts_names_a_test_and_each_test_named_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut all = BTreeMap::new();
    for folder in ["connector/src", "connector/tests", "tests/e2e/tests"] {
        sources(&root, folder, &mut all);
    }
    let is_file = |name: &str| {
        let stem = format!("/{}", name.trim_end_matches(".rs"));
        let is_it = |path: &String| {
            let path = path.trim_end_matches(".rs");
            path.ends_with(&stem) || path.contains(&format!("{stem}/"))
        };
        all.keys().any(is_it)
    };
    let is_test = |name: &str| {
        let head = format!("fn {name}(");
        all.values().any(|text| text.contains(&head))
    };
    let readme = include_str!("../README.md");
    let (_, section) = readme
        .split_once("## What it does, and the test that shows it")
        .unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| "));
    let mut parts = 0;
    for row in rows.skip(1) {
        let (_, shown) = row.trim_start_matches("| ").split_once(" | ").unwrap();
        let names: Vec<&str> = shown.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test is named for: {row}");
        for name in names {
            assert!(is_file(name) || is_test(name), "{name} is not there: {row}");
        }
        parts += 1;
    }
    assert_eq!(parts, 17);
}
