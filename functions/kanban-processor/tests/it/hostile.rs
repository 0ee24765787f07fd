//! Whatever arrives, no sender's reader panics.

use kanban_processor::senders::{self, Sender};
use kanban_processor::{Keyring, Secret, Verified};
use proptest::prelude::*;
use serde_json::Value;
use throughline::Delivery;

use crate::recorded::Recorded;

/// Everything that may be done with a delivery, for every sender.
fn try_all(delivery: &Delivery) {
    let _ = Sender::of(delivery);
    let keyring = Keyring {
        secrets: Sender::ALL.map(|sender| (sender, Secret::new("s"))).into(),
        generic_signature_header: "x-board-signature".into(),
        ..Keyring::default()
    };
    for sender in Sender::ALL {
        let _ = senders::verify(sender, delivery, &keyring);
        for verified in [Verified::Signed, Verified::Unsigned] {
            let _ = senders::read(sender, delivery, verified);
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6).prop_map(Value::from_iter),
        ]
    })
}

/// The pointers to all values of a document.
fn pointers(value: &Value, here: &str, all: &mut Vec<String>) {
    all.push(here.to_owned());
    let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(map) => map
            .iter()
            .for_each(|(key, value)| pointers(value, &format!("{here}/{}", escaped(key)), all)),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .for_each(|(n, value)| pointers(value, &format!("{here}/{n}"), all)),
        _ => {}
    }
}

proptest! {
    #[test]
    fn any_bytes_under_any_header(
        body in any::<Vec<u8>>(),
        name in prop::sample::select(vec![
            "x-hub-signature", "x-hub-signature-256", "x-trello-webhook", "linear-signature",
            "authorization", "x-hook-signature", "x-hook-secret", "x-board-signature", "content-type",
        ]),
        value in prop_oneof![any::<String>(), "sha256=.*", "Basic .*", "application/x-www-form-urlencoded"],
        source in any::<Option<String>>(),
        received_at_ms in any::<Option<u64>>(),
    ) {
        try_all(&Delivery {
            headers: [(name.to_owned(), value)].into(),
            body: body.into(),
            source,
            received_at_ms,
            ..Delivery::default()
        });
    }

    #[test]
    fn any_json_at_all(value in any_json()) {
        try_all(&Delivery { body: value.to_string().into(), ..Delivery::default() });
    }

    #[test]
    fn recorded_deliveries_with_one_value_replaced(
        which in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        value in any_json(),
    ) {
        let all: Vec<_> = Recorded::all()
            .into_iter()
            .filter_map(|one| Some((serde_json::from_str::<Value>(&one.body).ok()?, one.delivery())))
            .collect();
        let (mut body, delivery) = which.get(&all).clone();
        let mut places = Vec::new();
        pointers(&body, "", &mut places);
        let place: &String = place.get(&places);
        *body.pointer_mut(place).unwrap() = value;
        try_all(&Delivery { body: body.to_string().into(), ..delivery });
    }
}
