//! A connector with its surroundings, and waiting for what should happen.

use std::time::Duration;

use aws_credential_types::Credentials as Keys;
use aws_credential_types::provider::SharedCredentialsProvider;
use sqs_connector::aws::Credentials;
use sqs_connector::callback::Door;
use sqs_connector::config::{self, Command, Config, Inputs};
use sqs_connector::engine::{self, Outside};
use sqs_connector::http::Http;
use sqs_connector::metrics::Metrics;
use sqs_connector::random::Random;
use sqs_connector::spans::Spans;
use sqs_connector::wall_clock::WallClock;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::fakes::gateway::Gateway;
use crate::fakes::sqs::Sqs;

pub(crate) const QUEUE: &str = "orders";

pub(crate) struct World {
    pub(crate) sqs: Sqs,
    pub(crate) gateway: Gateway,
    pub(crate) sqs_url: String,
    pub(crate) gateway_url: String,
    in_memory: bool,
}

pub(crate) struct Connector {
    stop: oneshot::Sender<()>,
    engine: JoinHandle<usize>,
    pub(crate) admin: String,
    metrics: Metrics,
}

impl World {
    /// SQS moves a message to the dead-letter queue after three receives.
    pub(crate) async fn new() -> Self {
        Self::with_max_receive_count(3).await
    }

    pub(crate) async fn with_max_receive_count(count: u32) -> Self {
        let (sqs, sqs_url) = Sqs::start(count).await;
        let (gateway, gateway_url) = Gateway::start().await;
        Self {
            sqs,
            gateway,
            sqs_url,
            gateway_url,
            in_memory: false,
        }
    }

    /// Without a socket: where the clock is paused, hours pass in no time.
    pub(crate) fn in_memory(max_receive_count: u32) -> Self {
        let world = Self {
            sqs: Sqs::default(),
            gateway: Gateway::default(),
            sqs_url: "http://sqs.test".into(),
            gateway_url: "http://gateway.test".into(),
            in_memory: true,
        };
        world.sqs.state().max_receive_count = max_receive_count;
        world
    }

    fn http(&self) -> Http {
        if !self.in_memory {
            return Http::new();
        }
        let (sqs, gateway) = (self.sqs.clone(), self.gateway.clone());
        Http::over(move |uri| {
            let wire = match uri.host() {
                Some("sqs.test") => Ok(sqs.connect()),
                Some("gateway.test") => gateway.connect(),
                other => Err(std::io::Error::other(format!("no host {other:?}"))),
            };
            async move { wire }
        })
    }

    pub(crate) fn queue_url(&self, queue: &str) -> String {
        format!("{}/000000000000/{queue}", self.sqs_url)
    }

    /// Flags that suit a test; what comes later counts.
    pub(crate) fn flags(&self, more: &[&str]) -> Vec<String> {
        let mut flags = vec![
            format!("--queue-url={}", self.queue_url(QUEUE)),
            format!("--gateway-url={}", self.gateway_url),
            "--basic-auth=false".into(),
            "--admin-address=127.0.0.1".into(),
            "--admin-port=0".into(),
            // Leases are to run out and be extended within a test's time.
            "--short-visibility".into(),
            "--wait-time=1s".into(),
            "--max-messages=10".into(),
            "--rebuild-interval=200ms".into(),
            "--backoff-min=1ms".into(),
            "--backoff-max=2ms".into(),
            "--probe-min=200ms".into(),
        ];
        flags.extend(more.iter().map(|flag| (*flag).to_owned()));
        flags
    }

    pub(crate) fn config(&self, more: &[&str]) -> Config {
        let args = self.flags(more);
        let read = |path: &std::path::Path| std::fs::read_to_string(path);
        match config::load(Inputs {
            args: &args,
            env: &|_| None,
            read: &read,
        }) {
            Ok(Command::Run(config)) => *config,
            Ok(other) => panic!("{other:?}"),
            Err(problems) => panic!("{problems}"),
        }
    }

    pub(crate) async fn start(&self, more: &[&str]) -> Connector {
        let config = self.config(more);
        let listener = TcpListener::bind(config.admin).await.unwrap();
        let keys = Keys::new("AKIATEST", "secret", None, None, "test");
        let outside = Outside {
            http: self.http(),
            credentials: Credentials::Given(SharedCredentialsProvider::new(keys)),
            random: Random::seeded(7),
            wall_clock: WallClock::default(),
            metrics: Metrics::default(),
            spans: Spans::default(),
            admin: Some(listener),
            callbacks: match &config.callback {
                Some(place) => Some(Door::Network(
                    TcpListener::bind(place.listen).await.unwrap(),
                )),
                None => None,
            },
        };
        Connector::run(config, outside)
    }
}

impl Connector {
    /// Runs an engine.
    pub(crate) fn run(config: Config, outside: Outside) -> Self {
        let metrics = outside.metrics.clone();
        let listener = outside.admin.as_ref().expect("an admin listener");
        let admin = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let engine = throughline::spawn(async move {
            engine::run(config, outside, async {
                let _ = stopped.await;
            })
            .await
        });
        Self {
            stop,
            engine,
            admin,
            metrics,
        }
    }

    /// Stops it as SIGTERM does; gives what was left and how long it took.
    pub(crate) async fn stop(self) -> (usize, Duration) {
        let started = Instant::now();
        let _ = self.stop.send(());
        let left = self.engine.await.expect("the engine does not panic");
        (left, started.elapsed())
    }

    /// How many messages are held.
    pub(crate) fn held(&self, queue: &str) -> usize {
        self.metrics.held(queue)
    }

    /// To be read after the stop.
    pub(crate) fn metrics_handle(&self) -> Metrics {
        self.metrics.clone()
    }

    /// What `/metrics` says.
    pub(crate) fn metrics(&self) -> String {
        self.metrics.encode()
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let request = http::Request::get(format!("{}{path}", self.admin))
            .body(aws_smithy_types::body::SdkBody::empty())
            .unwrap();
        let (head, body) = Http::new().send(request).await.unwrap().into_parts();
        let body = crate::fakes::read(body).await;
        (
            head.status.as_u16(),
            String::from_utf8_lossy(&body).into_owned(),
        )
    }
}

/// Waits until it is true; says what was waited for when it never is.
pub(crate) async fn until(what: &str, is_true: impl FnMut() -> bool) {
    within(Duration::from_secs(20), what, is_true).await;
}

/// The same, where the clock is paused and time costs nothing.
pub(crate) async fn eventually(what: &str, is_true: impl FnMut() -> bool) {
    within(Duration::from_secs(3600), what, is_true).await;
}

async fn within(limit: Duration, what: &str, mut is_true: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !is_true() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
