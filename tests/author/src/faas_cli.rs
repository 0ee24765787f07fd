//! faas-cli: the real one where it is on `PATH`, or its rules.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::builder::Builder;
use crate::rules::Rules;
use crate::run::{Ran, run};
use crate::stack_file::StackFile;

/// What lays contexts out and has images built.
#[derive(Clone, Debug)]
pub enum FaasCli {
    /// The program.
    Real(PathBuf),
    /// The rules that it goes by.
    ByItsRules,
}

/// The name that `new` gives the stack file.
const STACK_FILE: &str = "stack.yaml";

impl FaasCli {
    /// The one that is there.
    pub fn find() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let programs = std::env::split_paths(&path).map(|folder| folder.join("faas-cli"));
        programs
            .into_iter()
            .find(|program| program.is_file())
            .map_or(Self::ByItsRules, Self::Real)
    }

    /// What the real one says of its version.
    pub fn version(&self) -> Option<String> {
        let Self::Real(program) = self else {
            return None;
        };
        let output = Command::new(program).arg("version").output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = |name: &str| {
            let value = text.lines().find_map(|line| line.trim().strip_prefix(name));
            value.map_or_else(|| "?".to_owned(), |value| value.trim().to_owned())
        };
        Some(format!(
            "faas-cli {} (commit {})",
            said("version:"),
            said("commit:")
        ))
    }

    /// `template pull REPOSITORY`.
    ///
    /// # Errors
    /// When it fails.
    pub fn pull(&self, home: &Path, repository: &Path, log: &Path) -> anyhow::Result<()> {
        match self {
            Self::Real(program) => {
                let mut command = in_home(program, home);
                run(command.args(["template", "pull"]).arg(repository), log)?.succeeded()?;
                Ok(())
            }
            Self::ByItsRules => Rules(home).pull(repository),
        }
    }

    /// `new --lang rust NAME`, appended to the stack file where there is one; gives what it says.
    ///
    /// # Errors
    /// When it fails.
    pub fn new_function(&self, home: &Path, name: &str, log: &Path) -> anyhow::Result<String> {
        match self {
            Self::Real(program) => {
                let mut command = in_home(program, home);
                command.args(["new", "--lang", "rust", name]);
                if home.join(STACK_FILE).exists() {
                    command.args(["--append", STACK_FILE]);
                }
                Ok(run(&mut command, log)?.succeeded()?.text)
            }
            Self::ByItsRules => Rules(home).new_function("rust", name, STACK_FILE),
        }
    }

    /// `build --shrinkwrap` of one function; gives the context.
    ///
    /// # Errors
    /// When it fails.
    pub fn shrinkwrap(&self, home: &Path, name: &str, log: &Path) -> anyhow::Result<PathBuf> {
        match self {
            Self::Real(program) => {
                let mut command = in_home(program, home);
                command.args(["build", "--shrinkwrap", "--filter", name]);
                run(&mut command, log)?.succeeded()?;
                Ok(home.join("build").join(name))
            }
            Self::ByItsRules => Rules(home).shrinkwrap(name, &stack_file(home)?),
        }
    }

    /// `build` of one function.
    ///
    /// # Errors
    /// When it can't be started; the build itself may have failed.
    pub(crate) fn build(
        &self,
        home: &Path,
        name: &str,
        builder: &Builder,
        log: &Path,
    ) -> anyhow::Result<Ran> {
        match self {
            Self::Real(program) => {
                let mut command = builder.cut_off_or_not(program);
                private(&mut command, home);
                command.env("PATH", builder.path_with_docker()?);
                run(command.args(["build", "--filter", name]), log)
            }
            Self::ByItsRules => {
                let stack_file = stack_file(home)?;
                let context = Rules(home).shrinkwrap(name, &stack_file)?;
                let function = &stack_file.functions[name];
                let template = home
                    .join("template")
                    .join(&function.lang)
                    .join("template.yml");
                let packages = crate::Template::read(&template)?.packages(function)?;
                let mut arguments = function.build_args.clone();
                arguments.insert("ADDITIONAL_PACKAGE".to_owned(), packages);
                builder.build(&context, &function.image, &arguments, log)
            }
        }
    }
}

/// The stack file in a folder.
///
/// # Errors
/// When it can't be read.
pub(crate) fn stack_file(home: &Path) -> anyhow::Result<StackFile> {
    StackFile::read(&home.join(STACK_FILE), |name| std::env::var(name).ok())
        .context("the stack file")
}

fn in_home(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    private(&mut command, home);
    command
}

/// As at an author's: where `CI` is set, faas-cli makes folders that everybody may read.
fn private(command: &mut Command, home: &Path) {
    command.current_dir(home).env_remove("CI");
}
