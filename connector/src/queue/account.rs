//! What the calls of one account share: the SDK's client, and signed calls for the hot path.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_config::identity::IdentityCache;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_sqs::Client;

use super::caller::Caller;
use super::identity::Identities;
use crate::http::Http;
use crate::wall_clock::WallClock;

/// A way to SQS as one account in one region; a clone shares it.
#[derive(Clone, Debug)]
pub struct Account {
    pub(super) sdk: Client,
    pub(super) caller: Arc<Caller>,
}

impl Account {
    /// An account as this configuration has it. Its credentials are held once, for both ways.
    pub async fn new(config: SdkConfig, http: &Http, wall_clock: &WallClock) -> Self {
        // Without a provider every call fails, and says so.
        let provider = config
            .credentials_provider()
            .unwrap_or_else(|| SharedCredentialsProvider::new(Nobody));
        let identities = Identities::new(provider, wall_clock.clone());
        let config = config
            .into_builder()
            .credentials_provider(SharedCredentialsProvider::new(identities.clone()))
            .identity_cache(IdentityCache::no_cache())
            .build();
        Self {
            sdk: Client::new(&config),
            caller: Caller::new(http.clone(), &config, identities, wall_clock.clone()).await,
        }
    }
}

/// The provider where none is configured.
#[derive(Debug)]
struct Nobody;

impl ProvideCredentials for Nobody {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let reason = "no provider of credentials is configured";
        future::ProvideCredentials::ready(Err(CredentialsError::not_loaded(reason)))
    }
}
