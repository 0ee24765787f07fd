//! A callee: a process that listens, keeps what it is sent byte for byte, and answers as told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// One request, as it came over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// Request line and headers, as they were written.
    pub(crate) head: String,
    /// The body, out of its chunks.
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn request_line(&self) -> &str {
        self.head.lines().next().unwrap()
    }

    /// The value of the header that is written exactly so.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self
            .head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "));
        lines
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        let mut lines = self
            .head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'));
        lines.any(|(known, _)| known.eq_ignore_ascii_case(name))
    }
}

/// What it answers, and when.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) answer: String,
    pub(crate) after: Duration,
}

impl Told {
    pub(crate) fn new(status: &str, headers: &str, body: &str) -> Self {
        Self {
            answer: format!(
                "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
                body.len()
            ),
            after: Duration::ZERO,
        }
    }
}

pub(crate) struct Callee {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
    _server: JoinSet<()>,
}

impl Callee {
    /// One that answers 200 with `ok`.
    pub(crate) async fn start() -> Self {
        Self::told(Told::new("200 OK", "", "ok")).await
    }

    pub(crate) async fn slow(after: Duration) -> Self {
        let told = Told::new("200 OK", "", "ok");
        Self::told(Told { after, ..told }).await
    }

    pub(crate) async fn told(told: Told) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let mut server = JoinSet::new();
        let kept = Arc::clone(&received);
        server.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(serve(stream, Arc::clone(&kept), told.clone()));
            }
        });
        Self {
            url,
            received,
            _server: server,
        }
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// The only request so far.
    pub(crate) fn only(&self) -> Received {
        let mut received = self.received();
        assert_eq!(received.len(), 1, "{received:?}");
        received.remove(0)
    }

    /// Waits until that many requests came.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Received> {
        for _ in 0..500 {
            let received = self.received();
            if received.len() >= count {
                return received;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!(
            "{count} requests did not come; these did: {:?}",
            self.received()
        );
    }
}

async fn serve(mut stream: TcpStream, kept: Arc<Mutex<Vec<Received>>>, told: Told) {
    let mut buffer = Vec::new();
    while let Some(received) = read(&mut stream, &mut buffer).await {
        kept.lock().unwrap().push(received);
        tokio::time::sleep(told.after).await;
        if stream.write_all(told.answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Reads one request; `None` where the connection ends.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Received> {
    let end = loop {
        if let Some(at) = find(buffer, b"\r\n\r\n") {
            break at + 4;
        }
        more(stream, buffer).await?;
    };
    let head = String::from_utf8(buffer.drain(..end).collect()).unwrap();
    let mut received = Received {
        head,
        body: Vec::new(),
    };
    if received.header("Transfer-Encoding") == Some("chunked") {
        loop {
            let size = take_line(stream, buffer).await?;
            let size = usize::from_str_radix(size.trim(), 16).unwrap();
            let chunk = take(stream, buffer, size + 2).await?;
            if size == 0 {
                break;
            }
            received.body.extend_from_slice(&chunk[..size]);
        }
    } else if let Some(length) = received.header("Content-Length") {
        let length = length.parse().unwrap();
        received.body = take(stream, buffer, length).await?;
    }
    Some(received)
}

async fn take_line(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(at) = find(buffer, b"\r\n") {
            return String::from_utf8(buffer.drain(..at + 2).collect()).ok();
        }
        more(stream, buffer).await?;
    }
}

async fn take(stream: &mut TcpStream, buffer: &mut Vec<u8>, count: usize) -> Option<Vec<u8>> {
    while buffer.len() < count {
        more(stream, buffer).await?;
    }
    Some(buffer.drain(..count).collect())
}

async fn more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    match stream.read_buf(buffer).await {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(()),
    }
}

fn find(buffer: &[u8], what: &[u8]) -> Option<usize> {
    buffer.windows(what.len()).position(|window| window == what)
}
