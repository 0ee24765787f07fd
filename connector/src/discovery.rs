//! Asks the gateway for the topic map, again and again; the last good map is kept.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_types::body::SdkBody;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::time::Instant;
use url::Url;

use crate::gateway::chain;
use crate::http::Http;
use crate::metrics::Metrics;
use crate::nag::Nag;
use crate::random::Random;
use crate::retry_rules::BadAnnotation;
use crate::topics::{Listed, TopicMap, UnfitName};

/// How long one question to the gateway may take.
const CALL: Duration = Duration::from_secs(10);
/// How large an answer may be.
const LARGEST: usize = 32 * 1024 * 1024;

/// The topic map as it is known now.
#[derive(Clone, Debug, Default)]
pub struct Topics {
    /// The last good map; `None` until the first.
    pub map: Option<Arc<TopicMap>>,
    /// Whether the last question was answered.
    pub fresh: bool,
}

/// Asks for the map.
#[derive(Clone, Debug)]
pub struct Discovery {
    /// The one HTTP client.
    pub http: Http,
    /// The gateway.
    pub url: Url,
    /// Where the files `basic-auth-user` and `basic-auth-password` are; `None` for no credentials.
    pub secrets: Option<PathBuf>,
    /// How often.
    pub interval: Duration,
    /// For the spread of replicas.
    pub random: Random,
    /// Counts.
    pub metrics: Metrics,
}

/// Why the gateway could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    /// The credentials cannot be read.
    #[error(
        "cannot read {path}: {source}; mount the gateway's secret there, or set basic_auth=false"
    )]
    Secret {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No answer.
    #[error("GET {path}: {reason}")]
    Unreachable {
        /// What was asked for.
        path: String,
        /// Why.
        reason: String,
    },
    /// An answer that is none.
    #[error("GET {path}: status {status}")]
    Status {
        /// What was asked for.
        path: String,
        /// What came.
        status: StatusCode,
    },
    /// An answer that cannot be read.
    #[error("GET {path}: the answer is not what a gateway answers: {reason}")]
    Garbage {
        /// What was asked for.
        path: String,
        /// Why.
        reason: String,
    },
}

impl Discovery {
    /// Keeps `topics` up to date, until dropped.
    pub async fn run(self, topics: watch::Sender<Topics>) {
        let mut nag = Nag::default();
        let mut told = BTreeSet::new();
        let mut failures = 0_u32;
        loop {
            let pause = match self.ask().await {
                Ok(map) => {
                    failures = 0;
                    if nag.over() {
                        tracing::info!("the gateway answers again: the topic map is fresh");
                    }
                    self.metrics.topic_map(&map);
                    complain(&mut told, map.bad());
                    self.publish(&topics, map);
                    self.interval
                }
                Err(error) => {
                    failures += 1;
                    self.metrics.topic_refresh_failed();
                    let known = topics.borrow().map.is_some();
                    topics.send_modify(|topics| topics.fresh = false);
                    if nag.due(Instant::now()).is_some() {
                        let consequence = if known {
                            "the last good map is kept"
                        } else {
                            "nothing is received before the first map"
                        };
                        tracing::warn!(
                            error = %error,
                            gateway = self.url.as_str(),
                            "the gateway gives no topic map: {consequence}"
                        );
                    }
                    // Before the first map everything waits for it: ask more often then.
                    let growing = Duration::from_millis(500) * (1 << failures.min(6));
                    if known {
                        self.interval
                    } else {
                        growing.min(self.interval)
                    }
                }
            };
            tokio::time::sleep(pause.mul_f64(0.9 + 0.2 * self.random.fraction())).await;
        }
    }

    fn publish(&self, topics: &watch::Sender<Topics>, map: TopicMap) {
        topics.send_if_modified(|topics| {
            let changed = topics.map.as_deref() != Some(&map);
            let was_stale = !std::mem::replace(&mut topics.fresh, true);
            if changed {
                for (topic, functions) in map.counts() {
                    tracing::debug!(topic, functions, "the topic map changed");
                }
                topics.map = Some(Arc::new(map));
            }
            changed || was_stale
        });
    }

    /// Asks once.
    ///
    /// # Errors
    /// When a question is not answered with what it should be.
    pub async fn ask(&self) -> Result<TopicMap, DiscoveryError> {
        let authorization = self.authorization()?;
        let mut map = TopicMap::default();
        let unfit = |name: UnfitName| DiscoveryError::Garbage {
            path: "/system/functions".to_owned(),
            reason: name.to_string(),
        };
        let namespaces: Vec<String> = match self
            .get("/system/namespaces", authorization.as_deref())
            .await
        {
            Ok(namespaces) => namespaces,
            Err(DiscoveryError::Status {
                status: StatusCode::NOT_FOUND,
                ..
            }) => Vec::new(),
            Err(error) => return Err(error),
        };
        if namespaces.is_empty() {
            let listed: Vec<Listed> = self
                .get("/system/functions", authorization.as_deref())
                .await?;
            map.add(None, listed).map_err(unfit)?;
        }
        for namespace in &namespaces {
            let query: String = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("namespace", namespace)
                .finish();
            let listed: Vec<Listed> = self
                .get(
                    &format!("/system/functions?{query}"),
                    authorization.as_deref(),
                )
                .await?;
            map.add(Some(namespace), listed).map_err(unfit)?;
        }
        Ok(map)
    }

    /// Read anew each time, so that a rotated secret is taken up.
    fn authorization(&self) -> Result<Option<String>, DiscoveryError> {
        let Some(folder) = &self.secrets else {
            return Ok(None);
        };
        let read = |file: &str| {
            let path = folder.join(file);
            std::fs::read_to_string(&path).map_err(|source| DiscoveryError::Secret { path, source })
        };
        let (user, password) = (read("basic-auth-user")?, read("basic-auth-password")?);
        let pair = format!("{}:{}", user.trim_end(), password.trim_end());
        Ok(Some(format!("Basic {}", STANDARD.encode(pair))))
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        authorization: Option<&str>,
    ) -> Result<T, DiscoveryError> {
        let unreachable = |reason: String| DiscoveryError::Unreachable {
            path: path.to_owned(),
            reason,
        };
        let mut request =
            Request::get(format!("{}{path}", self.url.as_str().trim_end_matches('/'))).header(
                header::USER_AGENT,
                concat!("sqs-connector/", env!("CARGO_PKG_VERSION")),
            );
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let request = request
            .body(SdkBody::empty())
            .map_err(|error| unreachable(error.to_string()))?;
        let exchange = async {
            let answer = self
                .http
                .send(request)
                .await
                .map_err(|error| unreachable(chain(&error)))?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, LARGEST)
                .collect()
                .await
                .map_err(|error| unreachable(error.to_string()))?;
            Ok((head.status, body.to_bytes()))
        };
        let (status, body) = (tokio::time::timeout(CALL, exchange).await)
            .map_err(|_| unreachable(format!("no answer within {CALL:?}")))??;
        if !status.is_success() {
            return Err(DiscoveryError::Status {
                path: path.to_owned(),
                status,
            });
        }
        // The real gateway answers `null` where there is none.
        serde_json::from_slice::<Option<T>>(&body)
            .and_then(|value| value.map_or_else(|| serde_json::from_str("[]"), Ok))
            .map_err(|error| DiscoveryError::Garbage {
                path: path.to_owned(),
                reason: error.to_string(),
            })
    }
}

/// Says each once, until it was mended.
fn complain(told: &mut BTreeSet<BadAnnotation>, bad: &BTreeSet<BadAnnotation>) {
    for bad in bad.difference(told) {
        tracing::warn!(
            function = bad.function,
            annotation = bad.annotation,
            value = bad.value,
            reason = bad.reason,
            "an annotation of a function cannot be read, the default is used: {bad}"
        );
    }
    told.clone_from(bad);
}
