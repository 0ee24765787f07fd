//! Sends an envelope to SQS, in SQS' JSON protocol over HTTP.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::BodyExt as _;
use hyper_util::client::legacy;
use serde_json::{Value, json};
use throughline::{Envelope, TraceParent};
use tokio::time;

use crate::client::{Client, full};

/// Not signed: a stand-in for many services only reads in it which of them is meant, and where.
const SCOPE: HeaderValue = HeaderValue::from_static(
    "AWS4-HMAC-SHA256 Credential=local/20260101/eu-west-1/sqs/aws4_request, SignedHeaders=host, Signature=none",
);
/// How long API Gateway waits for an integration.
const TIMEOUT: Duration = Duration::from_secs(29);

/// Why a queue's URL can't be used.
#[derive(Debug, thiserror::Error)]
#[error("queue URL = {url:?}: {reason}; give http://host:port/account/name")]
pub struct InvalidQueueUrl {
    url: String,
    reason: &'static str,
}

pub(super) struct Queue {
    url: String,
    endpoint: Uri,
    is_fifo: bool,
    client: Client,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    #[error("SQS can't be reached")]
    Http(#[source] legacy::Error),
    #[error("SQS did not answer within {} s", TIMEOUT.as_secs())]
    Timeout(#[source] time::error::Elapsed),
    #[error("SQS refused the message with {status}: {answer}")]
    Refused { status: StatusCode, answer: String },
}

impl Queue {
    pub(super) fn at(url: &str, client: Client) -> Result<Self, InvalidQueueUrl> {
        let invalid = |reason| InvalidQueueUrl {
            url: url.to_owned(),
            reason,
        };
        let uri: Uri = url.parse().map_err(|_| invalid("it is no URL"))?;
        let authority = uri.authority().ok_or_else(|| invalid("it names no host"))?;
        let endpoint = Uri::builder()
            .scheme("http")
            .authority(authority.clone())
            .path_and_query("/")
            .build()
            .map_err(|_| invalid("its host is no host"))?;
        Ok(Self {
            url: url.to_owned(),
            endpoint,
            is_fifo: url.ends_with(".fifo"),
            client,
        })
    }

    /// # Errors
    /// When SQS does not take the message, for whatever reason.
    pub(super) async fn send(&self, envelope: &Envelope, message: &str) -> Result<(), SendError> {
        let body = self.send_message(envelope, message).to_string();
        let mut request = Request::new(full(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.endpoint.clone();
        let headers = request.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-amz-json-1.0"),
        );
        headers.insert(AUTHORIZATION, SCOPE);
        headers.insert(
            "x-amz-target",
            HeaderValue::from_static("AmazonSQS.SendMessage"),
        );
        let sent = async {
            let response = self
                .client
                .request(request)
                .await
                .map_err(SendError::Http)?;
            let status = response.status();
            let body = response.into_body().collect().await;
            let body = body.map(|body| body.to_bytes()).unwrap_or_default();
            if status.is_success() {
                return Ok(());
            }
            Err(SendError::Refused {
                status,
                answer: beginning(&body),
            })
        };
        time::timeout(TIMEOUT, sent)
            .await
            .map_err(SendError::Timeout)?
    }

    fn send_message(&self, envelope: &Envelope, message: &str) -> Value {
        let trace = aws_trace_header(throughline::context().trace());
        let mut call = json!({
            "QueueUrl": self.url,
            "MessageBody": message,
            "MessageSystemAttributes": {
                "AWSTraceHeader": {"DataType": "String", "StringValue": trace},
            },
        });
        if self.is_fifo {
            call["MessageGroupId"] = envelope.source.as_str().into();
            call["MessageDeduplicationId"] = envelope.request_id.as_str().into();
        }
        call
    }
}

/// The trace as X-Ray writes it, which is what API Gateway passes on.
fn aws_trace_header(trace: &TraceParent) -> String {
    let id = trace.trace_id();
    let (epoch, unique) = id.split_at(8);
    let sampled = u8::from(trace.sampled());
    format!(
        "Root=1-{epoch}-{unique};Parent={};Sampled={sampled}",
        trace.span_id()
    )
}

fn beginning(body: &Bytes) -> String {
    String::from_utf8_lossy(body).chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trace_goes_along_as_x_ray_has_it_and_is_the_same_trace() {
        let trace = TraceParent::root();
        assert_eq!(
            TraceParent::parse_aws(&aws_trace_header(&trace)),
            Some(trace)
        );
    }

    #[test]
    fn a_url_that_names_no_host_is_refused_with_the_remedy() {
        for url in ["", "/1/q", "not a url"] {
            let refused = Queue::at(url, crate::client::pool())
                .err()
                .unwrap()
                .to_string();
            assert!(refused.contains("give http://host:port"), "{refused}");
        }
    }
}
