//! Debug lines for one request: its caller shows a secret in `X-Debug-Log`.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use subtle::ConstantTimeEq as _;
use tokio::time::Instant;

use super::settings::Problem;

/// Where OpenFaaS mounts a function's secrets.
const SECRETS: &str = "/var/openfaas/secrets";
const SETTING: &str = "debug_log_secret";
const HEADER: &str = "x-debug-log";
/// How often a wrong secret is told: who guesses must not be able to fill the log.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// The secret with which a caller may ask for a request's debug lines.
#[derive(Clone, Default)]
pub(crate) struct DebugLog(Option<Arc<Guarded>>);

struct Guarded {
    secret: Box<[u8]>,
    refusals: Mutex<Refusals>,
}

/// Wrong secrets, counted from one line about them to the next.
#[derive(Default)]
struct Refusals {
    told: Option<Instant>,
    since: u64,
}

impl Refusals {
    /// Counts one more. Gives how many there were since the last line, where another is due.
    fn count(&mut self, now: Instant) -> Option<u64> {
        self.since += 1;
        let due = self.told.is_none_or(|told| now - told >= TOLD_EVERY);
        due.then(|| {
            self.told = Some(now);
            std::mem::take(&mut self.since)
        })
    }
}

impl DebugLog {
    /// Reads the secret that `debug_log_secret` names: one of the function's secrets, or a path.
    /// Where it is not set, nobody may ask.
    ///
    /// # Errors
    /// When it can't be read, or is empty.
    pub(super) fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, Problem> {
        let Some(name) = lookup(SETTING).filter(|name| !name.trim().is_empty()) else {
            return Ok(Self::default());
        };
        let file = Path::new(SECRETS).join(name.trim());
        let problem = |reason: String| {
            let remedy = "name a secret of the function, or unset it";
            Problem::new(
                SETTING,
                &file.to_string_lossy(),
                format!("{reason}; {remedy}"),
            )
        };
        let secret =
            fs::read(&file).map_err(|error| problem(format!("it can't be read: {error}")))?;
        match secret.trim_ascii() {
            [] => Err(problem("it is empty".to_owned())),
            secret => Ok(Self::of(secret)),
        }
    }

    fn of(secret: &[u8]) -> Self {
        Self(Some(Arc::new(Guarded {
            secret: secret.into(),
            refusals: Mutex::default(),
        })))
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    /// Whether these headers show the secret. Takes it out of them, so that nobody logs it. How long
    /// the comparison takes says nothing of the secret but its length.
    pub(super) fn asked(&self, headers: &mut HeaderMap) -> bool {
        let (Some(guarded), Some(shown)) = (&self.0, headers.remove(HEADER)) else {
            return false;
        };
        let fits: bool = guarded.secret.ct_eq(shown.as_bytes()).into();
        if !fits && let Some(refused) = guarded.refused() {
            tracing::warn!(
                refused,
                "X-Debug-Log does not show the secret of debug_log_secret: {refused} requests since this was last said, at most once a minute"
            );
        }
        fits
    }
}

impl Guarded {
    fn refused(&self) -> Option<u64> {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.count(Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_name_or_a_path_and_must_be_there() {
        let read = |name: &str| DebugLog::read(&|_| Some(name.to_owned()));
        let refused = |name: &str| read(name).err().unwrap().to_string();
        let missing = refused("no-such");
        let start = "debug_log_secret = \"/var/openfaas/secrets/no-such\": it can't be read";
        assert!(missing.starts_with(start), "{missing}");
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        assert!(refused(path).contains("it is empty"));
        fs::write(path, "secret\n").unwrap();
        assert!(read(path).unwrap().is_set());
        assert!(!read(" ").unwrap().is_set());
    }

    #[test]
    fn only_the_whole_secret_is_let_through_and_no_header_keeps_it() {
        let secret = DebugLog::of(b"s3cret");
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

    #[test]
    fn wrong_secrets_are_told_once_a_minute_with_their_number() {
        let mut refusals = Refusals::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(refusals.count(at(0)), Some(1), "the first at once");
        for second in 1..60 {
            assert_eq!(refusals.count(at(second)), None);
        }
        assert_eq!(refusals.count(at(60)), Some(60));
        assert_eq!(refusals.count(at(119)), None);
        assert_eq!(refusals.count(at(999)), Some(2));
    }
}
