//! A server on a free port, and a client of the AWS SDK for it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Region};
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{Message, QueueAttributeName};
use aws_sdk_sqs::{Client, Config};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector as Tcp;
use hyper_util::rt::TokioExecutor;
use stack::sqs::{Fault, Sqs, SqsOptions, serve};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A server that runs until this is dropped.
pub(crate) struct Server {
    pub(crate) sqs: Arc<Sqs>,
    pub(crate) client: Client,
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    pub(crate) served: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(SqsOptions::default()).await
    }

    pub(crate) async fn with(options: SqsOptions) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let sqs = Sqs::new(options);
        let (stop, stopped) = oneshot::channel();
        let served = throughline::spawn(serve(listener, Arc::clone(&sqs), async {
            let _ = stopped.await;
        }));
        Self {
            client: client(address),
            sqs,
            address,
            stop: Some(stop),
            served,
        }
    }

    pub(crate) fn stop(&mut self) {
        self.stop.take();
    }

    /// Makes a queue, and gives its URL.
    pub(crate) fn queue(&self, name: &str, attributes: &[(&str, &str)]) -> String {
        self.sqs.create_queue(name, attributes).unwrap();
        self.sqs.queue_url(&self.address.to_string(), name)
    }

    pub(crate) async fn send(&self, url: &str, body: &str) -> String {
        let sent = self.client.send_message().queue_url(url).message_body(body);
        sent.send().await.unwrap().message_id.unwrap()
    }

    /// Receives up to ten at once.
    pub(crate) async fn receive(&self, url: &str) -> Vec<Message> {
        let receive = self.client.receive_message().queue_url(url);
        let received = receive.max_number_of_messages(10).send().await.unwrap();
        received.messages.unwrap_or_default()
    }

    pub(crate) async fn receive_one(&self, url: &str) -> Message {
        let mut messages = self.receive(url).await;
        assert_eq!(messages.len(), 1, "{messages:?}");
        messages.remove(0)
    }

    pub(crate) async fn delete(&self, url: &str, message: &Message) {
        let delete = self.client.delete_message().queue_url(url);
        delete.receipt_handle(handle(message)).send().await.unwrap();
    }

    pub(crate) fn fault(&self, json: &str) {
        let fault: Fault = serde_json::from_str(json).unwrap();
        self.sqs.faults().add(fault).unwrap();
    }

    pub(crate) async fn attribute(&self, url: &str, name: QueueAttributeName) -> Option<String> {
        let get = self.client.get_queue_attributes().queue_url(url);
        let got = get.attribute_names(name.clone()).send().await.unwrap();
        got.attributes
            .and_then(|attributes| attributes.get(&name).cloned())
    }
}

pub(crate) fn handle(message: &Message) -> &str {
    message.receipt_handle.as_deref().unwrap()
}

pub(crate) fn body(message: &Message) -> &str {
    message.body.as_deref().unwrap()
}

pub(crate) fn bodies(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(body).collect()
}

/// The code of a refusal, as callers of the SDK see it.
pub(crate) fn code<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(
    result: Result<T, SdkError<E, HttpResponse>>,
) -> String {
    let error = result.expect_err("this should have been refused");
    let service = error
        .as_service_error()
        .unwrap_or_else(|| panic!("{error:?}"));
    service.code().unwrap_or("no code").to_owned()
}

pub(crate) fn client(address: SocketAddr) -> Client {
    let connector = SharedHttpConnector::new(Plain {
        pool: Pool::builder(TokioExecutor::new()).build(Tcp::new()),
    });
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(format!("http://{address}"))
        .credentials_provider(Credentials::new("any", "thing", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .build();
    Client::from_conf(config)
}

/// Plain HTTP for the SDK.
#[derive(Debug, Clone)]
struct Plain {
    pool: Pool<Tcp, Full<Bytes>>,
}

impl HttpConnector for Plain {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let pool = self.pool.clone();
        HttpConnectorFuture::new(async move {
            let request = request
                .try_into_http1x()
                .map_err(|error| ConnectorError::user(error.into()))?
                .map(|body| Full::new(Bytes::copy_from_slice(body.bytes().unwrap_or_default())));
            let answer = pool
                .request(request)
                .await
                .map_err(|error| ConnectorError::io(error.into()))?;
            let (head, body) = answer.into_parts();
            let body = body
                .collect()
                .await
                .map_err(|error| ConnectorError::io(error.into()))?;
            let answer = http::Response::from_parts(head, SdkBody::from(body.to_bytes()));
            HttpResponse::try_from(answer)
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}
