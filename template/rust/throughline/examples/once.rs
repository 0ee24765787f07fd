//! A card that is charged once, however often the message is delivered.
//!
//! ```text
//! suppress_lock=true cargo run -p throughline --example once
//! curl -i -H 'Idempotency-Key: orders/7' -d '{"amount":700}' http://127.0.0.1:8080/
//! ```
//!
//! For more than one replica: the feature `redis`, and in `main`
//! `throughline::once::keep_in(RedisStore::new(&url)?)`.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use throughline::{Error, Json, context, once};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Stands for the shop's bank.
static CHARGES: AtomicU32 = AtomicU32::new(0);

#[derive(Serialize, Deserialize)]
struct Payment {
    amount: u32,
}

#[derive(Serialize, Deserialize)]
struct Receipt {
    number: u32,
    amount: u32,
}

fn main() -> std::process::ExitCode {
    throughline::run(handle)
}

async fn handle(payment: Payment) -> Result<Json<Receipt>, Error> {
    let context = context();
    let key = context
        .idempotency_key()
        .ok_or_else(|| Error::rejected(400, "the header Idempotency-Key is missing"))?;
    let Payment { amount } = payment;
    let receipt = once(format!("charge/{key}"), DAY, move || charge(amount))
        .of(&payment)
        .await?;
    Ok(Json(receipt))
}

async fn charge(amount: u32) -> Result<Receipt, Error> {
    tokio::time::sleep(Duration::from_millis(200)).await;
    let number = CHARGES.fetch_add(1, Ordering::SeqCst) + 1;
    tracing::info!(amount, "charged");
    Ok(Receipt { number, amount })
}
