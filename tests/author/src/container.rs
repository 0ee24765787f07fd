//! A function's image at work, with no more rights than it needs.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use harness::{Process, Spec};

use crate::builder::podman;

/// Longer than anything here takes to start or to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running container. Dropping it removes it.
pub(crate) struct Container {
    name: String,
    /// Its output, and how it ended.
    pub(crate) process: Process,
    /// Where it listens.
    pub(crate) url: String,
}

/// What a container is given.
#[derive(Default)]
pub(crate) struct Given<'a> {
    /// Its environment.
    pub(crate) environment: BTreeMap<String, String>,
    /// The folder of its secrets.
    pub(crate) secrets: Option<&'a Path>,
    /// Whether it reaches what listens on this machine.
    pub(crate) host_network: bool,
}

impl Container {
    /// Runs an image: its own user, a read-only root, no capability, 64 MB.
    pub(crate) async fn run(image: &str, given: Given<'_>) -> anyhow::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let name = format!("author-{}-{port}", std::process::id());
        let mut spec = Spec::new(image, "/usr/bin/podman".into());
        let hardened = "run --rm --read-only --tmpfs /tmp:rw,mode=1777 --cap-drop ALL \
             --security-opt no-new-privileges --memory 64m";
        spec.args
            .extend(hardened.split_whitespace().map(Into::into));
        spec = spec.arg("--name").arg(&name);
        let mut environment = given.environment;
        if given.host_network {
            spec = spec.arg("--network=host");
            environment.insert("port".to_owned(), port.to_string());
        } else {
            spec = spec.arg(format!("--publish=127.0.0.1:{port}:8080"));
        }
        for (name, value) in &environment {
            spec = spec.arg(format!("--env={name}={value}"));
        }
        if let Some(secrets) = given.secrets {
            spec = spec.arg(format!(
                "--volume={}:/var/openfaas/secrets:ro",
                secrets.display()
            ));
        }
        for variable in ["CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF"] {
            if let Ok(value) = std::env::var(variable) {
                spec = spec.env(variable, value);
            }
        }
        let container = Self {
            name,
            process: Process::start(&spec.arg(image))?,
            url: format!("http://127.0.0.1:{port}"),
        };
        let ready = container
            .process
            .wait_for("that it is ready", PATIENCE, |line| {
                line.says("the function is ready")
            });
        ready.await?;
        Ok(container)
    }

    /// What the kernel says of its first process: nobody's user, no capability, no way to gain one,
    /// a root that is read-only. Gives the most memory that it had, in bytes.
    pub(crate) fn assert_confined(&self) -> anyhow::Result<u64> {
        let inspected = podman(&[
            "inspect",
            "--format",
            "{{.State.Pid}} {{.HostConfig.Memory}}",
            &self.name,
        ])?;
        let (pid, memory) = inspected.trim().split_once(' ').context("pid and memory")?;
        ensure!(
            memory == "67108864",
            "the limit of its memory is {memory} bytes"
        );
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let says = |name: &str| {
            let value = status
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            value
                .map(str::trim)
                .with_context(|| format!("{name} in its status"))
        };
        ensure!(
            says("Uid")?.split_whitespace().all(|id| id == "65532"),
            "Uid: {}",
            says("Uid")?
        );
        ensure!(
            says("Gid")?.split_whitespace().all(|id| id == "65532"),
            "Gid: {}",
            says("Gid")?
        );
        for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
            ensure!(
                says(set)?.bytes().all(|digit| digit == b'0'),
                "{set}: {}",
                says(set)?
            );
        }
        ensure!(says("NoNewPrivs")? == "1", "it may gain rights");
        let mounts = std::fs::read_to_string(format!("/proc/{pid}/mountinfo"))?;
        let root = mounts
            .lines()
            .find(|line| line.split(' ').nth(4) == Some("/"));
        let options = root
            .and_then(|line| line.split(' ').nth(5))
            .context("the mount of its root")?;
        ensure!(
            options.split(',').any(|option| option == "ro"),
            "its root is mounted {options}"
        );
        let peak = says("VmHWM")?.split(' ').next().context("a number")?;
        Ok(peak.parse::<u64>()? * 1024)
    }

    /// SIGTERM to its first process, as a kubelet sends it; gives how it ended.
    pub(crate) async fn stop(mut self) -> anyhow::Result<ExitStatus> {
        podman(&["kill", "--signal", "TERM", &self.name])?;
        self.process.ended(PATIENCE).await
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // One that has ended is gone already.
        let _ = podman(&["rm", "--force", "--time", "0", &self.name]);
    }
}
