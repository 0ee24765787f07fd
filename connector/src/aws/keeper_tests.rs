use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::provider::SharedCredentialsProvider;
use futures_util::future::join_all;
use tokio::task::JoinSet;

use super::*;

const NOW: SystemTime = UNIX_EPOCH;

/// Gives a new key each time, for an hour; or fails, or never answers.
#[derive(Debug, Default)]
struct Provider {
    asked: AtomicU64,
    fails: AtomicBool,
    hangs: AtomicBool,
}

impl ProvideCredentials for Provider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let n = self.asked.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(50)).await;
            if self.hangs.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            if self.fails.load(Ordering::Relaxed) {
                return Err(CredentialsError::provider_error("STS is on holiday"));
            }
            let end = NOW + Duration::from_secs(3600);
            Ok(Keys::new(format!("KEY{n}"), "s", None, Some(end), "test"))
        })
    }
}

/// A provider, its keeper, and the task that renews.
fn world() -> (Arc<Provider>, Keeper, JoinSet<()>) {
    let provider = Arc::new(Provider::default());
    let shared = SharedCredentialsProvider::from(provider.clone() as Arc<dyn ProvideCredentials>);
    let keeper = Keeper::of(shared, WallClock::fixed(NOW));
    let mut tasks = JoinSet::new();
    tasks.spawn(keeper.clone().renew());
    (provider, keeper, tasks)
}

async fn key(keeper: &Keeper) -> Result<String, String> {
    let (identity, _) = keeper.identity().await.map_err(|error| error.to_string())?;
    let keys = identity.data::<Keys>().expect("keys");
    Ok(keys.access_key_id().to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_hundred_requests_at_once_fetch_once() {
    let (provider, keeper, _tasks) = world();
    let keys = join_all((0..100).map(|_| key(&keeper))).await;
    assert!(keys.iter().all(|key| key.as_deref() == Ok("KEY0")));
    assert_eq!(provider.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn credentials_are_renewed_ahead_of_their_end_and_no_request_waits_for_it() {
    let (provider, keeper, _tasks) = world();
    key(&keeper).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3300) - Duration::from_millis(100)).await;
    assert_eq!(key(&keeper).await.unwrap(), "KEY0");
    tokio::time::sleep(Duration::from_millis(200)).await;
    let asked = Instant::now();
    assert_eq!(key(&keeper).await.unwrap(), "KEY1");
    assert_eq!(asked.elapsed(), Duration::ZERO);
    assert_eq!(provider.asked.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn while_sts_fails_the_old_credentials_are_used_and_it_is_asked_less_and_less() {
    let (provider, keeper, _tasks) = world();
    key(&keeper).await.unwrap();
    provider.fails.store(true, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(2 * 3600)).await;
    assert_eq!(key(&keeper).await.unwrap(), "KEY0");
    // 3,900 s of failing: 1, 2, 4 … 32, and then once a minute.
    let asked = provider.asked.load(Ordering::Relaxed);
    assert!((65..75).contains(&asked), "{asked}");
    provider.fails.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_ne!(key(&keeper).await.unwrap(), "KEY0");
}

#[tokio::test(start_paused = true)]
async fn without_credentials_a_request_is_told_why_at_once_and_sts_is_not_asked_for_each() {
    let (provider, keeper, _tasks) = world();
    provider.fails.store(true, Ordering::Relaxed);
    for _ in 0..50 {
        let error = key(&keeper).await.unwrap_err();
        assert!(error.contains("STS is on holiday"), "{error}");
    }
    assert_eq!(provider.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn an_sts_that_never_answers_is_given_up_after_a_while() {
    let (provider, keeper, _tasks) = world();
    provider.hangs.store(true, Ordering::Relaxed);
    let error = key(&keeper).await.unwrap_err();
    assert!(error.contains("no answer within 12s"), "{error}");
    provider.hangs.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(key(&keeper).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_are_renewed_while_others_go_on_with_them() {
    let (_, keeper, _tasks) = world();
    let (_, generation) = keeper.identity().await.unwrap();
    keeper.refused(generation);
    assert_eq!(key(&keeper).await.unwrap(), "KEY0");
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(key(&keeper).await.unwrap(), "KEY1");
    // The answer to a request of before says nothing of these.
    keeper.refused(generation);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(key(&keeper).await.unwrap(), "KEY1");
}
