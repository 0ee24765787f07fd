//! What a further delivery gets, on a clock that only the test moves.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::{Context, CorrelationId};
use tokio::time::Instant;

const MINUTE: Duration = Duration::from_secs(60);

/// Work that counts how often it was done, and takes as long as it is told.
#[derive(Clone)]
struct Shop {
    store: Arc<MemoryStore>,
    charges: Arc<AtomicU32>,
}

impl Shop {
    fn new() -> Self {
        Self {
            store: Arc::default(),
            charges: Arc::default(),
        }
    }

    async fn charge(&self, takes: Duration, fails: bool, payload: u32) -> Result<u32, Error> {
        let charges = Arc::clone(&self.charges);
        let work = move || async move {
            tokio::time::sleep(takes).await;
            let number = charges.fetch_add(1, Ordering::SeqCst) + 1;
            if fails {
                return Err(Error::rejected(422, "no money"));
            }
            Ok(number)
        };
        let store: Arc<dyn Store> = self.store.clone();
        once("charge/7", MINUTE, work)
            .of(&payload)
            .in_store(store)
            .await
    }

    fn charges(&self) -> u32 {
        self.charges.load(Ordering::SeqCst)
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_done_is_done_once_and_its_result_given_again_until_the_ttl() {
    let shop = Shop::new();
    assert_eq!(shop.charge(Duration::ZERO, false, 1).await.unwrap(), 1);
    tokio::time::advance(MINUTE - Duration::from_millis(1)).await;
    assert_eq!(shop.charge(Duration::ZERO, false, 1).await.unwrap(), 1);
    assert_eq!(shop.charges(), 1);
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(shop.charge(Duration::ZERO, false, 1).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn of_many_at_once_one_does_it_and_the_others_are_told_to_come_again() {
    let shop = Shop::new();
    let mut deliveries = crate::JoinSet::new();
    for _ in 0..100 {
        let shop = shop.clone();
        deliveries.spawn(async move { shop.charge(Duration::from_secs(1), false, 1).await });
    }
    let results = deliveries.join_all().await;
    let refused: Vec<_> = results
        .iter()
        .filter_map(|result| result.as_ref().err())
        .collect();
    assert_eq!((refused.len(), shop.charges()), (99, 1));
    assert_eq!(refused[0].status(), 500, "worth another try");
    assert!(
        refused[0]
            .to_string()
            .contains("in progress in another delivery")
    );
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_tried_anew_and_its_error_is_the_works_own() {
    let shop = Shop::new();
    let error = shop.charge(Duration::ZERO, true, 1).await.unwrap_err();
    assert_eq!(error.status(), 422);
    assert!(error.to_string().contains("no money"), "{error}");
    assert_eq!(shop.charge(Duration::ZERO, false, 1).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn work_that_was_cut_short_is_in_progress_until_its_deadline_and_then_anyones() {
    let shop = Shop::new();
    let deadline = Instant::now() + Duration::from_secs(10);
    let context = Context::new(CorrelationId::mint()).with_deadline(deadline);
    let cut = context.scope(shop.charge(MINUTE, false, 1));
    let cut = tokio::time::timeout(Duration::from_secs(3), cut).await;
    assert!(cut.is_err(), "whoever asked has left");
    let error = shop.charge(Duration::ZERO, false, 1).await.unwrap_err();
    assert!(error.to_string().contains("at most 7s more"), "{error}");
    tokio::time::advance(Duration::from_secs(7)).await;
    assert_eq!(shop.charge(Duration::ZERO, false, 1).await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn work_that_outlived_its_claim_leaves_the_record_of_whoever_took_over() {
    let shop = Shop::new();
    let deadline = Instant::now() + Duration::from_secs(1);
    let context = Context::new(CorrelationId::mint()).with_deadline(deadline);
    let slow = shop.clone();
    let slow = crate::spawn(
        context.scope(async move { slow.charge(Duration::from_secs(5), false, 1).await }),
    );
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(
        shop.charge(Duration::from_millis(1), false, 1)
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        slow.await.unwrap().unwrap(),
        2,
        "it did the work, and says so"
    );
    assert_eq!(shop.charge(Duration::ZERO, false, 1).await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_same_key_with_another_payload_is_an_error_and_nothing_is_done() {
    let shop = Shop::new();
    shop.charge(Duration::ZERO, false, 1).await.unwrap();
    let error = shop.charge(Duration::ZERO, false, 2).await.unwrap_err();
    assert!(error.to_string().contains("another payload"), "{error}");
    assert_eq!(shop.charges(), 1);
}

#[tokio::test]
async fn a_result_of_another_type_is_an_error_and_no_panic() {
    let shop = Shop::new();
    shop.charge(Duration::ZERO, false, 1).await.unwrap();
    let store: Arc<dyn Store> = shop.store.clone();
    let work = || async { Ok::<_, Error>(vec![1u8]) };
    let error = once("charge/7", MINUTE, work)
        .in_store(store)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("another type"), "{error}");
}

/// A store that is not there.
struct Gone;

impl Gone {
    fn error<T>(doing: &'static str, key: &str) -> Result<T, StoreError> {
        Err(StoreError {
            doing,
            key: key.to_owned(),
            source: "connection refused".into(),
        })
    }
}

impl Store for Gone {
    fn begin<'a>(&'a self, key: &'a str, _: &'a Claim) -> Storing<'a, Begun> {
        Box::pin(async { Self::error("begin", key) })
    }

    fn finish<'a>(&'a self, key: &'a str, _: &'a Claim, _: String) -> Storing<'a, ()> {
        Box::pin(async { Self::error("finish", key) })
    }

    fn fail<'a>(&'a self, key: &'a str, _: &'a Claim) -> Storing<'a, ()> {
        Box::pin(async { Self::error("fail", key) })
    }
}

#[tokio::test]
async fn without_its_store_nothing_is_done() {
    let done = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&done);
    let work = move || async move {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok::<_, Error>(())
    };
    let error = once("charge/7", MINUTE, work)
        .in_store(Arc::new(Gone))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("connection refused"), "{error}");
    assert_eq!(done.load(Ordering::SeqCst), 0);
}
