//! A server that is asked: where it is, who asks, and whom it is trusted by.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use reqwest::{Certificate, Client, StatusCode, Url};
use serde_json::Value;

use super::{ElasticsearchError, Login};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(60);

/// A server, without what it is asked for.
pub(super) struct Server {
    client: Client,
    pub(super) url: Url,
    pub(super) login: Login,
}

/// Its address, without a password.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

impl Server {
    /// The server at `url`, which may name who asks; else `login` does.
    ///
    /// # Errors
    /// If the URL or the authority's file cannot be used.
    pub(super) fn new(
        url: &str,
        login: Login,
        authority: Option<&Path>,
    ) -> Result<Self, ElasticsearchError> {
        let bad = |reason: String| ElasticsearchError::Url {
            value: without_password(url),
            reason,
        };
        let mut at = Url::parse(url).map_err(|error| bad(error.to_string()))?;
        if !matches!(at.scheme(), "http" | "https") {
            return Err(bad(format!("{} is not http or https", at.scheme())));
        }
        let login = match (at.username(), login) {
            ("", login) => login,
            (user, _) => Login::Password {
                user: user.to_owned(),
                password: at.password().unwrap_or_default().to_owned(),
            },
        };
        // Both succeed: the URL has a host.
        let _ = at.set_username("");
        let _ = at.set_password(None);
        if !at.path().ends_with('/') {
            at.set_path(&format!("{}/", at.path()));
        }
        Ok(Self {
            client: client(authority)?,
            url: at,
            login,
        })
    }

    /// What the server answers to a search in `index`.
    ///
    /// # Errors
    /// If it does not answer, or with something else than hits.
    pub(super) async fn ask(
        &self,
        index: &str,
        path: &str,
        body: &Value,
    ) -> Result<Value, ElasticsearchError> {
        let url = self
            .url
            .join(path)
            .map_err(|error| ElasticsearchError::Url {
                value: self.to_string(),
                reason: error.to_string(),
            })?;
        let request = self.client.post(url).json(body);
        let request = match &self.login {
            Login::Nobody => request,
            Login::ApiKey(key) => request.header("authorization", format!("ApiKey {key}")),
            Login::Password { user, password } => request.basic_auth(user, Some(password)),
        };
        let answer = request
            .send()
            .await
            .map_err(|error| self.unreached(&error))?;
        let status = answer.status();
        let text = answer
            .text()
            .await
            .map_err(|error| self.unreached(&error))?;
        let server = self.to_string();
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(ElasticsearchError::Refused {
                server,
                status,
                index: index.to_owned(),
            }),
            StatusCode::NOT_FOUND if text.contains("index_not_found") => {
                Err(ElasticsearchError::NoIndex {
                    server,
                    index: index.to_owned(),
                })
            }
            _ => match serde_json::from_str::<Value>(&text) {
                Ok(page) if status.is_success() && page["hits"]["hits"].is_array() => Ok(page),
                _ => Err(ElasticsearchError::Answered {
                    server,
                    status,
                    reason: text.chars().take(300).collect(),
                }),
            },
        }
    }

    /// Without an answer, for a reason that the system names.
    pub(super) fn unreached(&self, error: &dyn std::error::Error) -> ElasticsearchError {
        // reqwest says why only in what caused it.
        let mut cause = error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        ElasticsearchError::Unreached {
            server: self.to_string(),
            reason: cause.to_string(),
        }
    }
}

fn client(authority: Option<&Path>) -> Result<Client, ElasticsearchError> {
    // Fails only where a provider is installed already, which is then used.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let file = authority.map_or_else(String::new, |file| file.display().to_string());
    let bad = |reason: String| ElasticsearchError::Authority {
        file: file.clone(),
        reason,
    };
    let builder = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .user_agent(concat!("story/", env!("CARGO_PKG_VERSION")));
    let builder = match authority {
        None => builder,
        Some(path) => {
            let pem = std::fs::read(path).map_err(|error| bad(error.to_string()))?;
            let certificates =
                Certificate::from_pem_bundle(&pem).map_err(|error| bad(error.to_string()))?;
            if certificates.is_empty() {
                return Err(bad("holds no certificate in PEM form".to_owned()));
            }
            builder.tls_certs_only(certificates)
        }
    };
    builder.build().map_err(|error| bad(error.to_string()))
}

fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://…@{rest}"),
        _ => url.to_owned(),
    }
}
