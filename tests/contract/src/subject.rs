//! What is examined: a command that serves a function, or one that serves already.

use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;

use crate::call::{Answer, answer, send};

/// How long anything may take that is about to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// Whose process it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// A function on the SDK.
    Throughline,
    /// OpenFaaS' of-watchdog.
    Watchdog,
}

/// A command that serves the suite's handler.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Whose it is, where the two differ on purpose.
    pub kind: Kind,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Its environment, beside what a check sets. `{free}` becomes a port that is free.
    pub env: Vec<(String, String)>,
}

/// One that serves.
pub(crate) struct Running {
    pub(crate) kind: Kind,
    pub(crate) address: String,
    pub(crate) metrics_address: String,
    process: Option<(Child, TempDir)>,
}

/// One that ended: its exit code, and all that it wrote.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) said: String,
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

impl Subject {
    fn spawn(&self, env: &[(&str, &str)]) -> anyhow::Result<Running> {
        let (port, free) = (free_port()?, free_port()?);
        // The watchdog's is fixed.
        let metrics_port = match self.kind {
            Kind::Throughline => free_port()?,
            Kind::Watchdog => 8081,
        };
        let tmp = tempfile::tempdir()?;
        let said = File::create(tmp.path().join("said"))?;
        let (program, arguments) = self.command.split_first().context("an empty command")?;
        let own = self.env.iter();
        let own = own.map(|(name, value)| (name, value.replace("{free}", &free.to_string())));
        let child = Command::new(program)
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TMPDIR", tmp.path())
            .env("port", port.to_string())
            .env("metrics_port", metrics_port.to_string())
            .env("healthcheck_interval", "100ms")
            .envs(own)
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(said.try_clone()?)
            .stderr(said)
            .process_group(0)
            .spawn()
            .with_context(|| format!("{program} cannot be started"))?;
        let given = env.iter().find(|(name, _)| *name == "port");
        let port = given.map_or_else(|| port.to_string(), |(_, port)| (*port).to_owned());
        Ok(Running {
            kind: self.kind,
            address: format!("127.0.0.1:{port}"),
            metrics_address: format!("127.0.0.1:{metrics_port}"),
            process: Some((child, tmp)),
        })
    }

    /// Starts it, and waits until its handler answers.
    pub(crate) fn start(&self, env: &[(&str, &str)]) -> anyhow::Result<Running> {
        let mut running = self.spawn(env)?;
        let until = Instant::now() + PATIENCE;
        while !running
            .get("/echo")
            .is_ok_and(|answer| answer.status == 200)
        {
            if let Some(ended) = running.ended()? {
                bail!("it ended with {:?}: {}", ended.code, ended.said);
            }
            if Instant::now() > until {
                bail!("it does not answer: {}", running.said());
            }
            sleep(Duration::from_millis(20));
        }
        Ok(running)
    }

    /// Starts it, and gives how it ended; `None` where it serves.
    pub(crate) fn refuse(&self, env: &[(&str, &str)]) -> anyhow::Result<Option<Ended>> {
        let mut running = self.spawn(env)?;
        let until = Instant::now() + Duration::from_secs(3);
        while Instant::now() < until {
            if let Some(ended) = running.ended()? {
                return Ok(Some(ended));
            }
            sleep(Duration::from_millis(20));
        }
        Ok(None)
    }
}

impl Running {
    /// One that serves already, at `host:port`; its metrics are at the watchdog's port.
    pub(crate) fn at(kind: Kind, address: &str) -> Self {
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        Self {
            kind,
            address: address.to_owned(),
            metrics_address: format!("{host}:8081"),
            process: None,
        }
    }

    pub(crate) fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.call("GET", path, &[], "")
    }

    pub(crate) fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> anyhow::Result<Answer> {
        answer(self.send(method, path, headers, body)?)
    }

    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> anyhow::Result<TcpStream> {
        send(&self.address, method, path, headers, body)
    }

    pub(crate) fn metrics(&self) -> anyhow::Result<String> {
        let answer = answer(send(&self.metrics_address, "GET", "/metrics", &[], "")?)?;
        Ok(answer.body)
    }

    /// Waits until the metrics have this line.
    pub(crate) fn counts(&self, line: &str) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            let metrics = self.metrics()?;
            if metrics.lines().any(|known| known == line) {
                return Ok(());
            }
            if Instant::now() > until {
                bail!("{line:?} is not among the metrics: {metrics}");
            }
            sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn lock_file(&self) -> anyhow::Result<PathBuf> {
        let (_, tmp) = self.process.as_ref().context("it runs elsewhere")?;
        Ok(tmp.path().join(".lock"))
    }

    pub(crate) fn terminate(&self) -> anyhow::Result<()> {
        let (child, _) = self.process.as_ref().context("it runs elsewhere")?;
        Ok(kill_process(
            pid(child).context("a process id")?,
            Signal::TERM,
        )?)
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<Ended>> {
        let (child, _) = self.process.as_mut().context("it runs elsewhere")?;
        let status = child.try_wait()?;
        Ok(status.map(|status| Ended {
            code: status.code(),
            said: self.said(),
        }))
    }

    /// Waits for its end.
    pub(crate) fn end(&mut self) -> anyhow::Result<Ended> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(ended) = self.ended()? {
                return Ok(ended);
            }
            if Instant::now() > until {
                bail!("it did not end: {}", self.said());
            }
            sleep(Duration::from_millis(20));
        }
    }

    fn said(&self) -> String {
        let file = self
            .process
            .as_ref()
            .map(|(_, tmp)| tmp.path().join("said"));
        file.and_then(|file| std::fs::read_to_string(file).ok())
            .unwrap_or_default()
    }
}

fn pid(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some((child, _)) = &mut self.process {
            // Its group: a watchdog's function is a process of its own.
            if let Some(group) = pid(child) {
                let _ = kill_process_group(group, Signal::KILL);
            }
            let _ = child.wait();
        }
    }
}
