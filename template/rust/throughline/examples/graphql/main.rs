//! A typed GraphQL operation: a field that the schema does not have is an error of the compiler.
//!
//! ```text
//! stock_url=http://127.0.0.1:4000/graphql suppress_lock=true cargo run -p throughline --example graphql
//! curl -i -d '{"item":"tea","quantity":2}' http://127.0.0.1:8080/
//! ```

use graphql_client::GraphQLQuery;
use serde::Deserialize;
use throughline::graphql::GraphQl;
use throughline::{Error, Problem, context};

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "examples/graphql/schema.graphql",
    query_path = "examples/graphql/reserve.graphql"
)]
struct Reserve;

#[derive(Deserialize)]
struct Order {
    item: String,
    quantity: i64,
}

/// The environment, and the secret `stock-token` where there is one.
#[derive(Deserialize)]
struct Config {
    stock_url: String,
    stock_token: Option<throughline::Secret>,
}

fn main() -> std::process::ExitCode {
    throughline::run_with(|env| {
        let config: Config = throughline::config_from(env)?;
        let stock = GraphQl::new(&config.stock_url)
            .map_err(|e| vec![Problem::new("stock_url", &e.url, e.reason)])?
            .with_retries(2);
        // By its name rather than its value, so that it is read again once it was rotated.
        let stock = match config.stock_token {
            Some(_) => stock.with_token_from_secret("stock-token"),
            None => stock,
        };
        Ok(move |order: Order| reserve(stock.clone(), order))
    })
}

async fn reserve(stock: GraphQl, order: Order) -> Result<String, Error> {
    // The same on every delivery of the same message: the stock reserves once.
    let key = context()
        .idempotency_key()
        .map_or_else(|| context().correlation_id().to_string(), str::to_owned);
    let variables = reserve::Variables {
        item: order.item,
        quantity: order.quantity,
    };
    let operation = stock.query::<Reserve>(variables);
    let data = operation
        .idempotency_key(format!("{key}/reserve"))
        .send()
        .await?;
    if !data.reserve.reserved {
        return Err(Error::rejected(409, "there is not enough of it"));
    }
    let left = data.reserve.left.unwrap_or_default();
    Ok(format!("reserved, {left} left"))
}
