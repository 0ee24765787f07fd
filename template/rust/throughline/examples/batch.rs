//! A handler of one message, called with batches of them.
//!
//! ```text
//! suppress_lock=true cargo run -p throughline --example batch
//! curl -d '{"Records":[{"messageId":"a","body":"{\"item\":\"tea\"}"},{"messageId":"b","body":"{}"}]}' \
//!     http://127.0.0.1:8080/
//! ```

use std::time::Duration;

use serde::Deserialize;
use throughline::{Error, batch, context, milestone};

#[derive(Deserialize)]
struct Order {
    item: String,
    #[serde(default)]
    takes_ms: u64,
}

fn main() -> std::process::ExitCode {
    throughline::run(batch(handle))
}

async fn handle(order: Order) -> Result<(), Error> {
    let attempt = context().delivery_attempt();
    milestone!("ORDER_RECEIVED", item = order.item, attempt);
    assert!(order.item != "panic", "no such item");
    tokio::time::sleep(Duration::from_millis(order.takes_ms)).await;
    tracing::info!(item = order.item, "ordered");
    Ok(())
}
