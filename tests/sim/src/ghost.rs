//! A second queue, which is broken: it must stop nothing but itself.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;

use crate::variety::Broken;
use crate::world::World;

/// Its name.
pub(crate) const NAME: &str = "ghost";

/// Whether a request is for it.
pub(crate) fn is_meant(body: &[u8]) -> bool {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    body["QueueUrl"]
        .as_str()
        .is_some_and(|url| url.ends_with("/ghost"))
}

pub(crate) async fn answer(
    world: &World,
    request: Request<Full<Bytes>>,
) -> Option<Response<Full<Bytes>>> {
    let (status, code) = match world.scenario.variety.broken? {
        // It was never made.
        Broken::Absent => return world.sqs.exchange(request).await,
        Broken::Hanging => return std::future::pending().await,
        Broken::Denied => (403, "AccessDenied"),
        Broken::Failing => (500, "InternalError"),
    };
    let body = serde_json::json!({ "__type": format!("com.amazon.coral.service#{code}") });
    Response::builder()
        .status(status)
        .body(Full::new(Bytes::from(body.to_string())))
        .ok()
}
