//! What fails is tried again, and what can't succeed is kept where people find it.

use harness::{Fate, Options, Way, recorded};
use serde_json::json;

use super::{PATIENCE, all_deployed_once, card, milestones, not_applicable, stack_flags, story};

fn count(milestones: &[String], name: &str) -> usize {
    milestones
        .iter()
        .filter(|milestone| *milestone == name)
        .count()
}

#[tokio::test]
async fn a_backend_that_fails_twice_is_asked_again_and_deploys_once() -> anyhow::Result<()> {
    let way = Way::start(Options::default()).await?;
    way.control
        .backend(json!({"card": "shaky", "times": 2, "effect": {"status": 503}}))
        .await?;
    let id = card("shaky")?.send(&way.urls.ingress).await?.correlation_id;
    all_deployed_once(&way, &["shaky".to_owned()], std::slice::from_ref(&id)).await?;
    let milestones = milestones(&way, &id);
    assert_eq!(
        count(&milestones, "FUNCTION_INVOKED"),
        3,
        "{}",
        story(&way, &id)
    );
    assert_eq!(count(&milestones, "MESSAGE_RETRIED"), 2);
    assert_eq!(count(&milestones, "MESSAGE_DELETED"), 1);
    way.stop().await
}

#[tokio::test]
async fn a_poison_message_ends_in_the_dead_letter_queue_after_its_receives() -> anyhow::Result<()> {
    let way = Way::start(stack_flags(["--max-receive-count", "3"])).await?;
    way.control
        .backend(json!({"card": "poison", "effect": {"errors": ["no such environment"]}}))
        .await?;
    let id = card("poison")?
        .send(&way.urls.ingress)
        .await?
        .correlation_id;
    let fates = way.settled(std::slice::from_ref(&id), PATIENCE).await?;
    assert_eq!(fates[&id], Fate::DeadLettered, "{}", story(&way, &id));
    assert_eq!(count(&milestones(&way, &id), "FUNCTION_INVOKED"), 3);
    assert!(way.deployments().await?.is_empty());
    way.stop().await
}

#[tokio::test]
async fn what_the_function_refuses_for_good_is_set_aside_at_once_with_the_reason()
-> anyhow::Result<()> {
    let way = Way::start(Options::default()).await?;
    let forged = recorded("github/moved")?.with_secret("not the secret")?;
    let id = forged.send(&way.urls.ingress).await?.correlation_id;
    let fates = way.settled(std::slice::from_ref(&id), PATIENCE).await?;
    assert_eq!(fates[&id], Fate::Rejected, "{}", story(&way, &id));
    let milestones = milestones(&way, &id);
    assert_eq!(count(&milestones, "FUNCTION_INVOKED"), 1);
    assert_eq!(count(&milestones, "CARD_VERIFIED"), 0);
    let queues = way.census().await?.to_string();
    assert!(queues.contains("throughline_reason"), "{queues}");
    way.stop().await
}

#[tokio::test]
async fn a_refused_deployment_is_set_aside_and_nothing_is_deployed() -> anyhow::Result<()> {
    let way = Way::start(Options::default()).await?;
    way.control
        .backend(json!({"card": "frozen", "effect": {"refuse": "production is frozen"}}))
        .await?;
    let id = card("frozen")?
        .send(&way.urls.ingress)
        .await?
        .correlation_id;
    let fates = way.settled(std::slice::from_ref(&id), PATIENCE).await?;
    assert_eq!(fates[&id], Fate::Rejected, "{}", story(&way, &id));
    assert!(story(&way, &id).contains("production is frozen"));
    assert!(way.deployments().await?.is_empty());
    way.stop().await
}

#[tokio::test]
async fn deletes_that_fail_for_some_entries_are_tried_again_and_nothing_runs_twice()
-> anyhow::Result<()> {
    let way = Way::start(Options::default()).await?;
    if not_applicable(&way, "deletes that fail for some entries") {
        return way.stop().await;
    }
    way.control
        .sqs_fault(json!({
            "action": "DeleteMessageBatch",
            "times": 2,
            "effect": {"fail_entries": {"code": "InternalError", "every": 1, "sender_fault": false}},
        }))
        .await?;
    let id = card("kept")?.send(&way.urls.ingress).await?.correlation_id;
    all_deployed_once(&way, &["kept".to_owned()], std::slice::from_ref(&id)).await?;
    assert_eq!(count(&milestones(&way, &id), "FUNCTION_INVOKED"), 1);
    way.stop().await
}
