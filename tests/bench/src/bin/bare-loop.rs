//! A peer: what one writes with aws-sdk-sqs and hyper in an afternoon. No lease, no metrics, no log.
//!
//! `bare-loop post` leaves SQS out and only calls the function: what transport alone allows.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a bare loop, as peers are: a measurement that can't be made ends"
)]

use std::sync::Arc;

use aws_sdk_sqs::Client as Sqs;
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message};
use bytes::Bytes;
use futures_util::future::join_all;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::Semaphore;

type Http = Client<HttpConnector, Full<Bytes>>;

struct Work {
    http: Http,
    function: String,
    queue: String,
    room: Arc<Semaphore>,
}

fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

#[tokio::main]
async fn main() {
    let concurrency: usize = env("CONCURRENCY").parse().unwrap();
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    let work = Arc::new(Work {
        http: Client::builder(TokioExecutor::new()).build(tcp),
        function: env("FUNCTION_URL"),
        queue: env("QUEUE_URL"),
        room: Arc::new(Semaphore::new(concurrency)),
    });
    if std::env::args().nth(1).as_deref() == Some("post") {
        let calls: u64 = env("CALLS").parse().unwrap();
        let each = calls / concurrency as u64;
        let callers = (0..concurrency).map(|caller| {
            let work = work.clone();
            tokio::spawn(async move {
                for n in 0..each {
                    let id = format!("00000000-0000-4000-8000-{:012x}", caller as u64 * each + n);
                    post(&work, id, Bytes::from(vec![b'x'; 400])).await;
                }
            })
        });
        join_all(callers).await;
        return;
    }
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .http_client(sqs_connector::http::Http::new())
        .load()
        .await;
    let sqs = Sqs::new(&config);
    let pollers = std::env::var("POLLERS").map_or(8, |n| n.parse().unwrap());
    join_all((0..pollers).map(|_| tokio::spawn(poll(sqs.clone(), work.clone())))).await;
}

/// Receives ten, calls the function with each, deletes them, and so on.
async fn poll(sqs: Sqs, work: Arc<Work>) {
    loop {
        let received = sqs
            .receive_message()
            .queue_url(&work.queue)
            .max_number_of_messages(10)
            .wait_time_seconds(20)
            .send()
            .await;
        let messages = received
            .map(|answer| answer.messages.unwrap_or_default())
            .unwrap_or_default();
        if messages.is_empty() {
            continue;
        }
        let mut handled = Vec::with_capacity(messages.len());
        for message in messages {
            let room = work.room.clone().acquire_owned().await.unwrap();
            let work = work.clone();
            handled.push(tokio::spawn(async move {
                let _room = room;
                handle(&work, message).await
            }));
        }
        // All of them are at work: the poller goes on, and the deletes follow behind its back.
        let (sqs, work) = (sqs.clone(), work.clone());
        tokio::spawn(async move {
            let handles = join_all(handled).await.into_iter().flatten().flatten();
            let entries = handles.enumerate().map(|(n, handle)| {
                DeleteMessageBatchRequestEntry::builder()
                    .id(n.to_string())
                    .receipt_handle(handle)
                    .build()
                    .unwrap()
            });
            let _ = sqs
                .delete_message_batch()
                .queue_url(&work.queue)
                .set_entries(Some(entries.collect()))
                .send()
                .await;
        });
    }
}

/// Gives the handle where the function succeeded.
async fn handle(work: &Work, message: Message) -> Option<String> {
    let id = message.message_id.unwrap_or_default();
    let body = Bytes::from(message.body.unwrap_or_default());
    post(work, id, body)
        .await
        .then_some(message.receipt_handle)?
}

async fn post(work: &Work, id: String, body: Bytes) -> bool {
    let request = Request::post(&work.function)
        .header("x-correlation-id", id)
        .body(Full::new(body))
        .unwrap();
    match work.http.request(request).await {
        Ok(answer) => {
            let good = answer.status().is_success();
            answer.into_body().collect().await.is_ok() && good
        }
        Err(_) => false,
    }
}
