//! Why a request is refused: the codes of the service, in both their spellings.

use std::borrow::Cow;

/// What the service calls a refusal.
///
/// Each has two names: its shape in the JSON protocol (`QueueDoesNotExist`) and the older code that
/// clients still match on (`AWS.SimpleQueueService.NonExistentQueue`), which travels in the header
/// `x-amzn-query-error` and as the `Code` of a batch entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    BatchEntryIdsNotDistinct,
    BatchRequestTooLong,
    EmptyBatchRequest,
    InvalidAttributeName,
    InvalidAttributeValue,
    InvalidBatchEntryId,
    InvalidMessageContents,
    InvalidParameterValue,
    MessageNotInflight,
    MissingParameter,
    OverLimit,
    PurgeQueueInProgress,
    QueueDeletedRecently,
    QueueDoesNotExist,
    QueueNameExists,
    ReceiptHandleIsInvalid,
    RequestThrottled,
    ResourceNotFound,
    Serialization,
    TooManyEntriesInBatchRequest,
    UnknownOperation,
    UnsupportedOperation,
}

const SQS: &str = "com.amazonaws.sqs";
const COMMON: &str = "com.amazon.coral.service";

impl Code {
    const ALL: [Self; 22] = [
        Self::BatchEntryIdsNotDistinct,
        Self::BatchRequestTooLong,
        Self::EmptyBatchRequest,
        Self::InvalidAttributeName,
        Self::InvalidAttributeValue,
        Self::InvalidBatchEntryId,
        Self::InvalidMessageContents,
        Self::InvalidParameterValue,
        Self::MessageNotInflight,
        Self::MissingParameter,
        Self::OverLimit,
        Self::PurgeQueueInProgress,
        Self::QueueDeletedRecently,
        Self::QueueDoesNotExist,
        Self::QueueNameExists,
        Self::ReceiptHandleIsInvalid,
        Self::RequestThrottled,
        Self::ResourceNotFound,
        Self::Serialization,
        Self::TooManyEntriesInBatchRequest,
        Self::UnknownOperation,
        Self::UnsupportedOperation,
    ];

    /// Namespace, shape, older code.
    #[rustfmt::skip]
    const fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::BatchEntryIdsNotDistinct => (SQS, "BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
            Self::BatchRequestTooLong => (SQS, "BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong"),
            Self::EmptyBatchRequest => (SQS, "EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest"),
            Self::InvalidAttributeName => (SQS, "InvalidAttributeName", "InvalidAttributeName"),
            Self::InvalidAttributeValue => (SQS, "InvalidAttributeValue", "InvalidAttributeValue"),
            Self::InvalidBatchEntryId => (SQS, "InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId"),
            Self::InvalidMessageContents => (SQS, "InvalidMessageContents", "InvalidMessageContents"),
            Self::InvalidParameterValue => (COMMON, "InvalidParameterValueException", "InvalidParameterValue"),
            Self::MessageNotInflight => (SQS, "MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight"),
            Self::MissingParameter => (COMMON, "MissingRequiredParameterException", "MissingParameter"),
            Self::OverLimit => (SQS, "OverLimit", "OverLimit"),
            Self::PurgeQueueInProgress => (SQS, "PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress"),
            Self::QueueDeletedRecently => (SQS, "QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently"),
            Self::QueueDoesNotExist => (SQS, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
            Self::QueueNameExists => (SQS, "QueueNameExists", "QueueAlreadyExists"),
            Self::ReceiptHandleIsInvalid => (SQS, "ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"),
            Self::RequestThrottled => (SQS, "RequestThrottled", "RequestThrottled"),
            Self::ResourceNotFound => (SQS, "ResourceNotFoundException", "ResourceNotFoundException"),
            Self::Serialization => (COMMON, "SerializationException", "MalformedInput"),
            Self::TooManyEntriesInBatchRequest => (SQS, "TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"),
            Self::UnknownOperation => (COMMON, "UnknownOperationException", "InvalidAction"),
            Self::UnsupportedOperation => (SQS, "UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation"),
        }
    }

    /// The code as the header and the batch entries carry it.
    pub const fn query_code(self) -> &'static str {
        self.names().2
    }

    /// `__type` of the JSON body.
    pub(crate) fn type_name(self) -> String {
        let (namespace, shape, _) = self.names();
        format!("{namespace}#{shape}")
    }

    /// The code that has this name in one of its spellings.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| {
            let (_, shape, query) = code.names();
            shape == name || query == name
        })
    }
}

/// A request that is not carried out. All of them are the client's and answered with 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", code.query_code())]
pub struct Refusal {
    pub code: Code,
    pub message: Cow<'static, str>,
}

impl Refusal {
    pub(crate) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    pub(crate) fn invalid_value(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidParameterValue, message)
    }

    /// `Value … for parameter … is invalid. Reason: …`
    pub(crate) fn parameter(name: &str, value: impl std::fmt::Display, reason: &str) -> Self {
        Self::invalid_value(format!(
            "Value {value} for parameter {name} is invalid. Reason: {reason}"
        ))
    }

    pub(crate) fn missing(name: &str) -> Self {
        Self::new(
            Code::MissingParameter,
            format!("The request must contain the parameter {name}."),
        )
    }

    pub(crate) fn no_such_queue() -> Self {
        Self::new(
            Code::QueueDoesNotExist,
            "The specified queue does not exist.",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_by_both_its_names() {
        for code in Code::ALL {
            let (_, shape, query) = code.names();
            assert_eq!(Code::named(shape), Some(code), "{shape}");
            assert_eq!(Code::named(query), Some(code), "{query}");
        }
        assert_eq!(Code::named("ExpiredToken"), None);
    }
}
