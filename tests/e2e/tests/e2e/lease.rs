//! A function that takes longer than a message is hidden.

use std::time::Duration;

use harness::{Options, Recorder, Reply, Way};
use serde_json::json;

use super::variables;

#[tokio::test]
async fn a_long_function_keeps_its_message_and_runs_once() -> anyhow::Result<()> {
    let mut way = Way::start_stack(Options {
        connector: variables([("visibility_timeout", "4s"), ("upstream_timeout", "30s")]),
        ..Options::default()
    })
    .await?;
    let recorder = Recorder::start().await?;
    recorder.then([Reply {
        status: 200,
        after: Duration::from_secs(11),
    }]);
    way.control
        .register("recorder", &recorder.url, &way.topic())
        .await?;
    way.start_connector().await?;
    let id = way.send_message("long", json!({})).await?;
    recorder.wait_for_calls(1).await?;
    let connector = way.connector.as_ref().expect("it was started");
    connector
        .wait_for("that it is deleted", super::PATIENCE, |line| {
            line.milestone() == Some("MESSAGE_DELETED") && line.correlation_id() == Some(&id)
        })
        .await?;
    // Had the lease ended, it would have come again by now.
    let calls = recorder.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].header("x-sqs-receive-count"), "1");
    drop(recorder);
    way.stop().await
}
