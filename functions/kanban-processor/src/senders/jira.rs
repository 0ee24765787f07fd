//! Jira Cloud: `jira:issue_updated` with a change of the field *status*.
//!
//! Signed as `X-Hub-Signature: sha256=<hex>` over the raw body, by webhooks that an administrator
//! made with a secret; those that an app registered are not signed.

use serde_json::Value;
use throughline::Delivery;

use crate::card_moved::{CardMoved, Outcome};
use crate::document::{Document, text};
use crate::rejection::Rejection;
use crate::senders::Sender;
use crate::signature::{Hex, Proof};
use throughline::Secret;

const SENDER: Sender = Sender::Jira;

pub(crate) fn verify(delivery: &Delivery, secret: &Secret) -> Result<(), Rejection> {
    Proof::find(SENDER, delivery, "X-Hub-Signature")?.is_sha256(
        Hex::Prefixed,
        secret,
        &delivery.body,
    )
}

pub(crate) fn read(delivery: &Delivery) -> Result<Outcome, Rejection> {
    if delivery.body.is_empty() {
        // Accepting it would hide that no move will ever be seen.
        return Err(Rejection::EmptyBody {
            sender: SENDER,
            remedy: ": switch off \"Exclude body\" in the settings of the webhook",
        });
    }
    let event = Document::parse(SENDER, &delivery.body)?;
    let card_id = event.text("/issue/key").or_else(|| event.text("/issue/id"));
    match event.text("/webhookEvent").as_deref() {
        Some("jira:issue_updated") => {}
        Some(other) => {
            return Ok(Outcome::not_a_move(
                card_id,
                format!("the event is {other}"),
            ));
        }
        None => return Ok(Outcome::not_a_move(card_id, "it names no webhookEvent")),
    }
    let changes = event.list("/changelog/items");
    let Some(change) = changes.iter().find(|item| is_status(item)) else {
        let why = "the issue changed, and its status did not";
        return Ok(Outcome::not_a_move(card_id, why));
    };
    let part = |name: &str| change.get(name).and_then(text);
    let moved = CardMoved {
        card_id: card_id.ok_or(Rejection::MissingCard {
            sender: SENDER,
            field: "issue.key",
        })?,
        from: part("fromString").or_else(|| part("from")),
        to: part("toString")
            .or_else(|| part("to"))
            .ok_or(Rejection::MissingStatus {
                sender: SENDER,
                field: "toString in the status item of changelog.items",
            })?,
        source: SENDER,
        from_id: part("from"),
        to_id: part("to"),
        column: None,
    };
    Ok(Outcome::Moves(vec![moved]))
}

/// A custom field may be called *status* too, so the field's kind and id count; deliveries of 2017
/// have no `fieldId`.
fn is_status(item: &Value) -> bool {
    let is = |name: &str, wanted: &str| {
        item.get(name)
            .and_then(Value::as_str)
            .is_some_and(|value| value.eq_ignore_ascii_case(wanted))
    };
    let field = if item.get("fieldId").is_some() {
        "fieldId"
    } else {
        "field"
    };
    is("fieldtype", "jira") && is(field, "status")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read_event(event: &Value) -> Result<Outcome, Rejection> {
        read(&Delivery {
            body: event.to_string().into(),
            ..Delivery::default()
        })
    }

    fn updated(item: &Value) -> Value {
        json!({"webhookEvent": "jira:issue_updated", "issue": {"key": "KAN-7"},
            "changelog": {"items": [{"field": "labels", "fieldtype": "jira"}, item]}})
    }

    #[test]
    fn a_custom_field_that_is_called_status_is_not_the_status() {
        let item = json!({"field": "status", "fieldtype": "custom",
            "fieldId": "customfield_10042", "fromString": "a", "toString": "Deploying"});
        let outcome = read_event(&updated(&item)).unwrap();
        assert!(
            matches!(outcome, Outcome::NotAMove { card_id: Some(card), .. } if card == "KAN-7")
        );
    }

    #[test]
    fn the_shape_of_2017_without_a_field_id_is_read() {
        let item = json!({"field": "status", "fieldtype": "jira",
            "from": 1, "fromString": "To Do", "to": 2, "toString": "Deploying"});
        let Outcome::Moves(moves) = read_event(&updated(&item)).unwrap() else {
            panic!("not read as a move");
        };
        assert_eq!(moves[0].from_id.as_deref(), Some("1"));
        assert_eq!(moves[0].to, "Deploying");
    }

    #[test]
    fn an_issue_that_is_created_has_not_moved() {
        let event = json!({"webhookEvent": "jira:issue_created", "issue": {"key": "KAN-7"},
            "changelog": {"items": [{"field": "Status", "fieldtype": "jira", "fieldId": "status",
                "from": null, "fromString": null, "to": "3", "toString": "Deploying"}]}});
        let outcome = read_event(&event).unwrap();
        let why = "the event is jira:issue_created";
        assert_eq!(outcome, Outcome::not_a_move(Some("KAN-7".into()), why));
    }

    #[test]
    fn an_excluded_body_is_rejected_with_its_remedy() {
        let rejection = read(&Delivery::default()).unwrap_err();
        assert_eq!(
            rejection.to_string(),
            "the body from jira is empty: switch off \"Exclude body\" in the settings of the webhook"
        );
    }

    #[test]
    fn a_move_without_card_or_status_is_rejected_by_name() {
        let item = json!({"field": "status", "fieldtype": "jira", "fieldId": "status"});
        let rejection = read_event(&updated(&item)).unwrap_err();
        assert!(rejection.to_string().starts_with("missing status: jira"));
        let mut event = updated(&item);
        event["issue"] = Value::Null;
        let rejection = read_event(&event).unwrap_err();
        assert_eq!(
            rejection.to_string(),
            "missing card: jira sent a move without issue.key"
        );
    }
}
