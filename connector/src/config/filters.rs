//! A queue's filter, and what becomes of the messages that it does not let through.

use super::problems::Problems;
use super::queue_url::QueueUrl;
use super::raw::Settings;
use super::validate::Reader;
use crate::filter::{Filter, Filtering, OnFiltered};

pub(super) fn filtering(
    reader: &mut Reader<'_>,
    entry: &Settings,
    url: &QueueUrl,
) -> Option<Filtering> {
    let otherwise = reader.read("on_filtered", None, |value| match value {
        "delete" => Ok(Some(OnFiltered::Delete)),
        "release" => Ok(Some(OnFiltered::Release)),
        "dead-letter" => Ok(Some(OnFiltered::DeadLetter)),
        _ => Err("give delete, release or dead-letter".into()),
    });
    let Some(given) = reader.given("filter").cloned() else {
        if let Some(given) = entry.get("on_filtered") {
            let reason = "there is no filter that it could be about; give one, or leave it out";
            reader.problems.push(&given.name, &given.value, reason);
        }
        return None;
    };
    if reader.given("on_filtered").is_none() {
        let separator = if given.name.starts_with("--") {
            "-"
        } else {
            "_"
        };
        let name = (given.name).replace("filter", &format!("on{separator}filtered"));
        let reason = "say what becomes of a message that the filter does not let through: delete, release or dead-letter";
        reader.problems.push(name, "", reason);
    }
    if otherwise == Some(OnFiltered::Release)
        && url.name().ends_with(".fifo")
        && let Some(given) = reader.given("on_filtered").cloned()
    {
        let reason = "in a FIFO queue the rest of a group would wait behind a message that is given back again and again; give delete or dead-letter";
        reader.problems.push(given.name, given.value, reason);
    }
    let filter = read(reader.problems, &given.name, &given.value);
    filter
        .zip(otherwise)
        .map(|(filter, otherwise)| Filtering { filter, otherwise })
}

fn read(problems: &mut Problems, name: &str, value: &str) -> Option<Filter> {
    let json = match serde_json::from_str(value) {
        Ok(json) => json,
        Err(error) => {
            problems.push(name, value, format!("is not JSON: {error}"));
            return None;
        }
    };
    match Filter::parse(&json) {
        Ok(filter) => Some(filter),
        Err(faults) => {
            for fault in faults {
                problems.push(format!("{name}{}", fault.path), fault.value, fault.reason);
            }
            None
        }
    }
}
