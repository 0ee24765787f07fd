//! What the template renders of given deliveries, kept in `samples/` for those who read it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use crate::delivery::Delivery;
use crate::velocity::{Input, Template, Velocity};

/// The ids and the time of every sample.
pub const EXTENDED_REQUEST_ID: &str = "Fq2vXH4ZIAMEFtw=";
const REQUEST_ID: &str = "01a1fd27-e85a-748b-8c82-05c358338111";
/// The time of every sample.
pub const RECEIVED_AT_MS: u64 = 1_741_079_724_316;

/// Recorded deliveries that are samples too.
const RECORDED: [&str; 6] = [
    "asana/moved",
    "azure_devops/moved",
    "github/moved_form_encoded",
    "jira/moved",
    "linear/moved",
    "trello/moved",
];

/// A delivery and the call that the template made of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// What was sent.
    pub delivery: Delivery,
    /// The call to SQS, a form.
    pub rendered: String,
}

/// Where the samples lie.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

/// The deliveries of all samples, by name.
///
/// # Errors
/// When a recorded delivery can't be read.
pub fn deliveries() -> anyhow::Result<BTreeMap<String, Delivery>> {
    let mut deliveries: BTreeMap<_, _> = Delivery::fixed().into_iter().collect();
    for name in RECORDED {
        let recorded = harness::recorded(name)?;
        let delivery = Delivery {
            source: recorded.path.trim_start_matches("/hooks/").to_owned(),
            headers: recorded.headers,
            body: recorded.body.into_bytes(),
        };
        deliveries.insert(name.replace('/', "-"), delivery);
    }
    Ok(deliveries)
}

/// Renders every sample.
///
/// # Errors
/// When Velocity does not.
pub async fn render(velocity: &mut Velocity) -> anyhow::Result<BTreeMap<String, Sample>> {
    let mut samples = BTreeMap::new();
    for (name, delivery) in deliveries()? {
        let text = String::from_utf8_lossy(&delivery.body);
        let input = Input {
            extended_request_id: EXTENDED_REQUEST_ID,
            request_id: REQUEST_ID,
            request_time_epoch: RECEIVED_AT_MS,
            xray_trace_id: Some("1-67891233-abcdef012345678912345678"),
            source: &delivery.source,
            headers: delivery.headers.clone(),
            body: Some(text.as_bytes()),
        };
        let rendered = velocity.render(Template::Envelope, &input).await?.text;
        samples.insert(name, Sample { delivery, rendered });
    }
    Ok(samples)
}

/// Reads what lies in `samples/`.
///
/// # Errors
/// When a file can't be read, or is no sample.
pub fn read() -> anyhow::Result<BTreeMap<String, Sample>> {
    let mut samples = BTreeMap::new();
    for entry in std::fs::read_dir(folder()).context("samples/ can't be listed")? {
        let path = entry?.path();
        let told = || path.display().to_string();
        let text = std::fs::read_to_string(&path).with_context(told)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        samples.insert(
            name.into_owned(),
            serde_json::from_str(&text).with_context(told)?,
        );
    }
    Ok(samples)
}

/// Writes the samples anew.
///
/// # Errors
/// When a file can't be written.
pub fn write(samples: &BTreeMap<String, Sample>) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder())?;
    for (name, sample) in samples {
        let text = serde_json::to_string_pretty(sample)? + "\n";
        std::fs::write(folder().join(format!("{name}.json")), text)?;
    }
    Ok(())
}

/// Whether what lies in `samples/` is what the template renders now.
///
/// # Errors
/// When it is not, with the first sample that differs.
pub fn check(now: &BTreeMap<String, Sample>) -> anyhow::Result<()> {
    let kept = read()?;
    let names =
        |samples: &BTreeMap<String, Sample>| -> Vec<String> { samples.keys().cloned().collect() };
    ensure!(
        names(&kept) == names(now),
        "samples/ holds {:?}, and there should be {:?}: call with --write-samples",
        names(&kept),
        names(now)
    );
    for (name, sample) in now {
        ensure!(
            kept[name] == *sample,
            "samples/{name}.json is not what the template renders now: call with --write-samples"
        );
    }
    Ok(())
}
