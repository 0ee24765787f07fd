//! A client for typed GraphQL queries, as `graphql_client` derives them from a schema.

mod error;
mod exchange;
mod operation;
mod retry;
mod shape;
mod token;

use graphql_client::GraphQLQuery;
use reqwest::Url;

pub use error::{GraphQlError, ReportedError};
pub use operation::{Operation, Partial};
#[cfg(feature = "otlp")]
pub(crate) use shape::Shape;

use retry::Retries;
use token::Token;

/// A GraphQL backend.
///
/// Every request carries `X-Correlation-ID`, `traceparent` and `baggage`; every operation writes one
/// log line with its name, duration and outcome, and none of its variables.
///
/// ```no_run
/// # use graphql_client::GraphQLQuery;
/// # async fn example<Deploy: GraphQLQuery>(variables: Deploy::Variables) -> Result<(), Box<dyn std::error::Error>> {
/// let backend = throughline::graphql::GraphQl::new("http://backend/graphql")?
///     .with_token_from_secret("graphql-token")
///     .with_retries(2);
/// let data = backend.query::<Deploy>(variables).idempotency_key("kan-7").send().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct GraphQl {
    url: Url,
    token: Option<Token>,
    retries: Retries,
    persisted: bool,
    log_variables: bool,
}

/// Why a URL can't be one of a backend.
///
/// ```
/// let error = throughline::graphql::GraphQl::new("ftp://me:hunter2@backend").unwrap_err();
/// assert_eq!(error.url, "ftp://…@backend");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{url:?} is no URL of a GraphQL backend: {reason}")]
pub struct InvalidUrl {
    /// The URL, without the user and password that may be in it.
    pub url: String,
    /// What is wrong with it.
    pub reason: String,
}

impl GraphQl {
    /// A backend at `url`.
    ///
    /// ```
    /// use throughline::graphql::GraphQl;
    ///
    /// assert!(GraphQl::new("http://backend:4000/graphql").is_ok());
    /// assert!(GraphQl::new("backend/graphql").is_err());
    /// ```
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
            retries: Retries::NONE,
            persisted: false,
            log_variables: false,
        })
    }

    /// Sends `Authorization: Bearer <token>` along.
    ///
    /// ```
    /// use throughline::graphql::GraphQl;
    ///
    /// let backend = GraphQl::new("http://backend/graphql")?.with_bearer_token("s3cret");
    /// # Ok::<(), throughline::graphql::InvalidUrl>(())
    /// ```
    #[must_use]
    pub fn with_bearer_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(Token::fixed(token));
        self
    }

    /// Sends the secret of this name along as `Authorization: Bearer <secret>`. It is read for each
    /// operation, so that a token that was rotated needs no restart.
    ///
    /// ```
    /// let backend = throughline::graphql::GraphQl::new("http://backend/graphql")?
    ///     .with_token_from_secret("graphql-token");
    /// # Ok::<(), throughline::graphql::InvalidUrl>(())
    /// ```
    #[must_use]
    pub fn with_token_from_secret(mut self, name: &str) -> Self {
        self.token = Some(Token::secret(name));
        self
    }

    /// Tries an operation again up to so often, where the backend can't be reached or answers 429,
    /// 502, 503 or 504; after a pause that grows and is partly drawn by lot, or the one that
    /// `Retry-After` asks for; and only while the deadline leaves time for it.
    ///
    /// Only what may be done twice is: queries, and whatever has an
    /// [idempotency key](Operation::idempotency_key). Without this nothing is tried again here,
    /// since the queue in front of the function tries again too.
    ///
    /// ```
    /// use throughline::graphql::GraphQl;
    ///
    /// let backend = GraphQl::new("http://backend/graphql")?.with_retries(2);
    /// # Ok::<(), throughline::graphql::InvalidUrl>(())
    /// ```
    #[must_use]
    pub fn with_retries(mut self, most: u32) -> Self {
        self.retries = Retries::up_to(most);
        self
    }

    /// Sends the SHA-256 of a query in its place, and the query only where the backend does not
    /// know it yet: automatic persisted queries, as Apollo's servers have them.
    ///
    /// ```
    /// use throughline::graphql::GraphQl;
    ///
    /// let backend = GraphQl::new("http://backend/graphql")?.with_persisted_queries();
    /// # Ok::<(), throughline::graphql::InvalidUrl>(())
    /// ```
    #[must_use]
    pub fn with_persisted_queries(mut self) -> Self {
        self.persisted = true;
        self
    }

    /// Writes the variables of each operation into its log line. They may hold what should not be
    /// in a log; without this they are left out.
    ///
    /// ```
    /// use throughline::graphql::GraphQl;
    ///
    /// let backend = GraphQl::new("http://backend/graphql")?.with_variables_logged();
    /// # Ok::<(), throughline::graphql::InvalidUrl>(())
    /// ```
    #[must_use]
    pub fn with_variables_logged(mut self) -> Self {
        self.log_variables = true;
        self
    }

    /// Prepares a typed operation.
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
    /// let stock = Backend::start(|_| (200, r#"{"data":{"reserve":{"reserved":true,"left":3}}}"#.into()));
    /// let stock = stock.await;
    /// let backend = GraphQl::new(stock.url()).unwrap();
    /// let variables = reserve::Variables { item: "tea".to_owned(), quantity: 2 };
    /// let data = backend.query::<Reserve>(variables).send().await.unwrap();
    /// assert_eq!(data.reserve.left, Some(3));
    /// # }
    /// ```
    pub fn query<Q: GraphQLQuery>(&self, variables: Q::Variables) -> Operation<'_, Q> {
        Operation::new(self, variables)
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
