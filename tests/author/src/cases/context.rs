//! What comes to the container builder.

use anyhow::ensure;

use crate::faas_cli::stack_file;
use crate::rules::{Rules, lay_out};
use crate::tree::Tree;
use crate::walk::Walk;

/// A context is laid out, sent and hashed for each build.
const MOST: u64 = 2_000_000;

pub(super) async fn a_large_folder_of_cargo_adds_nothing_to_the_context(
    walk: &Walk,
) -> anyhow::Result<String> {
    // As with CARGO_TARGET_DIR, or a function from before it had settings for cargo.
    let large = "x".repeat(50_000_000);
    walk.write("charge-card/target/debug/deps/libfunction.rlib", &large)?;
    walk.write("charge-card/build/large", &large)?;
    walk.write("charge-card/.git/objects/pack/large.pack", &large)?;
    walk.write("charge-card/.env", "token=not-for-an-image\n")?;
    let context = walk
        .cli
        .shrinkwrap(&walk.home, "charge-card", &walk.log())?;
    let bytes = walk.builder.context_bytes(&context, &walk.log())?;
    for added in ["target", "build/large", ".git", ".env"] {
        let path = walk.home.join("charge-card").join(added);
        if path.is_dir() {
            std::fs::remove_dir_all(path)?;
        } else {
            std::fs::remove_file(path)?;
        }
    }
    ensure!(bytes < MOST, "{bytes} bytes come to the builder");
    ensure!(bytes > 100_000, "{bytes} bytes are less than the SDK alone");
    Ok(format!("{bytes} bytes"))
}

/// Each function of the walk, laid out both ways; and a `new` of each.
pub(super) async fn the_rules_lay_out_what_faas_cli_lays_out(
    walk: &Walk,
) -> anyhow::Result<String> {
    let read = stack_file(&walk.home)?;
    let by_rules = walk.home.join("by-its-rules");
    for (name, function) in &read.functions {
        let real = walk.cli.shrinkwrap(&walk.home, name, &walk.log())?;
        let ours = by_rules.join(name);
        lay_out(&walk.home, function, &read.configuration.copy, &ours)?;
        let differences = Tree::read(&real)?.differences(&Tree::read(&ours)?);
        ensure!(differences.is_empty(), "{name}: {differences:?}");
    }
    std::fs::remove_dir_all(&by_rules)?;

    let (real, ours) = (walk.home.join("real"), walk.home.join("ours"));
    for folder in [&real, &ours] {
        std::fs::create_dir(folder)?;
        std::fs::write(folder.join(".gitignore"), "target\nbuild\n")?;
    }
    walk.cli.pull(&real, &walk.repository, &walk.log())?;
    Rules(&ours).pull(&walk.repository)?;
    for name in ["one", "two"] {
        let said = walk.cli.new_function(&real, name, &walk.log())?;
        let ours = Rules(&ours).new_function("rust", name, "stack.yaml")?;
        ensure!(said.contains(ours.trim()), "new said {said}");
    }
    let [theirs, our] = [&real, &ours].map(|folder| Tree::read(folder));
    // Which commit, and when.
    let stamp = "template/rust/meta.json";
    let differences = theirs?.without(stamp).differences(&our?.without(stamp));
    ensure!(differences.is_empty(), "new: {differences:?}");
    for folder in [&real, &ours] {
        std::fs::remove_dir_all(folder)?;
    }
    Ok(format!(
        "{} contexts and 2 new functions compared",
        read.functions.len()
    ))
}
