//! What the README shows is what the command prints.

use std::path::Path;

use super::command::story;

#[test]
fn every_command_in_the_readme_prints_what_stands_there() {
    let readme =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let blocks: Vec<&str> = readme
        .split("```console\n$ story ")
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .collect();
    assert!(blocks.len() >= 3, "the README shows too little");
    for block in blocks {
        let (command, shown) = block.split_once('\n').unwrap();
        let args: Vec<String> = command.split_whitespace().flat_map(expand).collect();
        let told = story(&args);
        let printed = format!("{}{}", told.out, told.err);
        assert_eq!(
            printed, shown,
            "run from the folder of the crate: story {command}"
        );
    }
}

/// `folder/*` as a shell gives it.
fn expand(word: &str) -> Vec<String> {
    let Some(folder) = word.strip_suffix('*') else {
        return vec![word.to_owned()];
    };
    let entries = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| format!("{folder}{}", entry.unwrap().file_name().to_str().unwrap()))
        .collect();
    names.sort();
    names
}
