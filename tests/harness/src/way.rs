//! The whole way as processes: the stack, the function, the connector.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use http::Method;
use serde_json::Value;
use tempfile::TempDir;

use crate::binaries::Binaries;
use crate::http::{Control, Url, exchange, post_json};
use crate::process::{Line, Process, Spec};

mod connector;
mod fate;
mod secrets;

pub use self::fate::Fate;
use self::secrets::write_secrets;

/// How long a part may take to come up.
const START: Duration = Duration::from_secs(20);
/// How long a part may take to stop.
const STOP: Duration = Duration::from_secs(60);

/// The queue on the way, which is the topic of the function too.
pub const QUEUE: &str = "kanban-events";
const FUNCTION: &str = "kanban-processor";

/// Where the stack listens.
#[derive(Clone, Debug)]
pub struct Urls {
    /// SQS.
    pub sqs: Url,
    /// The OpenFaaS gateway.
    pub gateway: Url,
    /// The ingress.
    pub ingress: Url,
    /// The GraphQL backend.
    pub graphql: Url,
    /// The control calls.
    pub control: Url,
}

/// What is set on the parts, beyond what makes them find each other.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Flags of the stack.
    pub stack: Vec<String>,
    /// Environment of the function.
    pub function: BTreeMap<String, String>,
    /// Environment of the connector.
    pub connector: BTreeMap<String, String>,
    /// Where to keep a copy of the log lines.
    pub log_folder: Option<PathBuf>,
    /// How many lines of each part to keep in memory, the first ones; all where not given.
    pub keep_lines: Option<usize>,
}

/// The running parts. Dropping it kills them all.
pub struct Way {
    binaries: Binaries,
    options: Options,
    folder: TempDir,
    /// What the parts said that run no more.
    past: Vec<Line>,
    /// Where the stack listens.
    pub urls: Urls,
    /// The control calls of the stack.
    pub control: Control,
    /// The stack.
    pub stack: Process,
    /// The Kanban function, while it runs.
    pub function: Option<Process>,
    /// The connector, while it runs.
    pub connector: Option<Process>,
}

impl Way {
    /// Starts everything: the stack, the function, registered at the gateway, the connector.
    ///
    /// # Errors
    /// When a part does not come up; the error has its last lines.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let mut way = Self::start_stack(options).await?;
        way.start_function().await?;
        way.start_connector().await?;
        Ok(way)
    }

    /// Starts the stack alone.
    ///
    /// # Errors
    /// As [`Way::start`].
    pub async fn start_stack(options: Options) -> anyhow::Result<Self> {
        let binaries = Binaries::build()?;
        let folder = TempDir::new()?;
        write_secrets(&folder)?;
        let mut spec = Spec::new("stack", binaries.path("stack"))
            .arg("--queue")
            .arg(QUEUE)
            .arg("--gateway-password-file")
            .arg(folder.path().join("basic-auth-password"));
        spec.args.extend(options.stack.iter().map(Into::into));
        spec.log_folder.clone_from(&options.log_folder);
        spec.keep_lines = options.keep_lines;
        let stack = Process::start(&spec)?;
        let ready = stack
            .wait_for("that it is ready", START, |line| {
                line.says("stack is ready")
            })
            .await?;
        let url = |name: &str| {
            let url = ready.json["fields"][name].as_str();
            url.map(str::to_owned)
                .with_context(|| format!("{name} in {}", ready.text))
        };
        let urls = Urls {
            sqs: url("sqs_url")?,
            gateway: url("gateway_url")?,
            ingress: url("ingress_url")?,
            graphql: url("graphql_url")?,
            control: url("control_url")?,
        };
        Ok(Self {
            control: Control(urls.control.clone()),
            binaries,
            options,
            folder,
            past: Vec::new(),
            urls,
            stack,
            function: None,
            connector: None,
        })
    }

    /// Starts the function and registers it at the gateway.
    ///
    /// # Errors
    /// As [`Way::start`].
    pub async fn start_function(&mut self) -> anyhow::Result<()> {
        let url = self.start_function_unregistered().await?;
        self.control.register(FUNCTION, &url, QUEUE).await
    }

    /// Starts the function, of which the gateway knows nothing yet; gives its URL.
    ///
    /// # Errors
    /// As [`Way::start`].
    pub async fn start_function_unregistered(&mut self) -> anyhow::Result<Url> {
        let mut spec = Spec::new(FUNCTION, self.binaries.path(FUNCTION))
            .env("OPENFAAS_NAME", FUNCTION)
            .env("port", "0")
            .env("suppress_lock", "true")
            .env("healthcheck_interval", "0")
            .env(
                "graphql_url",
                format!("{}/graphql", self.urls.graphql.trim_end_matches("/graphql")),
            )
            .env("secrets_dir", self.folder.path().display().to_string())
            .env(
                "trello_callback_url",
                "https://hooks.example.com/hooks/trello",
            )
            // An Asana delivery names a section by its id alone.
            .env("deploy_statuses", "Deploying,1208000000000002");
        spec.env.extend(self.options.function.clone());
        spec.log_folder.clone_from(&self.options.log_folder);
        spec.keep_lines = self.options.keep_lines;
        let function = Process::start(&spec)?;
        let ready = function
            .wait_for("that it is ready", START, |line| {
                line.says("the function is ready")
            })
            .await?;
        self.function = Some(function);
        Ok(format!("http://127.0.0.1:{}", ready.json["fields"]["port"]))
    }

    /// Puts a message on the queue, past the ingress; gives its id.
    ///
    /// # Errors
    /// When SQS refuses.
    pub async fn send_message(&self, body: &str, attributes: Value) -> anyhow::Result<String> {
        let message = serde_json::json!({
            "QueueUrl": self.queue_url(),
            "MessageBody": body,
            "MessageAttributes": attributes,
        });
        let headers = [
            (
                "content-type".to_owned(),
                "application/x-amz-json-1.0".to_owned(),
            ),
            (
                "x-amz-target".to_owned(),
                "AmazonSQS.SendMessage".to_owned(),
            ),
        ];
        let body = serde_json::to_vec(&message)?;
        let answer = exchange(Method::POST, &self.urls.sqs, &headers.into(), body).await?;
        let id = answer.json()["MessageId"].as_str().map(str::to_owned);
        id.with_context(|| format!("SQS answered {}: {:?}", answer.status, answer.body))
    }

    /// The deployments that the backend has made, as it tells when asked.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn deployments(&self) -> anyhow::Result<Vec<Value>> {
        let query = serde_json::json!({
            "query": "{ deployments { deploymentId cardId correlationId } }",
        });
        let answer = post_json(&self.urls.graphql, &query).await?.json();
        let deployments = answer["data"]["deployments"].as_array().cloned();
        deployments.with_context(|| format!("deployments in {answer}"))
    }

    /// The URL of the queue.
    pub fn queue_url(&self) -> Url {
        format!("{}/000000000000/{QUEUE}", self.urls.sqs)
    }

    /// Stops everything in the order in which nothing is lost.
    ///
    /// # Errors
    /// When a part does not end in time.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        if self.connector.is_some() {
            self.stop_connector().await?;
        }
        if let Some(mut function) = self.function.take() {
            function.stop(STOP).await?;
        }
        self.stack.stop(STOP).await.map(drop)
    }
}
