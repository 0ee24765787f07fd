//! Where calls go and how they are signed, as the SDK itself would do it.
//!
//! Endpoints have rules of their own: regions, FIPS, dual stack, custom URLs. They are not repeated
//! here. The SDK makes one request that goes nowhere, and what it would have sent is read off it.

use std::sync::{Arc, Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{Builder, IdentityCache};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use http::{HeaderValue, Uri};

use crate::gateway::chain;

/// Where calls go, and for which region and service they are signed.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) uri: Uri,
    pub(super) region: String,
    pub(super) service: String,
    pub(super) user_agent: HeaderValue,
}

impl Route {
    /// Where a client of this configuration would send its calls; else why it would send none.
    pub(super) async fn of(config: &SdkConfig) -> Result<Self, String> {
        let scribe = Scribe::default();
        let config = Builder::from(config)
            .http_client(scribe.clone())
            .credentials_provider(Credentials::new("nobody", "nothing", None, None, "route"))
            // The real cache would fetch real credentials, which may not be there yet.
            .identity_cache(IdentityCache::no_cache())
            .build();
        let asked = Client::from_conf(config).list_queues().send().await;
        let seen = scribe
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match (seen, asked) {
            (Some(route), _) => Ok(route),
            (None, Err(error)) => Err(chain(&error)),
            (None, Ok(_)) => Err("the SDK made no request".into()),
        }
    }

    fn read(request: &HttpRequest) -> Option<Self> {
        // AWS4-HMAC-SHA256 Credential=key/date/region/service/aws4_request, …
        let authorization = request.headers().get("authorization")?;
        let (_, scope) = authorization.split_once("Credential=")?;
        let mut scope = scope.split('/').skip(2);
        let user_agent = request
            .headers()
            .get("user-agent")
            .unwrap_or("aws-sdk-rust");
        Some(Self {
            uri: request.uri().parse().ok()?,
            region: scope.next()?.to_owned(),
            service: scope.next()?.to_owned(),
            user_agent: HeaderValue::from_str(user_agent).ok()?,
        })
    }
}

/// Writes down the request and sends nothing.
#[derive(Clone, Debug, Default)]
struct Scribe(Arc<Mutex<Option<Route>>>);

impl HttpClient for Scribe {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Scribe {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Route::read(&request);
        HttpConnectorFuture::ready(Err(ConnectorError::user("nothing is to be sent".into())))
    }
}

#[cfg(test)]
mod tests {
    use aws_config::{BehaviorVersion, Region};
    use aws_smithy_runtime_api::client::identity::{
        IdentityFuture, ResolveCachedIdentity, SharedIdentityResolver,
    };
    use aws_smithy_types::config_bag::ConfigBag;

    use super::*;

    async fn route(
        region: Option<&'static str>,
        url: Option<&str>,
        special: bool,
    ) -> Result<Route, String> {
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region.map(Region::new));
        config.set_endpoint_url(url.map(str::to_owned));
        Route::of(&config.use_fips(special).use_dual_stack(special).build()).await
    }

    #[tokio::test]
    async fn calls_go_to_the_endpoint_of_their_region() {
        let route = route(Some("cn-north-1"), None, false).await.unwrap();
        assert_eq!(
            route.uri.to_string(),
            "https://sqs.cn-north-1.amazonaws.com.cn/"
        );
        assert_eq!((&*route.region, &*route.service), ("cn-north-1", "sqs"));
        assert!(
            route
                .user_agent
                .to_str()
                .unwrap()
                .starts_with("aws-sdk-rust/")
        );
    }

    #[tokio::test]
    async fn fips_dual_stack_and_custom_endpoints_are_honoured() {
        let fips = route(Some("us-east-1"), None, true).await.unwrap();
        assert_eq!(fips.uri.host(), Some("sqs-fips.us-east-1.api.aws"));
        let custom = route(Some("us-west-1"), Some("http://localhost:4566"), false)
            .await
            .unwrap();
        assert_eq!(custom.uri.to_string(), "http://localhost:4566/");
        assert_eq!(custom.region, "us-west-1");
    }

    #[tokio::test]
    async fn a_route_is_found_before_there_are_credentials() {
        /// Has none to give.
        #[derive(Debug)]
        struct NotYet;
        impl ResolveCachedIdentity for NotYet {
            fn resolve_cached_identity<'a>(
                &'a self,
                _: SharedIdentityResolver,
                _: &'a RuntimeComponents,
                _: &'a ConfigBag,
            ) -> IdentityFuture<'a> {
                IdentityFuture::ready(Err("the agent is not there yet".into()))
            }
        }
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .identity_cache(NotYet)
            .build();
        let route = Route::of(&config).await.unwrap();
        assert_eq!(route.region, "eu-west-1");
    }

    #[tokio::test]
    async fn without_a_region_the_sdks_own_reason_is_told() {
        let error = route(None, None, false).await.unwrap_err();
        assert!(error.to_lowercase().contains("region"), "{error}");
    }
}
