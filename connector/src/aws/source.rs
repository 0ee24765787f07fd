//! Where credentials come from: the process's own chain, a role that is assumed with them, or a test.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials as Keys;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sdk_sqs::config::Region;

use super::keeper::Keeper;
use super::refusal;
use crate::config::RoleConfig;
use crate::gateway::chain;
use crate::http::Http;
use crate::wall_clock::WallClock;

/// How long one request for credentials may take.
const ATTEMPT: Duration = Duration::from_secs(5);
/// How long fetching them may take in all, a second try and the pause before it included.
const FETCH: Duration = Duration::from_secs(12);

/// Where credentials come from.
#[derive(Debug)]
pub(super) enum Source {
    Chain(Box<Means>),
    Given(SharedCredentialsProvider),
    Role(Box<Role>),
}

/// What it takes to ask for credentials.
#[derive(Clone, Debug)]
pub(super) struct Means {
    pub(super) http: Http,
    pub(super) wall_clock: WallClock,
    /// Whose STS is asked.
    pub(super) region: Region,
}

#[derive(Debug)]
pub(super) struct Role {
    pub(super) means: Means,
    pub(super) role: RoleConfig,
    /// Whose credentials assume it.
    pub(super) base: Keeper,
}

impl Source {
    /// Fetches them.
    ///
    /// # Errors
    /// In one line, with what to do about it.
    pub(super) async fn fetch(&self) -> Result<Keys, String> {
        let fetched = async {
            match self {
                // Made anew each time: the SDK's chain reads the shared files only once, and a
                // mounted secret may have changed.
                Self::Chain(means) => {
                    let config = means.config().load().await;
                    let chain = config.credentials_provider();
                    provided(chain.as_ref().ok_or("the chain of credentials is empty")?).await
                }
                Self::Given(provider) => provided(provider).await,
                Self::Role(role) => role.assume().await,
            }
        };
        match tokio::time::timeout(FETCH, fetched).await {
            Ok(fetched) => fetched.map_err(|reason| self.explain(&reason)),
            Err(_) => Err(self.explain(&format!("no answer within {FETCH:?}"))),
        }
    }

    fn explain(&self, reason: &str) -> String {
        match self {
            Self::Role(role) => role.explain(reason),
            _ => format!(
                "no AWS credentials: {reason}; give the pod a service account with a role (IRSA or Pod Identity), or mount keys at AWS_SHARED_CREDENTIALS_FILE"
            ),
        }
    }
}

impl Role {
    async fn assume(&self) -> Result<Keys, String> {
        let base = SharedCredentialsProvider::new(self.base.clone());
        let mut loader = self.means.config().credentials_provider(base);
        if let Some(endpoint) = &self.role.sts_endpoint_url {
            loader = loader.endpoint_url(endpoint.as_str().trim_end_matches('/'));
        }
        let config: SdkConfig = loader.load().await;
        let mut role = AssumeRoleProvider::builder(&self.role.arn)
            .configure(&config)
            .session_name(&self.role.session_name);
        if let Some(id) = &self.role.external_id {
            role = role.external_id(id);
        }
        let generation = self.base.generation();
        let assumed = provided(&SharedCredentialsProvider::new(role.build().await)).await;
        if assumed.as_ref().is_err_and(|reason| refusal::is_in(reason)) {
            self.base.refused(generation);
        }
        assumed
    }

    fn explain(&self, reason: &str) -> String {
        let arn = &self.role.arn;
        let remedy = if reason.contains("AccessDenied") {
            match &self.role.external_id {
                Some(id) => format!(
                    "its trust policy must allow sts:AssumeRole to the connector's own role, with sts:ExternalId {id:?}"
                ),
                None => "its trust policy must allow sts:AssumeRole to the connector's own role; where it asks for an external id, give external_id".to_owned(),
            }
        } else if reason.contains("RegionDisabled") {
            "activate STS in that region, or give another region".to_owned()
        } else {
            "check that STS is reached, and the role's trust policy".to_owned()
        };
        format!("the role {arn} could not be assumed: {reason}; {remedy}")
    }
}

impl Means {
    fn config(&self) -> aws_config::ConfigLoader {
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT);
        aws_config::defaults(BehaviorVersion::latest())
            .http_client(self.http.clone())
            .time_source(self.wall_clock.clone())
            .region(self.region.clone())
            .retry_config(RetryConfig::standard().with_max_attempts(2))
            .timeout_config(timeouts.build())
    }
}

async fn provided(provider: &SharedCredentialsProvider) -> Result<Keys, String> {
    let provided = provider.provide_credentials().await;
    provided.map_err(|error| chain(&error))
}
