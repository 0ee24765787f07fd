//! How an operation can fail.

use reqwest::StatusCode;
use serde::Deserialize;

use crate::SecretError;

/// Why an operation gave no data. The ways to fail are told apart, because what to do about
/// each is another thing.
///
/// ```
/// use throughline::graphql::GraphQlError;
///
/// fn worth_telling_the_customer(error: &GraphQlError) -> bool {
///     error.reported().iter().any(|error| error.code() == Some("OUT_OF_STOCK"))
/// }
/// assert!(!worth_telling_the_customer(&GraphQlError::MissingData));
/// assert_eq!(GraphQlError::MissingData.kind(), "missing_data");
/// ```
#[derive(Debug, thiserror::Error)]
pub enum GraphQlError {
    /// The backend could not be reached, or did not answer in time.
    #[error("the GraphQL backend could not be reached")]
    Transport(#[source] reqwest::Error),
    /// It answered with an HTTP status that is no success.
    #[error("the GraphQL backend answered {status}: {excerpt:?}")]
    Status {
        /// The HTTP status.
        status: StatusCode,
        /// The start of what it said.
        excerpt: String,
    },
    /// Its answer is not what the query asked for, or not GraphQL at all.
    #[error("the GraphQL backend's answer can't be read: {source}; it starts with {excerpt:?}")]
    Unreadable {
        /// What the parser says.
        source: serde_json::Error,
        /// The start of what it said.
        excerpt: String,
    },
    /// It ran the operation and reports errors.
    #[error("the GraphQL backend reports: {}", join(.0))]
    Errors(Vec<ReportedError>),
    /// The bearer token could not be had.
    #[error("the token for the GraphQL backend could not be had")]
    Token(#[source] SecretError),
    /// It reports no error, and has no data either.
    #[error("the GraphQL backend's answer has neither data nor errors")]
    MissingData,
}

impl GraphQlError {
    /// A short name for metrics and for the field `outcome`.
    ///
    /// ```
    /// use throughline::graphql::GraphQlError;
    ///
    /// assert_eq!(GraphQlError::MissingData.kind(), "missing_data");
    /// ```
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Transport(_) => "transport",
            Self::Status { .. } => "status",
            Self::Unreadable { .. } => "unreadable",
            Self::Errors(_) => "errors",
            Self::MissingData => "missing_data",
            Self::Token(_) => "token",
        }
    }

    /// The HTTP status that came, where that is what failed.
    ///
    /// ```
    /// use throughline::graphql::GraphQlError;
    ///
    /// let status = reqwest::StatusCode::BAD_GATEWAY;
    /// let error = GraphQlError::Status { status, excerpt: String::new() };
    /// assert_eq!(error.status(), Some(status));
    /// assert_eq!(GraphQlError::MissingData.status(), None);
    /// ```
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// What the backend reported, where it did; empty elsewhere.
    ///
    /// ```
    /// use throughline::graphql::GraphQlError;
    ///
    /// let reported = serde_json::from_str(r#"[{"message":"out of tea"}]"#)?;
    /// assert_eq!(GraphQlError::Errors(reported).reported()[0].message, "out of tea");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn reported(&self) -> &[ReportedError] {
        match self {
            Self::Errors(errors) => errors,
            _ => &[],
        }
    }
}

/// One entry of an answer's `errors`.
///
/// ```
/// use throughline::graphql::ReportedError;
///
/// let error: ReportedError = serde_json::from_str(
///     r#"{"message":"out of tea","path":["reserve"],"extensions":{"code":"EMPTY"}}"#,
/// )?;
/// assert_eq!((error.message.as_str(), error.code()), ("out of tea", Some("EMPTY")));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Deserialize)]
pub struct ReportedError {
    /// What it says.
    pub message: String,
    /// Which field of the query it is about: names and list positions.
    #[serde(default, deserialize_with = "or_empty")]
    pub path: Vec<serde_json::Value>,
    /// What else the backend tells, such as a code.
    #[serde(default)]
    pub extensions: Option<serde_json::Value>,
}

impl ReportedError {
    /// The code in its extensions, where backends put one.
    ///
    /// ```
    /// use throughline::graphql::ReportedError;
    ///
    /// let json = r#"{"message":"out of tea","extensions":{"code":"OUT_OF_STOCK"}}"#;
    /// let error: ReportedError = serde_json::from_str(json)?;
    /// assert_eq!(error.code(), Some("OUT_OF_STOCK"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn code(&self) -> Option<&str> {
        self.extensions.as_ref()?.get("code")?.as_str()
    }
}

/// Some backends write `"path":null` where an error is about no field.
fn or_empty<'de, D: serde::Deserializer<'de>>(
    value: D,
) -> Result<Vec<serde_json::Value>, D::Error> {
    Ok(Option::deserialize(value)?.unwrap_or_default())
}

pub(super) fn join(errors: &[ReportedError]) -> String {
    let texts = errors.iter().map(|error| {
        let path: Vec<_> = error
            .path
            .iter()
            .map(|part| match part {
                serde_json::Value::String(name) => name.clone(),
                other => other.to_string(),
            })
            .collect();
        if path.is_empty() {
            error.message.clone()
        } else {
            format!("{} (at {})", error.message, path.join("."))
        }
    });
    texts.collect::<Vec<_>>().join("; ")
}
