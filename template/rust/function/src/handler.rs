//! What this function does.

use serde::{Deserialize, Serialize};
use throughline::{Error, Json, milestone};

#[derive(Deserialize)]
pub(crate) struct Order {
    item: String,
    quantity: u32,
}

#[derive(Serialize)]
pub(crate) struct Receipt {
    text: String,
}

pub(crate) async fn handle(order: Order) -> Result<Json<Receipt>, Error> {
    milestone!("ORDER_RECEIVED", item = order.item);
    if order.quantity == 0 {
        return Err(Error::rejected(422, "quantity = 0: order at least one"));
    }
    let text = format!("{} x {}", order.quantity, order.item);
    tracing::info!(quantity = order.quantity, "ordered {text}");
    Ok(Json(Receipt { text }))
}
