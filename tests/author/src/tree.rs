//! A folder as a whole: copied as faas-cli copies, and compared.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Copies a file, or a folder's content with its dotfiles, but for the entries at its top that are
/// named in `but`. Links are followed and modes kept, as faas-cli does.
///
/// # Errors
/// When something can't be read or written.
pub fn copy(from: &Path, to: &Path, but: &[&str]) -> anyhow::Result<()> {
    let told = || format!("{} to {}", from.display(), to.display());
    let found = fs::metadata(from).with_context(told)?;
    if !found.is_dir() {
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).with_context(told)?;
        }
        return fs::copy(from, to).map(drop).with_context(told);
    }
    if !to.exists() {
        fs::create_dir_all(to).with_context(told)?;
        fs::set_permissions(to, found.permissions()).with_context(told)?;
    }
    for entry in fs::read_dir(from).with_context(told)? {
        let name = entry.with_context(told)?.file_name();
        if !but.iter().any(|skipped| name == *skipped) {
            copy(&from.join(&name), &to.join(&name), &[])?;
        }
    }
    Ok(())
}

/// What lies in a folder: each path in it, with its mode, and its content where it is a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Tree(BTreeMap<PathBuf, (u32, Option<Vec<u8>>)>);

impl Tree {
    /// Reads it whole.
    ///
    /// # Errors
    /// When something in it can't be read.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let mut found = BTreeMap::new();
        let mut open = vec![folder.to_owned()];
        while let Some(path) = open.pop() {
            let told = || path.display().to_string();
            let metadata = fs::metadata(&path).with_context(told)?;
            let content = if metadata.is_dir() {
                for entry in fs::read_dir(&path).with_context(told)? {
                    open.push(entry.with_context(told)?.path());
                }
                None
            } else {
                Some(fs::read(&path).with_context(told)?)
            };
            let mode = metadata.permissions().mode() & 0o7777;
            found.insert(path.strip_prefix(folder)?.to_owned(), (mode, content));
        }
        Ok(Self(found))
    }

    /// The paths in it.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(PathBuf::as_path)
    }

    /// Leaves out what `path` leads to, and what is below.
    #[must_use]
    pub fn without(mut self, path: &str) -> Self {
        self.0.retain(|found, _| !found.starts_with(path));
        self
    }

    /// How another differs from it, a line for each path.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let paths: std::collections::BTreeSet<_> = self.0.keys().chain(other.0.keys()).collect();
        let mut differences = Vec::new();
        for path in paths {
            let what = match (self.0.get(path), other.0.get(path)) {
                (Some(_), None) => "is missing".to_owned(),
                (None, Some(_)) => "is too much".to_owned(),
                (Some((one, _)), Some((two, _))) if one != two => {
                    format!("has mode {two:o} instead of {one:o}")
                }
                (one, two) if one != two => "has another content".to_owned(),
                _ => continue,
            };
            differences.push(format!("{} {what}", path.display()));
        }
        differences
    }
}
