//! The image: what is in it, and how it works.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use serde_json::json;

use crate::builder::Builder;
use crate::walk::Walk;

const IMAGE: &str = "charge-card:latest";
/// What lies on the runtime image at most.
const MOST: u64 = 8_000_000;

pub(super) async fn an_image_is_built(walk: &Walk) -> anyhow::Result<String> {
    let (built, told) = walk.build("charge-card")?;
    let built = built.succeeded()?;
    ensure!(
        !built.text.contains("will be compiled together"),
        "the dependencies have no layer of their own"
    );
    Ok(told)
}

pub(super) async fn the_image_holds_the_program_root_certificates_and_tmp_and_nothing_else(
    walk: &Walk,
) -> anyhow::Result<String> {
    let paths = Builder::paths(IMAGE)?;
    let expected = [
        "etc",
        "etc/ssl",
        "etc/ssl/certs",
        "etc/ssl/certs/ca-certificates.crt",
        "function",
        "tmp",
        "usr",
        "usr/bin",
        "usr/bin/function",
    ];
    ensure!(paths == expected.map(PathBuf::from), "{paths:?}");

    let image = walk.builder.inspect(IMAGE)?;
    let config = &image["Config"];
    ensure!(config["User"] == "65532:65532", "User: {}", config["User"]);
    ensure!(
        config["Entrypoint"] == json!(["/function"]),
        "Entrypoint: {}",
        config["Entrypoint"]
    );
    ensure!(
        config["StopSignal"] == "SIGTERM",
        "StopSignal: {}",
        config["StopSignal"]
    );
    ensure!(
        config["ExposedPorts"]["8080/tcp"].is_object(),
        "ExposedPorts: {}",
        config["ExposedPorts"]
    );
    let labels = &config["Labels"];
    ensure!(
        labels["com.openfaas.template"] == "rust",
        "Labels: {labels}"
    );
    ensure!(
        labels["org.opencontainers.image.description"].is_string(),
        "Labels: {labels}"
    );
    let size = image["Size"].as_u64().context("its size")?;
    ensure!(size <= MOST, "{size} bytes are more than {MOST}");
    Ok(format!("{:.2} MB", megabytes(size)))
}

pub(super) async fn it_runs_without_a_right_is_called_through_the_gateway_and_stops_on_sigterm(
    walk: &Walk,
) -> anyhow::Result<String> {
    let (answer, service, memory) = walk.serve("charge-card").await?;
    ensure!(answer == json!({"text": "2 x tea"}), "{answer}");
    ensure!(service == "function", "its lines call it {service:?}");
    Ok(format!("{:.1} MB of memory at most", megabytes(memory)))
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
