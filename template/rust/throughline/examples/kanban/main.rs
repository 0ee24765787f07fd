//! A card moves on a Kanban board, and its deployment is started: the function of the guide "From
//! Python handler to Rust handler".
//!
//! ```text
//! graphql_url=http://127.0.0.1:4000/graphql secrets_dir=/tmp/secrets suppress_lock=true \
//!     cargo run -p throughline --example kanban
//! curl -i -d '{"card":{"id":"KAN-7"},"new_status":"Deploying"}' http://127.0.0.1:8080/
//! ```

use graphql_client::GraphQLQuery;
use serde::{Deserialize, Serialize};
use throughline::graphql::GraphQl;
use throughline::{Error, Json, Problem, context, milestone};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "examples/kanban/schema.graphql",
    query_path = "examples/kanban/start.graphql"
)]
struct StartDeployment;

#[derive(Deserialize)]
pub(crate) struct Moved {
    card: Card,
    new_status: String,
}

#[derive(Deserialize)]
struct Card {
    id: String,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    deployment_id: Option<String>,
}

#[derive(Deserialize)]
struct Config {
    graphql_url: String,
}

fn main() -> std::process::ExitCode {
    throughline::run_with(|env| {
        let config: Config = throughline::config_from(env)?;
        let backend = GraphQl::new(&config.graphql_url)
            .map_err(|e| vec![Problem::new("graphql_url", &e.url, e.reason)])?
            .with_token_from_secret("graphql-token");
        Ok(move |moved: Moved| handle(backend.clone(), moved))
    })
}

pub(crate) async fn handle(backend: GraphQl, moved: Moved) -> Result<Json<Outcome>, Error> {
    let Moved { card, new_status } = moved;
    milestone!("CARD_MOVED", card_id = card.id, "moved to {new_status}");
    if new_status != "Deploying" {
        return Ok(Json(Outcome {
            deployment_id: None,
        }));
    }
    // The same on every delivery of the message, so that it starts one deployment.
    let key = format!("{}/deploy", context().correlation_id());
    let variables = start_deployment::Variables { card_id: card.id };
    let operation = backend.query::<StartDeployment>(variables);
    let answer = operation
        .idempotency_key(key)
        .send()
        .await?
        .start_deployment;
    if !answer.success {
        let reason = answer.message.unwrap_or_default();
        return Err(Error::rejected(409, reason));
    }
    milestone!("DEPLOYMENT_STARTED");
    Ok(Json(Outcome {
        deployment_id: answer.deployment_id,
    }))
}
