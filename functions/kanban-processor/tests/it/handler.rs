//! The whole way of a delivery through the handler, against a backend on a real socket.

use serde_json::{Value, json};
use throughline::testing::{Answer, Call};

use crate::backend::{Backend, STARTED};
use crate::calling::{config, send};
use crate::recorded::Recorded;

const CARD: &str = r#"{"card":{"id":"KAN-7"},"old_status":"To Do","new_status":"Deploying"}"#;
const WAY_TO_THE_BACKEND: [&str; 4] = [
    "CARD_RECEIVED",
    "CARD_VERIFIED",
    "CARD_MOVED",
    "DEPLOYMENT_REQUESTED",
];

async fn send_card(backend: &Backend) -> Answer {
    let call = Call::body(CARD).header("idempotency-key", "m-1");
    send(config(&backend.url, "Deploying", &[]), call).await
}

/// The one line at level error.
fn error_line(answer: &Answer) -> &Value {
    let mut errors = answer
        .lines
        .iter()
        .filter(|line| line["log.level"] == "error");
    let line = errors.next().expect("an error line");
    assert_eq!(errors.next(), None);
    assert_eq!(line["fields"]["card_id"], "KAN-7", "{line}");
    assert_eq!(line["fields"]["from"], "To Do", "{line}");
    assert_eq!(line["fields"]["to"], "Deploying", "{line}");
    line
}

#[tokio::test]
async fn a_card_that_moves_to_deploying_starts_a_deployment() {
    let backend = Backend::answering(&[(200, STARTED)]);
    let answer = send_card(&backend).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.correlation_id, "kan-7:1");
    assert_eq!(
        answer.json::<Value>(),
        json!({"outcome": "deployment_started", "card_id": "KAN-7", "from": "To Do",
            "to": "Deploying", "deployment_id": "d-1", "correlation_id": "kan-7:1",
            "detail": "the deployment of KAN-7 started"})
    );
    let way = [&WAY_TO_THE_BACKEND[..], &["DEPLOYMENT_STARTED"]].concat();
    assert_eq!(answer.milestones(), way);
    for line in answer
        .lines
        .iter()
        .filter(|line| line["milestone"].is_string())
    {
        assert_eq!(line["correlation_id"], "kan-7:1", "{line}");
    }
    let started = answer
        .lines
        .iter()
        .find(|line| line["milestone"] == "DEPLOYMENT_STARTED");
    let fields = &started.unwrap()["fields"];
    assert_eq!(fields["deployment_id"], "d-1");
    assert_eq!(
        (&fields["card_id"], &fields["to"]),
        (&json!("KAN-7"), &json!("Deploying"))
    );

    let asked = backend.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].headers["x-correlation-id"], "kan-7:1");
    assert_eq!(asked[0].headers["idempotency-key"], "m-1");
    assert!(asked[0].headers.contains_key("traceparent"));
    assert!(!asked[0].headers.contains_key("authorization"));
    assert_eq!(asked[0].body["operationName"], "StartDeployment");
    assert_eq!(asked[0].body["variables"], json!({"cardId": "KAN-7"}));
}

#[tokio::test]
async fn a_configured_token_goes_along() {
    let backend = Backend::answering(&[(200, STARTED)]);
    let config = config(&backend.url, "Deploying", &[("graphql-token", "t0ken\n")]);
    let call = Call::body(CARD).secret("graphql-token", "t0ken");
    assert_eq!(send(config, call).await.status, 200);
    assert_eq!(backend.asked()[0].headers["authorization"], "Bearer t0ken");
    assert!(!backend.asked()[0].headers.contains_key("idempotency-key"));
}

#[tokio::test]
async fn a_refusal_is_final_and_carries_the_backends_words() {
    let refusal = r#"{"data":{"startDeployment":{"success":false,"deploymentId":null,"message":"KAN-7 has open reviews"}}}"#;
    let answer = send_card(&Backend::answering(&[(200, refusal)])).await;
    assert_eq!(answer.status, 409);
    let body: Value = answer.json();
    assert_eq!(body["outcome"], "deployment_refused");
    assert_eq!(body["correlation_id"], "kan-7:1");
    assert_eq!(
        body["detail"],
        "the backend refused to deploy KAN-7: KAN-7 has open reviews"
    );
    let line = error_line(&answer);
    assert_eq!(line["error.type"], "refused");
    assert_eq!(line["error.message"], "KAN-7 has open reviews");
    assert_eq!(answer.milestones(), WAY_TO_THE_BACKEND);
}

#[tokio::test]
async fn what_may_pass_is_answered_with_500_and_told_apart_in_the_log() {
    for (status, body, kind) in [
        (503, "busy", "status"),
        (429, "slow down", "status"),
        (
            200,
            r#"{"data":null,"errors":[{"message":"db down"}]}"#,
            "errors",
        ),
        (200, r#"{"data":null}"#, "missing_data"),
        (200, "<html>", "unreadable"),
        (
            200,
            r#"{"data":{"startDeployment":{"deploymentId":7}}}"#,
            "unreadable",
        ),
        (0, "", "transport"),
    ] {
        let answer = send_card(&Backend::answering(&[(status, body)])).await;
        assert_eq!(answer.status, 500, "{kind}");
        let told: Value = answer.json();
        assert_eq!(told["outcome"], "upstream_failed", "{kind}");
        assert_eq!(told["correlation_id"], "kan-7:1", "{kind}");
        assert!(told["detail"].as_str().unwrap().contains(kind), "{told}");
        assert_eq!(error_line(&answer)["error.type"], kind);
        assert_eq!(answer.milestones(), WAY_TO_THE_BACKEND, "{kind}");
    }
}

#[tokio::test]
async fn a_backend_that_is_not_there_is_a_transport_error() {
    let answer = send(
        config("http://127.0.0.1:1/graphql", "Deploying", &[]),
        Call::body(CARD),
    )
    .await;
    assert_eq!(answer.status, 500);
    assert_eq!(error_line(&answer)["error.type"], "transport");
}

#[tokio::test]
async fn a_status_without_an_action_and_a_delivery_without_a_move_are_fine() {
    let backend = Backend::answering(&[(200, STARTED)]);
    let answer = send(config(&backend.url, "Released", &[]), Call::body(CARD)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json::<Value>()["outcome"], "no_action");
    assert_eq!(
        answer.json::<Value>()["detail"],
        "KAN-7 moved to Deploying, which has no action: deployments start at Released"
    );
    assert_eq!(
        answer.milestones(),
        [
            "CARD_RECEIVED",
            "CARD_VERIFIED",
            "CARD_MOVED",
            "CARD_IGNORED"
        ]
    );

    let recorded = Recorded::named("jira/edited.json");
    let secrets = [("jira-webhook-secret", recorded.secret.as_deref().unwrap())];
    let call = Call::body(recorded.envelope().to_json());
    let answer = send(config(&backend.url, "Deploying", &secrets), call).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json::<Value>(),
        json!({"outcome": "not_a_move", "card_id": "KAN-7", "correlation_id": "kan-7:1",
            "detail": "not a move: the issue changed, and its status did not"})
    );
    assert!(backend.asked().is_empty());
}

#[tokio::test]
async fn a_bad_delivery_is_rejected_with_what_is_wrong_and_the_id() {
    let backend = Backend::answering(&[(200, STARTED)]);
    let mut forged = Recorded::named("jira/moved.json");
    forged.body = forged.body.replace("KAN-7", "KAN-8");
    let secret = [("jira-webhook-secret", forged.secret.as_deref().unwrap())];
    for (body, start) in [
        (
            forged.envelope().to_json(),
            "wrong signature in X-Hub-Signature: ",
        ),
        (CARD.into(), "no secret configured for generic: "),
        (
            r#"{"card":{"id":"1"}}"#.into(),
            "missing status: generic sent a move without new_status",
        ),
        (
            r#"{"new_status":"Done"}"#.into(),
            "missing card: generic sent a move without card.id",
        ),
        (
            "{".into(),
            "malformed JSON from generic at line 1 column 1: ",
        ),
        (r#"{"hello":1}"#.into(), "unknown sender "),
        (
            r#"{"v":1,"body_b64":"*","received_at_ms":0}"#.into(),
            "the envelope cannot be read: ",
        ),
    ] {
        // One of the senders must prove itself, or none: then the generic form need not either.
        let signed = start.contains("signature") || start.contains("secret");
        let secrets = if signed { &secret[..] } else { &[] };
        let config = config(&backend.url, "Deploying", secrets);
        let answer = send(config, Call::body(body)).await;
        assert_eq!(answer.status, 400, "{start}");
        let told: Value = answer.json();
        assert!(told["error"].as_str().unwrap().starts_with(start), "{told}");
        assert_eq!(told["correlation_id"], "kan-7:1");
        assert_eq!(answer.milestones()[0], "CARD_RECEIVED");
        assert!(!answer.milestones().contains(&"CARD_MOVED"));
    }
    assert!(backend.asked().is_empty());
}
