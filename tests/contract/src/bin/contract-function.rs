//! The handler of the contract suite, on the SDK.

use std::time::Duration;

use throughline::{Body, Error, IntoResponse, Request, Response};

fn main() -> std::process::ExitCode {
    throughline::run(handle)
}

async fn handle(request: Request) -> Result<Response, Error> {
    let number = request.query().and_then(|n| n.parse().ok()).unwrap_or(0);
    let pause = Duration::from_millis(number);
    Ok(match request.path() {
        "/echo" => request.body().clone().into_response(),
        "/status" => {
            let mut response = ().into_response();
            *response.status_mut() = u16::try_from(number)?.try_into()?;
            response
        }
        "/seen" => {
            let (method, path) = (request.method(), request.path());
            let query = request
                .query()
                .map(|query| format!("?{query}"))
                .unwrap_or_default();
            let call = request.header("x-call-id").unwrap_or_default();
            format!("{method} {path}{query} {call}").into_response()
        }
        "/sleep" => {
            tokio::time::sleep(pause).await;
            "slept".into_response()
        }
        "/stream" => stream(pause).into_response(),
        other => {
            return Err(Error::rejected(
                404,
                format!("path = {other:?} leads nowhere"),
            ));
        }
    })
}

fn stream(pause: Duration) -> Body {
    let (mut pieces, body) = Body::channel();
    throughline::spawn(async move {
        pieces.send("data: first\n\n").await?;
        tokio::time::sleep(pause).await;
        pieces.send("data: last\n\n").await?;
        pieces.finish();
        Ok::<_, Error>(())
    });
    body
}
