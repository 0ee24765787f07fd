//! The whole way as processes: the stack, the function, the connector.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use tempfile::TempDir;

use crate::binaries::Binaries;
use crate::http::{Control, Url, post_json};
use crate::process::{Line, Process, Spec};

mod connector;
mod fate;
mod secrets;
mod server;

pub use self::fate::Fate;
use self::secrets::write_secrets;
use self::server::Other;

/// How long a part may take to come up.
const START: Duration = Duration::from_secs(20);
/// How long a part may take to stop.
const STOP: Duration = Duration::from_secs(60);

/// The queue on the way, where the SQS server is the stack's own. Another one is shared by all ways:
/// there each has a queue of its own, whose name begins so. [`Way::topic`] knows.
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
    /// Whether the queue is a FIFO queue.
    pub fifo: bool,
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
    /// Its name without what tells a FIFO queue.
    queue: String,
    other: Option<Other>,
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
        let fifo = if options.fifo { ".fifo" } else { "" };
        let (queue, other) = match server::endpoint() {
            Some(endpoint) => {
                // The name is the test's own: the server is everybody's.
                let unique = throughline::CorrelationId::mint().to_string();
                let unique: String = unique.chars().filter(char::is_ascii_alphanumeric).collect();
                let queue = format!("{QUEUE}-{unique}");
                let (main, dead) = (format!("{queue}{fifo}"), format!("{queue}-dlq{fifo}"));
                let other = Other::start(endpoint, &main, &dead, &options.stack).await?;
                (queue, Some(other))
            }
            None => (QUEUE.to_owned(), None),
        };
        let mut spec = Spec::new("stack", binaries.path("stack"))
            .arg("--queue")
            .arg(format!("{QUEUE}{fifo}"))
            .arg("--gateway-password-file")
            .arg(folder.path().join("basic-auth-password"));
        if let Some(other) = &other {
            spec = spec.arg("--ingress-queue-url").arg(&other.queue_url);
        }
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
            sqs: match &other {
                Some(other) => other.endpoint.clone(),
                None => url("sqs_url")?,
            },
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
            queue,
            other,
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
        self.control.register(FUNCTION, &url, &self.topic()).await
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
        self.send(serde_json::json!({"MessageBody": body, "MessageAttributes": attributes}))
            .await
    }

    /// Puts a message of this group on the FIFO queue; gives its id.
    ///
    /// # Errors
    /// When SQS refuses.
    pub async fn send_to_group(&self, group: &str, body: &str) -> anyhow::Result<String> {
        self.send(serde_json::json!({"MessageBody": body, "MessageGroupId": group}))
            .await
    }

    async fn send(&self, mut message: Value) -> anyhow::Result<String> {
        message["QueueUrl"] = self.queue_url().into();
        let sent = server::call(&self.urls.sqs, "SendMessage", &message).await?;
        let id = sent["MessageId"].as_str().map(str::to_owned);
        id.with_context(|| format!("SQS answered {sent}"))
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
        match &self.other {
            Some(other) => other.queue_url.clone(),
            None => format!("{}/000000000000/{}", self.urls.sqs, self.topic()),
        }
    }

    /// The queue's name, which is the topic of the function too.
    pub fn topic(&self) -> String {
        let fifo = if self.options.fifo { ".fifo" } else { "" };
        format!("{}{fifo}", self.queue)
    }

    /// What the SQS server is called, where it is another than the stack's own: then none of its
    /// faults can be switched on.
    pub fn other_sqs(&self) -> Option<&str> {
        self.other.as_ref().map(|other| other.name.as_str())
    }

    /// What lies in the queues.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn census(&self) -> anyhow::Result<Value> {
        match &self.other {
            Some(other) => other.census().await,
            None => self.control.queues().await,
        }
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
