//! Why no lines came from Elasticsearch, each with what to do.

use reqwest::StatusCode;

use super::MOST;

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
