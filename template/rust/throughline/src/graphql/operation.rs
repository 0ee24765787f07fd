//! One operation, from its variables to its data.

use graphql_client::GraphQLQuery;
use serde_json::Value;
use tokio::time::Instant;
use tracing::{Instrument as _, Span};

use super::error::join;
use super::exchange::{Message, exchange};
use super::shape::Shape;
use super::{GraphQl, GraphQlError, ReportedError};
use crate::Context;

/// An operation that is ready to be sent.
///
/// ```no_run
/// # use graphql_client::GraphQLQuery;
/// # async fn example<Deploy: GraphQLQuery>(
/// #     backend: throughline::graphql::GraphQl,
/// #     variables: Deploy::Variables,
/// # ) -> Result<(), throughline::graphql::GraphQlError> {
/// let operation = backend.query::<Deploy>(variables).idempotency_key("kan-7/deploy");
/// let data = operation.send().await?;
/// # Ok(()) }
/// ```
#[must_use = "an operation does nothing until it is sent"]
pub struct Operation<'a, Q: GraphQLQuery> {
    backend: &'a GraphQl,
    variables: Q::Variables,
    idempotency_key: Option<String>,
}

/// What came of an operation, errors or not.
///
/// ```
/// use throughline::graphql::Partial;
///
/// let partial = Partial { data: Some(7), errors: Vec::new() };
/// assert!(partial.errors.is_empty());
/// ```
#[derive(Clone, Debug)]
pub struct Partial<T> {
    /// The data, where there is any that can be read as what was asked for.
    pub data: Option<T>,
    /// What the backend reports.
    pub errors: Vec<ReportedError>,
}

impl<'a, Q: GraphQLQuery> Operation<'a, Q> {
    pub(super) fn new(backend: &'a GraphQl, variables: Q::Variables) -> Self {
        Self {
            backend,
            variables,
            idempotency_key: None,
        }
    }

    /// Sends `Idempotency-Key` along, so that the backend does a repeated operation once.
    ///
    /// Name the operation's own key: two operations of one request need two.
    ///
    /// ```no_run
    /// # use graphql_client::GraphQLQuery;
    /// # async fn example<Charge: GraphQLQuery, Mail: GraphQLQuery>(
    /// #     backend: throughline::graphql::GraphQl,
    /// #     charge: Charge::Variables,
    /// #     mail: Mail::Variables,
    /// # ) -> Result<(), throughline::graphql::GraphQlError> {
    /// backend.query::<Charge>(charge).idempotency_key("kan-7/charge").send().await?;
    /// backend.query::<Mail>(mail).idempotency_key("kan-7/mail").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// Sends it and takes the data out of the answer.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use graphql_client::GraphQLQuery;
    /// use throughline::graphql::GraphQl;
    /// use throughline::testing::Backend;
    ///
    /// #[derive(GraphQLQuery)]
    /// #[graphql(
    ///     schema_path = "examples/graphql/schema.graphql",
    ///     query_path = "examples/graphql/reserve.graphql"
    /// )]
    /// struct Reserve;
    ///
    /// let empty = r#"{"errors":[{"message":"out of tea","extensions":{"code":"OUT_OF_STOCK"}}]}"#;
    /// let stock = Backend::start(move |_| (200, empty.to_owned())).await;
    /// let backend = GraphQl::new(stock.url()).unwrap();
    /// let variables = reserve::Variables { item: "tea".to_owned(), quantity: 2 };
    /// let error = backend.query::<Reserve>(variables).send().await.err().unwrap();
    /// assert_eq!(error.reported()[0].code(), Some("OUT_OF_STOCK"));
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`GraphQlError`]. An answer with `errors` is an error even where it has data as well.
    pub async fn send(self) -> Result<Q::ResponseData, GraphQlError> {
        let whole = |partial: Partial<Q::ResponseData>| {
            if !partial.errors.is_empty() {
                return Err(GraphQlError::Errors(partial.errors));
            }
            partial.data.ok_or(GraphQlError::MissingData)
        };
        self.run(whole).await
    }

    /// Sends it and takes both the data and the errors out of the answer: a backend may have done
    /// a part of what it was asked.
    ///
    /// ```no_run
    /// # use graphql_client::GraphQLQuery;
    /// # async fn example<Deploy: GraphQLQuery>(
    /// #     backend: throughline::graphql::GraphQl,
    /// #     variables: Deploy::Variables,
    /// # ) -> Result<(), throughline::graphql::GraphQlError> {
    /// let partial = backend.query::<Deploy>(variables).send_partial().await?;
    /// for error in &partial.errors {
    ///     tracing::warn!(path = ?error.path, code = error.code(), "{}", error.message);
    /// }
    /// if let Some(data) = partial.data { /* what there is */ }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`GraphQlError`]; never its `Errors`.
    pub async fn send_partial(self) -> Result<Partial<Q::ResponseData>, GraphQlError> {
        self.run(|partial| match partial {
            Partial { data: None, errors } if errors.is_empty() => Err(GraphQlError::MissingData),
            partial => Ok(partial),
        })
        .await
    }

    async fn run<T>(
        self,
        take: impl FnOnce(Partial<Q::ResponseData>) -> Result<T, GraphQlError>,
    ) -> Result<T, GraphQlError> {
        let backend = self.backend;
        let query = Q::build_query(self.variables);
        let name = query.operation_name;
        let (context, span) = in_span(backend, name, query.query);
        let message = Message::new(&query, self.idempotency_key.as_deref());
        let variables = backend
            .log_variables
            .then(|| serde_json::to_value(&query.variables).unwrap_or(Value::Null));
        let repeatable = backend.retries.any()
            && (message.idempotency_key.is_some()
                || Shape::read(query.query, name).operation == "query");

        let started = Instant::now();
        let mut tries = 0;
        let answered = loop {
            let result = exchange::<Q>(backend, &context, &span, &message)
                .instrument(span.clone())
                .await;
            let Err(failed) = result else { break result };
            let pause = Some(&failed)
                .filter(|failed| repeatable && failed.passing())
                .and_then(|failed| {
                    let left = context.time_left();
                    backend.retries.pause(tries, failed.retry_after, left)
                });
            let Some(pause) = pause else {
                break Err(failed);
            };
            tries += 1;
            span.record("http.request.resend_count", tries);
            tokio::time::sleep(pause).await;
        };
        let line = Line {
            name,
            duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            retries: (tries > 0).then_some(tries),
            variables: variables.map(|variables| variables.to_string()),
        };
        let partial = answered.map_err(|failed| failed.error);
        let reported = partial.as_ref().map(|partial| join(&partial.errors));
        let reported = reported.unwrap_or_default();
        let result = partial.and_then(take);
        match &result {
            Ok(_) if reported.is_empty() => line.answered(),
            Ok(_) => line.answered_in_part(&reported),
            Err(error) => {
                span.record("error.type", error.kind());
                span.record("otel.status_code", "ERROR");
                line.failed(error);
            }
        }
        result
    }
}

#[cfg(feature = "otlp")]
fn in_span(backend: &GraphQl, name: &str, document: &str) -> (Context, Span) {
    crate::telemetry::spans::graphql(crate::context(), &backend.url, name, document)
}

#[cfg(not(feature = "otlp"))]
fn in_span(_: &GraphQl, _: &str, _: &str) -> (Context, Span) {
    (crate::context(), Span::none())
}

/// The one line of an operation.
struct Line {
    name: &'static str,
    duration_ms: u64,
    retries: Option<u32>,
    variables: Option<String>,
}

impl Line {
    fn answered(&self) {
        let (name, duration_ms) = (self.name, self.duration_ms);
        tracing::info!(
            graphql.operation.name = name,
            duration_ms,
            outcome = "ok",
            retries = self.retries,
            variables = self.variables.as_deref(),
            "{name} answered in {duration_ms} ms"
        );
    }

    fn answered_in_part(&self, reported: &str) {
        let (name, duration_ms) = (self.name, self.duration_ms);
        tracing::warn!(
            graphql.operation.name = name,
            duration_ms,
            outcome = "partial",
            retries = self.retries,
            variables = self.variables.as_deref(),
            error = reported,
            "{name} answered in {duration_ms} ms, in part"
        );
    }

    fn failed(&self, error: &GraphQlError) {
        let (name, duration_ms) = (self.name, self.duration_ms);
        tracing::warn!(
            graphql.operation.name = name,
            duration_ms,
            outcome = error.kind(),
            retries = self.retries,
            variables = self.variables.as_deref(),
            error = %crate::telemetry::chain(error),
            "{name} gave no data after {duration_ms} ms"
        );
    }
}
