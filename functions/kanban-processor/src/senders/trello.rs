//! Trello: `updateCard` with a list before and a list after.
//!
//! Signed as `X-Trello-Webhook: <base64>`, an HMAC-SHA1 of the raw body followed by the URL that
//! Trello was told to call.

use throughline::Delivery;

use crate::card_moved::{CardMoved, Outcome};
use crate::document::Document;
use crate::rejection::Rejection;
use crate::senders::Sender;
use crate::signature::Proof;
use throughline::Secret;

const SENDER: Sender = Sender::Trello;

pub(crate) fn verify(
    delivery: &Delivery,
    secret: &Secret,
    callback_url: &str,
) -> Result<(), Rejection> {
    Proof::find(SENDER, delivery, "X-Trello-Webhook")?
        .is_sha1_base64(secret, &[&delivery.body, callback_url.as_bytes()])
}

pub(crate) fn read(delivery: &Delivery) -> Result<Outcome, Rejection> {
    let event = Document::parse(SENDER, &delivery.body)?;
    let card_id = event.text("/action/data/card/id");
    match event.text("/action/type").as_deref() {
        Some("updateCard") => {}
        Some(other) => {
            return Ok(Outcome::not_a_move(
                card_id,
                format!("the action is {other}"),
            ));
        }
        None => return Ok(Outcome::not_a_move(card_id, "it names no action.type")),
    }
    // Not by action.display, which older deliveries lack; and the second delivery of the same drag,
    // which is about the new position, has no lists.
    let list = |side: &str| {
        let id = event.text(&format!("/action/data/{side}/id"));
        let name = event.text(&format!("/action/data/{side}/name"));
        (name.or_else(|| id.clone()), id)
    };
    if event.at("/action/data/listBefore").is_none() && event.at("/action/data/listAfter").is_none()
    {
        let why = "the card was updated and stayed in its list";
        return Ok(Outcome::not_a_move(card_id, why));
    }
    let (from, from_id) = list("listBefore");
    let (to, to_id) = list("listAfter");
    let moved = CardMoved {
        card_id: card_id.ok_or(Rejection::MissingCard {
            sender: SENDER,
            field: "action.data.card.id",
        })?,
        from,
        to: to.ok_or(Rejection::MissingStatus {
            sender: SENDER,
            field: "action.data.listAfter",
        })?,
        source: SENDER,
        from_id,
        to_id,
        column: None,
    };
    Ok(Outcome::Moves(vec![moved]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read_event(event: &Value) -> Result<Outcome, Rejection> {
        read(&Delivery {
            body: event.to_string().into(),
            ..Delivery::default()
        })
    }

    #[test]
    fn an_older_delivery_without_display_is_read() {
        let event = json!({"action": {"type": "updateCard", "data": {"card": {"id": "c"},
            "listBefore": {"id": "1", "name": "To Do"}, "listAfter": {"id": "2", "name": "Deploying"}}}});
        let Outcome::Moves(moves) = read_event(&event).unwrap() else {
            panic!("not read as a move");
        };
        assert_eq!(
            (moves[0].to.as_str(), moves[0].to_id.as_deref()),
            ("Deploying", Some("2"))
        );
    }

    #[test]
    fn a_move_without_card_or_list_is_rejected_by_name() {
        let event = |data: Value| json!({"action": {"type": "updateCard", "data": data}});
        let lists = json!({"listBefore": {"id": "1"}, "listAfter": {"id": "2"}});
        assert_eq!(
            read_event(&event(lists)).unwrap_err().kind(),
            "missing_card"
        );
        let before = json!({"card": {"id": "c"}, "listBefore": {"id": "1"}});
        assert_eq!(
            read_event(&event(before)).unwrap_err().kind(),
            "missing_status"
        );
    }

    #[test]
    fn the_signature_covers_the_callback_url() {
        use base64::Engine as _;
        use hmac::{KeyInit as _, Mac as _};
        let secret = Secret::new("s");
        let mut mac = hmac::Hmac::<sha1::Sha1>::new_from_slice(b"s").unwrap();
        mac.update("{\"name\":\"naïve 🚀\"}https://hooks.example.com/hooks/trello".as_bytes());
        let signed = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
        let delivery = Delivery {
            headers: [("x-trello-webhook".into(), signed.clone())].into(),
            body: "{\"name\":\"naïve 🚀\"}".into(),
            ..Delivery::default()
        };
        assert_eq!(
            verify(&delivery, &secret, "https://hooks.example.com/hooks/trello"),
            Ok(())
        );
        let other = verify(
            &delivery,
            &secret,
            "https://hooks.example.com/hooks/trello/",
        );
        assert_eq!(other.unwrap_err().kind(), "wrong_signature");
        // Its begin is not it: whoever may guess a byte must not have guessed the whole.
        for digits in ["", &signed[..4], &signed[..8], "ZZ=="] {
            let mut begin = delivery.clone();
            begin
                .headers
                .insert("x-trello-webhook".into(), digits.into());
            let url = "https://hooks.example.com/hooks/trello";
            assert!(verify(&begin, &secret, url).is_err(), "{digits}");
        }
    }
}
