//! The SQS server on the way: the stack's own, or another that runs already.

use std::time::Duration;

use anyhow::Context as _;
use http::Method;
use serde_json::{Value, json};

use crate::http::{Url, exchange};

/// Where another SQS server is; without it, the stack's own is used.
const VARIABLE: &str = "E2E_SQS";
/// What that server is called.
const NAME: &str = "E2E_SQS_NAME";

/// Servers that stand for many services tell them apart by the scope of the credentials.
const SCOPE: &str = "AWS4-HMAC-SHA256 Credential=local/20260101/eu-west-1/sqs/aws4_request, \
                     SignedHeaders=host, Signature=none";

/// Another SQS server, and the queues that were made there for one way.
pub(super) struct Other {
    pub(super) endpoint: Url,
    pub(super) queue_url: Url,
    dead_url: Url,
    queue: String,
    dead: String,
    pub(super) name: String,
}

/// The other server's address, if the environment names one.
pub(super) fn endpoint() -> Option<Url> {
    let url = std::env::var(VARIABLE).ok().filter(|url| !url.is_empty())?;
    Some(url.trim_end_matches('/').to_owned())
}

impl Other {
    /// Makes a queue and its dead-letter queue.
    pub(super) async fn start(
        endpoint: Url,
        queue: &str,
        dead: &str,
        flags: &[String],
    ) -> anyhow::Result<Self> {
        let value = |flag: &str| {
            let at = flags.iter().position(|given| given == flag)?;
            flags.get(at + 1)
        };
        let receives = value("--max-receive-count").map_or("3", String::as_str);
        let visibility = value("--visibility-timeout").map_or("30", String::as_str);
        let fifo = if queue.ends_with(".fifo") {
            json!({"FifoQueue": "true", "ContentBasedDeduplication": "true"})
        } else {
            json!({})
        };
        let create = async |name: &str, attributes: &Value| {
            let request = json!({"QueueName": name, "Attributes": attributes});
            let made = call(&endpoint, "CreateQueue", &request).await?;
            let url = made["QueueUrl"].as_str().map(str::to_owned);
            url.with_context(|| format!("CreateQueue answered {made}"))
        };
        let dead_url = create(dead, &fifo).await?;
        let request = json!({"QueueUrl": dead_url, "AttributeNames": ["QueueArn"]});
        let arn = call(&endpoint, "GetQueueAttributes", &request).await?;
        let arn = &arn["Attributes"]["QueueArn"];
        let redrive = json!({"deadLetterTargetArn": arn, "maxReceiveCount": receives});
        let mut attributes = fifo;
        attributes["RedrivePolicy"] = redrive.to_string().into();
        attributes["VisibilityTimeout"] = visibility.trim_end_matches('s').into();
        Ok(Self {
            queue_url: create(queue, &attributes).await?,
            dead_url,
            endpoint,
            queue: queue.to_owned(),
            dead: dead.to_owned(),
            name: std::env::var(NAME).unwrap_or_else(|_| "another server".to_owned()),
        })
    }

    /// What lies in the queues, in the form that the stack's control call has. The messages of the
    /// queue itself are only counted: to look at one would be a receive of it.
    pub(super) async fn census(&self) -> anyhow::Result<Value> {
        let letters = self.letters().await?;
        let names = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ];
        let request = json!({"QueueUrl": self.queue_url, "AttributeNames": names});
        let counts = call(&self.endpoint, "GetQueueAttributes", &request).await?;
        let count = |name: &str| {
            let count = counts["Attributes"][name].as_str();
            count.and_then(|count| count.parse::<u64>().ok())
        };
        let waiting: u64 = names.iter().filter_map(|name| count(name)).sum();
        Ok(json!({"queues": {
            &self.queue: {"waiting": waiting},
            &self.dead: {"messages": letters},
        }}))
    }
}

impl Other {
    /// Every dead letter: all are received, and then released.
    async fn letters(&self) -> anyhow::Result<Vec<Value>> {
        let request = json!({
            "QueueUrl": self.dead_url,
            "MaxNumberOfMessages": 10,
            "VisibilityTimeout": 60,
            "MessageAttributeNames": ["All"],
        });
        let mut letters = Vec::new();
        let mut handles = Vec::new();
        loop {
            let found = call(&self.endpoint, "ReceiveMessage", &request).await?;
            let found = found["Messages"].as_array().cloned().unwrap_or_default();
            if found.is_empty() {
                break;
            }
            for message in found {
                let attributes = message["MessageAttributes"].as_object().into_iter();
                let attributes = attributes
                    .flatten()
                    .map(|(name, value)| (name.clone(), value["StringValue"].clone()));
                letters.push(json!({
                    "body": message["Body"],
                    "attributes": attributes.collect::<serde_json::Map<_, _>>(),
                }));
                handles.push(message["ReceiptHandle"].clone());
            }
        }
        for handle in handles {
            let release = json!({
                "QueueUrl": self.dead_url, "ReceiptHandle": handle, "VisibilityTimeout": 0,
            });
            call(&self.endpoint, "ChangeMessageVisibility", &release).await?;
        }
        Ok(letters)
    }
}

/// A call in SQS' JSON protocol that must succeed.
pub(super) async fn call(endpoint: &str, action: &str, request: &Value) -> anyhow::Result<Value> {
    let headers = [
        ("content-type", "application/x-amz-json-1.0".to_owned()),
        ("x-amz-target", format!("AmazonSQS.{action}")),
        ("authorization", SCOPE.to_owned()),
        ("x-amz-date", "20260101T000000Z".to_owned()),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value));
    let url = format!("{endpoint}/");
    let body = serde_json::to_vec(request)?;
    // A development server may drop a connection in a burst.
    let mut last = None;
    for _ in 0..3 {
        match exchange(Method::POST, &url, &headers.clone().into(), body.clone()).await {
            Ok(answer) => {
                anyhow::ensure!(
                    answer.status == 200,
                    "{action}: SQS answered {}: {:?}",
                    answer.status,
                    answer.body
                );
                return Ok(answer.json());
            }
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(last.unwrap_or_else(|| anyhow::anyhow!("{action}: not tried")))
}
