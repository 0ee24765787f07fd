//! Asana: a task `removed` from one section and `added` to another, in one batch of events.
//!
//! Signed as `X-Hook-Signature: <hex>`, an HMAC-SHA256 of the raw body with the secret that Asana
//! itself chose: it comes once, in a handshake, as `X-Hook-Secret`, and wants to be answered with
//! the same header. Events carry ids only, no names.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;
use throughline::Delivery;

use crate::card_moved::{CardMoved, Outcome};
use crate::document::{Document, text};
use crate::keyring::Verified;
use crate::rejection::Rejection;
use crate::senders::Sender;
use crate::signature::{Hex, Proof, header, same};
use throughline::Secret;

const SENDER: Sender = Sender::Asana;

/// The secret that a handshake brings; `None` where it is no handshake.
pub(crate) fn handshake(delivery: &Delivery) -> Option<&str> {
    header(delivery, "x-hook-secret")
}

/// A handshake may be answered while no secret is configured, or when it brings the one that is.
pub(crate) fn may_shake_hands(
    delivery: &Delivery,
    configured: Option<&Secret>,
) -> Result<Verified, Rejection> {
    let given = handshake(delivery).unwrap_or_default();
    match configured {
        None => Ok(Verified::Unsigned),
        Some(secret) if same(given.as_bytes(), secret) => Ok(Verified::Signed),
        Some(_) => Err(Rejection::SecondHandshake { sender: SENDER }),
    }
}

pub(crate) fn verify(delivery: &Delivery, secret: &Secret) -> Result<(), Rejection> {
    Proof::find(SENDER, delivery, "X-Hook-Signature")?.is_sha256(Hex::Bare, secret, &delivery.body)
}

pub(crate) fn read(delivery: &Delivery) -> Result<Outcome, Rejection> {
    if let Some(secret) = handshake(delivery) {
        return Ok(Outcome::Handshake {
            secret: Secret::new(secret),
        });
    }
    let batch = Document::parse(SENDER, &delivery.body)?;
    let moves = pairs(batch.list("/events"))?;
    if !moves.is_empty() {
        return Ok(Outcome::Moves(moves));
    }
    let events = batch.list("/events");
    let card_id = events.iter().find_map(task);
    let why = if events.is_empty() {
        "a heartbeat without events"
    } else {
        "no task was both removed from a section and added to one"
    };
    Ok(Outcome::not_a_move(card_id, why))
}

/// Pairs each task's removals with its additions, in their order. An addition without a removal is
/// a new task; a removal without an addition is a task that left the project.
fn pairs(events: &[Value]) -> Result<Vec<CardMoved>, Rejection> {
    let mut removals: BTreeMap<String, VecDeque<Option<String>>> = BTreeMap::new();
    for event in events.iter().filter(|event| is(event, "removed")) {
        let card_id = task(event).ok_or(MISSING_CARD)?;
        removals
            .entry(card_id)
            .or_default()
            .push_back(section(event));
    }
    let mut moves = Vec::new();
    for event in events.iter().filter(|event| is(event, "added")) {
        let card_id = task(event).ok_or(MISSING_CARD)?;
        let Some(from) = removals.get_mut(&card_id).and_then(VecDeque::pop_front) else {
            continue;
        };
        let to = section(event).ok_or(Rejection::MissingStatus {
            sender: SENDER,
            field: "parent.gid of the section it was added to",
        })?;
        if from.as_ref() == Some(&to) {
            continue;
        }
        moves.push(CardMoved {
            card_id,
            from: from.clone(),
            to: to.clone(),
            source: SENDER,
            from_id: from,
            to_id: Some(to),
            column: None,
        });
    }
    Ok(moves)
}

const MISSING_CARD: Rejection = Rejection::MissingCard {
    sender: SENDER,
    field: "resource.gid of the task",
};

/// Whether a task was `removed` from or `added` to a section, rather than a project or a task.
fn is(event: &Value, action: &str) -> bool {
    let at = |pointer| event.pointer(pointer).and_then(Value::as_str);
    at("/action") == Some(action)
        && at("/resource/resource_type") == Some("task")
        && at("/parent/resource_type") == Some("section")
}

fn task(event: &Value) -> Option<String> {
    (event.pointer("/resource/resource_type")? == "task")
        .then(|| event.pointer("/resource/gid").and_then(text))
        .flatten()
}

fn section(event: &Value) -> Option<String> {
    event.pointer("/parent/gid").and_then(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(action: &str, task: &str, section: &str) -> Value {
        json!({"action": action, "resource": {"gid": task, "resource_type": "task"},
            "parent": {"gid": section, "resource_type": "section"}})
    }

    fn moves(events: &[Value]) -> Vec<(String, String, String)> {
        pairs(events)
            .unwrap()
            .into_iter()
            .map(|moved| (moved.card_id, moved.from.unwrap_or_default(), moved.to))
            .collect()
    }

    fn triple(card: &str, from: &str, to: &str) -> (String, String, String) {
        (card.into(), from.into(), to.into())
    }

    #[test]
    fn a_batch_may_hold_several_moves_in_any_order() {
        let events = [
            event("added", "t2", "B"),
            event("removed", "t1", "A"),
            event("removed", "t2", "A"),
            event("added", "t1", "C"),
        ];
        assert_eq!(
            moves(&events),
            [triple("t2", "A", "B"), triple("t1", "A", "C")]
        );
    }

    #[test]
    fn a_task_that_moved_twice_has_two_moves() {
        let events = [
            event("removed", "t", "A"),
            event("added", "t", "B"),
            event("removed", "t", "B"),
            event("added", "t", "C"),
        ];
        assert_eq!(
            moves(&events),
            [triple("t", "A", "B"), triple("t", "B", "C")]
        );
    }

    #[test]
    fn created_removed_and_reordered_tasks_have_not_moved() {
        assert!(moves(&[event("added", "t", "A")]).is_empty());
        assert!(moves(&[event("removed", "t", "A")]).is_empty());
        assert!(moves(&[event("removed", "t", "A"), event("added", "t", "A")]).is_empty());
        let mut project = event("added", "t", "P");
        project["parent"]["resource_type"] = json!("project");
        assert!(moves(&[event("removed", "t", "A"), project]).is_empty());
    }

    #[test]
    fn a_move_without_task_or_section_is_rejected_by_name() {
        let mut nobody = event("added", "t", "B");
        nobody["resource"]["gid"] = Value::Null;
        assert_eq!(pairs(&[nobody]).unwrap_err().kind(), "missing_card");
        let mut nowhere = event("added", "t", "B");
        nowhere["parent"]["gid"] = Value::Null;
        let events = [event("removed", "t", "A"), nowhere];
        assert_eq!(pairs(&events).unwrap_err().kind(), "missing_status");
    }

    #[test]
    fn a_second_handshake_does_not_replace_the_secret() {
        let delivery = Delivery {
            headers: [("x-hook-secret".into(), "new".into())].into(),
            ..Delivery::default()
        };
        assert_eq!(may_shake_hands(&delivery, None), Ok(Verified::Unsigned));
        let same = Secret::new("new");
        assert_eq!(
            may_shake_hands(&delivery, Some(&same)),
            Ok(Verified::Signed)
        );
        let other = may_shake_hands(&delivery, Some(&Secret::new("old")));
        assert_eq!(other, Err(Rejection::SecondHandshake { sender: SENDER }));
    }
}
