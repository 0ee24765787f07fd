//! One message to a backend and its answer.

use std::time::Duration;

use graphql_client::{GraphQLQuery, QueryBody};
use reqwest::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tracing::Span;

use super::{GraphQl, GraphQlError, Partial, ReportedError};
use crate::{Context, client, header};

/// How much of an answer that is no GraphQL is kept for the log.
const EXCERPT: usize = 500;
/// What a backend says that does not know a hash yet.
const NOT_FOUND: &str = "PersistedQueryNotFound";
const NOT_FOUND_CODE: &str = "PERSISTED_QUERY_NOT_FOUND";

/// What is sent, each time it is.
pub(super) struct Message<'a, V> {
    pub(super) query: &'a QueryBody<V>,
    pub(super) idempotency_key: Option<&'a str>,
}

/// Why there is no answer to go by.
pub(super) struct Failed {
    pub(super) error: GraphQlError,
    /// What `Retry-After` asks for.
    pub(super) retry_after: Option<Duration>,
}

impl<'a, V> Message<'a, V> {
    pub(super) fn new(query: &'a QueryBody<V>, idempotency_key: Option<&'a str>) -> Self {
        Self {
            query,
            idempotency_key,
        }
    }
}

impl Failed {
    /// Whether another try may have a better end.
    pub(super) fn passing(&self) -> bool {
        match &self.error {
            GraphQlError::Transport(_) => true,
            GraphQlError::Status { status, .. } => matches!(status.as_u16(), 429 | 502..=504),
            _ => false,
        }
    }
}

impl From<GraphQlError> for Failed {
    fn from(error: GraphQlError) -> Self {
        Self {
            error,
            retry_after: None,
        }
    }
}

#[derive(Deserialize)]
struct Answer<T> {
    data: Option<T>,
    #[serde(default)]
    errors: Option<Vec<ReportedError>>,
}

/// The body of a message.
#[derive(Serialize)]
struct Body<'a, V> {
    variables: &'a V,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<&'a str>,
    #[serde(rename = "operationName")]
    operation_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions: Option<Value>,
}

pub(super) async fn exchange<Q: GraphQLQuery>(
    backend: &GraphQl,
    context: &Context,
    span: &Span,
    message: &Message<'_, Q::Variables>,
) -> Result<Partial<Q::ResponseData>, Failed> {
    if !backend.persisted {
        let body = post(
            backend,
            context,
            span,
            message,
            Some(message.query.query),
            None,
        )
        .await?;
        return read_answer::<Q>(&body);
    }
    let hash = ring::digest::digest(&ring::digest::SHA256, message.query.query.as_bytes());
    let hash: String = hash
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let extensions = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    let known = post(backend, context, span, message, None, Some(&extensions)).await;
    let unknown = match &known {
        Ok(body) => does_not_know(body),
        // Some backends answer so with a status of 400.
        Err(failed) => matches!(
            &failed.error,
            GraphQlError::Status { excerpt, .. } if does_not_know(excerpt.as_bytes())
        ),
    };
    let body = if unknown {
        let query = Some(message.query.query);
        post(backend, context, span, message, query, Some(&extensions)).await?
    } else {
        known?
    };
    read_answer::<Q>(&body)
}

fn does_not_know(body: &[u8]) -> bool {
    let answer: Option<Answer<Value>> = serde_json::from_slice(body).ok();
    let errors = answer.and_then(|answer| answer.errors).unwrap_or_default();
    errors
        .iter()
        .any(|error| error.message == NOT_FOUND || error.code() == Some(NOT_FOUND_CODE))
}

async fn post<V: Serialize>(
    backend: &GraphQl,
    context: &Context,
    span: &Span,
    message: &Message<'_, V>,
    query: Option<&str>,
    extensions: Option<&Value>,
) -> Result<Vec<u8>, Failed> {
    let mut request = crate::http().post(backend.url.clone()).json(&Body {
        variables: &message.query.variables,
        query,
        operation_name: message.query.operation_name,
        extensions: extensions.cloned(),
    });
    if let Some(key) = message.idempotency_key {
        request = request.header(header::IDEMPOTENCY_KEY, key);
    }
    if let Some(token) = &backend.token {
        let token = token.read().map_err(GraphQlError::Token)?;
        request = request.bearer_auth(token.expose());
    }
    let sent = request.send_in(context).await;
    client::note(span, sent.as_ref());
    let response = sent.map_err(GraphQlError::Transport)?;
    let (status, retry_after) = (response.status(), retry_after(&response));
    let body = response.bytes().await.map_err(GraphQlError::Transport)?;
    if !status.is_success() {
        return Err(Failed {
            error: refused(status, &body),
            retry_after,
        });
    }
    Ok(body.to_vec())
}

fn refused(status: StatusCode, body: &[u8]) -> GraphQlError {
    GraphQlError::Status {
        status,
        excerpt: excerpt(body),
    }
}

/// The seconds of `Retry-After`; a date is left to our own pause.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(reqwest::header::RETRY_AFTER)?;
    let seconds = value.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn read_answer<Q: GraphQLQuery>(body: &[u8]) -> Result<Partial<Q::ResponseData>, Failed> {
    // Errors are read apart from data: what the query asked for may not be there when there are some.
    let answer: Answer<Value> = read(body)?;
    let errors = answer.errors.unwrap_or_default();
    let data = match answer.data {
        None => None,
        Some(_) if errors.is_empty() => read::<Answer<Q::ResponseData>>(body)?.data,
        Some(_) => read::<Answer<Q::ResponseData>>(body)
            .ok()
            .and_then(|answer| answer.data),
    };
    Ok(Partial { data, errors })
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
