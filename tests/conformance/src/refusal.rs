//! What it means to be refused as documented.

use std::fmt::Debug;

use anyhow::bail;
use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

/// That a call was refused with this error, in either of its spellings: the API reference's name,
/// or the older protocol's, which the SDK prefers where the answer has both.
pub(crate) fn refused<T, E>(
    result: Result<T, SdkError<E, HttpResponse>>,
    documented: &str,
) -> anyhow::Result<()>
where
    E: ProvideErrorMetadata + Debug,
{
    let Err(error) = result else {
        bail!("it was not refused");
    };
    let Some(refusal) = error.as_service_error() else {
        bail!("no refusal: {error:?}");
    };
    let code = refusal.code().unwrap_or_default();
    let code = code.strip_prefix("AWS.SimpleQueueService.").unwrap_or(code);
    let plain = match code {
        "NonExistentQueue" => "QueueDoesNotExist",
        "QueueAlreadyExists" => "QueueNameExists",
        other => other,
    };
    if plain == documented {
        return Ok(());
    }
    bail!("it was refused with {code:?}, not {documented}")
}
