//! `/metrics`, `/healthz` and `/readyz`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use throughline::Body;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::callback::Callbacks;
use crate::discovery::Topics;
use crate::gateway::Gateway;
use crate::lane::Lane;
use crate::metrics::{Metrics, plain};
use crate::queue::MARGIN;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the probes ask.
#[derive(Clone, Debug)]
pub struct Health {
    lanes: Arc<[Arc<Lane>]>,
    topics: watch::Receiver<Topics>,
    gateway: Gateway,
    metrics: Metrics,
    callbacks: Option<Callbacks>,
    broken: Arc<AtomicBool>,
}

impl Health {
    /// Over these queues, this topic map, this gateway.
    pub fn new(
        lanes: Vec<Arc<Lane>>,
        topics: watch::Receiver<Topics>,
        gateway: Gateway,
        metrics: Metrics,
    ) -> Self {
        Self {
            lanes: lanes.into(),
            topics,
            gateway,
            metrics,
            callbacks: None,
            broken: Arc::default(),
        }
    }

    /// Set by whoever sees that a part of the engine has ended which must not.
    #[must_use]
    pub fn with_broken(self, broken: Arc<AtomicBool>) -> Self {
        Self { broken, ..self }
    }

    /// With the listener for callbacks, where there is one.
    #[must_use]
    pub fn with_callbacks(self, callbacks: Option<Callbacks>) -> Self {
        Self { callbacks, ..self }
    }

    /// What keeps the process from making progress: a loop that stands still, or a poll that
    /// neither ended nor timed out.
    pub fn stuck(&self) -> Vec<String> {
        // A stop has a deadline of its own.
        let stuck = |lane: &&Arc<Lane>| {
            !lane.is_draining() && lane.since_progress() > lane.config.wait_time + MARGIN * 3
        };
        let say = |lane: &Arc<Lane>| {
            format!(
                "queue {} made no progress for {:?}",
                lane.queue.name(),
                lane.since_progress()
            )
        };
        let broken = self.broken.load(Ordering::Relaxed);
        let broken = broken.then(|| "a part of the engine has ended".to_owned());
        (self.lanes.iter().filter(stuck).map(say))
            .chain(broken)
            .collect()
    }

    /// What is missing for messages to flow.
    pub async fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        if self.topics.borrow().map.is_none() {
            missing.push("no topic map from the gateway yet".to_owned());
        }
        let fresh = self.topics.borrow().fresh;
        if !fresh && !self.gateway.answers().await {
            missing.push("the gateway does not answer".to_owned());
        }
        // One queue that fails stops no other, and no rollout either.
        if self.lanes.iter().all(|lane| !lane.is_reachable()) {
            missing.extend(self.troubles());
        }
        if self.callbacks.as_ref().is_some_and(|it| !it.is_listening()) {
            missing.push("callbacks are not listened for".to_owned());
        }
        if self.lanes.iter().any(|lane| lane.is_draining()) {
            missing.push("stopping".to_owned());
        }
        missing
    }

    /// What is the matter with queues.
    fn troubles(&self) -> Vec<String> {
        self.lanes
            .iter()
            .filter_map(|lane| lane.trouble())
            .collect()
    }

    /// As OpenMetrics where that is asked for, else in the text format that every scraper reads.
    fn scraped(&self, headers: &HeaderMap) -> Response<Body> {
        let mut accept = headers.get_all(header::ACCEPT).iter();
        let open = accept.any(|value| value.to_str().is_ok_and(plain::asks_for_open_metrics));
        let text = self.metrics.encode();
        let (text, kind) = if open {
            (text, OPEN_METRICS)
        } else {
            (plain::plain(&text), plain::MEDIA_TYPE)
        };
        let mut response = Response::new(Body::from(text));
        let answered = response.headers_mut();
        answered.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        answered.insert(header::VARY, HeaderValue::from_static("accept"));
        response
    }

    async fn answer(self, request: Request<Incoming>) -> Response<Body> {
        match request.uri().path() {
            "/metrics" => self.scraped(request.headers()),
            "/healthz" => verdict(&self.stuck(), &[]),
            "/readyz" => verdict(&self.missing().await, &self.troubles()),
            _ => text(
                StatusCode::NOT_FOUND,
                "there are /metrics, /healthz and /readyz\n".into(),
            ),
        }
    }
}

/// Answers until dropped. Says where, since the port may have been chosen by the system.
pub async fn run(listener: TcpListener, health: Health) {
    if let Ok(addr) = listener.local_addr() {
        tracing::info!(addr = %addr, "admin is listening");
    }
    let service = move |request| health.clone().answer(request);
    throughline::serve(listener, service, std::future::pending(), Duration::ZERO).await;
}

/// What is said besides `OK` is worth reading, and no reason to be replaced.
fn verdict(problems: &[String], besides: &[String]) -> Response<Body> {
    if problems.is_empty() {
        let lines: Vec<&str> = std::iter::once("OK")
            .chain(besides.iter().map(String::as_str))
            .collect();
        return text(StatusCode::OK, lines.join("\n") + "\n");
    }
    text(StatusCode::SERVICE_UNAVAILABLE, problems.join("\n") + "\n")
}

fn text(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
}
