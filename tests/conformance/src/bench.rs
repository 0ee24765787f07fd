//! What a case works with: a client, raw requests, and queues of its own.

use std::collections::HashMap;

use anyhow::Context as _;
use aws_credential_types::Credentials;
use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Region, StalledStreamProtectionConfig};
use aws_sdk_sqs::error::SdkError;
use aws_sdk_sqs::operation::create_queue::{CreateQueueError, CreateQueueOutput};
use aws_sdk_sqs::types::QueueAttributeName;
use aws_sdk_sqs::{Client, Config};
use aws_smithy_runtime_api::client::http::{SharedHttpConnector, http_client_fn};
use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use serde_json::Value;

use crate::queue::Queue;
use crate::wire::Wire;

/// Attributes of a queue.
pub(crate) type Attributes<'a> = &'a [(QueueAttributeName, &'a str)];

/// Servers that stand for many services tell them apart by the scope of the credentials.
const SCOPE: &str = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/sqs/aws4_request, \
                     SignedHeaders=host, Signature=none";

/// One case's place of work.
#[derive(Clone, Debug)]
pub struct Bench {
    pub(crate) sqs: Client,
    wire: Wire,
    endpoint: String,
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
}

impl Raw {
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

impl Bench {
    pub(crate) fn new(wire: Wire, endpoint: &str) -> Self {
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        let connector = SharedHttpConnector::new(wire.clone());
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(&endpoint)
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        Self {
            sqs: Client::from_conf(config),
            wire,
            endpoint,
        }
    }

    /// A name that no queue has.
    pub(crate) fn name() -> String {
        format!("conformance-{}", uuid::Uuid::now_v7().simple())
    }

    /// A new standard queue.
    pub(crate) async fn queue(&self, attributes: Attributes<'_>) -> anyhow::Result<Queue> {
        self.named(Self::name(), attributes).await
    }

    /// A new FIFO queue.
    pub(crate) async fn fifo(&self, attributes: Attributes<'_>) -> anyhow::Result<Queue> {
        let fifo = [(QueueAttributeName::FifoQueue, "true")];
        let attributes = [&fifo, attributes].concat();
        self.named(format!("{}.fifo", Self::name()), &attributes)
            .await
    }

    pub(crate) async fn named(
        &self,
        name: String,
        attributes: Attributes<'_>,
    ) -> anyhow::Result<Queue> {
        let made = self.create(&name, attributes).await;
        let url = made.context("CreateQueue")?.queue_url;
        Ok(Queue {
            sqs: self.sqs.clone(),
            url: url.context("no QueueUrl")?,
            name,
        })
    }

    pub(crate) async fn create(
        &self,
        name: &str,
        attributes: Attributes<'_>,
    ) -> Result<CreateQueueOutput, SdkError<CreateQueueError, HttpResponse>> {
        let attributes = attributes
            .iter()
            .map(|(name, value)| (name.clone(), (*value).to_owned()));
        let attributes: HashMap<_, _> = attributes.collect();
        let create = self.sqs.create_queue().queue_name(name);
        let attributes = Some(attributes).filter(|attributes| !attributes.is_empty());
        create.set_attributes(attributes).send().await
    }

    /// A request of this action with this body, whatever it is.
    pub(crate) async fn post(&self, action: &str, body: &str) -> anyhow::Result<Raw> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}/", self.endpoint))
            .header("host", self.endpoint.trim_start_matches("http://"))
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("AmazonSQS.{action}"))
            .header("authorization", SCOPE)
            .header("x-amz-date", "20260101T000000Z")
            .body(Bytes::copy_from_slice(body.as_bytes()))?;
        let (head, body) = self.wire.send(request).await?.into_parts();
        Ok(Raw {
            status: head.status.as_u16(),
            headers: head.headers,
            json: serde_json::from_slice(&body).unwrap_or_default(),
        })
    }
}
