//! What the steps of the walk share: where things lie, and with what they are done.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures_util::future::LocalBoxFuture;
use harness::{Options, Way, post_json};
use serde_json::{Value, json};

use crate::builder::Builder;
use crate::container::{Container, Given};
use crate::faas_cli::FaasCli;
use crate::run::{Ran, run};
use crate::tree::copy;

/// A step of the way, which is its name's claim. What it gives is said beside it: figures.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    name: &'static str,
    pub(crate) steps: for<'a> fn(&'a Walk) -> LocalBoxFuture<'a, anyhow::Result<String>>,
}

impl Case {
    pub(crate) const fn new(
        name: &'static str,
        steps: for<'a> fn(&'a Walk) -> LocalBoxFuture<'a, anyhow::Result<String>>,
    ) -> Self {
        Self { name, steps }
    }

    /// The sentence that is its name.
    pub fn name(&self) -> String {
        self.name.replace('_', " ")
    }

    /// Walks it.
    ///
    /// # Errors
    /// When what its name says does not hold.
    pub async fn walk(&self, walk: &Walk) -> anyhow::Result<String> {
        walk.step.replace((self.name, 0));
        (self.steps)(walk).await
    }
}

/// A walk: one author's folder, the template's repository, faas-cli and a container builder.
pub struct Walk {
    /// The repository that the template is pulled from.
    pub(crate) repository: PathBuf,
    /// The author's folder.
    pub(crate) home: PathBuf,
    pub(crate) cli: FaasCli,
    pub(crate) builder: Builder,
    logs: PathBuf,
    cache: PathBuf,
    /// The step that is walked, and how many commands it has run.
    step: RefCell<(&'static str, usize)>,
}

/// How long a line may be on its way.
const IN_TIME: Duration = Duration::from_secs(10);
/// Where cargo builds in a handler's folder, by the starter's settings.
const BUILD: &str = "build";

impl Walk {
    /// Makes the author's folder and the repository in `folder`; what commands say is kept in `logs`,
    /// and what cargo built in `cache`, which makes the next walk a shorter one and changes nothing else.
    ///
    /// # Errors
    /// When the repository can't be made.
    pub fn new(cli: FaasCli, folder: &Path, logs: &Path, cache: &Path) -> anyhow::Result<Self> {
        let walk = Self {
            repository: folder.join("repository"),
            home: folder.join("home"),
            cache: cache.to_owned(),
            builder: Builder::new(&folder.join("bin"))?,
            logs: logs.to_owned(),
            cli,
            step: RefCell::default(),
        };
        fs::create_dir_all(logs)?;
        for folder in [&walk.repository, &walk.home] {
            fs::create_dir(folder).with_context(|| folder.display().to_string())?;
        }
        walk.make_repository()?;
        Ok(walk)
    }

    /// A git repository of this checkout's files as they are now, as one would pull it.
    fn make_repository(&self) -> anyhow::Result<()> {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let mut git = Command::new("git");
        git.args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]);
        let listed = git
            .args(["template", "functions"])
            .current_dir(root)
            .output()?;
        ensure!(listed.status.success(), "git ls-files: {}", listed.status);
        for path in String::from_utf8(listed.stdout)?.split_terminator('\0') {
            // One that is deleted and not yet committed is still listed; the link is followed below.
            if root.join(path).is_file() {
                copy(&root.join(path), &self.repository.join(path), &[])?;
            }
        }
        std::os::unix::fs::symlink("../template", self.repository.join("functions/template"))?;
        let commit = "git init --quiet && git add --all && git -c user.name=author \
             -c user.email=author@example.com commit --quiet --message template";
        let mut shell = Command::new("sh");
        run(
            shell.args(["-c", commit]).current_dir(&self.repository),
            &self.log(),
        )?
        .succeeded()?;
        Ok(())
    }

    /// Lets a function's cargo go on with what it built in the last walk.
    pub(crate) fn reuse_what_cargo_built(&self, name: &str) -> anyhow::Result<()> {
        fs::create_dir_all(&self.cache)?;
        let build = self.home.join(name).join(BUILD);
        std::os::unix::fs::symlink(&self.cache, build).context("cargo's folder")
    }

    /// A file for what the next command of this step says.
    pub(crate) fn log(&self) -> PathBuf {
        let (step, command) = &mut *self.step.borrow_mut();
        *command += 1;
        self.logs.join(format!("{step}.{command}.log"))
    }

    /// Changes a file of the author's.
    pub(crate) fn edit(
        &self,
        path: &str,
        change: impl FnOnce(String) -> String,
    ) -> anyhow::Result<()> {
        let path = self.home.join(path);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let changed = change(text.clone());
        ensure!(changed != text, "nothing was changed in {}", path.display());
        Ok(fs::write(path, changed)?)
    }

    /// Writes a file of the author's.
    pub(crate) fn write(&self, path: &str, text: &str) -> anyhow::Result<()> {
        let path = self.home.join(path);
        fs::create_dir_all(path.parent().context("a folder")?)?;
        Ok(fs::write(path, text)?)
    }

    /// Runs cargo in a function's folder, as its author would: with none of our environment.
    pub(crate) fn cargo(&self, name: &str, arguments: &[&str]) -> anyhow::Result<Ran> {
        let mut command = Command::new("cargo");
        for (variable, _) in std::env::vars_os() {
            let inherited = variable.to_string_lossy();
            if inherited.starts_with("CARGO")
                || inherited.starts_with("RUST") && inherited != "RUSTUP_HOME"
            {
                command.env_remove(&variable);
            }
        }
        run(
            command.args(arguments).current_dir(self.home.join(name)),
            &self.log(),
        )
    }

    /// `faas-cli build` of a function; the build may have failed. Says how long it took.
    pub(crate) fn build(&self, name: &str) -> anyhow::Result<(Ran, String)> {
        self.build_with(name, &self.builder)
    }

    pub(crate) fn build_with(
        &self,
        name: &str,
        builder: &Builder,
    ) -> anyhow::Result<(Ran, String)> {
        let started = Instant::now();
        let ran = self.cli.build(&self.home, name, builder, &self.log())?;
        let compiled = ran.compiled().len();
        let took = started.elapsed().as_secs_f64();
        Ok((ran, format!("{compiled} crates compiled in {took:.0} s")))
    }

    /// Runs a function's image, calls it through the stack's gateway with an order, and stops it.
    /// Gives its answer, the name that its log lines have, and the most memory it had.
    pub(crate) async fn serve(&self, name: &str) -> anyhow::Result<(Value, String, u64)> {
        let image = format!("{name}:latest");
        let way = Way::start_stack(Options::default()).await?;
        // Here nobody has to learn first that it stops.
        let given = Given {
            environment: [("healthcheck_interval".to_owned(), "1s".to_owned())].into(),
            ..Given::default()
        };
        let container = Container::run(&image, given).await?;
        way.control.register(name, &container.url, "orders").await?;
        let url = format!("{}/function/{name}", way.urls.gateway);
        let answer = post_json(&url, &json!({"item": "tea", "quantity": 2})).await?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        ensure!(
            answer.status == 200,
            "{url} answered {}: {text}",
            answer.status
        );
        let id = answer
            .header("x-correlation-id")
            .context("the answer has no id")?;
        let of_it = container
            .process
            .wait_for("a line with the id", IN_TIME, |line| {
                line.correlation_id() == Some(id)
            });
        let line = of_it.await?;
        let service = line.json["service.name"].as_str();
        let service = service.with_context(|| line.text.clone())?.to_owned();
        let memory = container.assert_confined()?;
        let status = container.stop().await?;
        ensure!(
            status.code() == Some(0),
            "after SIGTERM it ended with {status}"
        );
        way.stop().await?;
        Ok((answer.json(), service, memory))
    }
}
