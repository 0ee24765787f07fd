//! A peer: hyper alone, doing what the benchmark's functions do, and nothing else.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a bare server, as peers are: a measurement that can't be made ends"
)]

use std::convert::Infallible;
use std::io::Write as _;
use std::time::SystemTime;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

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
struct Receipt<'a> {
    id: &'a str,
    items: usize,
    total: u64,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "@timestamp")]
    time: String,
    #[serde(rename = "log.level")]
    level: &'static str,
    message: &'static str,
    order_id: &'a str,
    total: u64,
}

#[tokio::main]
async fn main() {
    let port: u16 = std::env::args().nth(1).unwrap().parse().unwrap();
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        tokio::spawn(
            http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(serve)),
        );
    }
}

async fn serve(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let order: Order = serde_json::from_slice(&body).unwrap();
    let total = order.items.iter().map(|item| item.quantity).sum();
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    let mut line = serde_json::to_vec(&Line {
        time: format!("{}.{:09}", since.as_secs(), since.subsec_nanos()),
        level: "info",
        message: "order received",
        order_id: &order.id,
        total,
    })
    .unwrap();
    line.push(b'\n');
    std::io::stdout().lock().write_all(&line).unwrap();
    let receipt = Receipt {
        id: &order.id,
        items: order.items.len(),
        total,
    };
    let answer = Response::builder().header("content-type", "application/json");
    let answer = answer.body(Full::from(serde_json::to_vec(&receipt).unwrap()));
    Ok(answer.unwrap())
}
