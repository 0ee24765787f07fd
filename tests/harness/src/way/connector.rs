//! The connector on the way: how it is started, stopped, killed, and asked how it is.

use std::process::ExitStatus;

use anyhow::Context as _;

use super::{START, STOP, Way};
use crate::http::Url;
use crate::process::{Process, Spec};

impl Way {
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
            // Leases are to run out and be extended within a test's time.
            .env("short_visibility", "true")
            // A poll that is open ends before the connector does.
            .env("wait_time", "1s")
            .env("admin_address", "127.0.0.1")
            .env("admin_port", "0");
        spec.env.extend(self.options.connector.clone());
        spec.log_folder.clone_from(&self.options.log_folder);
        spec.keep_lines = self.options.keep_lines;
        spec
    }

    /// Runs a command of the connector's binary, such as `check`, and waits for its end; gives its
    /// exit code and what it wrote, errors after the rest.
    ///
    /// # Errors
    /// When it can't be started.
    pub async fn connector_command(&self, args: &[&str]) -> anyhow::Result<(i32, String)> {
        let spec = self.connector_spec();
        let output = tokio::process::Command::new(&spec.program)
            .args(args)
            .args(&spec.args)
            .env_clear()
            .envs(&spec.env)
            .output()
            .await
            .with_context(|| format!("{} starts", spec.name))?;
        let text = [output.stdout, output.stderr].concat();
        let code = output.status.code().context("it ends by itself")?;
        Ok((code, String::from_utf8_lossy(&text).into_owned()))
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
}
