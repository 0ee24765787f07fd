//! Measures how many requests a second one thread of the SQS server answers.
//!
//! `cargo run --release -p stack --example sqs_rate`
#![allow(clippy::unwrap_used, reason = "a measurement that can't be made ends")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use stack::sqs::{Sqs, SqsOptions, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

const CONNECTIONS: u32 = 16;
const RUN: Duration = Duration::from_secs(2);
const BACKLOG: u32 = 100_000;

fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn start(sqs: Arc<Sqs>) -> SocketAddr {
    let (told, address) = std::sync::mpsc::channel();
    thread::spawn(move || {
        one_thread().block_on(async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            told.send(listener.local_addr().unwrap()).unwrap();
            serve(listener, sqs, std::future::pending()).await;
        });
    });
    address.recv().unwrap()
}

/// A connection that sends a request and reads its answer.
struct Caller {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Caller {
    async fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            answer: Vec::new(),
        }
    }

    /// Gives the body.
    async fn call(&mut self, action: &str, body: &str) -> &str {
        let request = format!(
            "POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: AmazonSQS.{action}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await.unwrap();
        self.answer.clear();
        loop {
            assert!(self.stream.read_buf(&mut self.answer).await.unwrap() > 0);
            let text = std::str::from_utf8(&self.answer).unwrap();
            let Some((head, got)) = text.split_once("\r\n\r\n") else {
                continue;
            };
            let head = head.to_ascii_lowercase();
            let length = head.split_once("content-length: ").unwrap().1;
            if got.len() == length.lines().next().unwrap().parse::<usize>().unwrap() {
                assert!(head.starts_with("http/1.1 200"), "{text}");
                break;
            }
        }
        let text = std::str::from_utf8(&self.answer).unwrap();
        text.split_once("\r\n\r\n").unwrap().1
    }
}

/// Requests a second over all connections, where one turn makes three.
fn measure(address: SocketAddr, url: &str, backlog: u32) -> u32 {
    let send = format!(
        r#"{{"QueueUrl":"{url}","MessageBody":"{{\"card\":\"KAN-7\"}}","MessageGroupId":"GROUP"}}"#
    );
    let receive = format!(r#"{{"QueueUrl":"{url}"}}"#);
    one_thread().block_on(async {
        let mut caller = Caller::new(address).await;
        for group in 0..backlog {
            caller
                .call(
                    "SendMessage",
                    &send.replace("GROUP", &format!("old-{group}")),
                )
                .await;
        }
        let callers = (0..CONNECTIONS).map(|number| {
            let (url, receive) = (url.to_owned(), receive.clone());
            let send = send.replace("GROUP", &number.to_string());
            throughline::spawn(async move {
                let mut caller = Caller::new(address).await;
                let (start, mut turns) = (Instant::now(), 0);
                while start.elapsed() < RUN {
                    caller.call("SendMessage", &send).await;
                    let got = caller.call("ReceiveMessage", &receive).await;
                    let got: serde_json::Value = serde_json::from_str(got).unwrap();
                    let handle = got["Messages"][0]["ReceiptHandle"].as_str().unwrap();
                    let delete = format!(r#"{{"QueueUrl":"{url}","ReceiptHandle":"{handle}"}}"#);
                    caller.call("DeleteMessage", &delete).await;
                    turns += 1;
                }
                turns * 3
            })
        });
        let callers: Vec<_> = callers.collect();
        let mut requests = 0_u32;
        for caller in callers {
            requests += caller.await.unwrap();
        }
        requests * 1000 / u32::try_from(RUN.as_millis()).unwrap()
    })
}

#[allow(clippy::print_stdout, reason = "what it is for")]
fn main() {
    let sqs = Sqs::new(SqsOptions::default());
    sqs.create_queue("q", &[]).unwrap();
    let address = start(Arc::clone(&sqs));
    let url = sqs.queue_url(&address.to_string(), "q");
    for backlog in [0, BACKLOG] {
        let rate = measure(address, &url, backlog);
        println!("{rate} requests/s with {backlog} messages waiting");
    }
}
