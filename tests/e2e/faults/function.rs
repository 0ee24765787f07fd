//! A function inside the test, behind the real gateway: it answers as its script says, and keeps
//! what it saw of each message.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::{Value, json};
use throughline::Body;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// One call, as a script sees it.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The message's body.
    pub(crate) message: String,
    /// How often this message came to this function, this time included.
    pub(crate) attempt: usize,
    /// How often any message came, this time included.
    pub(crate) number: usize,
}

/// How a call is answered.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    after: Duration,
    headers: HeaderMap,
    body: String,
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self {
            status,
            after: Duration::ZERO,
            headers: HeaderMap::new(),
            body: String::new(),
        }
    }

    pub(crate) fn ok() -> Self {
        Self::status(200)
    }

    fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn after(mut self, pause: Duration) -> Self {
        self.after = pause;
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("a header's value");
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }

    pub(crate) fn body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self
    }
}

type Script = dyn Fn(&Call) -> Reply + Send + Sync;

/// What was seen of one message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) calls: usize,
    /// Calls that were answered with 2xx; one that the caller gave up is none.
    pub(crate) successes: usize,
    running: usize,
    /// The most calls with it at once.
    pub(crate) at_once: usize,
    pub(crate) keys: BTreeSet<String>,
    pub(crate) headers: Vec<HeaderMap>,
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) messages: BTreeMap<String, Seen>,
    /// The messages in the order of their successes.
    pub(crate) succeeded: Vec<String>,
    pub(crate) number: usize,
}

/// A running function. Dropping it stops it.
pub(crate) struct Function {
    pub(crate) url: String,
    log: Arc<Mutex<Log>>,
    script: Arc<Mutex<Arc<Script>>>,
    server: JoinHandle<()>,
}

impl Function {
    /// Starts one that answers 200.
    #[expect(
        clippy::disallowed_methods,
        reason = "serves for the test's life, and for no request"
    )]
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let log = Arc::<Mutex<Log>>::default();
        let script: Arc<Mutex<Arc<Script>>> =
            Arc::new(Mutex::new(Arc::new(|_: &Call| Reply::ok())));
        let (for_log, for_script) = (log.clone(), script.clone());
        let service = move |request| answer(for_log.clone(), lock(&for_script).clone(), request);
        let server = tokio::spawn(async move {
            throughline::serve(listener, service, std::future::pending(), Duration::ZERO).await;
        });
        Ok(Self {
            url,
            log,
            script,
            server,
        })
    }

    /// From now on it answers so.
    pub(crate) fn answers(&self, script: impl Fn(&Call) -> Reply + Send + Sync + 'static) {
        *lock(&self.script) = Arc::new(script);
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        lock(&self.log)
    }

    pub(crate) fn calls(&self) -> usize {
        self.log().number
    }

    pub(crate) fn successes(&self) -> usize {
        self.log().succeeded.len()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A call is over when this is dropped, whatever way.
struct Running {
    log: Arc<Mutex<Log>>,
    message: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(seen) = lock(&self.log).messages.get_mut(&self.message) {
            seen.running -= 1;
        }
    }
}

/// The messages of a batch, each with its id; `None` where the body is none.
fn records(body: &[u8]) -> Option<Vec<(String, String)>> {
    let document: Value = serde_json::from_slice(body).ok()?;
    let records = document.get("Records")?.as_array()?;
    let text = |record: &Value, name: &str| Some(record.get(name)?.as_str()?.to_owned());
    let parts = |record: &Value| Some((text(record, "messageId")?, text(record, "body")?));
    records.iter().map(parts).collect()
}

/// Each message of a batch gets the script's reply. One that is no success is named as failed; where a
/// reply has a body, the whole batch is answered with that and 200.
async fn take_batch(
    log: &Arc<Mutex<Log>>,
    script: &Script,
    headers: &HeaderMap,
    records: Vec<(String, String)>,
) -> Reply {
    let mut failed = Vec::new();
    for (id, message) in records {
        let reply = take(log, script, headers, message, Some(id.clone())).await;
        if !reply.body.is_empty() {
            return Reply::ok().body(reply.body);
        }
        if !reply.is_success() {
            failed.push(json!({ "itemIdentifier": id }));
        }
    }
    Reply::ok().body(json!({ "batchItemFailures": failed }).to_string())
}

/// One message is answered as the script says.
async fn take(
    log: &Arc<Mutex<Log>>,
    script: &Script,
    headers: &HeaderMap,
    message: String,
    key: Option<String>,
) -> Reply {
    let call = {
        let mut log = lock(log);
        log.number += 1;
        let number = log.number;
        let seen = log.messages.entry(message.clone()).or_default();
        seen.calls += 1;
        seen.running += 1;
        seen.at_once = seen.at_once.max(seen.running);
        seen.keys.extend(key);
        seen.headers.push(headers.clone());
        Call {
            message: message.clone(),
            attempt: seen.calls,
            number,
        }
    };
    let running = Running {
        log: log.clone(),
        message: message.clone(),
    };
    let reply = script(&call);
    tokio::time::sleep(reply.after).await;
    if reply.is_success() {
        let mut log = lock(log);
        if let Some(seen) = log.messages.get_mut(&message) {
            seen.successes += 1;
        }
        log.succeeded.push(message);
    }
    drop(running);
    reply
}

async fn answer(
    log: Arc<Mutex<Log>>,
    script: Arc<Script>,
    request: Request<Incoming>,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    if head.uri.path() == "/_/health" {
        return Response::new(Body::from("OK"));
    }
    let Ok(body) = body.collect().await else {
        return Response::new(Body::empty());
    };
    let body = body.to_bytes();
    let reply = match records(&body) {
        Some(records) => take_batch(&log, &*script, &head.headers, records).await,
        None => {
            let message = String::from_utf8_lossy(&body).into_owned();
            let key = head.headers.get("idempotency-key");
            let key = key.map(|key| String::from_utf8_lossy(key.as_bytes()).into_owned());
            take(&log, &*script, &head.headers, message, key).await
        }
    };
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or_default();
    *response.headers_mut() = reply.headers;
    // As a function on the template does: so that what it says is told from what the gateway says.
    if let Some(id) = head.headers.get("x-correlation-id") {
        response
            .headers_mut()
            .insert("x-correlation-id", id.clone());
    }
    response
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
