//! The functions that the gateway knows, and what was seen of their calls.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use http::Uri;
use serde::{Deserialize, Deserializer};
use tokio::sync::watch;

use super::stats::Stats;

/// Where functions live unless a name says otherwise.
pub const DEFAULT_NAMESPACE: &str = "openfaas-fn";

type Texts = BTreeMap<String, String>;

/// A function, registered by the URL that its process listens on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// `http://host:port`, without a path.
    pub url: String,
    /// Its namespace.
    #[serde(default = "default_namespace")]
    pub namespace: String,
    /// Its annotations. Left out they are missing from the listing, and `null` is listed as
    /// `null`: the real gateway does both.
    #[serde(default, deserialize_with = "present")]
    pub annotations: Option<Option<Texts>>,
    /// Its labels, as its annotations.
    #[serde(default, deserialize_with = "present")]
    pub labels: Option<Option<Texts>>,
    /// How many replicas are available. With 0 a call waits for one to come.
    #[serde(default = "one")]
    pub replicas: u64,
    /// How many calls run at once before the next is answered 429; 0 is without a limit.
    #[serde(default)]
    pub max_inflight: usize,
    /// Seconds, sent as `Retry-After` with that 429.
    #[serde(default)]
    pub retry_after: Option<u64>,
}

fn default_namespace() -> String {
    DEFAULT_NAMESPACE.to_owned()
}

fn one() -> u64 {
    1
}

fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<Texts>>, D::Error> {
    Option::deserialize(value).map(Some)
}

impl Registration {
    /// One replica at `url`, in the default namespace, subscribed to `topic`.
    pub fn subscribed(url: impl Into<String>, topic: &str) -> Self {
        Self {
            url: url.into(),
            namespace: default_namespace(),
            annotations: Some(Some([("topic".to_owned(), topic.to_owned())].into())),
            labels: None,
            replicas: 1,
            max_inflight: 0,
            retry_after: None,
        }
    }
}

/// Why a function can't be registered.
#[derive(Debug, thiserror::Error)]
pub enum InvalidRegistration {
    /// Its name could not be called.
    #[error(
        "name = {0:?}: a function's name has 1 to 63 of a-z A-Z 0-9 - _; give the namespace apart"
    )]
    Name(String),
    /// Its namespace could not be called.
    #[error("namespace = {0:?}: a namespace has 1 to 63 of a-z A-Z 0-9 - _")]
    Namespace(String),
    /// Its URL is not one that the gateway can call.
    #[error("url = {0:?}: give http://host:port, without a path")]
    Url(String),
}

pub(super) struct Function {
    pub(super) name: String,
    pub(super) registration: Registration,
    pub(super) created_at: String,
    /// Replicas asked for; what is available is the registration's to say.
    pub(super) desired: AtomicU64,
    pub(super) stats: Arc<Stats>,
    authority: String,
}

impl Function {
    fn new(name: &str, registration: Registration) -> Result<Self, InvalidRegistration> {
        if !is_label(name) {
            return Err(InvalidRegistration::Name(name.to_owned()));
        }
        if !is_label(&registration.namespace) {
            return Err(InvalidRegistration::Namespace(registration.namespace));
        }
        let Some(authority) = authority(&registration.url) else {
            return Err(InvalidRegistration::Url(registration.url));
        };
        Ok(Self {
            name: name.to_owned(),
            created_at: jiff::Timestamp::now().to_string(),
            desired: AtomicU64::new(registration.replicas),
            stats: Arc::default(),
            authority,
            registration,
        })
    }

    /// Where a call of `path_and_query` goes.
    pub(super) fn uri(&self, path_and_query: &str) -> Result<Uri, http::Error> {
        Uri::builder()
            .scheme("http")
            .authority(self.authority.as_str())
            .path_and_query(path_and_query)
            .build()
    }

    pub(super) fn scale_up(&self) {
        self.desired.fetch_max(1, Ordering::Relaxed);
    }
}

fn authority(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
    let authority = uri.authority()?;
    (bare && uri.scheme_str() == Some("http") && authority.port_u16().is_some())
        .then(|| authority.to_string())
}

fn is_label(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    (1..=63).contains(&text.len()) && text.chars().all(allowed)
}

/// `name` and `namespace` of a name as it stands in a path: `name` or `name.namespace`.
pub(super) fn split_name(full: &str) -> (&str, &str) {
    match full.rfind('.') {
        Some(dot) if dot > 0 => (&full[..dot], &full[dot + 1..]),
        _ => (full, DEFAULT_NAMESPACE),
    }
}

/// All functions, by `name.namespace`.
pub(super) struct Registry {
    functions: RwLock<BTreeMap<String, Arc<Function>>>,
    changed: watch::Sender<()>,
}

impl Registry {
    pub(super) fn new() -> Self {
        Self {
            functions: RwLock::default(),
            changed: watch::Sender::new(()),
        }
    }

    /// Registers a function, or registers it anew; what was seen of its calls stays.
    pub(super) fn register(
        &self,
        name: &str,
        with: Registration,
    ) -> Result<(), InvalidRegistration> {
        let mut function = Function::new(name, with)?;
        let key = format!("{name}.{}", function.registration.namespace);
        let mut functions = self
            .functions
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = functions.get(&key) {
            function.stats = Arc::clone(&known.stats);
            function.created_at.clone_from(&known.created_at);
        }
        functions.insert(key, Arc::new(function));
        drop(functions);
        self.changed.send_replace(());
        Ok(())
    }

    /// Forgets a function; says whether it was known.
    pub(super) fn remove(&self, name: &str, namespace: &str) -> bool {
        let mut functions = self
            .functions
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let known = functions.remove(&format!("{name}.{namespace}")).is_some();
        drop(functions);
        self.changed.send_replace(());
        known
    }

    pub(super) fn get(&self, name: &str, namespace: &str) -> Option<Arc<Function>> {
        let functions = self
            .functions
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        functions.get(&format!("{name}.{namespace}")).cloned()
    }

    pub(super) fn all(&self) -> Vec<Arc<Function>> {
        let functions = self
            .functions
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        functions.values().cloned().collect()
    }

    /// Told whenever a function is registered or forgotten.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_after_the_last_dot_is_the_namespace() {
        assert_eq!(split_name("pay"), ("pay", DEFAULT_NAMESPACE));
        assert_eq!(split_name("pay.staging"), ("pay", "staging"));
        assert_eq!(split_name(".staging"), (".staging", DEFAULT_NAMESPACE));
    }

    #[test]
    fn what_could_not_be_called_is_refused_with_the_value_and_the_remedy() {
        let refused = |name: &str, url: &str, namespace: &str| {
            let mut registration = Registration::subscribed(url, "t");
            registration.namespace = namespace.into();
            Registry::new()
                .register(name, registration)
                .unwrap_err()
                .to_string()
        };
        let url = "http://127.0.0.1:1";
        assert!(refused("a.b", url, "n").contains("name = \"a.b\""));
        assert!(refused("a", url, "").contains("namespace = \"\""));
        for bad in [
            "127.0.0.1:1",
            "https://h:1",
            "http://h:1/path",
            "http://h",
            "ftp://h:1",
            "",
        ] {
            assert!(
                refused("a", bad, "n").contains("give http://host:port"),
                "{bad}"
            );
        }
    }

    #[test]
    fn registered_anew_a_function_keeps_what_was_seen_of_its_calls() {
        let registry = Registry::new();
        let with = || Registration::subscribed("http://127.0.0.1:1", "t");
        registry.register("pay", with()).unwrap();
        registry
            .get("pay", DEFAULT_NAMESPACE)
            .unwrap()
            .stats
            .answered(200);
        registry.register("pay", with()).unwrap();
        let again = registry.get("pay", DEFAULT_NAMESPACE).unwrap();
        assert_eq!(again.stats.seen().statuses[&200], 1);
        assert!(registry.remove("pay", DEFAULT_NAMESPACE));
        assert!(!registry.remove("pay", DEFAULT_NAMESPACE));
    }
}
