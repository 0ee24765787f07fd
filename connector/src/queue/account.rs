//! What the calls of one account share: the SDK's client, and signed calls for the hot path.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;

use super::caller::Caller;
use crate::aws::Keeper;
use crate::http::Http;
use crate::wall_clock::WallClock;

/// A way to SQS as one account in one region; a clone shares it.
#[derive(Clone, Debug)]
pub struct Account {
    pub(super) sdk: Client,
    pub(super) caller: Arc<Caller>,
    /// Whose credentials both use; it wants to hear of refusals.
    pub(super) keeper: Keeper,
}

impl Account {
    /// An account as this configuration has it, with the credentials that `keeper` has, for both ways.
    pub async fn new(
        config: SdkConfig,
        keeper: Keeper,
        http: &Http,
        wall_clock: &WallClock,
    ) -> Self {
        let caller = Caller::new(http.clone(), &config, keeper.clone(), wall_clock.clone()).await;
        Self {
            sdk: Client::new(&config),
            caller,
            keeper,
        }
    }
}
