//! A client for typed GraphQL queries, as `graphql_client` derives them from a schema.

use std::time::{Duration, Instant};

use graphql_client::GraphQLQuery;
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use tracing::{Instrument as _, Span};

use crate::{Context, header};

/// How much of an answer that is no GraphQL is kept for the log.
const EXCERPT: usize = 500;

/// A GraphQL backend.
///
/// Every request carries `X-Correlation-ID` and `traceparent`; every operation writes one log line
/// with its name, duration and outcome, and none of its variables.
///
/// ```no_run
/// # use graphql_client::GraphQLQuery;
/// # async fn example<Deploy: GraphQLQuery>(variables: Deploy::Variables) -> Result<(), Box<dyn std::error::Error>> {
/// let backend = throughline::graphql::GraphQl::new("http://backend/graphql")?;
/// let data = backend.query::<Deploy>(variables).idempotency_key("kan-7").send().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct GraphQl {
    url: Url,
    token: Option<Token>,
}

/// A bearer token; its `Debug` does not tell it.
#[derive(Clone)]
struct Token(String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(redacted)")
    }
}

/// Why a URL can't be one of a backend.
#[derive(Debug, thiserror::Error)]
#[error("{url:?} is no URL of a GraphQL backend: {reason}")]
pub struct InvalidUrl {
    /// The URL, without the user and password that may be in it.
    pub url: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Why an operation gave no data. The four ways to fail are told apart, because what to do about
/// each is another thing.
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
    /// It reports no error, and has no data either.
    #[error("the GraphQL backend's answer has neither data nor errors")]
    MissingData,
}

impl GraphQlError {
    /// A short name for metrics and for the field `outcome`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Transport(_) => "transport",
            Self::Status { .. } => "status",
            Self::Unreadable { .. } => "unreadable",
            Self::Errors(_) => "errors",
            Self::MissingData => "missing_data",
        }
    }
}

/// One entry of an answer's `errors`.
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

/// Some backends write `"path":null` where an error is about no field.
fn or_empty<'de, D: serde::Deserializer<'de>>(
    value: D,
) -> Result<Vec<serde_json::Value>, D::Error> {
    Ok(Option::deserialize(value)?.unwrap_or_default())
}

fn join(errors: &[ReportedError]) -> String {
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

#[derive(Deserialize)]
struct Answer<T> {
    data: Option<T>,
    #[serde(default)]
    errors: Option<Vec<ReportedError>>,
}

impl GraphQl {
    /// A backend at `url`.
    ///
    /// # Errors
    /// When it is no absolute `http` or `https` URL.
    pub fn new(url: &str) -> Result<Self, InvalidUrl> {
        let invalid = |reason: String| InvalidUrl {
            url: without_user(url),
            reason,
        };
        let parsed = Url::parse(url).map_err(|error| invalid(error.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(invalid("it must begin with http:// or https://".into()));
        }
        Ok(Self {
            url: parsed,
            token: None,
        })
    }

    /// Sends `Authorization: Bearer <token>` along.
    #[must_use]
    pub fn with_bearer_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(Token(token.into()));
        self
    }

    /// Prepares a typed operation.
    pub fn query<Q: GraphQLQuery>(&self, variables: Q::Variables) -> Operation<'_, Q> {
        Operation {
            backend: self,
            variables,
            idempotency_key: None,
        }
    }
}

/// What stands before an `@` may be a password.
fn without_user(url: &str) -> String {
    match url.rsplit_once('@') {
        Some((user, rest)) => {
            let scheme = user.split_once("://").map_or("", |(scheme, _)| scheme);
            format!("{scheme}://…@{rest}")
        }
        None => url.to_owned(),
    }
}

/// An operation that is ready to be sent.
#[must_use = "an operation does nothing until it is sent"]
pub struct Operation<'a, Q: GraphQLQuery> {
    backend: &'a GraphQl,
    variables: Q::Variables,
    idempotency_key: Option<String>,
}

impl<Q: GraphQLQuery> Operation<'_, Q> {
    /// Sends `Idempotency-Key` along, so that the backend does a repeated operation once.
    ///
    /// Name the operation's own key: two operations of one request need two.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// Sends it and takes the data out of the answer.
    ///
    /// # Errors
    /// See [`GraphQlError`]. An answer with `errors` is an error even where it has data as well.
    pub async fn send(self) -> Result<Q::ResponseData, GraphQlError> {
        let query = Q::build_query(self.variables);
        let operation = query.operation_name;
        let (context, span) = in_span(operation);
        let mut request = context
            .sync_scope(|| crate::http().post(self.backend.url.clone()))
            .json(&query);
        if let Some(key) = self.idempotency_key {
            request = request.header(header::IDEMPOTENCY_KEY, key);
        }
        if let Some(Token(token)) = &self.backend.token {
            request = request.bearer_auth(token);
        }
        let started = Instant::now();
        let result = exchange::<Q>(request).instrument(span.clone()).await;
        if result.is_err() {
            span.record("otel.status_code", "ERROR");
        }
        log(operation, started.elapsed(), result.as_ref().err());
        result
    }
}

#[cfg(feature = "otlp")]
fn in_span(operation: &str) -> (Context, Span) {
    crate::telemetry::spans::graphql(crate::context(), operation)
}

#[cfg(not(feature = "otlp"))]
fn in_span(_: &str) -> (Context, Span) {
    (crate::context(), Span::none())
}

async fn exchange<Q: GraphQLQuery>(
    request: reqwest::RequestBuilder,
) -> Result<Q::ResponseData, GraphQlError> {
    let response = request.send().await.map_err(GraphQlError::Transport)?;
    let status = response.status();
    let body = response.bytes().await.map_err(GraphQlError::Transport)?;
    if !status.is_success() {
        return Err(GraphQlError::Status {
            status,
            excerpt: excerpt(&body),
        });
    }
    // Errors are read apart from data: what the query asked for may not be there when there are some.
    let answer: Answer<serde_json::Value> = read(&body)?;
    match answer.errors {
        Some(errors) if !errors.is_empty() => return Err(GraphQlError::Errors(errors)),
        _ => {}
    }
    match answer.data {
        None => Err(GraphQlError::MissingData),
        Some(_) => read::<Answer<Q::ResponseData>>(&body)?
            .data
            .ok_or(GraphQlError::MissingData),
    }
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, GraphQlError> {
    serde_json::from_slice(body).map_err(|source| GraphQlError::Unreadable {
        source,
        excerpt: excerpt(body),
    })
}

fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(EXCERPT)]);
    text.trim().to_owned()
}

fn log(operation: &str, took: Duration, error: Option<&GraphQlError>) {
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    match error {
        None => tracing::info!(
            graphql.operation.name = operation,
            duration_ms,
            outcome = "ok",
            "{operation} answered in {duration_ms} ms"
        ),
        Some(error) => tracing::warn!(
            graphql.operation.name = operation,
            duration_ms,
            outcome = error.kind(),
            error = %crate::telemetry::chain(error),
            "{operation} gave no data after {duration_ms} ms"
        ),
    }
}
