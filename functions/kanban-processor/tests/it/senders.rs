//! What only some senders do: batches, handshakes; and that the moves of each go all the way.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use kanban_processor::Config;
use kanban_processor::senders::Sender;
use serde_json::{Value, json};
use throughline::testing::Call;

use crate::backend::{Backend, STARTED};
use crate::calling::{config, send};
use crate::recorded::Recorded;

#[tokio::test]
async fn in_a_batch_every_move_is_attempted_and_the_worst_ending_decides() {
    let refusal = r#"{"data":{"startDeployment":{"success":false,"message":"frozen"}}}"#;
    let event = |action: &str, task: &str, section: &str| {
        json!({"action": action, "resource": {"gid": task, "resource_type": "task"},
            "parent": {"gid": section, "resource_type": "section"}})
    };
    let moves = |task: &str| [event("removed", task, "1"), event("added", task, "2")];
    let mut recorded = Recorded::named("asana/moved.json");
    let events = [moves("t1"), moves("t2"), moves("t3")].concat();
    recorded.body = json!({ "events": events }).to_string();

    for (answers, status, worst) in [
        (
            [(200, STARTED), (503, ""), (200, refusal)],
            500,
            "upstream_failed",
        ),
        (
            [(200, STARTED), (200, refusal), (200, STARTED)],
            409,
            "deployment_refused",
        ),
        (
            [(200, STARTED), (200, STARTED), (200, STARTED)],
            200,
            "deployment_started",
        ),
    ] {
        let backend = Backend::answering(&answers);
        let env = |name: &str| match name {
            "graphql_url" => Some(backend.url.clone()),
            "deploy_statuses" => Some("2".to_owned()),
            "allow_unsigned" => Some("asana".to_owned()),
            _ => None,
        };
        let nothing = |_: &Path| Err(ErrorKind::NotFound.into());
        let config = Arc::new(Config::read(&env, &nothing).unwrap());
        let call = Call::body(recorded.envelope().to_json()).header("idempotency-key", "m-1");
        let answer = send(config, call).await;

        assert_eq!(answer.status, status);
        let told: Value = answer.json();
        assert_eq!(told["outcome"], worst);
        let cards: Vec<_> = told["moves"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["card_id"])
            .collect();
        assert_eq!(cards, ["t1", "t2", "t3"]);
        let asked = backend.asked();
        let keys: Vec<_> = asked
            .iter()
            .map(|one| one.headers["idempotency-key"].as_str())
            .collect();
        assert_eq!(keys, ["m-1/1", "m-1/2", "m-1/3"]);
    }
}

#[tokio::test]
async fn asanas_handshake_gets_its_secret_back_and_no_line_tells_it() {
    let recorded = Recorded::named("asana/handshake.json");
    let secret = recorded.headers["X-Hook-Secret"].as_str();
    let unused = "http://127.0.0.1:1/graphql";
    for call in [
        Call::body(recorded.envelope().to_json()),
        Call::body("").header("X-Hook-Secret", secret),
    ] {
        let answer = send(config(unused, "Deploying", &[]), call).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["x-hook-secret"], secret);
        assert_eq!(answer.json::<Value>()["outcome"], "handshake");
        let lines = serde_json::to_string(&answer.lines).unwrap();
        assert!(!lines.contains(secret), "{lines}");
    }
    let call = Call::body(recorded.envelope().to_json());
    let configured = config(unused, "Deploying", &[("asana-webhook-secret", "another")]);
    let answer = send(configured, call).await;
    assert_eq!(answer.status, 400);
    assert!(!answer.headers.contains_key("x-hook-secret"));
    assert!(
        answer.json::<Value>()["error"]
            .as_str()
            .unwrap()
            .starts_with("second handshake: ")
    );
}

#[tokio::test]
async fn every_signed_move_goes_all_the_way() {
    let mut tried = 0;
    for recorded in Recorded::all()
        .into_iter()
        .filter(|one| one.expect.outcome == "accept")
    {
        let backend = Backend::answering(&[(200, STARTED)]);
        let name = Sender::named(&recorded.expect.system)
            .unwrap()
            .secret_name();
        let secrets: Vec<_> = recorded
            .secret
            .as_deref()
            .map(|secret| (name, secret))
            .into_iter()
            .collect();
        let to = recorded.expect.to.as_deref().unwrap();
        let call = Call::body(recorded.envelope().to_json());
        let answer = send(config(&backend.url, to, &secrets), call).await;
        assert_eq!(answer.status, 200, "{}: {answer:?}", recorded.file);
        assert_eq!(
            answer.json::<Value>()["outcome"],
            "deployment_started",
            "{}",
            recorded.file
        );
        let card = recorded.expect.card_id.as_deref().unwrap();
        assert_eq!(
            backend.asked()[0].body["variables"],
            json!({"cardId": card})
        );
        tried += 1;
    }
    assert_eq!(tried, 10);
}
