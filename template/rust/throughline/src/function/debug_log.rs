//! Debug lines for one request: its caller shows a secret in `X-Debug-Log`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::HeaderMap;
use subtle::ConstantTimeEq as _;

use super::settings::Problem;

/// Where OpenFaaS mounts a function's secrets.
const SECRETS: &str = "/var/openfaas/secrets";
const SETTING: &str = "debug_log_secret";
const HEADER: &str = "x-debug-log";

/// The secret with which a caller may ask for a request's debug lines.
#[derive(Clone, Default)]
pub(crate) struct DebugLog(Option<Arc<[u8]>>);

/// Where the secret of this name lies; a path is taken as it is.
pub(super) fn secret_file(name: &str) -> PathBuf {
    Path::new(SECRETS).join(name)
}

impl DebugLog {
    /// Reads the secret from its file, where one is set.
    ///
    /// # Errors
    /// When it can't be read, or is empty.
    pub(super) fn load(file: Option<&Path>) -> Result<Self, Problem> {
        let Some(file) = file else {
            return Ok(Self::default());
        };
        let problem = |reason: String| {
            let remedy = "name a secret of the function, or unset it";
            Problem::new(
                SETTING,
                &file.to_string_lossy(),
                format!("{reason}; {remedy}"),
            )
        };
        let secret =
            fs::read(file).map_err(|error| problem(format!("it can't be read: {error}")))?;
        match secret.trim_ascii() {
            [] => Err(problem("it is empty".to_owned())),
            secret => Ok(Self(Some(secret.into()))),
        }
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    /// Whether these headers show the secret. Takes it out of them, so that nobody logs it. How long
    /// the comparison takes says nothing of the secret but its length.
    pub(super) fn asked(&self, headers: &mut HeaderMap) -> bool {
        let (Some(secret), Some(shown)) = (&self.0, headers.remove(HEADER)) else {
            return false;
        };
        let fits: bool = secret.ct_eq(shown.as_bytes()).into();
        if !fits {
            tracing::warn!("X-Debug-Log does not show the secret of debug_log_secret");
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_name_or_a_path_and_must_be_there() {
        assert_eq!(
            secret_file("debug"),
            Path::new("/var/openfaas/secrets/debug")
        );
        assert_eq!(secret_file("/run/debug"), Path::new("/run/debug"));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("debug");
        let missing = DebugLog::load(Some(&file)).err().unwrap().to_string();
        assert!(missing.starts_with("debug_log_secret = \"/"), "{missing}");
        fs::write(&file, " \n").unwrap();
        let empty = DebugLog::load(Some(&file)).err().unwrap().to_string();
        assert!(empty.contains("it is empty"), "{empty}");
    }

    #[test]
    fn only_the_whole_secret_is_let_through_and_no_header_keeps_it() {
        let secret = DebugLog(Some(b"s3cret".as_slice().into()));
        for (shown, asked) in [
            ("s3cret", true),
            ("s3cre", false),
            ("s3cretx", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, shown.parse().unwrap());
            assert_eq!(secret.asked(&mut headers), asked, "{shown:?}");
            assert!(headers.is_empty());
        }
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, "".parse().unwrap());
        assert!(!DebugLog::default().asked(&mut headers), "none is set");
    }
}
