//! The second build, and those that fail.

use anyhow::ensure;
use serde_json::json;

use crate::walk::Walk;

const HANDLER: &str = "charge-card/src/handler.rs";

pub(super) async fn a_change_of_the_handler_compiles_the_handler_alone_and_needs_no_network(
    walk: &Walk,
) -> anyhow::Result<String> {
    walk.edit(HANDLER, |text| text.replace("{} x {}", "{} times {}"))?;
    let (built, told) = walk.build_with("charge-card", &walk.builder.offline())?;
    let built = built.succeeded()?;
    ensure!(
        built.compiled() == ["function"],
        "it compiled {:?}",
        built.compiled()
    );
    let (answer, ..) = walk.serve("charge-card").await?;
    ensure!(answer == json!({"text": "2 times tea"}), "{answer}");
    Ok(told)
}

pub(super) async fn a_compile_error_shows_the_authors_own_file_and_line(
    walk: &Walk,
) -> anyhow::Result<String> {
    let broken = "    let text: u32 = format!";
    walk.edit(HANDLER, |text| {
        text.replace("    let text = format!", broken)
    })?;
    let text = std::fs::read_to_string(walk.home.join(HANDLER))?;
    let line = text
        .lines()
        .take_while(|line| !line.starts_with(broken))
        .count()
        + 1;
    let built = walk.build("charge-card")?.0.failed()?;
    built
        .says("error[E0308]")?
        .says(&format!("--> src/handler.rs:{line}:"))?;
    walk.edit(HANDLER, |text| {
        text.replace(broken, "    let text = format!")
    })?;
    Ok(format!("src/handler.rs:{line}"))
}

pub(super) async fn a_lock_file_that_does_not_fit_is_told_with_its_remedy(
    walk: &Walk,
) -> anyhow::Result<String> {
    let manifest = "charge-card/Cargo.toml";
    walk.edit(manifest, |text| {
        text.replace("tracing = \"0.1\"", "tracing = \"0.1\"\nfnv = \"1\"")
    })?;
    let built = walk.build("charge-card")?.0.failed()?;
    built.says("run \"cargo build\" in the handler folder, and keep its Cargo.lock")?;
    walk.edit(manifest, |text| text.replace("\nfnv = \"1\"", ""))?;
    Ok(String::new())
}

pub(super) async fn a_processor_that_nobody_can_build_for_is_refused(
    walk: &Walk,
) -> anyhow::Result<String> {
    let context = walk
        .cli
        .shrinkwrap(&walk.home, "charge-card", &walk.log())?;
    let arguments = [("TARGETARCH".to_owned(), "s390x".to_owned())].into();
    let built = walk
        .builder
        .build(&context, "charge-card:s390x", &arguments, &walk.log())?;
    built
        .failed()?
        .says("TARGETARCH = \"s390x\": this template builds for amd64 and arm64")?;
    Ok(String::new())
}
