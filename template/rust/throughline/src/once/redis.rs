//! Records in Redis: for a function of more than one replica.

use std::fmt;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::store::{Begun, Claim, Record, Store, StoreError, Storing};

/// How long Redis may take to connect, and to answer.
const PATIENCE: Duration = Duration::from_secs(2);
const PREFIX: &str = "throughline:once:";

/// Puts the claim down unless a record is in progress or done; then gives it, and how long it has.
/// A record in progress ends with its key, so that no clock but Redis' own is asked.
const BEGIN: &str = r"
local there = redis.call('GET', KEYS[1])
if there and cjson.decode(there).state ~= 'failed' then
    return {there, redis.call('PTTL', KEYS[1])}
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return false";

/// Puts down what became of the work, unless the record is another's by now.
const END: &str = r"
local there = redis.call('GET', KEYS[1])
if not there or cjson.decode(there).owner == ARGV[3] then
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
return 1";

/// Keeps records in Redis, one key each: `throughline:once:` and the key.
///
/// A connection that breaks is made anew at the next use. Redis that does not answer within two
/// seconds is an error, and the message comes again: work is never done without a record.
///
/// ```no_run
/// use throughline::once::{RedisStore, keep_in};
///
/// let store = RedisStore::new("redis://redis:6379/0")?;
/// assert!(keep_in(store));
/// # Ok::<(), throughline::once::InvalidRedisUrl>(())
/// ```
pub struct RedisStore {
    client: Client,
    connection: Mutex<Option<MultiplexedConnection>>,
}

/// Why a URL can't be one of Redis.
///
/// ```
/// let error = throughline::once::RedisStore::new("http://redis").unwrap_err();
/// assert!(error.to_string().contains("give redis://host:6379/0"));
/// ```
#[derive(Debug, thiserror::Error)]
#[error("the URL of Redis can't be used: {reason}; give redis://host:6379/0, or rediss:// for TLS")]
pub struct InvalidRedisUrl {
    /// What is wrong with it. The URL, which may hold a password, is not told.
    pub reason: String,
}

/// The record as it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    state: State,
    owner: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    result: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    InProgress,
    Done,
    Failed,
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisStore")
    }
}

impl RedisStore {
    /// A store at this URL; it connects at the first use.
    ///
    /// ```
    /// use throughline::once::RedisStore;
    ///
    /// assert!(RedisStore::new("rediss://redis:6379/0").is_ok());
    /// assert!(RedisStore::new("redis").is_err());
    /// ```
    ///
    /// # Errors
    /// When it is no URL of Redis.
    pub fn new(url: &str) -> Result<Self, InvalidRedisUrl> {
        // Fails only where the program has installed a provider of its own, which is then used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::open(url).map_err(|error| InvalidRedisUrl {
            reason: error.category().to_owned(),
        })?;
        Ok(Self {
            client,
            connection: Mutex::new(None),
        })
    }

    async fn connection(&self) -> Result<MultiplexedConnection, RedisError> {
        let mut connection = self.connection.lock().await;
        if let Some(connection) = &*connection {
            return Ok(connection.clone());
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let made = self
            .client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        Ok(connection.insert(made).clone())
    }

    async fn eval<T: redis::FromRedisValue>(&self, eval: &redis::Cmd) -> Result<T, RedisError> {
        let mut connection = self.connection().await?;
        let result = eval.query_async(&mut connection).await;
        if let Err(error) = &result
            && !matches!(error.kind(), redis::ErrorKind::Server(_))
        {
            *self.connection.lock().await = None;
        }
        result
    }

    async fn end(
        &self,
        doing: &'static str,
        key: &str,
        claim: &Claim,
        written: &Written,
    ) -> Result<(), StoreError> {
        let mut eval = script(END, key, written, claim.ttl);
        eval.arg(&claim.owner);
        self.eval::<i64>(&eval)
            .await
            .map(drop)
            .map_err(|error| failed(doing, key, error))
    }
}

fn script(text: &str, key: &str, written: &Written, lasts: Duration) -> redis::Cmd {
    let milliseconds = u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX);
    let mut eval = redis::cmd("EVAL");
    eval.arg(text)
        .arg(1)
        .arg(format!("{PREFIX}{key}"))
        .arg(serde_json::to_string(written).expect("a record has a JSON form"))
        // Redis takes no time that does not fit into its own, and none of zero.
        .arg(milliseconds.clamp(1, i64::MAX as u64 / 4));
    eval
}

fn failed(
    doing: &'static str,
    key: &str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError {
        doing,
        key: key.to_owned(),
        source: source.into(),
    }
}

impl Store for RedisStore {
    fn begin<'a>(&'a self, key: &'a str, claim: &'a Claim) -> Storing<'a, Begun> {
        Box::pin(async move {
            let written = Written {
                state: State::InProgress,
                owner: claim.owner.clone(),
                payload: claim.payload.clone(),
                result: None,
            };
            let eval = script(BEGIN, key, &written, claim.in_progress);
            let there: Option<(String, i64)> = self
                .eval(&eval)
                .await
                .map_err(|error| failed("begin", key, error))?;
            let Some((text, left)) = there else {
                return Ok(Begun::Ours);
            };
            let Written {
                state,
                payload,
                result,
                ..
            } = serde_json::from_str(&text).map_err(|error| failed("begin", key, error))?;
            Ok(Begun::Theirs(match (state, result) {
                (State::Done, Some(result)) => Record::Done { payload, result },
                _ => Record::InProgress {
                    payload,
                    left: Duration::from_millis(u64::try_from(left).unwrap_or(0)),
                },
            }))
        })
    }

    fn finish<'a>(&'a self, key: &'a str, claim: &'a Claim, result: String) -> Storing<'a, ()> {
        Box::pin(async move {
            let written = Written {
                state: State::Done,
                owner: claim.owner.clone(),
                payload: claim.payload.clone(),
                result: Some(result),
            };
            self.end("finish", key, claim, &written).await
        })
    }

    fn fail<'a>(&'a self, key: &'a str, claim: &'a Claim) -> Storing<'a, ()> {
        Box::pin(async move {
            let written = Written {
                state: State::Failed,
                owner: claim.owner.clone(),
                payload: claim.payload.clone(),
                result: None,
            };
            self.end("fail", key, claim, &written).await
        })
    }
}
