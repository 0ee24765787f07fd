//! A gateway whose functions answer by script.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use hyper::body::Incoming;
use serde_json::json;
use throughline::Body;
use tokio::net::TcpListener;

use super::{DROPPED, read, reply};

/// One call to a function.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) function: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Call {
    async fn read(path: &str, request: Request<Incoming>) -> Self {
        let function = path.strip_suffix(".openfaas-fn").unwrap_or(path).to_owned();
        let (head, body) = request.into_parts();
        Self {
            function,
            headers: head.headers,
            body: read(body).await,
        }
    }

    pub(crate) fn callback_url(&self) -> &str {
        self.header("x-callback-url")
    }

    /// The bodies of the records of a batch, in order.
    pub(crate) fn bodies(&self) -> Vec<String> {
        let text = |record: &serde_json::Value| record["body"].as_str().unwrap().to_owned();
        self.records().iter().map(text).collect()
    }

    /// The records of a batch.
    pub(crate) fn records(&self) -> Vec<serde_json::Value> {
        let document: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        document["Records"].as_array().unwrap().clone()
    }

    /// The answer of a function that fails the items whose body is this one.
    pub(crate) fn failing(&self, body: &str) -> Answer {
        let failed = self
            .records()
            .into_iter()
            .filter(|record| record["body"] == body);
        let failures: Vec<_> = failed
            .map(|record| json!({"itemIdentifier": record["messageId"]}))
            .collect();
        Answer::of_function(200).saying(json!({"batchItemFailures": failures}).to_string())
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// Posts a callback as the queue-worker does; gives the status of the answer.
pub(crate) async fn call_back(url: &str, call_id: &str, answer: &Answer) -> u16 {
    let mut request = http::Request::post(url)
        .header("x-function-status", answer.status.to_string())
        .header("x-function-name", "f")
        .header("x-call-id", call_id);
    for (name, value) in &answer.headers {
        request = request.header(*name, value);
    }
    let request = request.body(answer.body.clone().into()).unwrap();
    let answer = sqs_connector::http::Http::new().send(request).await;
    answer.map_or(0, |answer| answer.status().as_u16())
}

/// How a function answers.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    pub(crate) after: Duration,
}

impl Answer {
    /// As a function answers: with its duration.
    pub(crate) fn of_function(status: u16) -> Self {
        Self {
            status,
            headers: vec![("x-duration-seconds", "0.001".into())],
            body: "said".into(),
            after: Duration::ZERO,
        }
    }

    /// As the gateway answers for itself.
    pub(crate) fn of_gateway(status: u16) -> Self {
        Self {
            headers: Vec::new(),
            body: String::new(),
            ..Self::of_function(status)
        }
    }

    pub(crate) fn saying(self, body: impl Into<String>) -> Self {
        let body = body.into();
        Self { body, ..self }
    }

    /// The connection ends before the answer, in memory only.
    pub(crate) fn dropped() -> Self {
        Self::of_gateway(500).with(DROPPED, "yes")
    }

    pub(crate) fn after(self, after: Duration) -> Self {
        Self { after, ..self }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

type Script = Box<dyn Fn(&Call, usize) -> Answer + Send>;

#[derive(Default)]
pub(crate) struct State {
    functions: BTreeMap<String, (String, Script)>,
    pub(crate) calls: Vec<Call>,
    pub(crate) running: usize,
    pub(crate) most_running: usize,
    /// `/system` answers this instead of what is true.
    pub(crate) system: Option<(u16, &'static str)>,
    pub(crate) authorization: Vec<Option<String>>,
    /// What `/async-function` answers; 202 where it is not said.
    pub(crate) queueing: Option<u16>,
    /// So many of the next callbacks are lost.
    pub(crate) lost_callbacks: usize,
    /// So many of the next callbacks come twice.
    pub(crate) doubled_callbacks: usize,
    /// The status of each callback's answer.
    pub(crate) called_back: Vec<u16>,
    /// Requests are accepted and never answered.
    pub(crate) hangs: bool,
    /// Nothing listens any more, in memory only.
    pub(crate) gone: bool,
    /// Functions say at `/_/health` that they are well.
    pub(crate) well: bool,
    annotations: BTreeMap<String, BTreeMap<String, String>>,
}

/// Counted down when the caller goes away, too.
struct Running(Gateway);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.state().running -= 1;
    }
}

#[derive(Clone, Default)]
pub(crate) struct Gateway(Arc<Mutex<State>>);

impl Gateway {
    pub(crate) async fn start() -> (Self, String) {
        let gateway = Self::default();
        let url = gateway
            .listen(TcpListener::bind("127.0.0.1:0").await.unwrap())
            .await;
        (gateway, url)
    }

    pub(crate) async fn listen(&self, listener: TcpListener) -> String {
        let this = self.clone();
        let address = super::serve(listener, move |request| this.clone().answer(request)).await;
        format!("http://{address}")
    }

    /// A connection in memory.
    pub(crate) fn connect(&self) -> std::io::Result<super::Wire> {
        if self.state().gone {
            return Err(std::io::ErrorKind::ConnectionRefused.into());
        }
        let this = self.clone();
        Ok(super::serve_stream(move |request| {
            this.clone().answer(request)
        }))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// A function on a topic; the script gets the call and how many came before it.
    pub(crate) fn function(
        &self,
        name: &str,
        topic: &str,
        script: impl Fn(&Call, usize) -> Answer + Send + 'static,
    ) {
        self.state()
            .functions
            .insert(name.into(), (topic.into(), Box::new(script)));
    }

    /// Gives a function an annotation.
    pub(crate) fn annotate(&self, name: &str, annotation: &str, value: &str) {
        let mut state = self.state();
        let annotations = state.annotations.entry(name.to_owned()).or_default();
        annotations.insert(annotation.to_owned(), value.to_owned());
    }

    pub(crate) fn remove(&self, name: &str) {
        self.state().functions.remove(name);
    }

    pub(crate) fn calls(&self, function: &str) -> Vec<Call> {
        self.state()
            .calls
            .iter()
            .filter(|call| call.function == function)
            .cloned()
            .collect()
    }

    async fn answer(self, request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        let (hangs, gone, well) = {
            let state = self.state();
            (state.hangs, state.gone, state.well)
        };
        if gone {
            let mut response = reply(500, "");
            response
                .headers_mut()
                .insert(DROPPED, HeaderValue::from_static("yes"));
            return response;
        }
        if path.ends_with("/_/health") {
            return reply(if well { 200 } else { 404 }, "");
        }
        if hangs {
            std::future::pending::<()>().await;
        }
        if path.starts_with("/system/") {
            return self.system(&path, request.headers());
        }
        if let Some(path) = path.strip_prefix("/async-function/") {
            return self.queue(path, request).await;
        }
        let Some(path) = path.strip_prefix("/function/") else {
            return reply(200, "OK");
        };
        let call = Call::read(path, request).await;
        let Some(answer) = self.call(call).await else {
            return reply(404, "no such function");
        };
        let mut response = reply(answer.status, answer.body.clone());
        for (name, value) in &answer.headers {
            response.headers_mut().append(
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        response
    }

    /// Runs the function; `None` where there is none.
    async fn call(&self, call: Call) -> Option<Answer> {
        let answer = {
            let mut state = self.state();
            let before = state
                .calls
                .iter()
                .filter(|before| before.function == call.function)
                .count();
            let (_, script) = state.functions.get(&call.function)?;
            let answer = script(&call, before);
            state.calls.push(call);
            state.running += 1;
            state.most_running = state.most_running.max(state.running);
            answer
        };
        let running = Running(self.clone());
        tokio::time::sleep(answer.after).await;
        drop(running);
        Some(answer)
    }

    /// Takes a call, makes it, and posts what came of it to the callback's URL.
    async fn queue(self, path: &str, request: Request<Incoming>) -> Response<Body> {
        let queueing = self.state().queueing.unwrap_or(202);
        if queueing != 202 {
            return reply(queueing, "");
        }
        let call = Call::read(path, request).await;
        throughline::spawn(async move {
            let (url, call_id) = (
                call.callback_url().to_owned(),
                call.header("x-call-id").to_owned(),
            );
            let answer = self.call(call).await.unwrap_or(Answer::of_gateway(404));
            let times = {
                let mut state = self.state();
                if state.lost_callbacks > 0 {
                    state.lost_callbacks -= 1;
                    0
                } else if state.doubled_callbacks > 0 {
                    state.doubled_callbacks -= 1;
                    2
                } else {
                    1
                }
            };
            for _ in 0..times {
                let status = call_back(&url, &call_id, &answer).await;
                self.state().called_back.push(status);
            }
        });
        reply(202, "")
    }

    fn system(&self, path: &str, headers: &HeaderMap) -> Response<Body> {
        let mut state = self.state();
        let authorization = headers
            .get("authorization")
            .map(|value| value.to_str().unwrap().to_owned());
        state.authorization.push(authorization);
        if let Some((status, body)) = state.system {
            return reply(status, body);
        }
        if path == "/system/namespaces" {
            return reply(200, r#"["openfaas-fn"]"#);
        }
        let list: Vec<_> = (state.functions.iter())
            .map(|(name, (topic, _))| {
                let mut annotations = state.annotations.get(name).cloned().unwrap_or_default();
                annotations.insert("topic".into(), topic.clone());
                json!({"name": name, "namespace": "openfaas-fn", "annotations": annotations})
            })
            .collect();
        reply(200, json!(list).to_string())
    }
}
