//! Keeps the credentials of one account: at hand for every request, and renewed before they end.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use aws_credential_types::Credentials as Keys;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_smithy_runtime_api::client::identity::{
    Identity, IdentityFuture, ResolveCachedIdentity, SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::session::{Lifetime, Session};
use super::source::Source;
use crate::metrics::Metrics;
use crate::nag::Nag;
use crate::wall_clock::WallClock;

/// Why there are no credentials, with what to do about it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(Arc<str>);

/// The credentials of one account, shared by all queues that are worked with them.
///
/// It stands in the place of the SDK's identity cache, which renews only when they have expired by
/// our clock, while a request waits, and can't be told that SQS refused them.
#[derive(Clone)]
pub struct Keeper(Arc<Inner>);

struct Inner {
    /// What it is called in metrics: `own`, or the role's ARN.
    name: String,
    source: Source,
    session: Mutex<Session<Identity, Unavailable>>,
    /// One fetch at a time.
    fetching: tokio::sync::Mutex<()>,
    told: Notify,
    trouble: Mutex<Nag>,
    wall_clock: WallClock,
    metrics: Metrics,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keeper({})", self.0.name)
    }
}

impl Keeper {
    pub(super) fn new(name: &str, source: Source, wall_clock: WallClock, metrics: Metrics) -> Self {
        Self(Arc::new(Inner {
            name: name.to_owned(),
            source,
            session: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
            told: Notify::new(),
            trouble: Mutex::default(),
            wall_clock,
            metrics,
        }))
    }

    /// The number of the credentials in use, to be asked for before a request.
    pub fn generation(&self) -> u64 {
        self.session().generation()
    }

    /// AWS refused the credentials that had this number: they are renewed, if they have not been.
    pub fn refused(&self, generation: u64) {
        if self.session().refused(generation, Instant::now()) {
            tracing::warn!(
                account = self.0.name,
                "AWS refused the credentials before their time; they are renewed now"
            );
            self.0.told.notify_one();
        }
    }

    /// Who signs now, and the number of these credentials: at hand without a wait as soon as they
    /// have been fetched once.
    ///
    /// # Errors
    /// When there are none, and why.
    pub async fn identity(&self) -> Result<(Identity, u64), Unavailable> {
        let known = {
            let session = self.session();
            let generation = session.generation();
            (session.now(Instant::now())).map(|known| known.map(|identity| (identity, generation)))
        };
        if let Some(known) = known {
            return known;
        }
        // What it takes to fetch them is large, and rare.
        let identity = Box::pin(self.get()).await?;
        Ok((identity, self.generation()))
    }

    /// Renews them ahead of time, for ever. Without it all works too, but a request waits for its
    /// credentials, and what AWS refused is not renewed.
    pub async fn renew(self) {
        loop {
            let now = Instant::now();
            let due = self.session().due(now);
            if due > now {
                tokio::select! {
                    biased;
                    () = self.0.told.notified() => {}
                    () = sleep_until(due) => {}
                }
                continue;
            }
            let _one = self.0.fetching.lock().await;
            // Whoever held the lock may have fetched them.
            if self.session().due(Instant::now()) <= Instant::now() {
                let _ = self.fetch().await;
            }
        }
    }

    async fn get(&self) -> Result<Identity, Unavailable> {
        if let Some(known) = self.session().now(Instant::now()) {
            return known;
        }
        let _one = self.0.fetching.lock().await;
        if let Some(known) = self.session().now(Instant::now()) {
            return known;
        }
        self.fetch().await
    }

    async fn fetch(&self) -> Result<Identity, Unavailable> {
        let fetched = self.0.source.fetch().await;
        let now = Instant::now();
        let metrics = &self.0.metrics;
        metrics.credentials_fetched(&self.0.name, fetched.is_ok());
        match fetched {
            Ok(keys) => {
                let lifetime = self.lifetime(keys.expiry());
                if let Some(end) = keys.expiry() {
                    metrics.credentials_end(&self.0.name, end);
                }
                let kept = Identity::from(keys);
                self.session().fetched(kept.clone(), lifetime, now);
                if self.trouble().over() {
                    tracing::info!(account = self.0.name, "there are credentials again");
                }
                Ok(kept)
            }
            Err(reason) => {
                let error = Unavailable(reason.into());
                self.session().failed(error.clone(), now);
                if self.trouble().due(now).is_some() {
                    tracing::warn!(account = self.0.name, error = %error, "credentials could not be fetched; tried again at growing intervals");
                }
                Err(error)
            }
        }
    }

    fn lifetime(&self, end: Option<SystemTime>) -> Lifetime {
        end.map_or(Lifetime::Unending, |end| {
            end.duration_since(self.0.wall_clock.now())
                .map_or(Lifetime::Past, Lifetime::For)
        })
    }

    fn session(&self) -> MutexGuard<'_, Session<Identity, Unavailable>> {
        self.0
            .session
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn trouble(&self) -> MutexGuard<'_, Nag> {
        self.0
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// For STS, which assumes a role with them.
impl ProvideCredentials for Keeper {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let (identity, _) =
                (self.identity().await).map_err(CredentialsError::provider_error)?;
            let keys = identity.data::<Keys>().cloned();
            keys.ok_or_else(|| CredentialsError::unhandled("an identity without keys"))
        })
    }
}

/// For SQS.
impl ResolveCachedIdentity for Keeper {
    fn resolve_cached_identity<'a>(
        &'a self,
        _: SharedIdentityResolver,
        _: &'a RuntimeComponents,
        _: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        IdentityFuture::new(async { Ok(self.identity().await?.0) })
    }
}

#[cfg(test)]
impl Keeper {
    /// Keeps what this provider gives.
    pub(crate) fn of(
        provider: aws_credential_types::provider::SharedCredentialsProvider,
        wall_clock: WallClock,
    ) -> Self {
        Self::new(
            "own",
            Source::Given(provider),
            wall_clock,
            Metrics::default(),
        )
    }
}

#[cfg(test)]
#[path = "keeper_tests.rs"]
mod tests;
