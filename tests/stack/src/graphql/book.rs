//! What the backend has done, and under which key, so that it does nothing twice.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_graphql::{ID, SimpleObject};
use throughline::CorrelationId;

/// A deployment that was started.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject)]
pub struct Deployment {
    /// The deployment's own id.
    pub deployment_id: ID,
    /// The card it was started for.
    pub card_id: ID,
    /// The correlation id it was started under.
    pub correlation_id: String,
    /// When it was started, in RFC 3339.
    pub at: String,
}

/// A card's bill that was updated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// The invoice's own id.
    pub invoice_id: ID,
    /// The card it bills.
    pub card_id: ID,
    /// How much, in cents.
    pub amount_cents: i32,
    /// The correlation id it was updated under.
    pub correlation_id: String,
}

/// Everything done so far. Work asked for again under the same key, for the same card, is not done
/// again: the answer is what came of it the first time.
#[derive(Default)]
pub(super) struct Book(Mutex<Pages>);

#[derive(Default)]
struct Pages {
    deployments: Vec<Deployment>,
    invoices: Vec<Invoice>,
    /// By card and idempotency key: the place in `deployments`, in `invoices`.
    deployed: HashMap<(String, String), usize>,
    billed: HashMap<(String, String), usize>,
}

/// What was asked for, and whether it was done just now.
pub(super) struct Done<T> {
    pub(super) what: T,
    pub(super) is_new: bool,
}

/// The card, the key if one was given, and the id of the request.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) card_id: &'a str,
    pub(super) key: Option<&'a str>,
    pub(super) correlation_id: &'a CorrelationId,
}

impl Book {
    pub(super) fn deploy(&self, asked: Asked<'_>) -> Done<Deployment> {
        let pages = &mut *self.lock();
        once(asked, &mut pages.deployed, &mut pages.deployments, || {
            Deployment {
                deployment_id: new_id("dep"),
                card_id: asked.card_id.into(),
                correlation_id: asked.correlation_id.to_string(),
                at: jiff::Timestamp::now().to_string(),
            }
        })
    }

    pub(super) fn bill(&self, asked: Asked<'_>, amount_cents: i32) -> Done<Invoice> {
        let pages = &mut *self.lock();
        once(asked, &mut pages.billed, &mut pages.invoices, || Invoice {
            invoice_id: new_id("inv"),
            card_id: asked.card_id.into(),
            amount_cents,
            correlation_id: asked.correlation_id.to_string(),
        })
    }

    /// Oldest first; of one card, or of all.
    pub(super) fn deployments(&self, card_id: Option<&str>) -> Vec<Deployment> {
        let pages = self.lock();
        let of_card = |one: &&Deployment| card_id.is_none_or(|card| one.card_id.as_str() == card);
        pages.deployments.iter().filter(of_card).cloned().collect()
    }

    pub(super) fn invoices(&self) -> Vec<Invoice> {
        self.lock().invoices.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn once<T: Clone>(
    asked: Asked<'_>,
    done: &mut HashMap<(String, String), usize>,
    all: &mut Vec<T>,
    work: impl FnOnce() -> T,
) -> Done<T> {
    let key = asked
        .key
        .map(|key| (asked.card_id.to_owned(), key.to_owned()));
    if let Some(at) = key.as_ref().and_then(|key| done.get(key)) {
        return Done {
            what: all[*at].clone(),
            is_new: false,
        };
    }
    if let Some(key) = key {
        done.insert(key, all.len());
    }
    let what = work();
    all.push(what.clone());
    Done { what, is_new: true }
}

/// The random half of a version-7 UUID: `dep-8f3a…`.
fn new_id(kind: &str) -> ID {
    let random = uuid::Uuid::now_v7().as_u64_pair().1;
    ID(format!("{kind}-{random:016x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_for_the_same_card_is_the_same_deployment() {
        let (book, id) = (Book::default(), CorrelationId::mint());
        let deploy = |card_id, key| {
            let done = book.deploy(Asked {
                card_id,
                key,
                correlation_id: &id,
            });
            (done.what.deployment_id, done.is_new)
        };
        let (first, is_new) = deploy("KAN-7", Some("k"));
        assert!(is_new && first.starts_with("dep-"));
        assert_eq!(deploy("KAN-7", Some("k")), (first.clone(), false));
        for (card, key) in [
            ("KAN-8", Some("k")),
            ("KAN-7", Some("l")),
            ("KAN-7", None),
            ("KAN-7", None),
        ] {
            let (other, is_new) = deploy(card, key);
            assert!(is_new && other != first);
        }
        assert_eq!(book.deployments(None).len(), 5);
        assert_eq!(book.deployments(Some("KAN-8")).len(), 1);
    }

    #[test]
    fn a_key_of_a_deployment_says_nothing_of_a_bill() {
        let (book, correlation_id) = (Book::default(), CorrelationId::mint());
        let asked = Asked {
            card_id: "KAN-7",
            key: Some("k"),
            correlation_id: &correlation_id,
        };
        assert!(book.deploy(asked).is_new && book.bill(asked, 5).is_new);
        assert!(!book.bill(asked, 5).is_new);
        assert_eq!(book.invoices().len(), 1);
    }
}
