//! What is measured: a function on the SDK, as its author writes one.

use serde::{Deserialize, Serialize};
use throughline::{Error, Json};

#[derive(Deserialize)]
struct Order {
    id: String,
    #[serde(rename = "customer")]
    _customer: String,
    items: Vec<Item>,
    #[serde(rename = "note")]
    _note: String,
}

#[derive(Deserialize)]
struct Item {
    #[serde(rename = "sku")]
    _sku: String,
    quantity: u64,
}

#[derive(Serialize)]
struct Receipt {
    id: String,
    items: usize,
    total: u64,
}

async fn handle(order: Order) -> Result<Json<Receipt>, Error> {
    let total = order.items.iter().map(|item| item.quantity).sum();
    tracing::info!(order_id = order.id, total, "order received");
    Ok(Json(Receipt {
        items: order.items.len(),
        id: order.id,
        total,
    }))
}

fn main() -> std::process::ExitCode {
    throughline::run(handle)
}
