//! The credentials of one account, held until shortly before they expire.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_runtime_api::client::identity::Identity;
use tokio::sync::Mutex;

use crate::wall_clock::WallClock;

/// Credentials are asked for anew so long before they expire.
const AHEAD: Duration = Duration::from_secs(5 * 60);
/// And after so long where they do not say when they do.
const UNTOLD: Duration = Duration::from_secs(15 * 60);
/// How long nobody asks again after a refusal, while what is held is still good.
const PATIENCE: Duration = Duration::from_secs(30);

/// Credentials from a provider; a clone holds the same.
#[derive(Clone, Debug)]
pub(super) struct Identities {
    provider: SharedCredentialsProvider,
    held: Arc<Mutex<Option<Held>>>,
    wall_clock: WallClock,
}

#[derive(Clone, Debug)]
struct Held {
    credentials: Credentials,
    identity: Identity,
    ask_at: SystemTime,
}

impl Identities {
    /// Credentials of this provider, none asked for yet.
    pub(super) fn new(provider: SharedCredentialsProvider, wall_clock: WallClock) -> Self {
        Self {
            provider,
            held: Arc::default(),
            wall_clock,
        }
    }

    /// Who signs now. One caller asks the provider, the others wait for it. Where the provider fails,
    /// what is held is used until it expires.
    pub(super) async fn identity(&self) -> Result<Identity, CredentialsError> {
        self.hold().await.map(|held| held.identity)
    }

    /// SQS no longer takes what is held: the next call asks anew.
    pub(super) async fn refused(&self, identity: &Identity) {
        let mut held = self.held.lock().await;
        let refused = identity
            .data::<Credentials>()
            .map(Credentials::access_key_id);
        if (held.as_ref()).is_some_and(|held| Some(held.credentials.access_key_id()) == refused) {
            *held = None;
        }
    }

    async fn hold(&self) -> Result<Held, CredentialsError> {
        let mut held = self.held.lock().await;
        let now = self.wall_clock.now();
        if let Some(held) = held.as_ref().filter(|held| now < held.ask_at) {
            return Ok(held.clone());
        }
        match self.provider.provide_credentials().await {
            Ok(credentials) => {
                let fresh = Held {
                    ask_at: ask_at(now, credentials.expiry()),
                    identity: credentials.clone().into(),
                    credentials,
                };
                Ok(held.insert(fresh).clone())
            }
            Err(error) => match held
                .as_mut()
                .filter(|held| is_good(held.credentials.expiry(), now))
            {
                Some(held) => {
                    tracing::warn!(error = %error, "new credentials could not be had; the old ones are used until they expire");
                    held.ask_at = now + PATIENCE;
                    Ok(held.clone())
                }
                None => Err(error),
            },
        }
    }
}

/// The SDK's own calls use the same ones.
impl ProvideCredentials for Identities {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async { self.hold().await.map(|held| held.credentials) })
    }
}

/// When to ask for the next ones: ahead of the end, or halfway where there is not so much time.
fn ask_at(now: SystemTime, expiry: Option<SystemTime>) -> SystemTime {
    let left = expiry.map(|expiry| expiry.duration_since(now).unwrap_or_default());
    now + left.map_or(UNTOLD, |left| left.saturating_sub(AHEAD).max(left / 2))
}

fn is_good(expiry: Option<SystemTime>, now: SystemTime) -> bool {
    expiry.is_none_or(|expiry| now < expiry)
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
