//! What a fault does to a request: as asked for, and checked. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

/// An effect as it is asked for.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEffect {
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(default, skip_serializing_if = "is_off")]
    drop: bool,
    #[serde(default, skip_serializing_if = "is_off")]
    drop_answer: bool,
    #[serde(default, skip_serializing_if = "is_off")]
    twice: bool,
    #[serde(default, skip_serializing_if = "is_off")]
    garbage: bool,
    #[serde(default, skip_serializing_if = "is_off")]
    refuse_auth: bool,
    #[serde(default, skip_serializing_if = "is_off")]
    down: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_off(on: &bool) -> bool {
    !on
}

/// What happens to the request.
#[derive(Clone, Debug)]
pub(super) enum Then {
    /// It goes its way, late.
    Pass,
    /// It is answered.
    Answer {
        status: StatusCode,
        headers: Vec<(HeaderName, HeaderValue)>,
        body: String,
    },
    /// The connection is closed, and no function is called.
    Drop,
    /// The function is called, and then the connection is closed.
    DropAnswer,
    /// It is made twice.
    Twice,
    /// It is answered with a body that is not JSON.
    Garbage,
    /// It is answered as if the credentials were wrong.
    RefuseAuth,
    /// The whole gateway plays dead.
    Down,
}

impl RawEffect {
    /// What it asks for besides a delay.
    pub(super) fn names(&self) -> Vec<&'static str> {
        [
            ("status", self.status.is_some()),
            ("drop", self.drop),
            ("drop_answer", self.drop_answer),
            ("twice", self.twice),
            ("garbage", self.garbage),
            ("refuse_auth", self.refuse_auth),
            ("down", self.down),
        ]
        .into_iter()
        .filter_map(|(name, on)| on.then_some(name))
        .collect()
    }

    pub(super) fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms.unwrap_or_default())
    }

    /// What it comes to.
    ///
    /// # Errors
    /// A sentence that names what does not fit.
    pub(super) fn then(&self) -> Result<Then, String> {
        if self.status.is_none() && (self.body.is_some() || !self.headers.is_empty()) {
            return Err("effect: headers and body need a status".into());
        }
        match self.names()[..] {
            [] if self.delay_ms.is_some() => Ok(Then::Pass),
            ["status"] => self.answer(),
            ["drop"] => Ok(Then::Drop),
            ["drop_answer"] => Ok(Then::DropAnswer),
            ["twice"] => Ok(Then::Twice),
            ["garbage"] => Ok(Then::Garbage),
            ["refuse_auth"] => Ok(Then::RefuseAuth),
            ["down"] => Ok(Then::Down),
            _ => Err(
                "effect: give delay_ms, and at most one of status, drop, drop_answer, twice, garbage, refuse_auth and down"
                    .into(),
            ),
        }
    }

    fn answer(&self) -> Result<Then, String> {
        let code = self.status.unwrap_or_default();
        let status = StatusCode::from_u16(code)
            .ok()
            .filter(|status| !status.is_informational())
            .ok_or_else(|| format!("effect.status = {code}: give 200 to 999"))?;
        let header = |(name, value): (&String, &String)| {
            let parsed = name
                .parse::<HeaderName>()
                .ok()
                .zip(value.parse::<HeaderValue>().ok());
            parsed.ok_or_else(|| format!("effect.headers: {name:?}: {value:?} is no header"))
        };
        Ok(Then::Answer {
            status,
            headers: self.headers.iter().map(header).collect::<Result<_, _>>()?,
            body: self.body.clone().unwrap_or_default(),
        })
    }
}
