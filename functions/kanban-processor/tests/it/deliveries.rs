//! Every recorded delivery is verified and read, and comes to what its file expects.

use kanban_processor::senders::{self, Sender};
use kanban_processor::{CardMoved, Keyring, Outcome, Rejection, Secret, Verified};
use throughline::Delivery;

use crate::recorded::{Expect, Move, Recorded};

fn run(delivery: &Delivery, keyring: &Keyring) -> Result<(Sender, Verified, Outcome), Rejection> {
    let sender = Sender::of(delivery)?;
    let verified = senders::verify(sender, delivery, keyring)?;
    Ok((sender, verified, senders::read(sender, delivery, verified)?))
}

#[test]
fn every_recorded_delivery_comes_to_what_is_expected() {
    for recorded in Recorded::all() {
        let (file, expect) = (&recorded.file, &recorded.expect);
        if expect.outcome == "head_ok" {
            assert_eq!(recorded.method, "HEAD", "{file}");
            continue; // the ingress answers it, and queues nothing
        }
        let result = run(&recorded.delivery(), &recorded.keyring());
        if expect.system == "unknown" {
            let kind = result.unwrap_err().kind();
            assert_eq!(kind, "unknown_sender", "{file}");
            continue;
        }
        let (sender, verified, outcome) = result.unwrap_or_else(|rejection| {
            panic!("{file}: {rejection}");
        });
        assert_eq!(sender.name(), expect.system, "{file}");
        let signed = expect.verified == Some(true);
        assert_eq!(verified == Verified::Signed, signed, "{file}");
        check(file, expect, &outcome);
    }
}

fn check(file: &str, expect: &Expect, outcome: &Outcome) {
    let lenient = |field: &str| expect.lenient.iter().any(|name| name == field);
    let is_expected_card = |card: Option<&str>| {
        lenient("card_id")
            || card == expect.card_id.as_deref()
            || card.is_some_and(|card| expect.card_id_also.iter().any(|also| also == card))
    };
    let (name, moves) = match outcome {
        Outcome::Moves(moves) => ("accept", moves.as_slice()),
        Outcome::NotAMove { card_id, why } => {
            assert!(is_expected_card(card_id.as_deref()), "{file}: {card_id:?}");
            assert!(!why.is_empty(), "{file}");
            ("ignore", &[][..])
        }
        Outcome::Handshake { .. } => ("handshake", &[][..]),
    };
    assert!(
        lenient("outcome") || name == expect.outcome,
        "{file}: {outcome:?}"
    );
    assert!(
        lenient("is_move") || moves.is_empty() != expect.is_move,
        "{file}: {outcome:?}"
    );
    if !lenient("moves") {
        assert_eq!(moves.len(), expect.moves.len(), "{file}");
        for (moved, expected) in moves.iter().zip(&expect.moves) {
            let seen = Move {
                card_id: match is_expected_card(Some(&moved.card_id)) {
                    true => expected.card_id.clone(),
                    false => moved.card_id.clone(),
                },
                from: moved.from.clone(),
                to: moved.to.clone(),
            };
            assert_eq!(&seen, expected, "{file}");
        }
    }
    let first = |part: fn(&CardMoved) -> Option<String>| moves.first().and_then(part);
    assert!(
        lenient("from") || first(|moved| moved.from.clone()) == expect.from,
        "{file}"
    );
    assert!(
        lenient("to") || first(|moved| Some(moved.to.clone())) == expect.to,
        "{file}"
    );
    assert!(
        lenient("from_id") || first(|moved| moved.from_id.clone()) == expect.from_id,
        "{file}"
    );
    assert!(
        lenient("to_id") || first(|moved| moved.to_id.clone()) == expect.to_id,
        "{file}"
    );
}

#[test]
fn without_a_source_the_same_sender_is_recognised() {
    for recorded in Recorded::all() {
        if recorded.method == "HEAD" {
            continue;
        }
        let delivery = Delivery {
            source: None,
            ..recorded.delivery()
        };
        match Sender::of(&delivery) {
            Ok(sender) => assert_eq!(sender.name(), recorded.expect.system, "{}", recorded.file),
            Err(rejection) => {
                assert_eq!(
                    recorded.expect.system, "unknown",
                    "{}: {rejection}",
                    recorded.file
                );
            }
        }
    }
}

#[test]
fn a_flipped_bit_in_a_signed_body_is_rejected() {
    let mut tried = 0;
    for recorded in Recorded::all().iter().filter(|one| one.signature.is_some()) {
        let length = recorded.body.len();
        for at in [0, 1, length / 3, length / 2, length - 2, length - 1] {
            let mut delivery = recorded.delivery();
            let mut body = delivery.body.to_vec();
            body[at] ^= 1;
            delivery.body = body.into();
            let rejection = run(&delivery, &recorded.keyring()).unwrap_err();
            assert_eq!(
                rejection.kind(),
                "wrong_signature",
                "{} at {at}",
                recorded.file
            );
            tried += 1;
        }
    }
    assert!(tried >= 100, "only {tried} tried");
}

#[test]
fn a_missing_header_is_rejected_by_name_even_when_the_body_is_fine() {
    for recorded in Recorded::all() {
        let Some(header) = recorded.proof() else {
            continue;
        };
        for blank in [false, true] {
            let mut delivery = recorded.delivery();
            let name = header.to_ascii_lowercase();
            assert!(
                delivery.headers.remove(&name).is_some(),
                "{}",
                recorded.file
            );
            if blank {
                delivery.headers.insert(name, String::new());
            }
            let rejection = run(&delivery, &recorded.keyring()).unwrap_err();
            let start = format!("missing header {header}: a delivery from ");
            assert!(
                rejection.to_string().starts_with(&start),
                "{}: {rejection}",
                recorded.file
            );
        }
    }
}

#[test]
fn a_wrong_secret_is_rejected_and_neither_secret_is_told() {
    for recorded in Recorded::all().iter().filter(|one| one.proof().is_some()) {
        let mut keyring = recorded.keyring();
        for secret in keyring.secrets.values_mut() {
            *secret = Secret::new("not:that-one");
        }
        let rejection = run(&recorded.delivery(), &keyring).unwrap_err();
        assert!(
            matches!(rejection.kind(), "wrong_signature" | "wrong_credentials"),
            "{}: {rejection}",
            recorded.file
        );
        let text = rejection.to_string();
        let secret = recorded.secret.as_deref().unwrap();
        assert!(
            !text.contains("not:that-one") && !text.contains(secret),
            "{text}"
        );
    }
}

#[test]
fn a_wrong_signature_is_rejected_before_the_body_is_looked_at() {
    for recorded in Recorded::all().iter().filter(|one| one.signature.is_some()) {
        let delivery = Delivery {
            body: "{ this is no JSON".into(),
            ..recorded.delivery()
        };
        let rejection = run(&delivery, &recorded.keyring()).unwrap_err();
        assert_eq!(rejection.kind(), "wrong_signature", "{}", recorded.file);
    }
}

#[test]
fn trellos_signature_is_of_one_callback_url_only() {
    let recorded = Recorded::named("trello/moved.json");
    let keyring = Keyring {
        trello_callback_url: "https://hooks.example.com/hooks/other".into(),
        ..recorded.keyring()
    };
    let rejection = run(&recorded.delivery(), &keyring).unwrap_err();
    assert_eq!(rejection.kind(), "wrong_signature");
}

#[test]
fn header_names_may_come_in_any_case() {
    for recorded in Recorded::all().iter().filter(|one| one.proof().is_some()) {
        let mut shouted = recorded.clone();
        shouted.headers = recorded
            .headers
            .iter()
            .map(|(name, value)| (name.to_uppercase(), value.clone()))
            .collect();
        assert!(
            run(&shouted.delivery(), &shouted.keyring()).is_ok(),
            "{}",
            recorded.file
        );
    }
}

#[test]
fn a_replay_of_linear_is_rejected_whatever_its_unsigned_header_says() {
    let mut recorded = Recorded::named("linear/moved.json");
    recorded.received_at_ms += 61_000;
    let now = recorded.received_at_ms.to_string();
    recorded.headers.insert("Linear-Timestamp".into(), now);
    let rejection = run(&recorded.delivery(), &recorded.keyring()).unwrap_err();
    assert_eq!(rejection.kind(), "stale");
}

#[test]
fn without_a_secret_a_signed_sender_is_refused_with_the_remedy() {
    for recorded in Recorded::all() {
        let expect = &recorded.expect;
        if matches!(expect.system.as_str(), "generic" | "unknown") || expect.verified.is_none() {
            continue;
        }
        let rejection = run(&recorded.delivery(), &Keyring::default()).unwrap_err();
        let start = format!("no secret configured for {}: put it into", expect.system);
        assert!(rejection.to_string().starts_with(&start), "{rejection}");
    }
}
