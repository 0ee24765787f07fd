//! Doing a thing once, however often it is delivered.
//!
//! A message comes at least once; a card must be charged once. [`once()`] keeps a record per key:
//!
//! | State | What a further delivery gets |
//! |---|---|
//! | in progress | an error worth another try, until the deadline of whoever works on it has passed |
//! | done | what was done the first time, again |
//! | failed | its turn: the work is tried anew |
//!
//! Records lie in a [`Store`]: in memory for one replica, in Redis for more (`RedisStore`, feature
//! `redis`).

mod memory;
#[cfg(feature = "redis")]
mod redis;
mod store;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Error;

pub use memory::MemoryStore;
#[cfg(feature = "redis")]
pub use redis::{InvalidRedisUrl, RedisStore};
pub use store::{Begun, Claim, Record, Store, StoreError, Storing};

/// How long work without a deadline counts as in progress.
const IN_PROGRESS: Duration = Duration::from_secs(60);

static STORE: OnceLock<Arc<dyn Store>> = OnceLock::new();

/// Does a piece of work once for a key, and gives its result again for `ttl`.
///
/// Take a key that is the same on every delivery and names the work too, such as the context's
/// idempotency key and a word: `charge/<key>`. The result is kept as JSON.
///
/// ```
/// use std::time::Duration;
/// use throughline::{Error, once};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Error> {
/// let day = Duration::from_secs(24 * 60 * 60);
/// let charge = || once("charge/order-7", day, || async { Ok::<_, Error>("receipt 1".to_owned()) });
/// assert_eq!(charge().await?, "receipt 1");
/// assert_eq!(charge().await?, "receipt 1"); // and nothing was charged
/// # Ok(()) }
/// ```
///
/// It works on a record in the process' store: in memory, unless [`keep_in`] named another.
///
/// While the work is in progress, other deliveries of it get [`InProgress`], which answers 500 and
/// so is tried again. That ends with the context's deadline: whoever worked on it is cut then, and
/// the next delivery has its turn. Work without a deadline has 60 seconds.
pub fn once<T, W, F>(key: impl Into<String>, ttl: Duration, work: W) -> Once<W>
where
    W: FnOnce() -> F,
    F: Future<Output = Result<T, Error>>,
{
    Once {
        key: key.into(),
        ttl,
        work,
        payload: None,
        store: None,
    }
}

/// Names the store that [`once()`] of this process keeps its records in. Call it before the first
/// use; says whether it was in time.
///
/// ```no_run
/// use throughline::once::{MemoryStore, keep_in};
///
/// assert!(keep_in(MemoryStore::default()));
/// ```
pub fn keep_in(store: impl Store) -> bool {
    STORE.set(Arc::new(store)).is_ok()
}

/// Work to be done once; await it.
///
/// ```
/// # use std::time::Duration;
/// # use throughline::{Error, once};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Error> {
/// let work = once("mail/order-7", Duration::from_secs(3600), || async { Ok::<_, Error>(1) });
/// assert_eq!(work.of(&"order-7").await?, 1);
/// # Ok(()) }
/// ```
#[must_use = "nothing is done until it is awaited"]
pub struct Once<W> {
    key: String,
    ttl: Duration,
    work: W,
    payload: Option<String>,
    store: Option<Arc<dyn Store>>,
}

impl<W> Once<W> {
    /// Checks that the same key always comes with the same payload: another one is an error,
    /// [`OtherPayload`]. What is kept is its SHA-256.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use throughline::{Error, once};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let charge = |amount: u32| {
    ///     once("charge/order-8", Duration::from_secs(60), || async { Ok::<_, Error>(()) })
    ///         .of(&amount)
    /// };
    /// assert!(charge(700).await.is_ok());
    /// assert!(charge(7).await.unwrap_err().to_string().contains("another payload"));
    /// # }
    /// ```
    ///
    /// # Panics
    /// When the payload has no JSON form.
    pub fn of(mut self, payload: &impl Serialize) -> Self {
        let json = serde_json::to_vec(payload).expect("the payload has a JSON form");
        let digest = ring::digest::digest(&ring::digest::SHA256, &json);
        self.payload = Some(hex(digest.as_ref()));
        self
    }

    /// Keeps the record in this store rather than in the process'.
    ///
    /// ```
    /// # use std::{sync::Arc, time::Duration};
    /// # use throughline::{Error, once, once::MemoryStore};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Error> {
    /// let store = Arc::new(MemoryStore::default());
    /// let work = || async { Ok::<_, Error>(7) };
    /// assert_eq!(once("a", Duration::from_secs(60), work).in_store(store).await?, 7);
    /// # Ok(()) }
    /// ```
    pub fn in_store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }
}

impl<T, W, F> IntoFuture for Once<W>
where
    T: Serialize + DeserializeOwned + Send + 'static,
    W: FnOnce() -> F + Send + 'static,
    F: Future<Output = Result<T, Error>> + Send + 'static,
{
    type Output = Result<T, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<W> Once<W> {
    async fn run<T, F>(self) -> Result<T, Error>
    where
        T: Serialize + DeserializeOwned,
        W: FnOnce() -> F,
        F: Future<Output = Result<T, Error>>,
    {
        let store = self
            .store
            .unwrap_or_else(|| Arc::clone(STORE.get_or_init(|| Arc::new(MemoryStore::default()))));
        let claim = Claim {
            owner: crate::chance::uuid_v4().to_string(),
            payload: self.payload,
            in_progress: crate::current()
                .and_then(|context| context.time_left())
                .unwrap_or(IN_PROGRESS)
                // A record must be there at all while the work begins.
                .max(Duration::from_millis(1)),
            ttl: self.ttl,
        };
        let key = self.key;
        match store.begin(&key, &claim).await.map_err(Error::failed)? {
            Begun::Ours => {}
            Begun::Theirs(record) => return again(&key, &claim, record),
        }
        let result = (self.work)().await;
        let kept = match &result {
            Ok(value) => match serde_json::to_string(value) {
                Ok(json) => store.finish(&key, &claim, json).await,
                Err(error) => return Err(Error::failed(error)),
            },
            Err(_) => store.fail(&key, &claim).await,
        };
        if let Err(error) = kept {
            // The work is done, or has failed, whether that was written down or not.
            tracing::error!(
                key,
                error = %crate::telemetry::chain(&error),
                "what became of {key} could not be kept: a further delivery may do it again"
            );
        }
        result
    }
}

/// What a delivery gets that comes while or after another one had its turn.
fn again<T: DeserializeOwned>(key: &str, claim: &Claim, record: Record) -> Result<T, Error> {
    let theirs = match &record {
        Record::InProgress { payload, .. } | Record::Done { payload, .. } => payload,
    };
    if let (Some(ours), Some(theirs)) = (&claim.payload, theirs)
        && ours != theirs
    {
        return Err(Error::failed(OtherPayload(key.to_owned())));
    }
    match record {
        Record::InProgress { left, .. } => Err(Error::failed(InProgress {
            key: key.to_owned(),
            left,
        })),
        Record::Done { result, .. } => {
            tracing::info!(key, "{key} was done before: its result is given again");
            serde_json::from_str(&result).map_err(|error| {
                Error::failed(format!(
                    "the result that is kept for {key} is of another type now: {error}"
                ))
            })
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Another delivery is at it.
///
/// ```
/// # use std::{sync::Arc, time::Duration};
/// # use throughline::{Error, JoinSet, once};
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let mut deliveries = JoinSet::new();
/// for _ in 0..2 {
///     deliveries.spawn(async {
///         once("charge/order-9", Duration::from_secs(3600), || async {
///             tokio::time::sleep(Duration::from_millis(20)).await;
///             Ok::<_, Error>(())
///         })
///         .await
///     });
/// }
/// let results = deliveries.join_all().await;
/// let refused = results.iter().find_map(|result| result.as_ref().err()).unwrap();
/// assert!(refused.to_string().contains("in progress in another delivery"));
/// # }
/// ```
#[derive(Debug)]
pub struct InProgress {
    key: String,
    left: Duration,
}

impl fmt::Display for InProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, left } = self;
        write!(
            f,
            "{key} is in progress in another delivery, for at most {left:?} more; try again then"
        )
    }
}

impl std::error::Error for InProgress {}

/// The key came with another payload before.
///
/// See [`Once::of`] for one.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use std::time::Duration;
/// use throughline::{Error, once};
///
/// let hour = Duration::from_secs(3600);
/// let charge = |cents: u32| once("charge/order-8", hour, || async { Ok::<_, Error>(()) }).of(&cents);
/// charge(350).await.unwrap();
/// let refused = charge(999).await.unwrap_err();
/// assert!(refused.to_string().contains("with another payload"), "{refused}");
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{0} was done or begun with another payload: two different messages have the same key")]
pub struct OtherPayload(String);

#[cfg(test)]
#[path = "once_tests.rs"]
mod tests;
