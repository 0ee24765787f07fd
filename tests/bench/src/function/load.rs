//! The caller: connections that each send one request after another, and wait for each answer.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// So many requests at once.
pub(super) const CONNECTIONS: usize = 16;

const BODY: &str = r#"{"id":"order-000042","customer":"0192f3a4-7b1c-7def-8123-456789abcdef","items":[{"sku":"tea-green-100g","quantity":2},{"sku":"cup-white-02","quantity":4}],"note":"leave it at the door"}"#;

/// What came of a load.
pub(super) struct Load {
    pub(super) requests: usize,
    pub(super) seconds: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
}

fn request() -> Vec<u8> {
    let length = BODY.len();
    format!("POST / HTTP/1.1\r\nHost: f\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{BODY}")
        .into_bytes()
}

/// Calls for so long, over connections that are kept.
///
/// # Errors
/// When an answer is not a 200 with the receipt.
pub(super) async fn call(port: u16, time: Duration) -> anyhow::Result<Load> {
    let mut callers = JoinSet::new();
    let started = Instant::now();
    for _ in 0..CONNECTIONS {
        callers.spawn(async move {
            let mut caller = Caller::connect(port).await?;
            let mut took = Vec::with_capacity(1 << 16);
            while started.elapsed() < time {
                let sent = Instant::now();
                caller.call().await?;
                took.push(u32::try_from(sent.elapsed().as_nanos()).unwrap_or(u32::MAX));
            }
            anyhow::Ok(took)
        });
    }
    let mut took = Vec::new();
    while let Some(caller) = callers.join_next().await {
        took.extend(caller.context("a caller panicked")??);
    }
    let seconds = started.elapsed().as_secs_f64();
    took.sort_unstable();
    let at = |part: usize| {
        took.get(took.len() * part / 100)
            .map_or(0.0, |ns| f64::from(*ns) / 1e6)
    };
    Ok(Load {
        requests: took.len(),
        seconds,
        p50_ms: at(50),
        p99_ms: at(99),
    })
}

/// Tries until the first POST is answered.
///
/// # Errors
/// When none is for ten seconds.
pub(super) async fn first_answer(port: u16) -> anyhow::Result<()> {
    let started = Instant::now();
    loop {
        if let Ok(mut caller) = Caller::connect(port).await
            && caller.call().await.is_ok()
        {
            return Ok(());
        }
        ensure!(
            started.elapsed() < Duration::from_secs(10),
            "it does not answer"
        );
        // Not tokio's timer: its tick is a millisecond.
        std::thread::sleep(Duration::from_micros(50));
    }
}

struct Caller {
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Caller {
    async fn connect(port: u16) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            request: request(),
            answer: vec![0; 16 * 1024],
        })
    }

    async fn call(&mut self) -> anyhow::Result<()> {
        self.stream.write_all(&self.request).await?;
        let mut read = 0;
        loop {
            let more = self.stream.read(&mut self.answer[read..]).await?;
            ensure!(more > 0, "the connection ended in an answer");
            read += more;
            if let Some(whole) = whole(&self.answer[..read])? {
                ensure!(whole == read, "more than an answer came");
                return Ok(());
            }
        }
    }
}

/// How long the answer is, once its head is there and its body too.
fn whole(bytes: &[u8]) -> anyhow::Result<Option<usize>> {
    let Some(head) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&bytes[..head])?;
    if !text.starts_with("HTTP/1.1 200 ") {
        bail!("{text}");
    }
    let length = text.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>())
    });
    let whole = head + 4 + length.context("no Content-Length")??;
    if bytes.len() < whole {
        return Ok(None);
    }
    ensure!(
        bytes[..whole].ends_with(br#""items":2,"total":6}"#),
        "another answer"
    );
    Ok(Some(whole))
}
