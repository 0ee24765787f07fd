//! GitHub Projects: an item `edited` whose field *Status* changed.
//!
//! Signed as `X-Hub-Signature-256: sha256=<hex>` over the raw body, which is a form
//! (`payload=<JSON>`) where the webhook's content type says so.

use std::borrow::Cow;

use serde_json::Value;
use throughline::Delivery;

use crate::card_moved::{CardMoved, Outcome};
use crate::document::{Document, text};
use crate::rejection::Rejection;
use crate::senders::Sender;
use crate::signature::{Hex, Proof, header};
use throughline::Secret;

const SENDER: Sender = Sender::Github;

pub(crate) fn verify(delivery: &Delivery, secret: &Secret) -> Result<(), Rejection> {
    Proof::find(SENDER, delivery, "X-Hub-Signature-256")?.is_sha256(
        Hex::Prefixed,
        secret,
        &delivery.body,
    )
}

pub(crate) fn read(delivery: &Delivery) -> Result<Outcome, Rejection> {
    let event = Document::parse(SENDER, &payload(delivery)?)?;
    let card_id = event
        .text("/projects_v2_item/content_node_id")
        .or_else(|| event.text("/projects_v2_item/node_id"));
    if event.at("/projects_v2_item").is_none() {
        let kind = header(delivery, "x-github-event").unwrap_or("not one of a project's item");
        return Ok(Outcome::not_a_move(None, format!("the event is {kind}")));
    }
    match event.text("/action").as_deref() {
        Some("edited") => {}
        Some(other) => {
            return Ok(Outcome::not_a_move(
                card_id,
                format!("the item was {other}"),
            ));
        }
        None => return Ok(Outcome::not_a_move(card_id, "it names no action")),
    }
    let field = event.text("/changes/field_value/field_name");
    if !field
        .as_deref()
        .is_some_and(|name| name.trim().eq_ignore_ascii_case("status"))
    {
        let why = match field {
            Some(other) => format!("the field {other} changed"),
            None => "it does not name a field that changed".to_owned(),
        };
        return Ok(Outcome::not_a_move(card_id, why));
    }
    let to = event.at("/changes/field_value/to");
    if to.is_some_and(Value::is_null) {
        return Ok(Outcome::not_a_move(card_id, "the status was cleared"));
    }
    let (from, from_id) = option(event.at("/changes/field_value/from"));
    let (to, to_id) = option(to);
    let moved = CardMoved {
        card_id: card_id.ok_or(Rejection::MissingCard {
            sender: SENDER,
            field: "projects_v2_item.content_node_id",
        })?,
        from,
        to: to.ok_or(Rejection::MissingStatus {
            sender: SENDER,
            field: "changes.field_value.to",
        })?,
        source: SENDER,
        from_id,
        to_id,
        column: None,
    };
    Ok(Outcome::Moves(vec![moved]))
}

/// The JSON, out of the form where it came in one.
fn payload(delivery: &Delivery) -> Result<Cow<'_, [u8]>, Rejection> {
    let is_form = header(delivery, "content-type").is_some_and(|kind| {
        kind.to_ascii_lowercase()
            .starts_with("application/x-www-form-urlencoded")
    });
    if !is_form && !delivery.body.starts_with(b"payload=") {
        return Ok(Cow::Borrowed(&delivery.body));
    }
    form_urlencoded::parse(&delivery.body)
        .find(|(name, _)| name == "payload")
        .map(|(_, json)| Cow::Owned(json.into_owned().into_bytes()))
        .ok_or(Rejection::MissingPayload { sender: SENDER })
}

/// Name and id of a value: an object for a single choice, a scalar for text, number and date.
fn option(value: Option<&Value>) -> (Option<String>, Option<String>) {
    match value {
        Some(Value::Object(option)) => {
            let id = option.get("id").and_then(text);
            (option.get("name").and_then(text).or_else(|| id.clone()), id)
        }
        Some(scalar) => (text(scalar), None),
        None => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read_body(body: String) -> Result<Outcome, Rejection> {
        read(&Delivery {
            body: body.into(),
            ..Delivery::default()
        })
    }

    fn edited(field_value: &Value) -> String {
        json!({"action": "edited", "projects_v2_item": {"content_node_id": "I_7"},
            "changes": {"field_value": field_value}})
        .to_string()
    }

    #[test]
    fn a_status_that_is_text_is_read() {
        let body = edited(&json!({"field_name": "Status", "field_type": "text",
            "from": "To Do", "to": "Deploying"}));
        let Outcome::Moves(moves) = read_body(body).unwrap() else {
            panic!("not read as a move");
        };
        assert_eq!(moves[0].from.as_deref(), Some("To Do"));
        assert_eq!(
            (moves[0].to.as_str(), &moves[0].to_id),
            ("Deploying", &None)
        );
    }

    #[test]
    fn a_status_without_its_new_value_is_rejected() {
        let body = edited(&json!({"field_name": "Status", "field_type": "single_select"}));
        assert_eq!(
            read_body(body).unwrap_err().to_string(),
            "missing status: github sent a move without changes.field_value.to"
        );
    }

    #[test]
    fn shapes_that_do_not_name_the_field_and_cleared_ones_are_no_moves() {
        for field_value in [
            json!({"field_type": "single_select", "field_node_id": "F"}),
            json!({"field_type": "assignees", "field_name": "Assignees"}),
            json!({"field_name": "Status", "from": {"id": "1", "name": "Todo"}, "to": null}),
        ] {
            let outcome = read_body(edited(&field_value)).unwrap();
            assert!(matches!(outcome, Outcome::NotAMove { .. }), "{field_value}");
        }
    }

    #[test]
    fn a_ping_is_no_move_and_a_form_without_payload_is_rejected() {
        let outcome = read_body(r#"{"zen":"Keep it logically awesome."}"#.into()).unwrap();
        assert!(matches!(outcome, Outcome::NotAMove { card_id: None, .. }));
        let form = Delivery {
            headers: [(
                "content-type".into(),
                "Application/X-WWW-form-urlencoded; charset=utf-8".into(),
            )]
            .into(),
            body: "paylod=%7B%7D".into(),
            ..Delivery::default()
        };
        assert_eq!(read(&form).unwrap_err().kind(), "missing_payload");
    }
}
