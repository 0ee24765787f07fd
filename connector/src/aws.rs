//! Ways to SQS over the process's one HTTP client.

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sqs::config::Region;

use crate::config::QueueConfig;
use crate::http::Http;
use crate::queue::Account;
use crate::wall_clock::WallClock;

/// Where the credentials come from.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// The default chain: environment, shared files, web identity (IRSA), Pod Identity, instance.
    Chain,
    /// These.
    Given(SharedCredentialsProvider),
}

/// The account that works on one queue. Retries and timeouts are the engine's: a stalled-stream guard would end
/// long polls, and the SDK's retries would hide throttling.
pub async fn account(
    http: &Http,
    wall_clock: &WallClock,
    queue: &QueueConfig,
    credentials: &Credentials,
) -> Account {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http.clone())
        .time_source(wall_clock.clone())
        .region(Region::new(queue.region.clone()))
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Credentials::Given(provider) = credentials {
        loader = loader.credentials_provider(provider.clone());
    }
    if let Some(endpoint) = &queue.endpoint_url {
        loader = loader.endpoint_url(endpoint.as_str().trim_end_matches('/'));
    }
    Account::new(loader.load().await, http, wall_clock).await
}
