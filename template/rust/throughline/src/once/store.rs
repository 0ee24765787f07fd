//! Where records of [`once`](crate::once()) are kept.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// A future of a store.
///
/// ```
/// use throughline::once::{Begun, Storing};
///
/// fn always() -> Storing<'static, Begun> {
///     Box::pin(async { Ok(Begun::Ours) })
/// }
/// ```
pub type Storing<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Keeps one record per key.
///
/// Each call is one step that nobody else's call comes between.
///
/// ```
/// use std::time::Duration;
/// use throughline::once::{Begun, Claim, MemoryStore, Record, Store as _};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), throughline::once::StoreError> {
/// let store = MemoryStore::default();
/// let claim = |owner: &str| Claim {
///     owner: owner.to_owned(),
///     payload: None,
///     in_progress: Duration::from_secs(30),
///     ttl: Duration::from_secs(3600),
/// };
/// assert_eq!(store.begin("mail/7", &claim("a")).await?, Begun::Ours);
/// store.finish("mail/7", &claim("a"), "true".to_owned()).await?;
/// let done = Record::Done { payload: None, result: "true".to_owned() };
/// assert_eq!(store.begin("mail/7", &claim("b")).await?, Begun::Theirs(done));
/// # Ok(()) }
/// ```
pub trait Store: Send + Sync + 'static {
    /// Begins work, unless there is a record that is in progress or done: then gives that.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use std::time::Duration;
    /// use throughline::once::{Begun, Claim, MemoryStore, Record, Store as _};
    ///
    /// let store = MemoryStore::default();
    /// let claim = Claim {
    ///     owner: "a".to_owned(),
    ///     payload: None,
    ///     in_progress: Duration::from_secs(30),
    ///     ttl: Duration::from_secs(3600),
    /// };
    /// assert_eq!(store.begin("mail/7", &claim).await.unwrap(), Begun::Ours);
    /// let second = store.begin("mail/7", &claim).await.unwrap();
    /// assert!(matches!(second, Begun::Theirs(Record::InProgress { .. })));
    /// # }
    /// ```
    fn begin<'a>(&'a self, key: &'a str, claim: &'a Claim) -> Storing<'a, Begun>;

    /// Keeps the result of work that this claim began, for the claim's `ttl`. Does nothing where
    /// the record is another's by now.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use std::time::Duration;
    /// use throughline::once::{Begun, Claim, MemoryStore, Record, Store as _};
    ///
    /// let store = MemoryStore::default();
    /// let claim = Claim {
    ///     owner: "a".to_owned(),
    ///     payload: None,
    ///     in_progress: Duration::from_secs(30),
    ///     ttl: Duration::from_secs(3600),
    /// };
    /// assert_eq!(store.begin("mail/7", &claim).await.unwrap(), Begun::Ours);
    /// store.finish("mail/7", &claim, "true".to_owned()).await.unwrap();
    /// let second = store.begin("mail/7", &claim).await.unwrap();
    /// assert!(matches!(second, Begun::Theirs(Record::Done { result, .. }) if result == "true"));
    /// # }
    /// ```
    fn finish<'a>(&'a self, key: &'a str, claim: &'a Claim, result: String) -> Storing<'a, ()>;

    /// Keeps that work has failed which this claim began, so that the next delivery has its turn.
    /// Does nothing where the record is another's by now.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use std::time::Duration;
    /// use throughline::once::{Begun, Claim, MemoryStore, Record, Store as _};
    ///
    /// let store = MemoryStore::default();
    /// let claim = Claim {
    ///     owner: "a".to_owned(),
    ///     payload: None,
    ///     in_progress: Duration::from_secs(30),
    ///     ttl: Duration::from_secs(3600),
    /// };
    /// assert_eq!(store.begin("mail/7", &claim).await.unwrap(), Begun::Ours);
    /// store.fail("mail/7", &claim).await.unwrap();
    /// assert_eq!(store.begin("mail/7", &claim).await.unwrap(), Begun::Ours);
    /// # }
    /// ```
    fn fail<'a>(&'a self, key: &'a str, claim: &'a Claim) -> Storing<'a, ()>;
}

/// Who begins, and for how long.
///
/// ```
/// use std::time::Duration;
/// use throughline::once::Claim;
///
/// let claim = Claim {
///     owner: "call-1".to_owned(),
///     payload: None,
///     in_progress: Duration::from_secs(30),
///     ttl: Duration::from_secs(24 * 60 * 60),
/// };
/// # let _ = claim;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Tells this piece of work from all others.
    pub owner: String,
    /// The SHA-256 of the payload, in hex digits.
    pub payload: Option<String>,
    /// How long it counts as in progress, if nothing is heard of it.
    pub in_progress: Duration,
    /// How long the record is kept once the work is done.
    pub ttl: Duration,
}

/// Whether work was begun.
///
/// See [`Store`] for how it is come by.
///
/// ```
/// use throughline::once::Begun;
///
/// fn told(begun: &Begun) -> &'static str {
///     match begun {
///         Begun::Ours => "now it is done",
///         Begun::Theirs(_) => "somebody has done it, or is at it",
///     }
/// }
/// # assert_eq!(told(&Begun::Ours), "now it is done");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It was, and is now in progress.
    Ours,
    /// It was not: there is this record.
    Theirs(Record),
}

/// A record that leaves nothing to begin.
///
/// See [`Store`] for how it is come by.
///
/// ```
/// use throughline::once::Record;
///
/// fn told(record: &Record) -> String {
///     match record {
///         Record::InProgress { left, .. } => format!("try again in {left:?}"),
///         Record::Done { result, .. } => result.clone(),
///     }
/// }
/// # assert_eq!(told(&Record::Done { payload: None, result: "7".into() }), "7");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// Someone is at it.
    InProgress {
        /// The SHA-256 of the payload it was begun with.
        payload: Option<String>,
        /// For how long it still counts as in progress.
        left: Duration,
    },
    /// It was done.
    Done {
        /// The SHA-256 of the payload it was begun with.
        payload: Option<String>,
        /// Its result, as JSON.
        result: String,
    },
}

/// A store could not be asked.
///
/// ```
/// use throughline::once::StoreError;
///
/// let error = StoreError {
///     doing: "begin",
///     key: "mail/7".to_owned(),
///     source: "no connection".into(),
/// };
/// assert_eq!(error.to_string(), "begin mail/7 in the store of what was done once failed");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{doing} {key} in the store of what was done once failed")]
pub struct StoreError {
    /// What was tried: `begin`, `finish` or `fail`.
    pub doing: &'static str,
    /// The key.
    pub key: String,
    /// Why it failed.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}
