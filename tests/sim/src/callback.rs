//! The queue-worker's callbacks, over streams in memory into the connector's own listener.

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use crate::world::World;

/// Posts a callback; gives the status that it was answered with, if it was.
pub(crate) async fn post(
    world: &World,
    process: u32,
    url: &str,
    headers: HeaderMap,
) -> Option<u16> {
    let uri: http::Uri = url.parse().ok()?;
    let (near, far) = tokio::io::duplex(64 * 1024);
    // A process that is gone listens no more.
    world.doors().get(&process)?.send(far).ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(near)).await.ok()?;
    let mut request = Request::post(uri.path())
        .header("host", uri.host()?)
        .body(Empty::<Bytes>::new())
        .ok()?;
    request.headers_mut().extend(headers);
    let exchange = async {
        let answer = sender.send_request(request).await.ok()?;
        let status = answer.status().as_u16();
        answer.into_body().collect().await.ok()?;
        Some(status)
    };
    let status = tokio::select! {
        biased;
        status = exchange => status,
        _ = connection => None,
    };
    world.log.say(|| {
        let path = uri.path().chars().take(20).collect::<String>();
        format!("gateway {process} callback {path}: {status:?}")
    });
    status
}
