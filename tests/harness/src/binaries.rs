//! Where the binaries under test are, and that they are built.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context as _, bail, ensure};

/// The built binaries of the workspace.
#[derive(Clone, Debug)]
pub struct Binaries {
    folder: PathBuf,
}

/// The packages whose binaries are run as processes.
const PACKAGES: [&str; 4] = ["stack", "sqs-connector", "kanban-processor", "story"];

impl Binaries {
    /// Builds them, unless they are fresh, with the profile that the running program was built
    /// with, and into the same folder. Once in a process: a second call gives what the first did.
    ///
    /// # Errors
    /// When cargo fails, or the running program lies in no cargo target folder.
    pub fn build() -> anyhow::Result<Self> {
        static BUILT: OnceLock<Result<Binaries, String>> = OnceLock::new();
        BUILT
            .get_or_init(|| Self::build_now().map_err(|error| format!("{error:#}")))
            .clone()
            .map_err(anyhow::Error::msg)
    }

    fn build_now() -> anyhow::Result<Self> {
        let mut program = std::env::current_exe().context("where this program lies")?;
        program.pop();
        let in_test = program.ends_with("deps");
        if in_test {
            program.pop();
        }
        let profile = match program.file_name().and_then(|name| name.to_str()) {
            Some("debug") => "dev",
            Some(profile) => profile,
            None => bail!("{} is no cargo target folder", program.display()),
        };
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        // In a test run, what the test run builds anyway: then there is nothing left to build.
        command.args(if in_test {
            ["test", "--no-run"]
        } else {
            ["build", "--bins"]
        });
        command
            .args([
                "--quiet",
                "--profile",
                if in_test && profile == "dev" {
                    "test"
                } else {
                    profile
                },
            ])
            .current_dir(root());
        if in_test {
            command.arg("--workspace");
        } else {
            command.args(PACKAGES.iter().flat_map(|package| ["--package", package]));
        }
        let status = command.status().context("cargo could not be started")?;
        ensure!(
            status.success(),
            "the binaries could not be built: {status}"
        );
        Ok(Self { folder: program })
    }

    /// The path of a binary.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
