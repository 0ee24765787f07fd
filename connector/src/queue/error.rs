//! Why a call to SQS failed, told apart by what can be done about it.

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

use super::refusal::kind;
use crate::aws::Unavailable;
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
    /// Not permitted.
    Denied,
    /// There are no credentials to ask with.
    NoCredentials,
    /// The credentials themselves are refused: expired, or unknown.
    Refused,
    /// SQS or we are at fault otherwise.
    Failed,
}

impl QueueErrorKind {
    /// What whoever runs the connector can do about it.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Unreachable => {
                "check endpoint_url, the network policy and the VPC endpoint of SQS"
            }
            Self::Throttled => "it is asked less often; nothing to do",
            Self::NotFound => {
                "check the URL's region, account and name, or make the queue; the others go on"
            }
            Self::Denied => {
                "allow the role sqs:ReceiveMessage, DeleteMessage, ChangeMessageVisibility and GetQueueAttributes on the queue, and kms:Decrypt where it is encrypted; or give role_arn"
            }
            Self::NoCredentials => {
                "mend what the error names; the queues of other accounts go on meanwhile"
            }
            Self::Refused => {
                "the credentials are renewed; where this stays, check the mounted keys or the token, and the clock"
            }
            Self::Failed => "it is tried again; where this stays, see the error",
        }
    }
}

/// The reason why there are no credentials, somewhere among an error's causes.
fn unavailable<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Unavailable> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<Unavailable>() {
            return Some(found);
        }
        cause = error.source();
    }
    None
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
        _ if let Some(unavailable) = unavailable(error) => {
            (QueueErrorKind::NoCredentials, unavailable.to_string())
        }
        SdkError::DispatchFailure(failure) => {
            let reason = failure
                .as_connector_error()
                .map_or_else(|| "not sent".into(), |e| chain(e));
            (QueueErrorKind::Unreachable, reason)
        }
        _ => (QueueErrorKind::Failed, chain(error)),
    };
    QueueError {
        action,
        kind,
        reason,
    }
}
