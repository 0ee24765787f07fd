//! Starting a deployment: the typed mutation, and what its answer means.

use graphql_client::GraphQLQuery;
use throughline::graphql::{GraphQl, GraphQlError};

// `ID` is a text on the wire, which is all that a card's id has to be.
#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "graphql/schema.graphql",
    query_path = "graphql/start_deployment.graphql",
    response_derives = "Debug"
)]
struct StartDeployment;

/// What the backend made of a request to deploy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deployment {
    /// It runs.
    Started { deployment_id: Option<String> },
    /// The backend understood and does not want to.
    Refused { message: String },
}

/// Asks for a deployment of a card. The same `idempotency_key` asks for the same deployment.
///
/// # Errors
/// When the backend gave no answer to go by; it may have one later.
pub(crate) async fn start(
    backend: &GraphQl,
    card_id: &str,
    idempotency_key: Option<String>,
) -> Result<Deployment, GraphQlError> {
    let variables = start_deployment::Variables {
        card_id: card_id.to_owned(),
    };
    let mut operation = backend.query::<StartDeployment>(variables);
    if let Some(key) = idempotency_key {
        operation = operation.idempotency_key(key);
    }
    let answer = operation.send().await?.start_deployment;
    Ok(if answer.success {
        Deployment::Started {
            deployment_id: answer.deployment_id,
        }
    } else {
        Deployment::Refused {
            message: answer
                .message
                .unwrap_or_else(|| "the backend gave no reason".to_owned()),
        }
    })
}
