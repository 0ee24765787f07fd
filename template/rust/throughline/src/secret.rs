//! Secrets: files that OpenFaaS puts into a function.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

/// Where OpenFaaS mounts a function's secrets.
const FOLDER: &str = "/var/openfaas/secrets";
/// The variable that names another folder.
const FOLDER_VARIABLE: &str = "secrets_dir";

thread_local! {
    /// What a test gives in place of files.
    static GIVEN: RefCell<BTreeMap<String, String>> = const { RefCell::new(BTreeMap::new()) };
}

/// A value that is not to be shown: its `Debug` form does not tell it, and it has no other.
///
/// ```
/// use throughline::Secret;
///
/// let token = Secret::new("s3cret");
/// assert_eq!(format!("{token:?}"), "Secret(redacted)");
/// assert_eq!(token.expose(), "s3cret");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a value as a secret.
    ///
    /// ```
    /// let token = throughline::Secret::new("s3cret");
    /// assert_eq!(token, throughline::Secret::new(String::from("s3cret")));
    /// ```
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself.
    ///
    /// ```
    /// let token = throughline::Secret::new("s3cret");
    /// assert_eq!(format!("Bearer {}", token.expose()), "Bearer s3cret");
    /// ```
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

/// What serde calls the struct that is a secret.
pub(crate) const SECRET: &str = "throughline::Secret";

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Hidden;
        impl<'de> Visitor<'de> for Hidden {
            type Value = Secret;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a secret's text")
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                text: D,
            ) -> Result<Secret, D::Error> {
                String::deserialize(text).map(Secret::new)
            }
        }
        deserializer.deserialize_newtype_struct(SECRET, Hidden)
    }
}

/// Why a secret can't be had. Never tells what is in it.
///
/// ```
/// let error = throughline::secret("../etc/passwd").unwrap_err();
/// assert!(matches!(error, throughline::SecretError::Name(_)));
/// ```
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The name could lead out of the folder.
    #[error("{0:?} is no name of a secret: it is made of A-Z a-z 0-9 - _ .")]
    Name(String),
    /// It is not there.
    #[error(
        "the secret {name} is not there: {path} does not exist; list it under `secrets` of the function in stack.yaml"
    )]
    Missing {
        /// Its name.
        name: String,
        /// Where it should lie.
        path: String,
    },
    /// Its file can't be read.
    #[error("the secret {path} can't be read")]
    Read {
        /// Where it lies.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// What is in the file is no text, or nothing.
    #[error("the secret {path} {problem}")]
    Content {
        /// Where it lies.
        path: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// Reads the secret of this name: the file in `/var/openfaas/secrets`, without the line break at
/// its end. The variable `secrets_dir` names another folder.
///
/// The file is read each time, so that a secret that was rotated is the new one from then on.
///
/// ```no_run
/// let token = throughline::secret("graphql-token")?;
/// # Ok::<(), throughline::SecretError>(())
/// ```
///
/// # Errors
/// When it is not there, can't be read, is empty, or is no text.
pub fn secret(name: &str) -> Result<Secret, SecretError> {
    check(name)?;
    if let Some(value) = GIVEN.with_borrow(|given| given.get(name).cloned()) {
        return Ok(Secret(value));
    }
    read(&folder(), name)
}

fn folder() -> PathBuf {
    std::env::var_os(FOLDER_VARIABLE)
        .filter(|folder| !folder.is_empty())
        .map_or_else(|| FOLDER.into(), PathBuf::from)
}

fn check(name: &str) -> Result<(), SecretError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        return Err(SecretError::Name(name.to_owned()));
    }
    Ok(())
}

fn read(folder: &Path, name: &str) -> Result<Secret, SecretError> {
    let path = folder.join(name);
    let shown = path.display().to_string();
    let bytes = fs::read(&path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => SecretError::Missing {
            name: name.to_owned(),
            path: shown.clone(),
        },
        _ => SecretError::Read {
            path: shown.clone(),
            source,
        },
    })?;
    let problem = |problem| SecretError::Content {
        path: shown.clone(),
        problem,
    };
    let text = String::from_utf8(bytes).map_err(|_| problem("is not UTF-8 text"))?;
    let value = text.trim_end_matches(['\r', '\n']);
    if value.trim().is_empty() {
        return Err(problem("is empty"));
    }
    Ok(Secret::new(value))
}

/// Gives secrets to what this thread reads, until the guard is dropped.
#[cfg(feature = "function")]
pub(crate) fn give(secrets: BTreeMap<String, String>) -> Given {
    Given(GIVEN.replace(secrets))
}

/// What was given before; put back when dropped.
#[cfg(feature = "function")]
pub(crate) struct Given(BTreeMap<String, String>);

#[cfg(feature = "function")]
impl Drop for Given {
    fn drop(&mut self) {
        GIVEN.set(std::mem::take(&mut self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_its_file_without_the_line_break_and_read_anew_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("graphql-token");
        fs::write(&file, "one \r\n").unwrap();
        assert_eq!(
            read(folder.path(), "graphql-token").unwrap().expose(),
            "one "
        );
        fs::write(&file, "two").unwrap();
        assert_eq!(
            read(folder.path(), "graphql-token").unwrap().expose(),
            "two"
        );
    }

    #[test]
    fn what_is_wrong_with_a_secret_is_told_and_never_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("empty"), " \n").unwrap();
        fs::write(folder.path().join("binary"), b"hunter2\xff").unwrap();
        fs::create_dir(folder.path().join("folder")).unwrap();
        for (name, told) in [
            ("missing", "list it under `secrets`"),
            ("empty", "is empty"),
            ("binary", "is not UTF-8"),
            ("folder", "can't be read"),
        ] {
            let error = read(folder.path(), name).unwrap_err().to_string();
            assert!(error.contains(told) && error.contains(name), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_name_never_leads_out_of_the_folder() {
        for name in ["", ".", "..", "../etc/passwd", "/etc/passwd", "a/b", "a\0"] {
            let error = secret(name).unwrap_err();
            assert!(matches!(error, SecretError::Name(_)), "{error}");
        }
    }
}
