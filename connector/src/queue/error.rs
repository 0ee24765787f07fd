//! Why a call to SQS failed, told apart by what can be done about it.

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

use super::refusal::kind;
use crate::gateway::chain;

/// Why a call to SQS failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{action} failed: {reason}")]
pub struct QueueError {
    /// The SQS action.
    pub action: &'static str,
    /// What kind of trouble.
    pub kind: QueueErrorKind,
    /// In words, with the error code.
    pub reason: String,
}

/// What kind of trouble a call met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueErrorKind {
    /// No answer: no connection, dropped, or too late.
    Unreachable,
    /// SQS asks to slow down.
    Throttled,
    /// The queue is not there.
    NotFound,
    /// Not permitted, or no credentials.
    Denied,
    /// SQS or we are at fault otherwise.
    Failed,
}

pub(super) fn explain<E>(action: &'static str, error: &SdkError<E>) -> QueueError
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let code = error.code().unwrap_or_default();
    let (kind, reason) = match error {
        SdkError::ServiceError(service) => {
            let status = service.raw().status().as_u16();
            (
                kind(code, status),
                format!(
                    "status {status} {code} {}",
                    error.message().unwrap_or_default()
                ),
            )
        }
        SdkError::TimeoutError(_) => (QueueErrorKind::Unreachable, "the call timed out".into()),
        SdkError::DispatchFailure(failure) => {
            let reason = failure
                .as_connector_error()
                .map_or_else(|| "not sent".into(), |e| chain(e));
            let credentials = reason.contains("credentials") || reason.contains("identity");
            (
                if credentials {
                    QueueErrorKind::Denied
                } else {
                    QueueErrorKind::Unreachable
                },
                reason,
            )
        }
        SdkError::ConstructionFailure(_) => (QueueErrorKind::Denied, chain(error)),
        _ => (QueueErrorKind::Failed, chain(error)),
    };
    QueueError {
        action,
        kind,
        reason,
    }
}
