//! One path for each way a request can end, and for what a handler may do before it does.
//!
//! ```text
//! suppress_lock=true cargo run -p throughline --example every_way_out
//! curl -i -d '{"item":"tea"}' http://127.0.0.1:8080/order
//! ```

use std::time::Duration;

use serde::{Deserialize, Serialize};
use throughline::{
    Error, IntoResponse, Json, Problem, Request, Response, context, milestone, spawn,
    spawn_blocking,
};

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
    throughline::run_with(|env| {
        let stock = env("stock_url").unwrap_or_else(|| "http://127.0.0.1:9".to_owned());
        if !stock.starts_with("http") {
            let reason = "give an address that begins with http:// or https://";
            return Err(vec![Problem::new("stock_url", &stock, reason)]);
        }
        Ok(move |request: Request| {
            assert!(
                request.path() != "/panic/before-there-is-a-future",
                "no future for this one"
            );
            handle(request, stock.clone())
        })
    })
}

async fn handle(request: Request, stock: String) -> Result<Response, Error> {
    Ok(match request.path() {
        "/order" => order(&request.json()?)?.into_response(),
        "/context" => seen().into_response(),
        "/rejects" => return Err(Error::rejected(404, "there is no such order")),
        "/fails" => std::fs::read_to_string("/no/such/file")?.into_response(),
        "/panic/at-once" => panic!("before the first await"),
        "/panic/later" => {
            tokio::task::yield_now().await;
            panic!("after the first await")
        }
        "/panic/in-a-task" => {
            let task = spawn(async { panic!("in a task") });
            format!("the task panicked: {}", task.await.is_err()).into_response()
        }
        "/slow" => slow(number(&request)).await.into_response(),
        "/talks" => talk(number(&request)).into_response(),
        "/debug" => debug(&request).await?.into_response(),
        "/levels" => levels().into_response(),
        "/asks" => ask(&request, &stock).await?.into_response(),
        other => {
            let reason = format!("path = {other:?} leads nowhere");
            return Err(Error::rejected(404, reason));
        }
    })
}

fn order(order: &Order) -> Result<Json<Receipt>, Error> {
    milestone!("ORDER_RECEIVED", item = order.item);
    if order.quantity == 0 {
        return Err(Error::rejected(422, "quantity = 0: order at least one"));
    }
    Ok(Json(Receipt {
        text: format!("{} x {}", order.quantity, order.item),
    }))
}

#[derive(Serialize)]
struct Seen {
    correlation_id: String,
    call_id: Option<String>,
    trace_id: String,
    span_id: String,
    idempotency_key: Option<String>,
    delivery_attempt: Option<u32>,
    milliseconds_left: Option<u128>,
}

/// The ambient context, as the handler sees it.
fn seen() -> Json<Seen> {
    let context = context();
    Json(Seen {
        correlation_id: context.correlation_id().to_string(),
        call_id: context.call_id().map(str::to_owned),
        trace_id: context.trace().trace_id(),
        span_id: context.trace().span_id(),
        idempotency_key: context.idempotency_key().map(str::to_owned),
        delivery_attempt: context.delivery_attempt(),
        milliseconds_left: context.time_left().map(|left| left.as_millis()),
    })
}

/// The query, where it is a number.
fn number(request: &Request) -> u64 {
    request.query().and_then(|n| n.parse().ok()).unwrap_or(1)
}

/// Says so when it is dropped before its work is done.
struct Work {
    done: bool,
}

impl Drop for Work {
    fn drop(&mut self) {
        if !self.done {
            tracing::warn!("the work was ended early");
        }
    }
}

async fn slow(milliseconds: u64) -> &'static str {
    let mut work = Work { done: false };
    tracing::info!("the work begins");
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    work.done = true;
    tracing::info!("the work is done");
    "done"
}

fn talk(lines: u64) -> &'static str {
    let words = "much to say ".repeat(80);
    for line in 0..lines {
        tracing::info!(line, "{words}");
    }
    "said"
}

fn levels() -> &'static str {
    milestone!("LEVELS_SHOWN");
    tracing::info!("an info");
    tracing::warn!("a warning");
    tracing::error!(error = "the reason", "an error");
    log::error!(target: "another_library", "an error through the log crate");
    "logged"
}

/// Debug lines from here and there, which nobody sees who does not ask for them.
async fn debug(request: &Request) -> Result<&'static str, Error> {
    tracing::debug!("in the handler");
    spawn(async { tracing::debug!("in a task") }).await?;
    log::debug!("through the log crate");
    tracing::trace!("too much");
    Ok(match request.header("x-debug-log") {
        Some(_) => "the handler sees X-Debug-Log",
        None => "the handler sees no X-Debug-Log",
    })
}

/// Two tasks deep, asks the stock for what the body names, and logs on the way.
async fn ask(request: &Request, stock: &str) -> Result<String, Error> {
    let wanted = String::from_utf8_lossy(request.body()).into_owned();
    let url = format!("{stock}/{wanted}");
    let asked = spawn(async move {
        tokio::task::yield_now().await;
        tracing::info!(wanted, "in a task");
        let inner = spawn(async move {
            let counted = wanted.clone();
            spawn_blocking(move || tracing::info!(wanted = counted, "on a blocking thread"))
                .await?;
            let answer = throughline::http().post(url).send().await?.text().await?;
            tracing::info!(wanted, "in a task of a task");
            Ok::<_, Error>(answer)
        });
        inner.await?
    });
    asked.await?
}
