//! The generic form, for every system that has no file here:
//! `{"card":{"id":"…"},"new_status":"…"}`, and optionally `"old_status"`.
//!
//! Where a secret is configured it must be signed: an HMAC-SHA256 of the raw body in hex, with or
//! without a leading `sha256=`, in the configured header.

use throughline::Delivery;

use crate::card_moved::{CardMoved, Outcome};
use crate::document::Document;
use crate::rejection::Rejection;
use crate::senders::Sender;
use crate::signature::{Hex, Proof};
use throughline::Secret;

const SENDER: Sender = Sender::Generic;

pub(crate) fn verify(delivery: &Delivery, secret: &Secret, header: &str) -> Result<(), Rejection> {
    Proof::find(SENDER, delivery, header)?.is_sha256(Hex::Any, secret, &delivery.body)
}

pub(crate) fn read(delivery: &Delivery) -> Result<Outcome, Rejection> {
    let moved = Document::parse(SENDER, &delivery.body)?;
    let moved = CardMoved {
        card_id: moved.text("/card/id").ok_or(Rejection::MissingCard {
            sender: SENDER,
            field: "card.id",
        })?,
        from: moved.text("/old_status"),
        to: moved.text("/new_status").ok_or(Rejection::MissingStatus {
            sender: SENDER,
            field: "new_status",
        })?,
        source: SENDER,
        from_id: None,
        to_id: None,
        column: None,
    };
    Ok(Outcome::Moves(vec![moved]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hmac::{KeyInit as _, Mac as _};

    fn read_body(body: &'static str) -> Result<Outcome, Rejection> {
        read(&Delivery {
            body: body.into(),
            ..Delivery::default()
        })
    }

    #[test]
    fn two_fields_are_enough_and_each_is_missed_by_name() {
        assert!(read_body(r#"{"card":{"id":7},"new_status":"Done"}"#).is_ok());
        for (body, text) in [
            (
                r#"{"card":{},"new_status":"Done"}"#,
                "missing card: generic sent a move without card.id",
            ),
            (
                r#"{"card":{"id":""},"new_status":"Done"}"#,
                "missing card: generic sent a move without card.id",
            ),
            (
                r#"{"card":{"id":"1"}}"#,
                "missing status: generic sent a move without new_status",
            ),
            (r#"[]"#, "missing card: generic sent a move without card.id"),
        ] {
            assert_eq!(read_body(body).unwrap_err().to_string(), text, "{body}");
        }
    }

    #[test]
    fn the_header_may_have_any_name_and_the_prefix_may_be_left_out() {
        let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(b"s").unwrap();
        mac.update(b"{}");
        let digits: String = mac
            .finalize()
            .into_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        for value in [digits.clone(), format!("sha256={digits}")] {
            let delivery = Delivery {
                headers: [("x-board-signature".into(), value)].into(),
                body: "{}".into(),
                ..Delivery::default()
            };
            assert_eq!(
                verify(&delivery, &Secret::new("s"), "X-Board-Signature"),
                Ok(())
            );
            assert!(verify(&delivery, &Secret::new("t"), "X-Board-Signature").is_err());
        }
    }
}
