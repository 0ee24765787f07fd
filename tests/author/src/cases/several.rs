//! More functions in the same stack file, each with something of its own.

use anyhow::ensure;
use serde_json::json;

use crate::walk::Walk;

/// What every function of the template depends on, and is compiled once for all of them.
const SHARED: [&str; 4] = ["tokio", "hyper", "ring", "throughline"];

pub(super) async fn a_second_function_of_the_stack_file_adds_a_dependency_a_name_and_a_private_crate(
    walk: &Walk,
) -> anyhow::Result<String> {
    walk.cli
        .new_function(&walk.home, "send-receipt", &walk.log())?;
    walk.write(
        "pricing/Cargo.toml",
        "[package]\nname = \"pricing\"\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n",
    )?;
    walk.write(
        "pricing/src/lib.rs",
        "/// What an item costs.\npub fn price(quantity: u32) -> u32 {\n    quantity * 3\n}\n",
    )?;
    walk.edit("stack.yaml", |text| {
        text + "configuration:\n  copy:\n    - ./pricing\n"
    })?;
    walk.edit("send-receipt/Cargo.toml", |text| {
        text.replace("name = \"function\"", "name = \"receipts\"")
            .replace(
                "[dependencies]",
                "[dependencies]\npricing = { path = \"../pricing\" }",
            )
    })?;
    walk.cargo("send-receipt", &["add", "heck@0.5"])?
        .succeeded()?;
    // The author keeps the handler in a file of another name; the starter's comes back into the
    // context, and does no harm there.
    std::fs::remove_file(walk.home.join("send-receipt/src/handler.rs"))?;
    std::fs::remove_file(walk.home.join("send-receipt/src/tests.rs"))?;
    walk.write(
        "send-receipt/src/main.rs",
        "mod receipt;\n\nfn main() -> std::process::ExitCode {\n    throughline::run(receipt::handle)\n}\n",
    )?;
    walk.write(
        "send-receipt/src/receipt.rs",
        "use heck::ToShoutySnakeCase as _;\nuse throughline::{Error, Json};\n\n\
         #[derive(serde::Deserialize)]\npub(crate) struct Order {\n    item: String,\n    quantity: u32,\n}\n\n\
         pub(crate) async fn handle(order: Order) -> Result<Json<String>, Error> {\n    \
         tracing::info!(\"a receipt\");\n    \
         Ok(Json(format!(\"{}: {}\", order.item.to_shouty_snake_case(), pricing::price(order.quantity))))\n}\n",
    )?;
    // What `cargo build` would do to the lock file, without the wait.
    walk.cargo("send-receipt", &["metadata", "--format-version=1"])?
        .succeeded()?;
    let (built, told) = walk.build("send-receipt")?;
    let built = built.succeeded()?;
    let compiled = built.compiled();
    for own in ["heck", "pricing", "receipts"] {
        ensure!(
            compiled.contains(&own),
            "{own} was not compiled: {compiled:?}"
        );
    }
    for shared in SHARED {
        ensure!(
            !compiled.contains(&shared),
            "{shared} was compiled again: {compiled:?}"
        );
    }
    let (answer, service, _) = walk.serve("send-receipt").await?;
    ensure!(answer == json!("TEA: 6"), "{answer}");
    ensure!(service == "receipts", "its lines call it {service:?}");
    Ok(told)
}

pub(super) async fn a_third_one_compiles_with_a_debian_package_and_without_the_starters_main(
    walk: &Walk,
) -> anyhow::Result<String> {
    walk.cli
        .new_function(&walk.home, "print-label", &walk.log())?;
    // Appended behind what is written there already: under `configuration`, where it is no function.
    walk.edit("stack.yaml", |text| {
        let (head, tail) = text
            .split_once("configuration:\n  copy:\n    - ./pricing\n")
            .unwrap_or((&text, ""));
        let tail = tail.replace(
            "image: print-label:latest",
            "image: print-label:latest\n    build_options:\n      - protobuf",
        );
        format!("{head}{tail}")
    })?;
    walk.write(
        "print-label/build.rs",
        "fn main() {\n    let protoc = std::process::Command::new(\"protoc\").arg(\"--version\").output().unwrap();\n    \
         println!(\"cargo::rustc-env=PROTOC={}\", String::from_utf8(protoc.stdout).unwrap().trim());\n}\n",
    )?;
    for starter in ["main", "handler", "tests"] {
        std::fs::remove_file(walk.home.join(format!("print-label/src/{starter}.rs")))?;
    }
    walk.edit("print-label/Cargo.toml", |text| {
        text.replace(
            "[dependencies]",
            "[[bin]]\nname = \"label\"\npath = \"src/label.rs\"\n\n[dependencies]",
        )
        .replace("name = \"function\"", "name = \"labels\"")
    })?;
    walk.write(
        "print-label/src/label.rs",
        "use throughline::{Error, Json, Request};\n\nfn main() -> std::process::ExitCode {\n    throughline::run(handle)\n}\n\n\
         async fn handle(_: Request) -> Result<Json<&'static str>, Error> {\n    \
         tracing::info!(\"a label\");\n    Ok(Json(env!(\"PROTOC\")))\n}\n",
    )?;
    walk.cargo("print-label", &["metadata", "--format-version=1"])?
        .succeeded()?;
    // The starter's main is back in the context, so that there are two programs.
    let failed = walk.build("print-label")?.0.failed()?;
    failed
        .says("faas-cli lays your folder over the starter")?
        .says("autobins = false")?;
    walk.edit("print-label/Cargo.toml", |text| {
        text.replace("publish = false", "publish = false\nautobins = false")
    })?;
    let (built, told) = walk.build("print-label")?;
    let built = built.succeeded()?;
    for shared in SHARED {
        ensure!(
            !built.compiled().contains(&shared),
            "{shared} was compiled again"
        );
    }
    let (answer, service, _) = walk.serve("print-label").await?;
    let version = answer.as_str().unwrap_or_default();
    ensure!(version.starts_with("libprotoc "), "{answer}");
    ensure!(service == "label", "its lines call it {service:?}");
    Ok(told)
}
