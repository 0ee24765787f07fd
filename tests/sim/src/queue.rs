//! SQS as the connector reaches it.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use tokio::time::sleep;

use crate::world::World;
use crate::{ghost, witness};

/// How much of a body is worth a line of the log.
const SHOWN: usize = 600;

pub(crate) async fn answer(
    world: &Arc<World>,
    process: u32,
    request: Request<Incoming>,
) -> Option<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.ok()?.to_bytes();
    sleep(world.flight()).await;
    if ghost::is_meant(&body) {
        return ghost::answer(world, Request::from_parts(head, Full::new(body))).await;
    }
    let target = head.headers.get("x-amz-target");
    let target = target.and_then(|target| target.to_str().ok());
    let action = target
        .and_then(|target| target.strip_prefix("AmazonSQS."))
        .unwrap_or("?")
        .to_owned();
    let poll = (action == "ReceiveMessage").then(|| Poll::open(world, process, &body));
    world
        .log
        .say(|| format!("sqs     {process} > {action} {}", shown(&body)));
    let request = Request::from_parts(head, Full::new(body));
    let answer = witness::exchange(world, process, &action, request).await;
    world.look();
    let told = told(answer.as_ref()).await;
    if let Some(mut poll) = poll {
        let answer: serde_json::Value = serde_json::from_slice(&told).unwrap_or_default();
        poll.brought = answer["Messages"].as_array().map_or(0, Vec::len);
    }
    world.log.say(|| {
        let text = match &answer {
            None => "no answer".to_owned(),
            Some(answer) => format!("{} {}", answer.status().as_u16(), shown(&told)),
        };
        format!("sqs     {process} < {action} {text}")
    });
    sleep(world.flight()).await;
    answer
}

/// The body of an answer.
async fn told(answer: Option<&Response<Full<Bytes>>>) -> Bytes {
    let Some(answer) = answer else {
        return Bytes::new();
    };
    let body = answer.body().clone().collect().await;
    body.map(http_body_util::Collected::to_bytes)
        .unwrap_or_default()
}

/// A receive that waits for its answer.
struct Poll<'a> {
    world: &'a World,
    process: u32,
    number: u64,
    brought: usize,
}

impl<'a> Poll<'a> {
    fn open(world: &'a World, process: u32, body: &[u8]) -> Self {
        let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let asked = body["MaxNumberOfMessages"].as_u64().unwrap_or(1);
        let mut number = 0;
        world.enter(|ledger| {
            number = ledger.poll(process, usize::try_from(asked).unwrap_or(usize::MAX));
        });
        Self {
            world,
            process,
            number,
            brought: 0,
        }
    }
}

impl Drop for Poll<'_> {
    fn drop(&mut self) {
        let (process, number) = (self.process, self.number);
        self.world.ledger().polled(process, number, self.brought);
    }
}

/// A body for the log, its keys in order: the SDK writes some from a hash map.
fn shown(body: &[u8]) -> String {
    let sorted: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    sorted.to_string().chars().take(SHOWN).collect()
}
