//! What faas-cli does with a template, by its rules: read in its source (0.18), and held against the
//! real one by the walk.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::stack_file::{Function, StackFile, Template};
use crate::tree::copy;

/// faas-cli, by its rules, in a folder where functions are kept.
#[derive(Debug)]
pub struct Rules<'a>(pub &'a Path);

/// Folders that it makes are nobody else's.
const PRIVATE: u32 = 0o700;

impl Rules<'_> {
    /// `faas-cli template pull REPOSITORY`: the templates in a git repository.
    ///
    /// # Errors
    /// When it can't be cloned, or has none.
    pub fn pull(&self, repository: &Path) -> anyhow::Result<()> {
        let cloned = self.0.join(".pulled");
        let status = Command::new("git")
            .args(["clone", "--quiet", "--depth=1"])
            .arg(format!("file://{}", repository.display()))
            .arg(&cloned)
            .status()
            .context("git could not be started")?;
        ensure!(
            status.success(),
            "git clone of {}: {status}",
            repository.display()
        );
        copy(&cloned.join("template"), &self.0.join("template"), &[])?;
        fs::remove_dir_all(&cloned)?;
        for template in fs::read_dir(self.0.join("template"))? {
            fs::write(template?.path().join("meta.json"), "{}")?;
        }
        Ok(())
    }

    /// `faas-cli new --lang LANG NAME`, with `--append FILE` where the file is there already; gives
    /// what it says at its end.
    ///
    /// # Errors
    /// When the function is there already, or the template is not.
    pub fn new_function(&self, lang: &str, name: &str, stack_file: &str) -> anyhow::Result<String> {
        let template = self.0.join("template").join(lang);
        let read = Template::read(&template.join("template.yml"))?;
        let handler = self.0.join(name);
        fs::create_dir(&handler).with_context(|| handler.display().to_string())?;
        fs::set_permissions(&handler, Permissions::from_mode(PRIVATE))?;
        self.ignore_what_is_made()?;
        copy(&template.join(&read.handler_folder), &handler, &[])?;
        let path = self.0.join(stack_file);
        let head = "version: 1.0\nprovider:\n  name: openfaas\n  gateway: http://127.0.0.1:8080\nfunctions:\n";
        let text = fs::read_to_string(&path).unwrap_or_else(|_| head.to_owned());
        let entry = format!(
            "  {name}:\n    lang: {lang}\n    handler: ./{name}\n    image: {name}:latest\n\n"
        );
        fs::write(&path, text + &entry)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(read.welcome_message)
    }

    fn ignore_what_is_made(&self) -> anyhow::Result<()> {
        let path = self.0.join(".gitignore");
        let text = fs::read_to_string(&path).unwrap_or_default();
        let mut lines: Vec<_> = text.split('\n').collect();
        for made in ["template", "build", ".secrets"] {
            if !lines.contains(&made) {
                lines.push(made);
            }
        }
        fs::write(path, lines.join("\n").trim_matches('\n').to_owned() + "\n")?;
        Ok(())
    }

    /// `faas-cli build --shrinkwrap` of one function; gives the image's context.
    ///
    /// # Errors
    /// As [`lay_out`].
    pub fn shrinkwrap(&self, name: &str, stack_file: &StackFile) -> anyhow::Result<PathBuf> {
        let function = stack_file.functions.get(name);
        let function =
            function.with_context(|| format!("no function {name:?} in the stack file"))?;
        let context = self.0.join("build").join(name);
        lay_out(self.0, function, &stack_file.configuration.copy, &context)?;
        Ok(context)
    }
}

/// Lays out the context of a function's image: all of the template, over it the handler's folder but
/// for what is called `build` or `template` at its top, and in there the paths to copy. A file of the
/// starter that the handler's folder no longer has is therefore there again.
///
/// # Errors
/// When something is missing, or a path to copy leads out of the folder.
pub fn lay_out(
    home: &Path,
    function: &Function,
    extra: &[String],
    context: &Path,
) -> anyhow::Result<()> {
    if context.exists() {
        fs::remove_dir_all(context)?;
    }
    let template = home.join("template").join(&function.lang);
    let handler = context.join(Template::read(&template.join("template.yml"))?.handler_folder);
    for folder in [context.parent().unwrap_or(context), context, &handler] {
        if !folder.exists() {
            fs::create_dir_all(folder)?;
            fs::set_permissions(folder, Permissions::from_mode(PRIVATE))?;
        }
    }
    copy(&template, context, &[])?;
    copy(
        &home.join(&function.handler),
        &handler,
        &["build", "template"],
    )?;
    for path in extra {
        let inside = Path::new(path).components().all(|part| {
            matches!(
                part,
                std::path::Component::Normal(_) | std::path::Component::CurDir
            )
        });
        ensure!(
            inside,
            "configuration.copy = {path:?}: it leads out of the folder of the stack file"
        );
        copy(&home.join(path), &handler.join(path), &[])?;
    }
    Ok(())
}
