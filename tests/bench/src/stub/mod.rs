//! SQS and a function behind a gateway, as little of them as consumers need, as fast as can be.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

mod batch;
mod plan;

use batch::Template;
pub(crate) use plan::Counts;
use plan::Plan;

/// The name of the queue, of its topic and of the function.
pub(crate) const NAME: &str = "work";

/// How long each answer takes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Delays {
    pub(crate) sqs: Duration,
    pub(crate) function: Duration,
}

/// A stub that serves; a clone is the same one.
#[derive(Clone, Debug)]
pub(crate) struct Stub(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    plan: Mutex<Plan>,
    delays: Mutex<Delays>,
    changed: Notify,
    template: Template,
    address: SocketAddr,
}

impl Stub {
    /// A stub on a port of its own, and what serves it.
    ///
    /// # Errors
    /// When there is no port.
    pub(crate) async fn bind() -> std::io::Result<(Self, impl Future<Output = ()>)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let stub = Self(Arc::new(Shared {
            plan: Mutex::default(),
            delays: Mutex::default(),
            changed: Notify::new(),
            template: Template::new(),
            address: listener.local_addr()?,
        }));
        Ok((stub.clone(), stub.serve(listener)))
    }

    /// Its address, of SQS and of the gateway alike.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0.address)
    }

    /// The queue's URL.
    pub(crate) fn queue_url(&self) -> String {
        format!("{}/000000000000/{NAME}", self.url())
    }

    /// From now on answers take so long.
    pub(crate) fn delay(&self, delays: Delays) {
        *self.0.delays.lock().unwrap_or_else(PoisonError::into_inner) = delays;
    }

    /// Hands out so many messages, all at once; counts begin anew.
    pub(crate) fn flood(&self, messages: u64) {
        self.plan().flood(messages);
        self.0.changed.notify_waiters();
    }

    /// Hands out one message each `every`; counts begin anew.
    pub(crate) fn pace(&self, messages: u32, every: Duration) {
        self.plan().pace(messages, every, Instant::now() + every);
        self.0.changed.notify_waiters();
    }

    /// What was counted since the work was given.
    pub(crate) fn counts(&self) -> Counts {
        self.plan().counts.clone()
    }

    /// From there to the call, of every message that was paced.
    pub(crate) fn latencies(&self) -> Vec<Duration> {
        self.plan().latencies.clone()
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn delays(&self) -> Delays {
        *self.0.delays.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                continue;
            };
            let _ = stream.set_nodelay(true);
            let stub = self.clone();
            connections.spawn(async move {
                let service = service_fn(|request| stub.answer(request));
                let _ = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
            while connections.try_join_next().is_some() {}
        }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let path = request.uri().path();
        Ok(
            if let Some(action) = request.headers().get("x-amz-target") {
                let action = action
                    .to_str()
                    .ok()
                    .and_then(|target| target.strip_prefix("AmazonSQS."));
                let action = action.unwrap_or_default().to_owned();
                let body = request
                    .into_body()
                    .collect()
                    .await
                    .map(|body| body.to_bytes());
                self.sqs(&action, &body.unwrap_or_default()).await
            } else if request.method() == Method::POST && path.starts_with("/function/") {
                self.function(request).await
            } else if path == "/system/functions" {
                json(format!(
                    r#"[{{"name":"{NAME}","namespace":"","replicas":1,"annotations":{{"topic":"{NAME}"}}}}]"#
                ))
            } else if path == "/system/namespaces" {
                json("[]")
            } else {
                json("OK")
            },
        )
    }

    async fn function(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let number =
            (request.headers().get("x-correlation-id")).and_then(|id| batch::number(id.as_bytes()));
        self.plan().posted(number, Instant::now());
        let mut body = request.into_body();
        while let Some(Ok(_)) = body.frame().await {}
        pause(self.delays().function).await;
        json(r#"{"ok":true}"#)
    }

    async fn sqs(&self, action: &str, body: &[u8]) -> Response<Full<Bytes>> {
        let action = ACTIONS
            .iter()
            .find(|known| **known == action)
            .copied()
            .unwrap_or("other");
        self.plan().requested(action, Instant::now());
        pause(self.delays().sqs).await;
        match action {
            "ReceiveMessage" => self.receive(body).await,
            "DeleteMessageBatch" | "ChangeMessageVisibilityBatch" => {
                let batch: Batch<'_> = serde_json::from_slice(body).unwrap_or_default();
                if action == "DeleteMessageBatch" {
                    self.plan()
                        .deleted(batch.entries.len() as u64, Instant::now());
                }
                let done: Vec<String> = batch
                    .entries
                    .iter()
                    .map(|entry| format!(r#"{{"Id":"{}"}}"#, entry.id))
                    .collect();
                json(format!(
                    r#"{{"Successful":[{}],"Failed":[]}}"#,
                    done.join(",")
                ))
            }
            "DeleteMessage" => {
                self.plan().deleted(1, Instant::now());
                json("{}")
            }
            "GetQueueAttributes" => json(r#"{"Attributes":{"VisibilityTimeout":"30"}}"#),
            "GetQueueUrl" => json(format!(r#"{{"QueueUrl":"{}"}}"#, self.queue_url())),
            _ => json("{}"),
        }
    }

    async fn receive(&self, body: &[u8]) -> Response<Full<Bytes>> {
        let asked: Receive = serde_json::from_slice(body).unwrap_or_default();
        let until = Instant::now() + Duration::from_secs(asked.wait);
        let attributes = memmem(body, b"\"All\"");
        loop {
            let mut changed = std::pin::pin!(self.0.changed.notified());
            changed.as_mut().enable();
            let now = Instant::now();
            let (taken, next) = {
                let mut plan = self.plan();
                (plan.take(asked.most, now), plan.next_at())
            };
            if !taken.is_empty() {
                return bytes(self.0.template.answer(taken, attributes));
            }
            if now >= until {
                return json("{}");
            }
            let wake = next.map_or(until, |next| next.min(until));
            tokio::select! {
                biased;
                () = changed => {}
                () = tokio::time::sleep_until(wake.into()) => {}
            }
        }
    }
}

/// The actions that are told apart in the counts.
const ACTIONS: [&str; 7] = [
    "ReceiveMessage",
    "DeleteMessage",
    "DeleteMessageBatch",
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
    "GetQueueAttributes",
    "GetQueueUrl",
];

#[derive(Default, Deserialize)]
struct Batch<'a> {
    #[serde(borrow, rename = "Entries")]
    entries: Vec<BatchEntry<'a>>,
}

#[derive(Deserialize)]
struct BatchEntry<'a> {
    #[serde(rename = "Id")]
    id: &'a str,
}

#[derive(Deserialize)]
struct Receive {
    #[serde(default = "one", rename = "MaxNumberOfMessages")]
    most: u64,
    #[serde(default, rename = "WaitTimeSeconds")]
    wait: u64,
}

impl Default for Receive {
    fn default() -> Self {
        Self { most: 1, wait: 0 }
    }
}

fn one() -> u64 {
    1
}

async fn pause(duration: Duration) {
    if !duration.is_zero() {
        tokio::time::sleep(duration).await;
    }
}

fn memmem(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn json(text: impl Into<String>) -> Response<Full<Bytes>> {
    bytes(text.into().into_bytes())
}

fn bytes(body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static("application/x-amz-json-1.0"),
    );
    response
}
