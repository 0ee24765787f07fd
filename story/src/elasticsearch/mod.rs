//! Log lines out of Elasticsearch or OpenSearch: those of one id, and no others.
//!
//! Only what both servers have is used: the search and scroll APIs, term and fuzzy queries.

mod error;
mod query;
mod server;

use std::collections::BTreeSet;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use serde_json::{Value, json};

pub use error::ElasticsearchError;
use query::{CARD_FIELDS, ID_FIELDS, any_of};
use server::Server;

use crate::line::Line;
use crate::source::Source;

/// Lines in one answer.
const PAGE: usize = 1000;
/// A story has tens of lines; so many are no story, but a wrong id such as a constant one.
const MOST: usize = 100_000;

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
    server: Server,
    index: String,
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
        Ok(Self {
            server: Server::new(url, login, authority)?,
            index: index.to_owned(),
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
            .map_err(|error| self.server.unreached(&error))?
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
            self.server.to_string().trim_end_matches('/')
        );
        Ok(Source::kept(name, file))
    }

    /// Every line that fits.
    async fn search(&self, id: &str, query: Value) -> Result<Vec<String>, ElasticsearchError> {
        let sort = json!([{"@timestamp": {"order": "asc", "unmapped_type": "date"}}]);
        let body = json!({"size": PAGE, "query": query, "sort": sort});
        let path = format!("{}/_search?scroll=1m&ignore_unavailable=true", self.index);
        let mut page = self.server.ask(&self.index, &path, &body).await?;
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
            page = self
                .server
                .ask(&self.index, "_search/scroll", &next)
                .await?;
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
        let body = json!({"size": 50, "query": query::near(id)});
        let path = format!("{}/_search?ignore_unavailable=true", self.index);
        Ok(sources(&self.server.ask(&self.index, &path, &body).await?))
    }
}

fn sources(page: &Value) -> Vec<String> {
    let hits = page["hits"]["hits"].as_array();
    hits.into_iter()
        .flatten()
        .filter_map(|hit| hit.get("_source"))
        .map(Value::to_string)
        .collect()
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
        assert_eq!(made.server.url.as_str(), "https://logs.example/es/");
        assert!(matches!(made.server.login, Login::Password { user, .. } if user == "me"));
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
