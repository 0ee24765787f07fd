//! Bodies that are never whole in memory, in and out.
//!
//! ```text
//! suppress_lock=true cargo run -p throughline --example streaming
//! curl -N 'http://127.0.0.1:8080/count?5'
//! curl -T a-large-file http://127.0.0.1:8080/lines
//! ```

use std::time::Duration;

use throughline::{Body, BodyStream, Error, IntoResponse, Request, Response};

fn main() -> std::process::ExitCode {
    throughline::run(handle)
}

async fn handle(request: Request, body: BodyStream) -> Result<Response, Error> {
    Ok(match request.path() {
        // What comes goes out again, piece by piece.
        "/echo" => Body::stream(body).into_response(),
        "/lines" => lines(body).await?.into_response(),
        "/count" => {
            count(request.query().and_then(|n| n.parse().ok()).unwrap_or(3)).into_response()
        }
        "/breaks" => breaks().into_response(),
        other => {
            return Err(Error::rejected(
                404,
                format!("path = {other:?} leads nowhere"),
            ));
        }
    })
}

async fn lines(mut body: BodyStream) -> Result<String, Error> {
    let mut lines = 0;
    while let Some(piece) = body.chunk().await? {
        lines += piece.iter().filter(|byte| **byte == b'\n').count();
    }
    Ok(format!("{lines}\n"))
}

/// A number each 50 ms.
fn count(most: u64) -> Body {
    let (mut pieces, body) = Body::channel();
    throughline::spawn(async move {
        for n in 1..=most {
            if pieces.send(format!("{n}\n")).await.is_err() {
                tracing::info!(n, "nobody reads on");
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        tracing::info!("counted");
        pieces.finish();
    });
    body
}

/// An answer whose author forgets it halfway.
fn breaks() -> Body {
    let (mut pieces, body) = Body::channel();
    throughline::spawn(async move {
        let sent = pieces.send("half").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        sent
    });
    body
}
