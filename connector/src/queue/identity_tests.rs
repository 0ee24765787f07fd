use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

/// A provider whose credentials last an hour, and which can be told to fail.
#[derive(Debug, Default)]
struct Provider {
    asked: AtomicU64,
    fails: StdMutex<bool>,
    now: Arc<AtomicU64>,
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

impl ProvideCredentials for Provider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let n = self.asked.fetch_add(1, Ordering::Relaxed);
        let expiry = at(self.now.load(Ordering::Relaxed) + 3600);
        future::ProvideCredentials::ready(if *self.fails.lock().unwrap() {
            Err(CredentialsError::provider_error("no answer"))
        } else {
            Ok(Credentials::new(
                format!("key{n}"),
                "s",
                None,
                Some(expiry),
                "test",
            ))
        })
    }
}

fn world() -> (Arc<AtomicU64>, Arc<Provider>, Identities) {
    let now = Arc::new(AtomicU64::new(1_000_000));
    let provider = Arc::new(Provider {
        now: now.clone(),
        ..Provider::default()
    });
    let clock = now.clone();
    let wall_clock = WallClock::told_by(move || at(clock.load(Ordering::Relaxed)));
    let identities = Identities::new(
        SharedCredentialsProvider::from(provider.clone() as Arc<dyn ProvideCredentials>),
        wall_clock,
    );
    (now, provider, identities)
}

async fn key(identities: &Identities) -> Result<String, CredentialsError> {
    let identity = identities.identity().await?;
    Ok(identity
        .data::<Credentials>()
        .unwrap()
        .access_key_id()
        .to_owned())
}

#[tokio::test]
async fn credentials_are_asked_for_once_and_again_five_minutes_before_they_expire() {
    let (now, _, identities) = world();
    assert_eq!(key(&identities).await.unwrap(), "key0");
    now.fetch_add(3600 - 301, Ordering::Relaxed);
    assert_eq!(key(&identities).await.unwrap(), "key0");
    now.fetch_add(1, Ordering::Relaxed);
    assert_eq!(key(&identities).await.unwrap(), "key1");
    let sdk = identities.provide_credentials().await.unwrap();
    assert_eq!(
        sdk.access_key_id(),
        "key1",
        "the SDK's own calls use the same"
    );
}

#[tokio::test]
async fn a_provider_that_fails_costs_nothing_while_the_old_ones_are_good() {
    let (now, provider, identities) = world();
    key(&identities).await.unwrap();
    *provider.fails.lock().unwrap() = true;
    now.fetch_add(3500, Ordering::Relaxed);
    assert_eq!(key(&identities).await.unwrap(), "key0");
    assert_eq!(key(&identities).await.unwrap(), "key0");
    assert_eq!(
        provider.asked.load(Ordering::Relaxed),
        2,
        "it is left alone for a while"
    );
    now.fetch_add(100, Ordering::Relaxed);
    assert!(key(&identities).await.is_err());
    *provider.fails.lock().unwrap() = false;
    assert!(key(&identities).await.is_ok());
}

#[tokio::test]
async fn what_sqs_refused_is_asked_for_anew_but_only_once() {
    let (_, provider, identities) = world();
    let old = identities.identity().await.unwrap();
    identities.refused(&old).await;
    assert_eq!(key(&identities).await.unwrap(), "key1");
    identities.refused(&old).await;
    assert_eq!(key(&identities).await.unwrap(), "key1");
    assert_eq!(provider.asked.load(Ordering::Relaxed), 2);
}

#[test]
fn credentials_that_last_only_minutes_are_asked_for_at_half_their_time() {
    assert_eq!(ask_at(at(0), Some(at(240))), at(120));
    assert_eq!(ask_at(at(0), Some(at(3600))), at(3300));
    assert_eq!(ask_at(at(0), None), at(900));
    assert_eq!(ask_at(at(100), Some(at(50))), at(100));
}
