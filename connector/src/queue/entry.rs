//! What became of each entry of a batch: SQS answers 200 and tells it one by one.

use aws_sdk_sqs::types::BatchResultErrorEntry;

/// What became of one entry of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Done.
    Done,
    /// Not done, and worth another try.
    Failed(String),
    /// Not done, and no try with this handle will do it.
    Refused(String),
}

/// Entries that the answer does not mention count as failed.
pub(super) fn per_entry<'a>(
    count: usize,
    done: impl Iterator<Item = &'a str>,
    failed: &[BatchResultErrorEntry],
) -> Vec<Entry> {
    let mut entries = vec![Entry::Failed("the answer does not mention it".into()); count];
    for id in done {
        if let Some(entry) = id.parse::<usize>().ok().and_then(|n| entries.get_mut(n)) {
            *entry = Entry::Done;
        }
    }
    for failure in failed {
        if let Some(entry) = failure
            .id()
            .parse::<usize>()
            .ok()
            .and_then(|n| entries.get_mut(n))
        {
            let reason = format!(
                "{}: {}",
                failure.code(),
                failure.message().unwrap_or_default()
            );
            let stale = [
                "ReceiptHandleIsInvalid",
                "MessageNotInflight",
                "InvalidParameterValue",
            ];
            let refused = stale.iter().any(|code| failure.code().ends_with(code));
            *entry = if refused {
                Entry::Refused(reason)
            } else {
                Entry::Failed(reason)
            };
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(id: &str, code: &str) -> BatchResultErrorEntry {
        BatchResultErrorEntry::builder()
            .id(id)
            .code(code)
            .sender_fault(true)
            .build()
            .unwrap()
    }

    #[test]
    fn each_entry_has_its_own_answer_and_silence_is_failure() {
        let failed = [
            failure("1", "InternalError"),
            failure("2", "AWS.SimpleQueueService.ReceiptHandleIsInvalid"),
            failure("99", "InternalError"),
        ];
        let entries = per_entry(4, ["0", "nonsense"].into_iter(), &failed);
        assert_eq!(entries[0], Entry::Done);
        assert!(matches!(entries[1], Entry::Failed(_)));
        assert!(matches!(entries[2], Entry::Refused(_)));
        assert!(matches!(entries[3], Entry::Failed(_)));
    }
}
