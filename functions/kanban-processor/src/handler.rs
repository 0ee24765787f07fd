//! The way of one delivery: received, verified, read, acted on, answered.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use throughline::{Delivery, Error, IntoResponse, Request, Response, context, milestone};

use crate::answer::{self, Ending, Handled};
use crate::card_moved::{CardMoved, Outcome};
use crate::config::Config;
use crate::deployment::{self, Deployment};
use crate::rejection::Rejection;
use crate::senders::{self, Sender};
use throughline::Secret;

/// Handles one delivery, as [`throughline::run_with`] wants it handled.
///
/// Answers 200 where all is done or nothing is to do, 400 where the delivery is at fault, 409 where
/// the backend refuses, and 500 where trying again may help.
pub async fn handle(config: Arc<Config>, request: Request) -> Response {
    match outcome(&config, &request) {
        Err(rejection) => Error::rejected(400, rejection.to_string()).into_response(),
        Ok(Outcome::NotAMove { card_id, why }) => {
            milestone!("CARD_IGNORED", card_id, "not a move: {why}");
            answer::not_a_move(card_id.as_deref(), &why)
        }
        Ok(Outcome::Handshake { secret }) => shake_hands(&secret),
        Ok(Outcome::Moves(moves)) => answer::for_moves(&act(&config, &moves).await),
    }
}

/// What the delivery says, once it is verified.
fn outcome(config: &Config, request: &Request) -> Result<Outcome, Rejection> {
    let delivery = delivery(request);
    milestone!(
        "CARD_RECEIVED",
        source = delivery
            .as_ref()
            .ok()
            .and_then(|delivery| delivery.source.as_deref()),
        bytes = request.body().len(),
        delivery_attempt = context().delivery_attempt(),
        "a delivery arrived"
    );
    let delivery = delivery?;
    let sender = Sender::of(&delivery)?;
    let verified = senders::verify(sender, &delivery, &config.keyring)?;
    milestone!(
        "CARD_VERIFIED",
        source = sender.name(),
        signature = verified.as_str(),
        "the delivery is from {sender}"
    );
    senders::read(sender, &delivery, verified)
}

/// The envelope's inside. A body without an envelope was posted to the function itself, so its
/// sender's headers are the request's own.
fn delivery(request: &Request) -> Result<Delivery, Rejection> {
    let mut delivery =
        Delivery::read(request.body()).map_err(|error| Rejection::Envelope(error.to_string()))?;
    if delivery.source.is_none() && delivery.headers.is_empty() {
        delivery.headers = request
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
    }
    Ok(delivery)
}

/// Attempts every move, whatever became of the one before.
async fn act(config: &Config, moves: &[CardMoved]) -> Vec<Handled> {
    let key = context().idempotency_key().map(str::to_owned);
    let mut handled = Vec::with_capacity(moves.len());
    for (n, moved) in moves.iter().enumerate() {
        // Two deployments asked for by one message must not pass for one.
        let key = match &key {
            Some(key) if moves.len() > 1 => Some(format!("{key}/{}", n + 1)),
            key => key.clone(),
        };
        handled.push(act_on(config, moved, key).await);
    }
    handled
}

async fn act_on(config: &Config, moved: &CardMoved, key: Option<String>) -> Handled {
    let (card_id, from, to) = (
        moved.card_id.as_str(),
        moved.from.as_deref(),
        moved.to.as_str(),
    );
    milestone!(
        "CARD_MOVED",
        card_id,
        from,
        to,
        source = moved.source.name(),
        "{card_id} moved to {to}"
    );
    if !config.deploy_statuses.reached_by(moved) {
        let starts = &config.deploy_statuses;
        let detail =
            format!("{card_id} moved to {to}, which has no action: deployments start at {starts}");
        milestone!("CARD_IGNORED", card_id, from, to, "{detail}");
        return Handled::new(moved, Ending::NoAction, detail);
    }
    milestone!(
        "DEPLOYMENT_REQUESTED",
        card_id,
        from,
        to,
        "a deployment of {card_id} is requested"
    );
    match deployment::start(&config.backend, card_id, key).await {
        Ok(Deployment::Started { deployment_id }) => {
            milestone!(
                "DEPLOYMENT_STARTED",
                card_id,
                from,
                to,
                deployment_id,
                "the deployment of {card_id} started"
            );
            let detail = format!("the deployment of {card_id} started");
            let handled = Handled::new(moved, Ending::DeploymentStarted, detail);
            Handled {
                deployment_id,
                ..handled
            }
        }
        Ok(Deployment::Refused { message }) => {
            let detail = format!("the backend refused to deploy {card_id}: {message}");
            tracing::error!(
                card_id,
                from,
                to,
                error = message,
                error.r#type = "refused",
                "{detail}"
            );
            Handled::new(moved, Ending::DeploymentRefused, detail)
        }
        Err(error) => {
            let kind = error.kind();
            let detail = format!("the deployment of {card_id} could not be started ({kind})");
            tracing::error!(card_id, from, to, error = %chain(&error), error.r#type = kind, "{detail}");
            let detail = format!(
                "{detail}; trying again may help, and the log has the reason under this id"
            );
            Handled::new(moved, Ending::UpstreamFailed, detail)
        }
    }
}

/// The error with all its causes, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn shake_hands(secret: &Secret) -> Response {
    let Ok(echo) = HeaderValue::from_str(secret.expose()) else {
        return Error::rejected(
            400,
            "malformed header X-Hook-Secret: no answer can carry it back",
        )
        .into_response();
    };
    tracing::warn!(
        "asana makes a webhook: its X-Hook-Secret goes back in the answer; keep it as the secret asana-webhook-secret"
    );
    milestone!("CARD_IGNORED", "a handshake moves no card");
    let mut response = answer::handshake();
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-hook-secret"), echo);
    response
}
