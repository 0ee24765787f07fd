//! No metric has a label that carries an id: there would be a series for each message.

use serde_json::json;

use crate::fakes::gateway::Answer;
use crate::world::{QUEUE, World, eventually};

#[tokio::test(start_paused = true)]
async fn no_metric_carries_an_id_whatever_becomes_of_a_message() {
    let world = World::in_memory(3);
    world.gateway.function("f", QUEUE, |call, _| {
        Answer::of_function(match &call.body[..] {
            b"good" => 200,
            b"rejected" => 400,
            _ => 500,
        })
    });
    let connector = world.start(&[]).await;
    let mut ids = Vec::new();
    for body in ["good", "rejected", "bad"] {
        let id = format!("the-id-of-{body}");
        let attribute = json!({"DataType": "String", "StringValue": id});
        let attributes = json!({ "correlation_id": attribute });
        ids.push(world.sqs.send_with(QUEUE, body, attributes, None));
        ids.push(id);
    }
    eventually("all have come to their end", || {
        world.sqs.in_queue(QUEUE).is_empty()
    })
    .await;
    for call in world.gateway.calls("f") {
        for name in ["x-correlation-id", "x-call-id", "idempotency-key"] {
            ids.push(call.header(name).to_owned());
        }
    }
    let text = connector.metrics();
    assert!(
        text.contains("sqs_connector_messages_settled_total"),
        "{text}"
    );
    for id in ids {
        assert!(!id.is_empty() && !text.contains(&id), "{id:?} in {text}");
    }
    connector.stop().await;
}
