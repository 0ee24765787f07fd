//! What `once` keeps in a real Redis, whose URL is in `REDIS_URL`.
//!
//! `.ci/redis` starts one and runs this.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use throughline::once::{RedisStore, Store};
use throughline::{Context, CorrelationId, Error, JoinSet, once};

const MINUTE: Duration = Duration::from_secs(60);

fn url() -> String {
    std::env::var("REDIS_URL").expect("REDIS_URL names a Redis; .ci/redis starts one")
}

async fn client() -> MultiplexedConnection {
    let client = redis::Client::open(url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

/// One replica of a function, with a connection of its own.
#[derive(Clone)]
struct Replica {
    store: Arc<dyn Store>,
    charges: Arc<AtomicU32>,
    key: String,
}

impl Replica {
    fn new(key: &str) -> Self {
        Self {
            store: Arc::new(RedisStore::new(&url()).unwrap()),
            charges: Arc::default(),
            // The server may be used again: each test has keys of its own.
            key: format!("{key}/{}", CorrelationId::mint()),
        }
    }

    /// Another one, that does the same work.
    fn another(&self) -> Self {
        Self {
            store: Arc::new(RedisStore::new(&url()).unwrap()),
            ..self.clone()
        }
    }

    async fn charge(&self, takes: Duration, fails: bool, payload: u32) -> Result<u32, Error> {
        self.charge_for(MINUTE, takes, fails, payload).await
    }

    async fn charge_for(
        &self,
        ttl: Duration,
        takes: Duration,
        fails: bool,
        payload: u32,
    ) -> Result<u32, Error> {
        let charges = Arc::clone(&self.charges);
        let work = move || async move {
            tokio::time::sleep(takes).await;
            let number = charges.fetch_add(1, Ordering::SeqCst) + 1;
            if fails {
                return Err(Error::rejected(422, "no money"));
            }
            Ok(number)
        };
        once(&self.key, ttl, work)
            .of(&payload)
            .in_store(Arc::clone(&self.store))
            .await
    }

    async fn written(&self) -> Option<serde_json::Value> {
        let mut get = redis::cmd("GET");
        get.arg(format!("throughline:once:{}", self.key));
        let text: Option<String> = get.query_async(&mut client().await).await.unwrap();
        text.map(|text| serde_json::from_str(&text).unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_deliveries_to_four_replicas_one_charges() {
    let first = Replica::new("crowd");
    let replicas = [
        first.another(),
        first.another(),
        first.another(),
        first.clone(),
    ];
    let mut deliveries = JoinSet::new();
    for n in 0..100 {
        let replica = replicas[n % 4].clone();
        deliveries.spawn(async move { replica.charge(Duration::from_secs(2), false, 1).await });
    }
    let results = deliveries.join_all().await;
    assert_eq!(first.charges.load(Ordering::SeqCst), 1);
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    for replica in &replicas {
        assert_eq!(replica.charge(Duration::ZERO, false, 1).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_record_says_what_state_it_is_in_and_ends_with_its_ttl() {
    let replica = Replica::new("states");
    let busy = replica.clone();
    let work =
        throughline::spawn(async move { busy.charge(Duration::from_millis(300), true, 1).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(replica.written().await.unwrap()["state"], "in_progress");
    let error = replica
        .another()
        .charge(Duration::ZERO, false, 1)
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("in progress in another delivery"),
        "{error}"
    );

    assert!(work.await.unwrap().is_err());
    assert_eq!(replica.written().await.unwrap()["state"], "failed");

    let ttl = Duration::from_millis(300);
    assert_eq!(
        replica
            .charge_for(ttl, Duration::ZERO, false, 1)
            .await
            .unwrap(),
        2
    );
    let done = replica.written().await.unwrap();
    assert_eq!(
        (&done["state"], &done["result"]),
        (&"done".into(), &"2".into())
    );
    tokio::time::sleep(2 * ttl).await;
    assert_eq!(replica.written().await, None);
    assert_eq!(replica.charge(Duration::ZERO, false, 1).await.unwrap(), 3);
}

#[tokio::test]
async fn work_that_was_cut_short_is_anyones_after_its_deadline() {
    let replica = Replica::new("cut");
    let deadline = tokio::time::Instant::now() + Duration::from_millis(600);
    let context = Context::new(CorrelationId::mint()).with_deadline(deadline);
    let cut = context.scope(replica.charge(MINUTE, false, 1));
    assert!(
        tokio::time::timeout(Duration::from_millis(100), cut)
            .await
            .is_err()
    );
    assert!(
        replica
            .another()
            .charge(Duration::ZERO, false, 1)
            .await
            .is_err()
    );
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(
        replica
            .another()
            .charge(Duration::ZERO, false, 1)
            .await
            .unwrap(),
        1
    );
}

#[tokio::test]
async fn work_that_outlived_its_claim_leaves_the_record_of_whoever_took_over() {
    let replica = Replica::new("outlived");
    let deadline = tokio::time::Instant::now() + Duration::from_millis(200);
    let context = Context::new(CorrelationId::mint()).with_deadline(deadline);
    let slow = replica.clone();
    let slow = throughline::spawn(
        context.scope(async move { slow.charge(Duration::from_millis(900), false, 1).await }),
    );
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(
        replica
            .another()
            .charge(Duration::ZERO, false, 1)
            .await
            .unwrap(),
        1
    );
    assert_eq!(slow.await.unwrap().unwrap(), 2);
    assert_eq!(replica.written().await.unwrap()["result"], "1");
}

#[tokio::test]
async fn the_same_key_with_another_payload_is_an_error() {
    let replica = Replica::new("payload");
    replica.charge(Duration::ZERO, false, 1).await.unwrap();
    let error = replica
        .another()
        .charge(Duration::ZERO, false, 2)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("another payload"), "{error}");
}

async fn kill_clients_of(database: &str) -> usize {
    let mut redis = client().await;
    let mut list = redis::cmd("CLIENT");
    let list: String = list.arg("LIST").query_async(&mut redis).await.unwrap();
    let ids = list
        .lines()
        .filter(|line| line.split(' ').any(|field| field == database))
        .filter_map(|line| line.split(' ').next()?.strip_prefix("id="));
    let mut killed = 0;
    for id in ids {
        let mut kill = redis::cmd("CLIENT");
        kill.arg("KILL").arg("ID").arg(id);
        killed += kill.query_async::<usize>(&mut redis).await.unwrap();
    }
    killed
}

#[tokio::test]
async fn a_connection_that_breaks_is_made_anew() {
    // In a database of its own, so that its connections can be told from those of other tests.
    let store = RedisStore::new(&url().replace("/0", "/7")).unwrap();
    let replica = Replica {
        store: Arc::new(store),
        ..Replica::new("broken")
    };
    replica.charge(Duration::ZERO, false, 1).await.unwrap();
    assert_eq!(kill_clients_of("db=7").await, 1);
    // The one that finds it broken is told so, and comes again.
    let mut tries = 0;
    while let Err(error) = replica.charge(Duration::ZERO, false, 1).await {
        tries += 1;
        assert!(tries < 3, "{error}");
    }
    assert_eq!(replica.charges.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn without_redis_nothing_is_done_and_the_reason_names_no_password() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let store = RedisStore::new(&format!("redis://me:hunter2@127.0.0.1:{port}/0")).unwrap();
    let replica = Replica {
        store: Arc::new(store),
        ..Replica::new("gone")
    };
    let error = replica
        .charge(Duration::ZERO, false, 1)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("begin"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
    assert_eq!(replica.charges.load(Ordering::SeqCst), 0);
}

#[test]
fn what_is_no_url_of_redis_is_refused_without_telling_it() {
    for url in ["", "http://:hunter2@redis", "redis"] {
        let error = RedisStore::new(url).unwrap_err().to_string();
        assert!(error.contains("redis://host"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
