//! A function that runs as a process of its own, on a free port, with its log lines kept.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take that is about to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// Every program that a test here starts.
const EXAMPLES: [&str; 8] = [
    "batch",
    "echo",
    "every_way_out",
    "fan_out",
    "graphql",
    "once",
    "streaming",
    "typed_json",
];

/// A running function. Killed when dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) port: u16,
    pub(crate) metrics_port: u16,
    lines: Arc<Mutex<Vec<Value>>>,
    tmp: TempDir,
}

/// What a function that did not start leaves.
pub(crate) struct Failed {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// An example of this crate, as a command in an empty environment but for `env`.
fn command(example: &str, env: &[(&str, &str)], tmp: &TempDir) -> Command {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let mut command = Command::new(BUILT.get_or_init(examples).join(example));
    command
        .env_clear()
        .env("port", "0")
        .env("TMPDIR", tmp.path())
        .env("metrics_port", "0")
        .env("healthcheck_interval", "0")
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Where the examples lie. `cargo test` has built them, but `cargo test --test main` has not: then
/// they are missing, or older than what they are made of, and are built here.
fn examples() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it lies");
    let target = test.ancestors().nth(2).expect("a test lies in deps/");
    let built = target.join("examples");
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let newest = ["src", "examples"].map(|folder| newest_in(&package.join(folder)));
    let newest = newest.into_iter().max().expect("there are two folders");
    let fresh = EXAMPLES.iter().all(|example| {
        let metadata = built.join(example).metadata();
        metadata
            .and_then(|found| found.modified())
            .is_ok_and(|time| time >= newest)
    });
    if !fresh {
        let build = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--examples", "--package", "throughline"])
            .args(target.ends_with("release").then_some("--release"))
            .arg("--target-dir")
            .arg(target.parent().expect("a profile lies in a target folder"))
            .current_dir(package)
            .status()
            .expect("cargo runs");
        assert!(build.success(), "the examples do not build: {build}");
    }
    built
}

/// When the latest change in a folder was made.
fn newest_in(folder: &Path) -> SystemTime {
    let entries = folder.read_dir().expect("a folder of this crate");
    let times = entries.map(|entry| {
        let path = entry.expect("an entry of a folder").path();
        if path.is_dir() {
            newest_in(&path)
        } else {
            let changed = path.metadata().and_then(|found| found.modified());
            changed.expect("files here have a time")
        }
    });
    times.max().unwrap_or(SystemTime::UNIX_EPOCH)
}

impl Process {
    /// Starts an example and waits until it serves.
    pub(crate) fn start(example: &str, env: &[(&str, &str)]) -> Self {
        let (mut process, stdout) = Self::start_unread(example, env);
        process.read(stdout);
        process
    }

    /// Starts an example, reads its lines until it serves, and none after that.
    pub(crate) fn start_unread(
        example: &str,
        env: &[(&str, &str)],
    ) -> (Self, BufReader<ChildStdout>) {
        let (mut process, mut stdout) = Self::spawn(example, env);
        let mut first = String::new();
        loop {
            first.clear();
            let read = stdout.read_line(&mut first).expect("its output is text");
            assert!(read > 0, "{example} ended: {:?}", process.child.wait());
            let line: Value = serde_json::from_str(&first).expect("a line is JSON");
            if line["message"] == "the function is ready" {
                let port = line["fields"]["port"].as_u64().expect("a port");
                process.port = u16::try_from(port).expect("a port");
                let port = line["fields"]["metrics_port"].as_u64().expect("a port");
                process.metrics_port = u16::try_from(port).expect("a port");
                return (process, stdout);
            }
        }
    }

    /// Starts an example whose log does not tell its port, on one that was free a moment ago.
    pub(crate) async fn start_quiet(example: &str, env: &[(&str, &str)]) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("a bound address").port();
        drop(free);
        let port_text = port.to_string();
        let env = [env, &[("port", port_text.as_str())]].concat();
        let (mut process, stdout) = Self::spawn(example, &env);
        process.port = port;
        process.read(stdout);
        let until = Instant::now() + PATIENCE;
        while !process.lock_file().exists() {
            assert!(Instant::now() < until, "{example} did not start");
            pause().await;
        }
        process
    }

    fn spawn(example: &str, env: &[(&str, &str)]) -> (Self, BufReader<ChildStdout>) {
        let tmp = tempfile::tempdir().expect("a directory of its own");
        let mut child = command(example, env, &tmp).spawn().expect("it starts");
        let stdout = child.stdout.take().expect("its output is a pipe");
        let process = Self {
            child,
            port: 0,
            metrics_port: 0,
            lines: Arc::default(),
            tmp,
        };
        (process, BufReader::new(stdout))
    }

    /// Reads the lines from now on.
    pub(crate) fn read(&mut self, stdout: BufReader<ChildStdout>) {
        let lines = Arc::clone(&self.lines);
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                lines.lock().unwrap().push(line);
            }
        });
    }

    /// Runs an example that is expected not to start.
    pub(crate) fn fail(example: &str, env: &[(&str, &str)]) -> Failed {
        let tmp = tempfile::tempdir().expect("a directory of its own");
        let output = command(example, env, &tmp).output().expect("it starts");
        Failed {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("its output is text"),
            stderr: String::from_utf8(output.stderr).expect("its output is text"),
        }
    }

    /// The lines so far.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.lines.lock().unwrap().clone()
    }

    /// Waits for a line whose message contains this, and gives it.
    pub(crate) async fn line(&self, message: &str) -> Value {
        self.line_where(|line| {
            line["message"]
                .as_str()
                .is_some_and(|m| m.contains(message))
        })
        .await
    }

    /// Waits for a line that fits, and gives the first that does.
    pub(crate) async fn line_where(&self, fits: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.lines().into_iter().find(&fits) {
                Some(line) => return line,
                None if Instant::now() < until => pause().await,
                None => panic!("the line waited for did not come: {:#?}", self.lines()),
            }
        }
    }

    /// What it counts, as text.
    pub(crate) async fn metrics(&self) -> String {
        let answer = crate::call::get("/metrics").to(self.metrics_port).await;
        assert_eq!(answer.status, 200);
        answer.body
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The file that says it is up.
    pub(crate) fn lock_file(&self) -> PathBuf {
        self.tmp.path().join(".lock")
    }

    /// Sends a signal, by name.
    pub(crate) fn signal(&self, name: &str) {
        let kill = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()
            .expect("there is a kill");
        assert!(kill.success(), "kill -{name} failed: {kill}");
    }

    /// Waits for its end; gives how it ended, and what it wrote to standard error.
    pub(crate) async fn end(&mut self) -> (ExitStatus, String) {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                let mut stderr = String::new();
                if let Some(mut pipe) = self.child.stderr.take() {
                    pipe.read_to_string(&mut stderr).expect("it is text");
                }
                return (status, stderr);
            }
            assert!(
                Instant::now() < until,
                "it did not end: {:#?}",
                self.lines()
            );
            pause().await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Between two looks at a condition.
pub(crate) async fn pause() {
    tokio::time::sleep(Duration::from_millis(10)).await;
}
