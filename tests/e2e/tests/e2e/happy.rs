//! A card moves, the deployment starts, and every hop has the id that the ingress minted.

use std::time::{SystemTime, UNIX_EPOCH};

use harness::{Fate, Options, Recorded, Way, recorded};

use super::{PATIENCE, milestones, story};

const WAY: [&str; 10] = [
    "WEBHOOK_RECEIVED",
    "MESSAGE_RECEIVED",
    "FUNCTION_INVOKED",
    "CARD_RECEIVED",
    "CARD_VERIFIED",
    "CARD_MOVED",
    "DEPLOYMENT_REQUESTED",
    "DEPLOYMENT_CREATED",
    "DEPLOYMENT_STARTED",
    "MESSAGE_DELETED",
];

async fn starts_a_deployment(delivery: Recorded, card: &str) -> anyhow::Result<()> {
    let way = Way::start(Options::default()).await?;
    let sent = delivery.send(&way.urls.ingress).await?;
    let id = sent.correlation_id;
    assert_eq!(sent.answer.header("x-correlation-id"), Some(id.as_str()));
    let fates = way.settled(std::slice::from_ref(&id), PATIENCE).await?;
    assert_eq!(fates[&id], Fate::Succeeded, "{}", story(&way, &id));
    assert_eq!(milestones(&way, &id), WAY, "{}", story(&way, &id));
    let deployments = way.deployments().await?;
    assert_eq!(deployments.len(), 1);
    assert_eq!(deployments[0]["cardId"], card);
    assert_eq!(deployments[0]["correlationId"], *id);
    way.stop().await
}

#[tokio::test]
async fn a_move_on_a_jira_board_starts_a_deployment() -> anyhow::Result<()> {
    let delivery = recorded("jira/moved")?.with("In Progress", "Deploying")?;
    starts_a_deployment(delivery, "KAN-7").await
}

#[tokio::test]
async fn a_move_on_a_trello_board_starts_a_deployment() -> anyhow::Result<()> {
    let delivery = recorded("trello/moved")?.with("Done & dusted", "Deploying")?;
    starts_a_deployment(delivery, "678aeec9876f6a6edd13440d").await
}

#[tokio::test]
async fn a_move_on_a_github_project_starts_a_deployment() -> anyhow::Result<()> {
    let delivery = recorded("github/moved")?.with("In Progress", "Deploying")?;
    starts_a_deployment(delivery, "I_kwDOKx1y2z5000007").await
}

#[tokio::test]
async fn a_move_on_a_linear_board_starts_a_deployment() -> anyhow::Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let delivery = recorded("linear/moved")?
        .with("In Progress", "Deploying")?
        .with(
            "\"webhookTimestamp\":1741079723904",
            &format!("\"webhookTimestamp\":{now}"),
        )?;
    starts_a_deployment(delivery, "BRD-7").await
}

#[tokio::test]
async fn a_move_on_an_azure_devops_board_starts_a_deployment() -> anyhow::Result<()> {
    let delivery = recorded("azure_devops/moved")?.with("\"Active\"", "\"Deploying\"")?;
    starts_a_deployment(delivery, "42").await
}

#[tokio::test]
async fn a_move_on_an_asana_board_starts_a_deployment() -> anyhow::Result<()> {
    starts_a_deployment(recorded("asana/moved")?, "1209000000000007").await
}

#[tokio::test]
async fn a_move_in_the_generic_form_starts_a_deployment() -> anyhow::Result<()> {
    let delivery = recorded("generic/signed")?.with("In Progress", "Deploying")?;
    starts_a_deployment(delivery, "card-7").await
}
