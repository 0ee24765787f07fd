//! The whole way as processes: the stack, the function, the connector.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::Context as _;
use http::Method;
use serde_json::Value;
use tempfile::TempDir;

use crate::binaries::Binaries;
use crate::delivery::{Recorded, recorded};
use crate::http::{Control, Url, exchange, post_json};
use crate::process::{Line, Process, Spec};

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
}

/// What became of a delivery, by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The function did its work and the message was deleted.
    Succeeded,
    /// The function refused it for good: set aside in the dead-letter queue, with the reason.
    Rejected,
    /// Its receives are used up: in the dead-letter queue.
    DeadLettered,
    /// Still on its way.
    Pending,
    /// Nowhere.
    Lost,
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
        let function = Process::start(&spec)?;
        let ready = function
            .wait_for("that it is ready", START, |line| {
                line.says("the function is ready")
            })
            .await?;
        self.function = Some(function);
        Ok(format!("http://127.0.0.1:{}", ready.json["fields"]["port"]))
    }

    /// Starts the connector, and waits until it says where its admin listener is.
    ///
    /// # Errors
    /// As [`Way::start`].
    pub async fn start_connector(&mut self) -> anyhow::Result<()> {
        let connector = Process::start(&self.connector_spec())?;
        connector
            .wait_for("that its admin listens", START, |line| {
                line.says("admin is listening")
            })
            .await?;
        self.connector = Some(connector);
        Ok(())
    }

    /// Stops the connector with SIGTERM; gives how it ended.
    ///
    /// # Errors
    /// When it does not run, or does not end in time.
    pub async fn stop_connector(&mut self) -> anyhow::Result<ExitStatus> {
        let mut connector = self.connector.take().context("the connector runs")?;
        let status = connector.stop(STOP).await?;
        self.past.extend(connector.lines());
        Ok(status)
    }

    /// Kills the connector with SIGKILL.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn kill_connector(&mut self) -> anyhow::Result<()> {
        let mut connector = self.connector.take().context("the connector runs")?;
        connector.kill().await?;
        self.past.extend(connector.lines());
        Ok(())
    }

    /// How the connector is started.
    pub fn connector_spec(&self) -> Spec {
        let mut spec = Spec::new("sqs-connector", self.binaries.path("sqs-connector"))
            .arg("--queue-url")
            .arg(self.queue_url())
            .env("AWS_ENDPOINT_URL", &self.urls.sqs)
            .env("AWS_DEFAULT_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "local")
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .env("gateway_url", &self.urls.gateway)
            .env(
                "secret_mount_path",
                self.folder.path().display().to_string(),
            )
            .env("rebuild_interval", "1s")
            .env("backoff_min", "1s")
            .env("backoff_max", "2s")
            .env("max_messages", "10")
            // A poll that is open ends before the connector does.
            .env("wait_time", "1s")
            .env("admin_address", "127.0.0.1")
            .env("admin_port", "0");
        spec.env.extend(self.options.connector.clone());
        spec.log_folder.clone_from(&self.options.log_folder);
        spec
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

    /// The address of the connector's admin listener.
    ///
    /// # Errors
    /// When it does not run.
    pub fn admin(&self) -> anyhow::Result<Url> {
        let connector = self.connector.as_ref().context("the connector runs")?;
        let lines = connector.lines();
        let line = lines
            .iter()
            .rev()
            .find(|line| line.says("admin is listening"));
        let addr = line.and_then(|line| line.json["fields"]["addr"].as_str());
        Ok(format!(
            "http://{}",
            addr.context("an address in its line")?
        ))
    }

    /// The lines of all parts that carry this id.
    pub fn lines_of(&self, id: &str) -> Vec<Line> {
        let parts = [
            Some(&self.stack),
            self.connector.as_ref(),
            self.function.as_ref(),
        ];
        parts
            .into_iter()
            .flatten()
            .flat_map(Process::lines)
            .chain(self.past.iter().cloned())
            .filter(|line| line.correlation_id() == Some(id))
            .collect()
    }

    /// What became of the delivery with this id.
    ///
    /// # Errors
    /// When the stack does not answer.
    pub async fn fate(&self, id: &str) -> anyhow::Result<Fate> {
        let lines = self.lines_of(id);
        let passed = |milestone| lines.iter().any(|line| line.milestone() == Some(milestone));
        let queues = self.control.queues().await?;
        let dead = find(&queues, &format!("{QUEUE}-dlq"), id);
        Ok(match dead {
            _ if passed("MESSAGE_DELETED") => Fate::Succeeded,
            // Sent there by the connector, which says so a moment later.
            Some(message) if message["attributes"]["throughline_reason"].is_string() => {
                if passed("MESSAGE_DEAD_LETTERED") {
                    Fate::Rejected
                } else {
                    Fate::Pending
                }
            }
            Some(_) => Fate::DeadLettered,
            None if find(&queues, QUEUE, id).is_some() => Fate::Pending,
            None => Fate::Lost,
        })
    }

    /// Waits until every one of these deliveries has come to an end; gives their fates.
    ///
    /// # Errors
    /// When the stack does not answer. Deliveries that are not at an end in time are given as
    /// [`Fate::Pending`].
    pub async fn settled(
        &self,
        ids: &[String],
        patience: Duration,
    ) -> anyhow::Result<BTreeMap<String, Fate>> {
        let until = tokio::time::Instant::now() + patience;
        loop {
            let mut fates = BTreeMap::new();
            for id in ids {
                fates.insert(id.clone(), self.fate(id).await?);
            }
            let open = fates
                .values()
                .any(|fate| matches!(fate, Fate::Pending | Fate::Lost));
            if !open || tokio::time::Instant::now() >= until {
                return Ok(fates);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
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

/// The message in a queue whose envelope has this id.
fn find<'a>(census: &'a Value, queue: &str, id: &str) -> Option<&'a Value> {
    let mut messages = census["queues"][queue]["messages"].as_array()?.iter();
    messages.find(|message| {
        message["body"]
            .as_str()
            .is_some_and(|body| body.contains(id))
    })
}

/// What a cluster would mount as secrets: the gateway's, and the senders' as they were recorded.
fn write_secrets(folder: &TempDir) -> anyhow::Result<()> {
    let mut secrets = vec![
        ("basic-auth-user".to_owned(), "admin".to_owned()),
        ("basic-auth-password".to_owned(), "local only".to_owned()),
    ];
    for (name, path) in [
        ("jira-webhook-secret", "jira/moved"),
        ("trello-webhook-secret", "trello/moved"),
        ("github-webhook-secret", "github/moved"),
        ("linear-webhook-secret", "linear/moved"),
        ("azure-devops-basic-auth", "azure_devops/moved"),
        ("asana-webhook-secret", "asana/moved"),
        ("generic-webhook-secret", "generic/signed"),
    ] {
        let Recorded { secret, .. } = recorded(path)?;
        secrets.push((name.to_owned(), secret.context("a recorded secret")?));
    }
    for (name, secret) in secrets {
        std::fs::write(folder.path().join(name), secret)?;
    }
    Ok(())
}
