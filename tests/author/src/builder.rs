//! The container builder: what `docker build` and `docker run` would do, done by podman.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::run::{Ran, run};

/// podman, with or without a network while it builds.
#[derive(Clone, Debug)]
pub struct Builder {
    folder: PathBuf,
    offline: bool,
}

impl Builder {
    /// A builder that keeps what it needs in `folder`: a `docker` for faas-cli.
    ///
    /// # Errors
    /// When the folder can't be written.
    pub fn new(folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let docker = folder.join("docker");
        std::fs::write(&docker, "#!/bin/sh\nexec podman \"$@\"\n")?;
        std::fs::set_permissions(&docker, std::fs::Permissions::from_mode(0o755))?;
        Ok(Self {
            folder: folder.to_owned(),
            offline: false,
        })
    }

    /// The same, with no network at all.
    #[must_use]
    pub fn offline(&self) -> Self {
        Self {
            offline: true,
            ..self.clone()
        }
    }

    /// `PATH`, with a `docker` at its front.
    ///
    /// # Errors
    /// When the folder's name can't stand in it.
    pub fn path_with_docker(&self) -> anyhow::Result<OsString> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.folder.clone()).chain(std::env::split_paths(&path));
        Ok(std::env::join_paths(folders)?)
    }

    /// A command for `program`; offline it finds itself on a machine without a single interface.
    pub(crate) fn cut_off_or_not(&self, program: &Path) -> Command {
        if self.offline {
            let mut command = Command::new("unshare");
            command.arg("--net").arg(program);
            command
        } else {
            Command::new(program)
        }
    }

    /// `docker build` of a context.
    ///
    /// # Errors
    /// When it can't be started; the build itself may have failed.
    pub(crate) fn build(
        &self,
        context: &Path,
        image: &str,
        arguments: &BTreeMap<String, String>,
        log: &Path,
    ) -> anyhow::Result<Ran> {
        let mut command = self.cut_off_or_not(Path::new("podman"));
        command.arg("build").current_dir(context);
        for (name, value) in arguments {
            command.arg("--build-arg").arg(format!("{name}={value}"));
        }
        run(command.args(["--tag", image, "."]), log)
    }

    /// What the builder knows of an image.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn inspect(&self, image: &str) -> anyhow::Result<Value> {
        let text = podman(&["image", "inspect", image])?;
        let images: Vec<Value> = serde_json::from_str(&text)?;
        images
            .into_iter()
            .next()
            .with_context(|| format!("no image {image}"))
    }

    /// The paths in an image.
    ///
    /// # Errors
    /// When there is no such image.
    pub fn paths(image: &str) -> anyhow::Result<Vec<PathBuf>> {
        let mounted = podman(&["image", "mount", image])?;
        let listed = list(Path::new(mounted.trim()));
        podman(&["image", "unmount", image])?;
        listed
    }

    /// How many bytes of a context arrive at the builder: what `.dockerignore` leaves.
    ///
    /// # Errors
    /// When the builder refuses.
    pub fn context_bytes(&self, context: &Path, log: &Path) -> anyhow::Result<u64> {
        let all = self.folder.join("all.Dockerfile");
        std::fs::write(&all, "FROM scratch\nCOPY . /\n")?;
        let mut command = Command::new("podman");
        command.args(["build", "--no-cache", "--tag", "context", "--file"]);
        run(command.arg(&all).arg(context), log)?.succeeded()?;
        let size = self.inspect("context")?["Size"].as_u64();
        podman(&["image", "rm", "context"])?;
        size.context("the size of the context")
    }
}

/// podman's answer.
///
/// # Errors
/// When it fails.
pub(crate) fn podman(arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("podman")
        .args(arguments)
        .output()
        .context("podman could not be started")?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "podman {}: {complaint}",
        arguments.join(" ")
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// Everything below a folder, sorted; links are not followed.
fn list(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        for entry in std::fs::read_dir(&path)? {
            let entry = entry?;
            found.push(entry.path().strip_prefix(folder)?.to_owned());
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}
