//! Linear: an `Issue` with action `update` whose `updatedFrom` has a `stateId`.
//!
//! Signed as `Linear-Signature: <hex>`, an HMAC-SHA256 of the raw body. The signed body also carries
//! `webhookTimestamp`; one that is more than a minute from the time of receipt may be a replay. The
//! header `Linear-Timestamp` is not signed and so proves nothing.

use serde_json::Value;
use throughline::Delivery;

use crate::card_moved::{CardMoved, Outcome};
use crate::document::Document;
use crate::keyring::Verified;
use crate::rejection::Rejection;
use crate::senders::Sender;
use crate::signature::{Hex, Proof};
use throughline::Secret;

const SENDER: Sender = Sender::Linear;
const FRESH_MS: u64 = 60_000;

pub(crate) fn verify(delivery: &Delivery, secret: &Secret) -> Result<(), Rejection> {
    Proof::find(SENDER, delivery, "Linear-Signature")?.is_sha256(Hex::Bare, secret, &delivery.body)
}

pub(crate) fn read(delivery: &Delivery, verified: Verified) -> Result<Outcome, Rejection> {
    let event = Document::parse(SENDER, &delivery.body)?;
    if verified == Verified::Signed {
        is_fresh(&event, delivery.received_at_ms)?;
    }
    let kind = event.text("/type");
    let issue = if kind.as_deref() == Some("Issue") {
        "/data"
    } else {
        "/data/issue"
    };
    let card_id = event
        .text(&format!("{issue}/identifier"))
        .or_else(|| event.text(&format!("{issue}/id")));
    let action = event.text("/action");
    if (kind.as_deref(), action.as_deref()) != (Some("Issue"), Some("update")) {
        let what = kind.as_deref().unwrap_or("something without a type");
        let action = action.as_deref().unwrap_or("no action");
        return Ok(Outcome::not_a_move(card_id, format!("{what}: {action}")));
    }
    if event.at("/updatedFrom/stateId").is_none() {
        let why = "the issue changed, and its state did not";
        return Ok(Outcome::not_a_move(card_id, why));
    }
    // Of the old state Linear sends only the id.
    let from_id = event.text("/updatedFrom/stateId");
    let to_id = event
        .text("/data/state/id")
        .or_else(|| event.text("/data/stateId"));
    let moved = CardMoved {
        card_id: card_id.ok_or(Rejection::MissingCard {
            sender: SENDER,
            field: "data.identifier",
        })?,
        from: from_id.clone(),
        to: event
            .text("/data/state/name")
            .or_else(|| to_id.clone())
            .ok_or(Rejection::MissingStatus {
                sender: SENDER,
                field: "data.state",
            })?,
        source: SENDER,
        from_id,
        to_id,
        column: None,
    };
    Ok(Outcome::Moves(vec![moved]))
}

/// Compares with the time of receipt, not of processing: a message may wait in the queue for days.
fn is_fresh(event: &Document, received_at_ms: Option<u64>) -> Result<(), Rejection> {
    let no_time = |what| Rejection::NoTime {
        sender: SENDER,
        what,
    };
    let sent = event
        .at("/webhookTimestamp")
        .and_then(Value::as_u64)
        .ok_or_else(|| no_time("webhookTimestamp"))?;
    let received = received_at_ms.ok_or_else(|| no_time("time of receipt in the envelope"))?;
    let apart_ms = sent.abs_diff(received);
    if apart_ms > FRESH_MS {
        return Err(Rejection::Stale {
            field: "webhookTimestamp",
            apart_ms,
            allowed_ms: FRESH_MS,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: u64 = 1_741_079_723_904;

    fn read_at(event: &Value, received_at_ms: Option<u64>) -> Result<Outcome, Rejection> {
        let delivery = Delivery {
            received_at_ms,
            body: event.to_string().into(),
            ..Delivery::default()
        };
        read(&delivery, Verified::Signed)
    }

    fn moved() -> Value {
        json!({"type": "Issue", "action": "update", "webhookTimestamp": NOW,
            "data": {"id": "u", "identifier": "BRD-7", "state": {"id": "s2", "name": "Deploying"}},
            "updatedFrom": {"stateId": "s1"}})
    }

    #[test]
    fn a_timestamp_a_minute_from_receipt_is_fresh_and_one_beyond_is_a_replay() {
        for received in [NOW, NOW + FRESH_MS, NOW - FRESH_MS] {
            assert!(read_at(&moved(), Some(received)).is_ok(), "{received}");
        }
        for received in [0, NOW + FRESH_MS + 1, NOW - FRESH_MS - 1, u64::MAX] {
            let rejection = read_at(&moved(), Some(received)).unwrap_err();
            assert_eq!(rejection.kind(), "stale", "{received}");
        }
    }

    #[test]
    fn a_signed_delivery_needs_both_times() {
        let rejection = read_at(&moved(), None).unwrap_err();
        assert!(rejection.to_string().contains("time of receipt"));
        let mut event = moved();
        event["webhookTimestamp"] = json!("yesterday");
        let rejection = read_at(&event, Some(NOW)).unwrap_err();
        assert!(rejection.to_string().contains("webhookTimestamp"));
    }

    #[test]
    fn an_unsigned_timestamp_proves_nothing_and_is_not_asked_for() {
        let delivery = Delivery {
            body: moved().to_string().into(),
            ..Delivery::default()
        };
        assert!(read(&delivery, Verified::Unsigned).is_ok());
    }

    #[test]
    fn a_move_without_card_or_state_is_rejected_by_name() {
        let mut event = moved();
        event["data"] = json!({"state": {"name": "Deploying"}});
        assert_eq!(
            read_at(&event, Some(NOW)).unwrap_err().kind(),
            "missing_card"
        );
        event["data"] = json!({"identifier": "BRD-7"});
        assert_eq!(
            read_at(&event, Some(NOW)).unwrap_err().kind(),
            "missing_status"
        );
    }
}
