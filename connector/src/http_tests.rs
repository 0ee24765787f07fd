use super::*;
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use std::sync::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// What a connection does with each of its requests: `Some` answers, `None` hangs up after so long.
type Script = Vec<Vec<Option<Duration>>>;

/// The requests that arrived, each with the number of its connection.
type Seen = Arc<Mutex<Vec<(usize, String)>>>;

/// Connections by script.
fn http(script: Script) -> (Http, Seen) {
    let seen = Seen::default();
    let (script, seen_there) = (Arc::new(Mutex::new((0, script))), seen.clone());
    let http = Http::over(move |_| {
        let (script, seen) = (script.clone(), seen_there.clone());
        async move {
            let (near, far) = tokio::io::duplex(64 * 1024);
            let (n, requests) = {
                let mut script = script.lock().unwrap();
                script.0 += 1;
                (script.0, script.1.remove(0))
            };
            throughline::spawn(serve(far, n, requests, seen));
            Ok::<_, std::io::Error>(Wire(TokioIo::new(near)))
        }
    });
    (http, seen)
}

async fn serve(mut stream: DuplexStream, n: usize, requests: Vec<Option<Duration>>, seen: Seen) {
    for hang_up in requests {
        let mut text = String::new();
        while !text.ends_with("body") {
            let mut buffer = [0; 1024];
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(read) => text.push_str(&String::from_utf8_lossy(&buffer[..read])),
            }
        }
        seen.lock().unwrap().push((n, text));
        match hang_up {
            None => stream.write_all(ANSWER).await.unwrap(),
            Some(after) => return tokio::time::sleep(after).await,
        }
    }
    std::future::pending::<()>().await;
}

struct Wire(TokioIo<DuplexStream>);

impl Connection for Wire {
    fn connected(&self) -> hyper_util::client::legacy::connect::Connected {
        hyper_util::client::legacy::connect::Connected::new()
    }
}

impl Read for Wire {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buf: hyper::rt::ReadBufCursor<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl Write for Wire {
    fn poll_write(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buf: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        std::pin::Pin::new(&mut self.0).poll_write(cx, buf)
    }
    fn poll_flush(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.0).poll_flush(cx)
    }
    fn poll_shutdown(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

async fn post(http: &Http) -> Result<(), String> {
    let request = http::Request::post("http://gateway.test/function/f")
        .header("idempotency-key", "m1")
        .body(SdkBody::from("body"))
        .unwrap();
    let sent = http.send(request).await;
    // Until the connection is back in the pool.
    tokio::time::sleep(Duration::from_millis(1)).await;
    sent.map(|_| ()).map_err(|error| chain(&error))
}

const AT_ONCE: Option<Duration> = Some(Duration::ZERO);

#[tokio::test(start_paused = true)]
async fn what_meets_a_connection_that_was_kept_too_long_goes_out_again_on_a_new_one_as_it_was() {
    let (http, seen) = http(vec![vec![None, AT_ONCE], vec![None]]);
    post(&http).await.unwrap();
    post(&http).await.unwrap();
    let seen = seen.lock().unwrap();
    let connections: Vec<usize> = seen.iter().map(|(n, _)| *n).collect();
    assert_eq!(connections, [1, 1, 2]);
    assert_eq!(seen[1].1, seen[2].1);
    assert!(seen[2].1.contains("idempotency-key: m1"));
}

#[tokio::test(start_paused = true)]
async fn it_goes_out_again_only_once() {
    let (http, seen) = http(vec![vec![None, AT_ONCE], vec![AT_ONCE]]);
    post(&http).await.unwrap();
    post(&http).await.unwrap_err();
    assert_eq!(seen.lock().unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_is_dropped_on_a_new_connection_does_not_go_out_again() {
    let (http, seen) = http(vec![vec![AT_ONCE]]);
    post(&http).await.unwrap_err();
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_dropped_after_somebody_worked_on_it_does_not_go_out_again() {
    let (http, seen) = http(vec![vec![None, Some(Duration::from_secs(2))]]);
    post(&http).await.unwrap();
    post(&http).await.unwrap_err();
    assert_eq!(seen.lock().unwrap().len(), 2);
}
