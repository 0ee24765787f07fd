//! Ways to SQS over the process's one HTTP client, each with the credentials of its account.

use std::collections::BTreeMap;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sqs::config::{Region, SharedIdentityCache};

mod keeper;
pub(crate) mod refusal;
mod session;
mod source;

pub use keeper::{Keeper, Unavailable};

use source::{Means, Role, Source};

use crate::config::{Config, QueueConfig, RoleConfig};
use crate::http::Http;
use crate::metrics::Metrics;
use crate::queue::Account;
use crate::wall_clock::WallClock;

/// Where the process's own credentials come from.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// The default chain: environment, shared files, web identity (IRSA), Pod Identity, instance.
    Chain,
    /// These.
    Given(SharedCredentialsProvider),
}

/// The accounts that queues are worked with: the process's own, and a session for each role.
#[derive(Debug)]
pub struct Accounts {
    http: Http,
    /// The region whose STS is asked; by default that of the queue.
    home_region: Option<String>,
    wall_clock: WallClock,
    metrics: Metrics,
    credentials: Credentials,
    own: Option<Keeper>,
    roles: BTreeMap<RoleConfig, Keeper>,
}

impl Accounts {
    /// No account yet.
    pub fn new(
        http: Http,
        credentials: Credentials,
        home_region: Option<String>,
        wall_clock: WallClock,
        metrics: Metrics,
    ) -> Self {
        Self {
            http,
            home_region,
            wall_clock,
            metrics,
            credentials,
            own: None,
            roles: BTreeMap::new(),
        }
    }

    /// For what is done beside running: nothing is counted, and the time is the machine's.
    pub fn beside(http: &Http, credentials: &Credentials, config: &Config) -> Self {
        Self::new(
            http.clone(),
            credentials.clone(),
            config.home_region.clone(),
            WallClock::default(),
            Metrics::default(),
        )
    }

    /// The account that one queue is worked with. Retries and timeouts are the engine's: a stalled-stream guard would
    /// end long polls, and the SDK's retries would hide throttling.
    pub async fn of(&mut self, queue: &QueueConfig) -> Account {
        let keeper = self.keeper(queue);
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(self.http.clone())
            .time_source(self.wall_clock.clone())
            .region(Region::new(queue.region.clone()))
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .credentials_provider(SharedCredentialsProvider::new(keeper.clone()))
            .identity_cache(SharedIdentityCache::new(keeper.clone()));
        if let Some(endpoint) = &queue.endpoint_url {
            loader = loader.endpoint_url(endpoint.as_str().trim_end_matches('/'));
        }
        let config = loader.load().await;
        Account::new(config, keeper, &self.http, &self.wall_clock).await
    }

    /// All that keep credentials, each to be renewed by somebody.
    pub fn keepers(&self) -> impl Iterator<Item = Keeper> {
        self.own.iter().chain(self.roles.values()).cloned()
    }

    /// What keeps the credentials that one queue is worked with.
    pub fn keeper(&mut self, queue: &QueueConfig) -> Keeper {
        let region = self.home_region.as_ref().unwrap_or(&queue.region);
        let means = Means {
            http: self.http.clone(),
            wall_clock: self.wall_clock.clone(),
            region: Region::new(region.clone()),
        };
        let keep = |name: &str, source| {
            Keeper::new(name, source, self.wall_clock.clone(), self.metrics.clone())
        };
        let own = self.own.get_or_insert_with(|| {
            let source = match &self.credentials {
                Credentials::Chain => Source::Chain(Box::new(means.clone())),
                Credentials::Given(provider) => Source::Given(provider.clone()),
            };
            keep("own", source)
        });
        let Some(role) = &queue.role else {
            return own.clone();
        };
        let kept = self.roles.entry(role.clone()).or_insert_with(|| {
            let role = role.clone();
            let base = own.clone();
            keep(
                &role.arn.clone(),
                Source::Role(Box::new(Role { means, role, base })),
            )
        });
        kept.clone()
    }
}
