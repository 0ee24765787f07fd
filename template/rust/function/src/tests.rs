//! The handler as a caller sees it: the answer, and what it leaves in the log.

use serde_json::{Value, json};
use throughline::testing::Call;

use crate::handler::handle;

#[tokio::test]
async fn an_order_is_answered_and_its_way_is_in_the_log() {
    let order = json!({ "item": "tea", "quantity": 2 });
    let answer = Call::json(&order)
        .correlation_id("order-7")
        .to(handle)
        .await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.json::<Value>(), json!({ "text": "2 x tea" }));
    assert_eq!(answer.milestone("ORDER_RECEIVED")["fields"]["item"], "tea");

    // Whoever asked gets the id back, and every line has it, without a word in the handler.
    assert_eq!(answer.correlation_id, "order-7");
    for line in &answer.lines {
        assert_eq!(line["correlation_id"], "order-7", "{line}");
    }
}

#[tokio::test]
async fn an_order_of_nothing_is_rejected_with_a_reason() {
    let order = json!({ "item": "tea", "quantity": 0 });
    // As it comes from the queue: in the envelope that the ingress made.
    let answer = Call::delivery("shop", order.to_string()).to(handle).await;
    assert_eq!(answer.status, 422);
    assert_eq!(
        answer.json::<Value>()["error"],
        "quantity = 0: order at least one"
    );
}

#[tokio::test]
async fn a_body_of_another_shape_is_answered_with_the_field_at_fault() {
    let answer = Call::json(&json!({ "item": "tea" })).to(handle).await;
    assert_eq!(answer.status, 400);
    let reason = answer.json::<Value>()["error"].to_string();
    assert!(reason.contains("quantity"), "{reason}");
}
