//! The modes batch and async, with the real binaries.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use harness::{Fate, Options, Way, recorded};
use http::Response;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use throughline::Body;
use tokio::net::TcpListener;

use super::{
    PATIENCE, all_deployed_once, card, milestones, send_cards, stack_flags, story, variables,
};

/// Asynchronous calls, with a listener for their callbacks on this machine.
fn by_callback<const N: usize>(more: [(&str, &str); N]) -> Options {
    let mut connector = variables([
        ("mode", "async"),
        ("callback_address", "127.0.0.1"),
        ("callback_port", "0"),
    ]);
    connector.extend(variables(more));
    Options {
        connector,
        ..stack_flags(["--max-receive-count", "3"])
    }
}

fn count(way: &Way, id: &str, name: &str) -> usize {
    let passed = milestones(way, id);
    passed.iter().filter(|passed| *passed == name).count()
}

#[tokio::test]
async fn asynchronous_calls_deploy_once_and_their_messages_are_deleted_after_the_callback()
-> anyhow::Result<()> {
    let way = Way::start(by_callback([])).await?;
    let cards: Vec<String> = (0..5).map(|n| format!("card-{n}")).collect();
    let ids = send_cards(&way, &cards).await?;
    all_deployed_once(&way, &cards, &ids).await?;
    for id in &ids {
        let passed = milestones(&way, id);
        let at = |name| passed.iter().position(|passed| passed == name);
        assert!(
            at("DEPLOYMENT_STARTED") < at("MESSAGE_DELETED"),
            "{passed:?}"
        );
        assert_eq!(count(&way, id, "FUNCTION_INVOKED"), 1);
    }
    way.stop().await
}

#[tokio::test]
async fn a_function_that_fails_behind_the_gateways_queue_is_called_again() -> anyhow::Result<()> {
    let way = Way::start(by_callback([])).await?;
    way.control
        .backend(json!({"card": "shaky", "times": 2, "effect": {"status": 503}}))
        .await?;
    let id = card("shaky")?.send(&way.urls.ingress).await?.correlation_id;
    all_deployed_once(&way, &["shaky".to_owned()], std::slice::from_ref(&id)).await?;
    assert_eq!(
        count(&way, &id, "FUNCTION_INVOKED"),
        3,
        "{}",
        story(&way, &id)
    );
    assert_eq!(count(&way, &id, "MESSAGE_RETRIED"), 2);
    let forged = recorded("github/moved")?.with_secret("not the secret")?;
    let forged = forged.send(&way.urls.ingress).await?.correlation_id;
    let fates = way.settled(std::slice::from_ref(&forged), PATIENCE).await?;
    assert_eq!(fates[&forged], Fate::Rejected, "{}", story(&way, &forged));
    way.stop().await
}

#[tokio::test]
async fn a_lost_callback_costs_its_timeout_and_a_doubled_one_nothing() -> anyhow::Result<()> {
    let way = Way::start(by_callback([
        ("upstream_timeout", "3s"),
        ("callback_timeout", "3s"),
    ]))
    .await?;
    for effect in [json!({"drop": true}), json!({"twice": true})] {
        let fault = json!({"route": "callback", "times": 1, "effect": effect});
        way.control.gateway_fault(fault).await?;
    }
    let id = card("silent")?
        .send(&way.urls.ingress)
        .await?
        .correlation_id;
    let fates = way.settled(std::slice::from_ref(&id), PATIENCE).await?;
    assert_eq!(fates[&id], Fate::Succeeded, "{}", story(&way, &id));
    assert_eq!(
        count(&way, &id, "FUNCTION_INVOKED"),
        2,
        "{}",
        story(&way, &id)
    );
    assert_eq!(count(&way, &id, "MESSAGE_DELETED"), 1);
    let said = "no callback within the callback timeout";
    assert!(story(&way, &id).contains(said), "{}", story(&way, &id));
    way.stop().await
}

#[tokio::test]
async fn a_killed_connector_forgets_its_calls_and_the_messages_come_again() -> anyhow::Result<()> {
    let mut way = Way::start(by_callback([
        ("visibility_timeout", "5s"),
        ("short_visibility", "true"),
    ]))
    .await?;
    let fault = json!({"route": "callback", "times": 1, "effect": {"delay_ms": 4000}});
    way.control.gateway_fault(fault).await?;
    let id = card("orphan")?
        .send(&way.urls.ingress)
        .await?
        .correlation_id;
    let invoked = |way: &Way| count(way, &id, "DEPLOYMENT_STARTED") == 1;
    for _ in 0..600 {
        if invoked(&way) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    way.kill_connector().await?;
    way.start_connector().await?;
    let fates = way.settled(std::slice::from_ref(&id), PATIENCE).await?;
    assert_eq!(fates[&id], Fate::Succeeded, "{}", story(&way, &id));
    assert_eq!(
        count(&way, &id, "FUNCTION_INVOKED"),
        2,
        "{}",
        story(&way, &id)
    );
    way.stop().await
}

/// A function that takes batches: it fails the items that say `fail`, and the whole of a batch that
/// has one which says `crash`.
async fn batch_function() -> anyhow::Result<(String, Arc<Mutex<Vec<Vec<String>>>>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let batches = Arc::new(Mutex::new(Vec::new()));
    let seen = batches.clone();
    let service = move |request: http::Request<_>| {
        let seen = seen.clone();
        async move { take(request, &seen).await }
    };
    throughline::spawn(async move {
        let never = std::future::pending();
        throughline::serve(listener, service, never, Duration::ZERO).await;
    });
    Ok((url, batches))
}

async fn take(
    request: http::Request<hyper::body::Incoming>,
    seen: &Mutex<Vec<Vec<String>>>,
) -> Response<Body> {
    let body = request.into_body().collect().await.expect("a body");
    let document: Value = serde_json::from_slice(&body.to_bytes()).expect("a document");
    let records = document["Records"].as_array().expect("records").clone();
    let says = |record: &Value, what: &str| record["body"].to_string().contains(what);
    let named = |record: &Value| record["messageId"].as_str().expect("an id").to_owned();
    let batch: Vec<String> = records.iter().map(named).collect();
    seen.lock().expect("no panic holds it").push(batch);
    if records.iter().any(|record| says(record, "crash")) {
        let mut answer = Response::new(Body::from("it crashed"));
        *answer.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        return answer;
    }
    let failures = records.iter().filter(|record| says(record, "fail"));
    let failures: Vec<Value> = failures
        .map(|record| json!({"itemIdentifier": named(record)}))
        .collect();
    Response::new(Body::from(
        json!({"batchItemFailures": failures}).to_string(),
    ))
}

/// Sends messages with these ids; what each says is its value.
async fn in_batches(
    messages: &BTreeMap<String, &str>,
) -> anyhow::Result<(Way, BTreeMap<String, Fate>, Vec<Vec<String>>)> {
    let mut way = Way::start_stack(Options {
        connector: variables([("mode", "batch"), ("batch_window", "500ms")]),
        ..stack_flags(["--max-receive-count", "3"])
    })
    .await?;
    let (url, batches) = batch_function().await?;
    way.control.register("batcher", &url, &way.topic()).await?;
    for (id, says) in messages {
        let body = json!({"correlation_id": id, "says": says}).to_string();
        way.send_message(&body, json!({})).await?;
    }
    way.start_connector().await?;
    let ids: Vec<String> = messages.keys().cloned().collect();
    let fates = way.settled(&ids, PATIENCE).await?;
    let batches = batches.lock().expect("no panic holds it").clone();
    Ok((way, fates, batches))
}

fn expect(way: &Way, fates: &BTreeMap<String, Fate>, messages: &BTreeMap<String, &str>) {
    for (id, says) in messages {
        let expected = match *says {
            "well" => Fate::Succeeded,
            _ => Fate::DeadLettered,
        };
        assert_eq!(fates[id], expected, "{id}:\n{}", story(way, id));
    }
}

#[tokio::test]
async fn of_a_batch_only_the_items_that_the_function_names_come_again() -> anyhow::Result<()> {
    let messages = (0..8).map(|n| (format!("item-{n}"), if n == 3 { "fail" } else { "well" }));
    let messages = messages.collect();
    let (way, fates, batches) = in_batches(&messages).await?;
    expect(&way, &fates, &messages);
    assert_eq!(batches[0].len(), 8);
    assert_eq!(batches.len(), 3, "{batches:?}");
    assert!(batches[1..].iter().all(|batch| batch.len() == 1));
    assert_eq!(count(&way, "item-3", "FUNCTION_INVOKED"), 3);
    assert_eq!(count(&way, "item-4", "FUNCTION_INVOKED"), 1);
    way.stop().await
}

#[tokio::test]
async fn a_message_that_crashes_its_batches_ends_alone_in_the_dead_letter_queue()
-> anyhow::Result<()> {
    let messages = (0..8).map(|n| (format!("item-{n}"), if n == 3 { "crash" } else { "well" }));
    let messages = messages.collect();
    let (way, fates, batches) = in_batches(&messages).await?;
    expect(&way, &fates, &messages);
    assert_eq!(batches[0].len(), 8);
    way.stop().await
}
