//! The schema and its resolvers.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{Context, EmptySubscription, ID, Object, Result, SimpleObject};
use throughline::milestone;

use super::Graphql;
use super::behaviour::Effect;
use super::book::{Asked, Deployment};

pub(super) type Schema = async_graphql::Schema<Query, Mutation, EmptySubscription>;

pub(super) fn build() -> Schema {
    Schema::new(Query, Mutation, EmptySubscription)
}

/// What the endpoint is to answer instead of the operation's result.
#[derive(Clone, Default)]
pub(super) struct Instead(Arc<Mutex<Option<Effect>>>);

impl Instead {
    pub(super) fn taken(&self) -> Option<Effect> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, effect: Effect) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(effect);
    }
}

/// Looks back.
pub(super) struct Query;

#[Object]
impl Query {
    /// The deployments that were started, oldest first; of one card, or of all.
    async fn deployments(&self, ctx: &Context<'_>, card_id: Option<ID>) -> Result<Vec<Deployment>> {
        tracing::info!(
            operation = "deployments",
            card_id = card_id.as_ref().map(|id| id.as_str()),
            "deployments asked for"
        );
        let graphql = ctx.data::<Arc<Graphql>>()?;
        Ok(graphql
            .book
            .deployments(card_id.as_ref().map(|id| id.as_str())))
    }
}

/// Does what a moved card asks for.
pub(super) struct Mutation;

/// What came of `startDeployment`.
#[derive(SimpleObject)]
struct DeploymentResult {
    /// Whether the deployment runs.
    success: bool,
    /// Which one it is.
    deployment_id: Option<ID>,
    /// Why it does not run.
    message: Option<String>,
}

/// What came of `updateBilling`.
#[derive(SimpleObject)]
struct BillingResult {
    /// Whether the bill was updated.
    success: bool,
    /// Which one it is.
    invoice_id: Option<ID>,
    /// Why it was not.
    message: Option<String>,
}

#[Object]
impl Mutation {
    /// Starts a deployment for a card. With an `Idempotency-Key` header it is started once.
    async fn start_deployment(&self, ctx: &Context<'_>, card_id: ID) -> Result<DeploymentResult> {
        tracing::info!(operation = "startDeployment", card_id = %*card_id, "deployment asked for");
        if let Some(message) = refusal(ctx, &card_id).await? {
            tracing::warn!(card_id = %*card_id, reason = message, "deployment refused: {message}");
            return Ok(DeploymentResult {
                success: false,
                deployment_id: None,
                message: Some(message),
            });
        }
        let request = throughline::context();
        let done = ctx.data::<Arc<Graphql>>()?.book.deploy(Asked {
            card_id: &card_id,
            key: request.idempotency_key(),
            correlation_id: request.correlation_id(),
        });
        let deployment_id = done.what.deployment_id;
        if done.is_new {
            milestone!(
                "DEPLOYMENT_CREATED",
                card_id = %*card_id,
                deployment_id = %*deployment_id,
                "deployment {} created for {}",
                *deployment_id,
                *card_id
            );
        } else {
            tracing::info!(
                card_id = %*card_id,
                deployment_id = %*deployment_id,
                "this deployment was created before, under the same idempotency key"
            );
        }
        Ok(DeploymentResult {
            success: true,
            deployment_id: Some(deployment_id),
            message: None,
        })
    }

    /// Updates a card's bill. With an `Idempotency-Key` header it is updated once.
    async fn update_billing(
        &self,
        ctx: &Context<'_>,
        card_id: ID,
        amount_cents: i32,
    ) -> Result<BillingResult> {
        tracing::info!(
            operation = "updateBilling",
            card_id = %*card_id,
            amount_cents,
            "billing update asked for"
        );
        let mut refused = refusal(ctx, &card_id).await?;
        if refused.is_none() && amount_cents < 0 {
            refused = Some(format!("amountCents = {amount_cents}: give 0 or more"));
        }
        if let Some(message) = refused {
            tracing::warn!(card_id = %*card_id, reason = message, "billing update refused: {message}");
            return Ok(BillingResult {
                success: false,
                invoice_id: None,
                message: Some(message),
            });
        }
        let request = throughline::context();
        let asked = Asked {
            card_id: &card_id,
            key: request.idempotency_key(),
            correlation_id: request.correlation_id(),
        };
        let done = ctx.data::<Arc<Graphql>>()?.book.bill(asked, amount_cents);
        let invoice_id = done.what.invoice_id;
        if done.is_new {
            milestone!(
                "INVOICE_UPDATED",
                card_id = %*card_id,
                invoice_id = %*invoice_id,
                amount_cents,
                "invoice {} updated for {}",
                *invoice_id,
                *card_id
            );
        } else {
            tracing::info!(
                card_id = %*card_id,
                invoice_id = %*invoice_id,
                "this invoice was updated before, under the same idempotency key"
            );
        }
        Ok(BillingResult {
            success: true,
            invoice_id: Some(invoice_id),
            message: None,
        })
    }
}

/// Why the backend does not do it, if it was told not to or can't. An `Err` is an answer of
/// another kind, which the endpoint makes.
async fn refusal(ctx: &Context<'_>, card_id: &str) -> Result<Option<String>> {
    if card_id.is_empty() {
        return Ok(Some("cardId = \"\": give the card's id".into()));
    }
    match ctx.data::<Arc<Graphql>>()?.effect_for(card_id) {
        None => Ok(None),
        Some(Effect::Refuse(message)) => Ok(Some(message)),
        Some(Effect::Slow(wait)) => {
            tokio::time::sleep(wait).await;
            Ok(None)
        }
        Some(other) => {
            ctx.data::<Instead>()?.put(other);
            Err("answered otherwise".into())
        }
    }
}
