//! Azure DevOps: `workitem.updated` whose state changed, or whose column on the board did.
//!
//! Nothing is signed: the service hook carries the user and password it was given, as
//! `Authorization: Basic …`.

use throughline::Delivery;

use crate::card_moved::{CardMoved, Outcome};
use crate::document::{Document, text};
use crate::rejection::Rejection;
use crate::senders::Sender;
use crate::signature::Proof;
use throughline::Secret;

const SENDER: Sender = Sender::AzureDevops;

pub(crate) fn verify(delivery: &Delivery, credentials: &Secret) -> Result<(), Rejection> {
    Proof::find(SENDER, delivery, "Authorization")?.is_basic(credentials)
}

pub(crate) fn read(delivery: &Delivery) -> Result<Outcome, Rejection> {
    let event = Document::parse(SENDER, &delivery.body)?;
    let kind = event.text("/eventType");
    if kind.as_deref() != Some("workitem.updated") {
        // Elsewhere resource.id is the work item; in an update it is the number of the update.
        let card_id = event
            .text("/resource/workItemId")
            .or_else(|| event.text("/resource/id"));
        let why = match kind {
            Some(other) => format!("the event is {other}"),
            None => "it names no eventType".to_owned(),
        };
        return Ok(Outcome::not_a_move(card_id, why));
    }
    let card_id = event
        .text("/resource/workItemId")
        .or_else(|| event.text("/resource/revision/id"));
    let state = change(&event, "System.State");
    let column = column(&event);
    let Some(shown) = state.as_ref().or(column.as_ref()) else {
        let why = "the work item changed, and neither its state nor its column did";
        return Ok(Outcome::not_a_move(card_id, why));
    };
    let moved = CardMoved {
        card_id: card_id.ok_or(Rejection::MissingCard {
            sender: SENDER,
            field: "resource.workItemId",
        })?,
        from: shown.from.clone(),
        to: shown.to.clone().ok_or(Rejection::MissingStatus {
            sender: SENDER,
            field: "newValue in resource.fields[\"System.State\"]",
        })?,
        source: SENDER,
        from_id: None,
        to_id: None,
        column: column.and_then(|column| column.to),
    };
    Ok(Outcome::Moves(vec![moved]))
}

struct Change {
    from: Option<String>,
    to: Option<String>,
}

fn change(event: &Document, field: &str) -> Option<Change> {
    let change = event.at("/resource/fields")?.get(field)?;
    let (from, to) = (change.get("oldValue"), change.get("newValue"));
    (from.is_some() || to.is_some()).then(|| Change {
        from: from.and_then(text),
        to: to.and_then(text),
    })
}

/// Several columns may map to one state, so a drag between them shows in the column alone: in
/// `System.BoardColumn`, or in the field that each team's board has (`WEF_<id>_Kanban.Column`).
fn column(event: &Document) -> Option<Change> {
    let of_a_team = || {
        event
            .at("/resource/fields")?
            .as_object()?
            .keys()
            .filter(|field| field.starts_with("WEF_") && field.ends_with("_Kanban.Column"))
            .find_map(|field| change(event, field))
    };
    change(event, "System.BoardColumn")
        .or_else(of_a_team)
        .filter(|column| column.to.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read_fields(fields: &Value) -> Result<Outcome, Rejection> {
        let event = json!({"eventType": "workitem.updated",
            "resource": {"id": 6, "workItemId": 42, "fields": fields}});
        read(&Delivery {
            body: event.to_string().into(),
            ..Delivery::default()
        })
    }

    fn only_move(fields: &Value) -> CardMoved {
        match read_fields(fields) {
            Ok(Outcome::Moves(mut moves)) if moves.len() == 1 => moves.remove(0),
            other => panic!("not one move: {other:?}"),
        }
    }

    #[test]
    fn a_drag_between_columns_of_one_state_is_a_move() {
        for field in ["System.BoardColumn", "WEF_EE5723BA_Kanban.Column"] {
            let moved = only_move(&json!({
                field: {"oldValue": "In Progress", "newValue": "Deploying"},
                "WEF_EE5723BA_Kanban.Column.Done": {"oldValue": false, "newValue": true},
            }));
            assert_eq!(moved.card_id, "42");
            assert_eq!(moved.from.as_deref(), Some("In Progress"), "{field}");
            assert_eq!(moved.to, "Deploying", "{field}");
        }
    }

    #[test]
    fn a_drag_that_changes_the_state_is_known_by_its_column_too() {
        let moved = only_move(&json!({
            "System.State": {"oldValue": "New", "newValue": "Active"},
            "System.BoardColumn": {"oldValue": "Backlog", "newValue": "Deploying"},
        }));
        assert_eq!(moved.to, "Active");
        assert_eq!(moved.places().collect::<Vec<_>>(), ["Active", "Deploying"]);
    }

    #[test]
    fn the_doing_and_done_halves_of_a_column_are_no_move() {
        let fields = json!({"System.BoardColumnDone": {"oldValue": false, "newValue": true}});
        assert!(matches!(read_fields(&fields), Ok(Outcome::NotAMove { .. })));
    }

    #[test]
    fn a_state_without_its_new_value_is_rejected() {
        let fields = json!({"System.State": {"oldValue": "New"}});
        assert_eq!(read_fields(&fields).unwrap_err().kind(), "missing_status");
    }

    #[test]
    fn the_number_of_an_update_is_not_taken_for_the_card() {
        let event = json!({"eventType": "workitem.updated", "resource": {"id": 6,
            "fields": {"System.State": {"oldValue": "New", "newValue": "Active"}}}});
        let delivery = Delivery {
            body: event.to_string().into(),
            ..Delivery::default()
        };
        assert_eq!(read(&delivery).unwrap_err().kind(), "missing_card");
    }
}
