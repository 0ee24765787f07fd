//! What all batches have in common: how entries are checked, and how each has its own result.

use std::collections::BTreeSet;

use serde::Serialize;

use super::super::model::refusal::{Code, Refusal};
use super::super::model::text;
use super::{Answer, Asked, write};

const MOST: usize = 10;

/// An entry that was not carried out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Failed {
    id: String,
    sender_fault: bool,
    code: String,
    message: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Results<T> {
    successful: Vec<T>,
    failed: Vec<Failed>,
}

/// Checks how many entries there are, and their ids, in the order that the service does.
pub(super) fn check_ids<'a>(ids: impl Iterator<Item = Option<&'a str>>) -> Result<(), Refusal> {
    let ids: Vec<_> = ids.map(Option::unwrap_or_default).collect();
    if ids.is_empty() {
        return Err(Refusal::new(
            Code::EmptyBatchRequest,
            "There should be at least one entry in the request.",
        ));
    }
    if ids.len() > MOST {
        return Err(Refusal::new(
            Code::TooManyEntriesInBatchRequest,
            format!(
                "Maximum number of entries per request are {MOST}. You have sent {}.",
                ids.len()
            ),
        ));
    }
    if !ids.iter().all(|id| text::is_name(id)) {
        return Err(Refusal::new(
            Code::InvalidBatchEntryId,
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
        ));
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = ids.iter().find(|id| !seen.insert(**id)) {
        return Err(Refusal::new(
            Code::BatchEntryIdsNotDistinct,
            format!("Id {twice} repeated."),
        ));
    }
    Ok(())
}

/// Carries out each entry, except those that a fault hits, and answers with each one's result.
pub(super) fn each<E, T: Serialize>(
    asked: &Asked<'_>,
    entries: Vec<(String, E)>,
    mut act: impl FnMut(&str, E) -> Result<T, Refusal>,
) -> Answer {
    let mut results = Results {
        successful: Vec::new(),
        failed: Vec::new(),
    };
    for (position, (id, entry)) in entries.into_iter().enumerate() {
        if let Some(fault) = asked.plan.entry(position, &id) {
            results.failed.push(Failed {
                id,
                sender_fault: fault.sender_fault,
                code: fault.code.clone(),
                message: "A fault fails this entry.".to_owned(),
            });
            continue;
        }
        match act(&id, entry) {
            Ok(done) => results.successful.push(done),
            Err(refusal) => results.failed.push(Failed {
                id,
                sender_fault: true,
                code: refusal.code.query_code().to_owned(),
                message: refusal.message.into_owned(),
            }),
        }
    }
    write(&results)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(ids: &[&str]) -> Option<Code> {
        check_ids(ids.iter().map(|id| Some(*id)))
            .err()
            .map(|refusal| refusal.code)
    }

    #[test]
    fn a_batch_has_one_to_ten_entries_with_distinct_ids() {
        let many: Vec<_> = (0..11).map(|id| id.to_string()).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert_eq!(code(&many[..10]), None);
        assert_eq!(code(&many), Some(Code::TooManyEntriesInBatchRequest));
        assert_eq!(code(&[]), Some(Code::EmptyBatchRequest));
        assert_eq!(code(&["a", "b", "a"]), Some(Code::BatchEntryIdsNotDistinct));
        let long = "x".repeat(81);
        for bad in ["", "a:b", "a b", &long] {
            assert_eq!(code(&[bad]), Some(Code::InvalidBatchEntryId), "{bad}");
        }
        assert_eq!(code(&[&long[..80], "A-z_0"]), None);
    }
}
