//! A queue of an SQS server: the calls of API Gateway, and of whoever looks at what came.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use harness::{Answer, exchange};
use http::Method;
use serde_json::{Value, json};

/// A queue at a server that asks for no signature worth its name.
#[derive(Clone, Debug)]
pub struct Queue {
    /// Its URL.
    pub url: String,
    endpoint: String,
}

/// What lay on the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The body.
    pub body: String,
    /// The system attribute `AWSTraceHeader`.
    pub trace: Option<String>,
}

impl Queue {
    /// A queue that is there, by its URL.
    pub fn at(url: &str) -> anyhow::Result<Self> {
        let parsed: url::Url = url.parse().with_context(|| format!("url = {url:?}"))?;
        Ok(Self {
            url: url.to_owned(),
            endpoint: parsed.origin().ascii_serialization() + "/",
        })
    }

    /// Makes a queue at a server.
    ///
    /// # Errors
    /// When the server does not make it.
    pub async fn create(endpoint: &str, name: &str) -> anyhow::Result<Self> {
        let endpoint = format!("{}/", endpoint.trim_end_matches('/'));
        let made = ask(&endpoint, "CreateQueue", json!({"QueueName": name})).await?;
        let url = made["QueueUrl"].as_str().context("a queue without a URL")?;
        Ok(Self {
            url: url.to_owned(),
            endpoint,
        })
    }

    /// Sends a form to the queue's URL, as API Gateway does.
    ///
    /// # Errors
    /// When the server is not reached.
    pub async fn post(&self, form: &str) -> anyhow::Result<Answer> {
        let mut headers = signed();
        let form_type = "application/x-www-form-urlencoded";
        headers.insert("content-type".into(), form_type.into());
        exchange(Method::POST, &self.url, &headers, form.to_owned()).await
    }

    /// Takes one message off the queue.
    ///
    /// # Errors
    /// When there is none at once, or the server refuses a call.
    pub async fn take(&self) -> anyhow::Result<Message> {
        let asked = json!({
            "QueueUrl": self.url,
            "WaitTimeSeconds": 1,
            "AttributeNames": ["All"],
            "MessageSystemAttributeNames": ["All"],
        });
        let received = ask(&self.endpoint, "ReceiveMessage", asked).await?;
        let message = &received["Messages"][0];
        let body = message["Body"].as_str().context("no message is there")?;
        let handle = json!({"QueueUrl": self.url, "ReceiptHandle": message["ReceiptHandle"]});
        ask(&self.endpoint, "DeleteMessage", handle).await?;
        Ok(Message {
            body: body.to_owned(),
            trace: message["Attributes"]["AWSTraceHeader"]
                .as_str()
                .map(String::from),
        })
    }
}

fn signed() -> BTreeMap<String, String> {
    let scope = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=none";
    [("authorization".into(), scope.into())].into()
}

async fn ask(endpoint: &str, action: &str, body: Value) -> anyhow::Result<Value> {
    let mut headers = signed();
    headers.insert("content-type".into(), "application/x-amz-json-1.0".into());
    headers.insert("x-amz-target".into(), format!("AmazonSQS.{action}"));
    let answer = exchange(Method::POST, endpoint, &headers, body.to_string()).await?;
    let text = String::from_utf8_lossy(&answer.body);
    ensure!(answer.status == 200, "{action}: {} {text}", answer.status);
    Ok(answer.json())
}
