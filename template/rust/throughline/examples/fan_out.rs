//! Many calls at once, each in a task of its own; every line and every call keeps the id.
//!
//! ```text
//! stock_url=http://127.0.0.1:9000 suppress_lock=true cargo run -p throughline --example fan_out
//! curl -i -d '["tea","milk"]' http://127.0.0.1:8080/
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;
use throughline::{Error, JoinSet, Json};

#[derive(Clone, Deserialize)]
struct Config {
    stock_url: String,
}

fn main() -> std::process::ExitCode {
    throughline::run_with(|env| {
        let Config { stock_url } = throughline::config_from(env)?;
        Ok(move |items: Vec<String>| ask_for_all(stock_url.clone(), items))
    })
}

async fn ask_for_all(
    stock: String,
    items: Vec<String>,
) -> Result<Json<BTreeMap<String, String>>, Error> {
    let mut asked = JoinSet::new();
    for item in items {
        let url = format!("{stock}/{item}");
        asked.spawn(async move {
            let answer = throughline::http().get(url).send().await?;
            let left = answer.error_for_status()?.text().await?;
            tracing::info!(item, left, "asked for");
            Ok::<_, Error>((item, left))
        });
    }
    // The first that fails ends the others: dropping the set does.
    let mut left = BTreeMap::new();
    while let Some(answered) = asked.join_next().await {
        let (item, number) = answered??;
        left.insert(item, number);
    }
    Ok(Json(left))
}
