//! Log lines out of Elasticsearch or OpenSearch: those of one id, and no others.
//!
//! Only what both servers have is used: the search and scroll APIs, term and fuzzy queries.

use std::collections::BTreeSet;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Duration;

use reqwest::{Certificate, Client, StatusCode, Url};
use serde_json::{Value, json};

use crate::line::Line;
use crate::source::Source;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(60);
/// Lines in one answer.
const PAGE: usize = 1000;
/// A story has tens of lines; so many are no story, but a wrong id such as a constant one.
const MOST: usize = 100_000;

/// Where a line may say its correlation id.
const ID_FIELDS: &[&str] = &[
    "correlation_id",
    "fields.correlation_id",
    "labels.correlation_id",
];
/// Where a line may name a card, short of deeper ones that no query can list.
const CARD_FIELDS: &[&str] = &[
    "card_id",
    "card",
    "cardId",
    "issue",
    "fields.card_id",
    "fields.card",
    "fields.cardId",
    "fields.issue",
];

/// Who asks.
pub enum Login {
    /// Whoever may read without a name.
    Nobody,
    /// An API key in its encoded form.
    ApiKey(String),
    /// A name and its password.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
}

/// A server that holds log lines, and the indices to look in.
pub struct Elasticsearch {
    client: Client,
    server: Url,
    index: String,
    login: Login,
}

/// Why no lines came from the server.
#[derive(Debug, thiserror::Error)]
pub enum ElasticsearchError {
    /// The address is none.
    #[error(
        "--elasticsearch = \"{value}\": {reason}; give a URL such as https://logs.example:9200"
    )]
    Url {
        /// What was given, without a password.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The name of the indices is none.
    #[error(
        "--index = \"{value}\": {reason}; give names such as logs-throughline-default or logs-*"
    )]
    Index {
        /// What was given.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The authority's file cannot be used.
    #[error("--ca-file = \"{file}\": {reason}")]
    Authority {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No answer.
    #[error("{server} is not reached: {reason}")]
    Unreached {
        /// The server.
        server: String,
        /// What the network says.
        reason: String,
    },
    /// The server knows no such reader.
    #[error(
        "{server} refuses with {status}: set ELASTICSEARCH_API_KEY, or ELASTICSEARCH_USERNAME and ELASTICSEARCH_PASSWORD, of one who may read {index}"
    )]
    Refused {
        /// The server.
        server: String,
        /// Its answer.
        status: StatusCode,
        /// The indices.
        index: String,
    },
    /// Nothing to search in.
    #[error("{server} has no index that fits --index = \"{index}\"")]
    NoIndex {
        /// The server.
        server: String,
        /// The indices.
        index: String,
    },
    /// Another answer than a search has.
    #[error("{server} answers {status}: {reason}")]
    Answered {
        /// The server.
        server: String,
        /// Its answer.
        status: StatusCode,
        /// What it says, cut.
        reason: String,
    },
    /// More than a story can have.
    #[error(
        "{server} has more than {MOST} lines of {id}: is it an id, or does every line have it?"
    )]
    TooMany {
        /// The server.
        server: String,
        /// The id.
        id: String,
    },
    /// No place for the lines.
    #[error(
        "cannot keep what {server} answers in a temporary file: {source}; set TMPDIR to a disk with room"
    )]
    Kept {
        /// The server.
        server: String,
        /// What the system says.
        source: std::io::Error,
    },
}

impl Elasticsearch {
    /// The server at `url`, and the indices or data streams that `index` names, as the server
    /// understands it (`logs-a,logs-b-*`).
    ///
    /// # Errors
    /// If the URL or the authority's file cannot be used.
    pub fn new(
        url: &str,
        index: &str,
        login: Login,
        authority: Option<&Path>,
    ) -> Result<Self, ElasticsearchError> {
        let bad = |reason: String| ElasticsearchError::Url {
            value: without_password(url),
            reason,
        };
        // As part of a path it must not lead to another one.
        let wrong = |c: char| c.is_whitespace() || c.is_control() || "/\\?#%\"<>|".contains(c);
        let reason = match (index, index.chars().find(|c| wrong(*c))) {
            (_, Some(found)) => Some(format!("no name of an index has {found:?}")),
            ("" | "." | "..", None) => Some("is no name".to_owned()),
            _ => None,
        };
        if let Some(reason) = reason {
            return Err(ElasticsearchError::Index {
                value: index.to_owned(),
                reason,
            });
        }
        let mut server = Url::parse(url).map_err(|error| bad(error.to_string()))?;
        if !matches!(server.scheme(), "http" | "https") {
            return Err(bad(format!("{} is not http or https", server.scheme())));
        }
        let login = match (server.username(), login) {
            ("", login) => login,
            (user, _) => Login::Password {
                user: user.to_owned(),
                password: server.password().unwrap_or_default().to_owned(),
            },
        };
        // Both succeed: the URL has a host.
        let _ = server.set_username("");
        let _ = server.set_password(None);
        if !server.path().ends_with('/') {
            server.set_path(&format!("{}/", server.path()));
        }
        Ok(Self {
            client: client(authority)?,
            server,
            index: index.to_owned(),
            login,
        })
    }

    /// The lines of `id`: of the correlation id, else of all stories of the card, else a few whose
    /// ids come near it.
    ///
    /// # Errors
    /// If the server cannot be asked, or answers with something else than lines.
    pub fn lines_of(&self, id: &str) -> Result<Source, ElasticsearchError> {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| self.unreached(&error))?
            .block_on(self.gather(id))
    }

    async fn gather(&self, id: &str) -> Result<Source, ElasticsearchError> {
        let kept = |source| ElasticsearchError::Kept {
            server: self.server.to_string(),
            source,
        };
        let mut lines = self.search(id, any_of(ID_FIELDS, &[id])).await?;
        if lines.is_empty() {
            let naming = self.search(id, any_of(CARD_FIELDS, &[id])).await?;
            let mut stories = BTreeSet::new();
            for line in naming {
                match Line::parse(&line).and_then(|read| read.correlation_id) {
                    Some(story) => drop(stories.insert(story)),
                    None => lines.push(line),
                }
            }
            let stories: Vec<_> = stories.iter().map(String::as_str).collect();
            // Fewer than the 1,024 clauses that a query may have.
            for some in stories.chunks(100) {
                lines.extend(self.search(id, any_of(ID_FIELDS, some)).await?);
            }
        }
        if lines.is_empty() {
            lines = self.near(id).await?;
        }
        let mut file = tempfile::tempfile().map_err(kept)?;
        let mut out = BufWriter::new(&mut file);
        for line in &lines {
            writeln!(out, "{line}").map_err(kept)?;
        }
        out.flush().map_err(kept)?;
        drop(out);
        let name = format!(
            "{} at {}",
            self.index,
            self.server.as_str().trim_end_matches('/')
        );
        Ok(Source::kept(name, file))
    }

    /// Every line that fits.
    async fn search(&self, id: &str, query: Value) -> Result<Vec<String>, ElasticsearchError> {
        let sort = json!([{"@timestamp": {"order": "asc", "unmapped_type": "date"}}]);
        let body = json!({"size": PAGE, "query": query, "sort": sort});
        let path = format!("{}/_search?scroll=1m&ignore_unavailable=true", self.index);
        let mut page = self.ask(&path, &body).await?;
        if page["_shards"]["total"] == 0 {
            return Err(ElasticsearchError::NoIndex {
                server: self.server.to_string(),
                index: self.index.clone(),
            });
        }
        let mut lines = Vec::new();
        loop {
            let hits = sources(&page);
            let last = hits.len() < PAGE;
            lines.extend(hits);
            let scroll = page["_scroll_id"].as_str().map(str::to_owned);
            let Some(scroll) = scroll.filter(|_| !last && lines.len() <= MOST) else {
                break;
            };
            let next = json!({"scroll": "1m", "scroll_id": scroll});
            page = self.ask("_search/scroll", &next).await?;
        }
        if lines.len() > MOST {
            return Err(ElasticsearchError::TooMany {
                server: self.server.to_string(),
                id: id.to_owned(),
            });
        }
        Ok(lines)
    }

    /// A few lines whose ids come near, to offer them.
    async fn near(&self, id: &str) -> Result<Vec<String>, ElasticsearchError> {
        let fuzzy = |field: &&str| json!({"fuzzy": {(*field): {"value": id}}});
        let fields = ["correlation_id", "card_id"];
        let should: Vec<_> = fields.iter().map(fuzzy).collect();
        let body = json!({"size": 50, "query": {"bool": {"should": should}}});
        let path = format!("{}/_search?ignore_unavailable=true", self.index);
        Ok(sources(&self.ask(&path, &body).await?))
    }

    async fn ask(&self, path: &str, body: &Value) -> Result<Value, ElasticsearchError> {
        let url = self
            .server
            .join(path)
            .map_err(|error| ElasticsearchError::Url {
                value: self.server.to_string(),
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
        let server = self.server.to_string();
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(ElasticsearchError::Refused {
                server,
                status,
                index: self.index.clone(),
            }),
            StatusCode::NOT_FOUND if text.contains("index_not_found") => {
                Err(ElasticsearchError::NoIndex {
                    server,
                    index: self.index.clone(),
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

    fn unreached(&self, error: &dyn std::error::Error) -> ElasticsearchError {
        // reqwest says why only in what caused it.
        let mut cause = error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        ElasticsearchError::Unreached {
            server: self.server.to_string(),
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

/// Documents with one of the values in one of the fields, mapped as keyword or as text with one.
fn any_of(fields: &[&str], values: &[&str]) -> Value {
    let should: Vec<_> = fields
        .iter()
        .flat_map(|field| [(*field).to_owned(), format!("{field}.keyword")])
        .map(|field| json!({"terms": {field: values}}))
        .collect();
    json!({"bool": {"should": should, "minimum_should_match": 1}})
}

fn sources(page: &Value) -> Vec<String> {
    let hits = page["hits"]["hits"].as_array();
    hits.into_iter()
        .flatten()
        .filter_map(|hit| hit.get("_source"))
        .map(Value::to_string)
        .collect()
}

fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://…@{rest}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> String {
        let made = Elasticsearch::new(url, "logs-*", Login::Nobody, None);
        made.err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn a_url_that_is_none_is_refused_without_its_password() {
        assert!(refusal("localhost:9200").contains("http or https"));
        assert!(refusal("logs.example").contains("relative URL"));
        let said = refusal("ftp://me:secret@logs.example");
        assert!(said.contains("ftp://…@logs.example"), "{said}");
        assert!(!said.contains("secret"));
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_no_index() {
        for index in ["logs/../..", "logs?q=1", "a b", "logs%2f..", "..", ""] {
            let made = Elasticsearch::new("http://l", index, Login::Nobody, None);
            let said = made
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default();
            assert!(said.contains("--index"), "{index}: {said}");
        }
        assert!(Elasticsearch::new("http://l", "logs-a,-logs-b*", Login::Nobody, None).is_ok());
    }

    #[test]
    fn a_login_in_the_url_leaves_it_before_it_is_told() {
        let made = Elasticsearch::new(
            "https://me:p%40ss@logs.example/es",
            "l",
            Login::Nobody,
            None,
        )
        .unwrap();
        assert_eq!(made.server.as_str(), "https://logs.example/es/");
        assert!(matches!(made.login, Login::Password { user, .. } if user == "me"));
    }

    #[test]
    fn an_authority_that_is_none_is_refused_with_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.crt");
        std::fs::write(&path, "no certificate").unwrap();
        let made = Elasticsearch::new("https://l", "l", Login::Nobody, Some(&path));
        let said = made.err().unwrap().to_string();
        assert!(said.contains("ca.crt"), "{said}");
    }
}
