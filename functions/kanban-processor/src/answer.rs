//! What the function answers: how each move ended, and the status that follows.

use http::StatusCode;
use serde::Serialize;
use throughline::{IntoResponse, Json, Response};

use crate::card_moved::CardMoved;

/// How one move ended; ordered from best to worst, by what it means for the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ending {
    /// Its status starts nothing.
    NoAction,
    /// A deployment was started.
    DeploymentStarted,
    /// The backend does not want to: trying again can't help.
    DeploymentRefused,
    /// The backend gave no answer to go by: trying again may help.
    UpstreamFailed,
}

impl Ending {
    fn status(self) -> StatusCode {
        match self {
            Self::NoAction | Self::DeploymentStarted => StatusCode::OK,
            Self::DeploymentRefused => StatusCode::CONFLICT,
            Self::UpstreamFailed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// One move and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Handled {
    pub(crate) outcome: Ending,
    pub(crate) card_id: String,
    pub(crate) from: Option<String>,
    pub(crate) to: String,
    pub(crate) deployment_id: Option<String>,
    pub(crate) detail: String,
}

impl Handled {
    pub(crate) fn new(moved: &CardMoved, outcome: Ending, detail: String) -> Self {
        Self {
            outcome,
            card_id: moved.card_id.clone(),
            from: moved.from.clone(),
            to: moved.to.clone(),
            deployment_id: None,
            detail,
        }
    }
}

/// The answer for a delivery with moves: the worst ending decides, since a message is settled as a
/// whole; each move is listed where there are several.
pub(crate) fn for_moves(handled: &[Handled]) -> Response {
    #[derive(Serialize)]
    struct Answer<'a> {
        #[serde(flatten)]
        worst: &'a Handled,
        correlation_id: String,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        moves: &'a [Handled],
    }
    // Among equals the first, which max_by_key would not give.
    let Some(worst) = handled.iter().rev().max_by_key(|one| one.outcome) else {
        return not_a_move(None, "nothing moved");
    };
    let answer = Answer {
        worst,
        correlation_id: correlation_id(),
        moves: if handled.len() > 1 { handled } else { &[] },
    };
    (worst.outcome.status(), Json(answer)).into_response()
}

/// The answer for a delivery that says nothing of a card's place.
pub(crate) fn not_a_move(card_id: Option<&str>, why: &str) -> Response {
    Json(serde_json::json!({
        "outcome": "not_a_move",
        "card_id": card_id,
        "correlation_id": correlation_id(),
        "detail": format!("not a move: {why}"),
    }))
    .into_response()
}

/// The answer to Asana's handshake, but for the header.
pub(crate) fn handshake() -> Response {
    Json(serde_json::json!({
        "outcome": "handshake",
        "correlation_id": correlation_id(),
        "detail": "the header X-Hook-Secret of this answer is the one that came; keep it as the secret asana-webhook-secret",
    }))
    .into_response()
}

fn correlation_id() -> String {
    throughline::context().correlation_id().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_help_to_retry_is_worse_than_what_is_refused() {
        assert!(Ending::UpstreamFailed > Ending::DeploymentRefused);
        assert!(Ending::DeploymentRefused > Ending::DeploymentStarted);
        let statuses = [
            (Ending::NoAction, 200),
            (Ending::DeploymentStarted, 200),
            (Ending::DeploymentRefused, 409),
            (Ending::UpstreamFailed, 500),
        ];
        for (ending, status) in statuses {
            assert_eq!(ending.status(), status, "{ending:?}");
        }
    }
}
