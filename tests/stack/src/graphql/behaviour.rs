//! How the backend can be told to behave, by card. Pure.

use std::num::NonZeroU32;
use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};

/// A behaviour as it is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBehaviour {
    card: String,
    times: Option<NonZeroU32>,
    effect: RawEffect,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RawEffect {
    #[serde(skip_serializing_if = "Option::is_none")]
    refuse: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slow_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    garbage: Option<bool>,
}

/// A behaviour that is switched on.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Behaviour {
    card: String,
    effect: RawEffect,
    #[serde(skip)]
    pub(super) does: Effect,
}

/// What the backend does with a mutation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Does not do it, and says why in the result.
    Refuse(String),
    /// Does it, after a while.
    Slow(Duration),
    /// Does not do it, and answers with this status.
    Status(StatusCode),
    /// Does not do it, and answers with these in `errors`.
    Errors(Vec<String>),
    /// Does not do it, and answers with what is not JSON.
    Garbage,
}

impl RawBehaviour {
    /// The behaviour, and how often it shows.
    ///
    /// # Errors
    /// A sentence that names what does not fit.
    pub(super) fn check(self) -> Result<(Behaviour, Option<NonZeroU32>), String> {
        if self.card.is_empty() {
            return Err("card = \"\": give a card's id, or * for every card".into());
        }
        let behaviour = Behaviour {
            does: self.effect.clone().check()?,
            card: self.card,
            effect: self.effect,
        };
        Ok((behaviour, self.times))
    }
}

impl RawEffect {
    fn check(self) -> Result<Effect, String> {
        let status = self.status.map(|code| {
            StatusCode::from_u16(code)
                .ok()
                .filter(|status| !status.is_informational())
                .map(Effect::Status)
                .ok_or_else(|| format!("effect.status = {code}: give 200 to 999"))
        });
        let errors = self.errors.map(|errors| {
            let some = !errors.is_empty();
            some.then_some(Effect::Errors(errors))
                .ok_or_else(|| "effect.errors = []: give at least one message".to_owned())
        });
        let garbage = self.garbage.map(|on| {
            on.then_some(Effect::Garbage)
                .ok_or_else(|| "effect.garbage = false: leave it out".to_owned())
        });
        let mut given = [
            self.refuse.map(|message| Ok(Effect::Refuse(message))),
            self.slow_ms
                .map(|ms| Ok(Effect::Slow(Duration::from_millis(ms)))),
            status,
            errors,
            garbage,
        ]
        .into_iter()
        .flatten();
        match (given.next(), given.next()) {
            (Some(effect), None) => effect,
            _ => Err(
                "effect: give exactly one of refuse, slow_ms, status, errors and garbage".into(),
            ),
        }
    }
}

impl Behaviour {
    pub(super) fn fits(&self, card_id: &str) -> bool {
        self.card == "*" || self.card == card_id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn check(behaviour: Value) -> Result<Behaviour, String> {
        let raw: RawBehaviour =
            serde_json::from_value(behaviour).map_err(|error| error.to_string())?;
        raw.check().map(|(behaviour, _)| behaviour)
    }

    #[test]
    fn every_effect_can_be_asked_for_and_reads_as_it_was() {
        for (effect, does) in [
            (json!({"refuse": "frozen"}), Effect::Refuse("frozen".into())),
            (
                json!({"slow_ms": 5}),
                Effect::Slow(Duration::from_millis(5)),
            ),
            (
                json!({"status": 503}),
                Effect::Status(StatusCode::SERVICE_UNAVAILABLE),
            ),
            (
                json!({"errors": ["a", "b"]}),
                Effect::Errors(vec!["a".into(), "b".into()]),
            ),
            (json!({"garbage": true}), Effect::Garbage),
        ] {
            let asked = json!({"card": "KAN-7", "effect": effect});
            let behaviour = check(asked.clone()).unwrap();
            assert_eq!(behaviour.does, does);
            assert_eq!(serde_json::to_value(&behaviour).unwrap(), asked);
            assert!(behaviour.fits("KAN-7") && !behaviour.fits("KAN-8"));
        }
        assert!(
            check(json!({"card": "*", "effect": {"garbage": true}}))
                .unwrap()
                .fits("any")
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_a_sentence() {
        for (behaviour, says) in [
            (json!({"card": "*", "effect": {}}), "exactly one of"),
            (
                json!({"card": "*", "effect": {"status": 503, "slow_ms": 1}}),
                "exactly one of",
            ),
            (
                json!({"card": "", "effect": {"status": 503}}),
                "card = \"\"",
            ),
            (
                json!({"card": "*", "effect": {"status": 7}}),
                "effect.status = 7",
            ),
            (
                json!({"card": "*", "effect": {"errors": []}}),
                "at least one message",
            ),
            (
                json!({"card": "*", "effect": {"garbage": false}}),
                "leave it out",
            ),
            (
                json!({"card": "*", "effect": {"slow": 1}}),
                "unknown field `slow`",
            ),
            (
                json!({"crad": "*", "effect": {"slow_ms": 1}}),
                "unknown field `crad`",
            ),
        ] {
            let refused = check(behaviour.clone()).unwrap_err();
            assert!(refused.contains(says), "{behaviour}: {refused}");
        }
    }
}
