//! A handler of a type of its own: what is not that type is answered with the field at fault.
//!
//! ```text
//! suppress_lock=true cargo run -p throughline --example typed_json
//! curl -i -d '{"item":"tea","quantity":2}' http://127.0.0.1:8080/
//! ```

use serde::{Deserialize, Serialize};
use throughline::{Error, Json, milestone};

#[derive(Deserialize)]
struct Order {
    item: String,
    quantity: u32,
}

#[derive(Serialize)]
struct Receipt {
    text: String,
}

fn main() -> std::process::ExitCode {
    throughline::run(handle)
}

async fn handle(order: Order) -> Result<Json<Receipt>, Error> {
    milestone!("ORDER_RECEIVED", item = order.item);
    if order.quantity == 0 {
        return Err(Error::rejected(422, "quantity = 0: order at least one"));
    }
    Ok(Json(Receipt {
        text: format!("{} x {}", order.quantity, order.item),
    }))
}
