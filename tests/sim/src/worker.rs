//! The gateway's queue and its worker, in mode async: takes calls in, makes them, and calls back.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use http_body_util::Full;
use sqs_connector::config::Mode;
use tokio::time::sleep;

use crate::callback;
use crate::gateway::{Letter, Running, in_between, respond, work};
use crate::ledger::End;
use crate::world::World;

type Answer = Option<Response<Full<Bytes>>>;

/// What becomes of a callback on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Arrives,
    Lost,
    Twice,
    /// So late that nobody waits for it any more.
    Late,
}

/// Takes a call into the queue.
pub(crate) async fn enqueue(
    world: &Arc<World>,
    process: u32,
    function: usize,
    letter: Letter,
    headers: &HeaderMap,
) -> Answer {
    let call = (process, letter.n, function);
    world.enter(|ledger| {
        ledger.tries(call);
        ledger.tried(process, letter.n);
    });
    sleep(world.flight()).await;
    let weather = *world.weather.borrow();
    if let Some(answer) = in_between(weather).await {
        world.turned_away(call, weather);
        return answer;
    }
    let headers = headers.clone();
    // In the queue from here on, whatever becomes of the answer.
    let running = Running::start(world, call);
    let inside = world.clone();
    world.connections().spawn(async move {
        perform(&inside, running, letter, &headers).await;
    });
    sleep(world.flight()).await;
    respond(202, &[], String::new())
}

async fn perform(world: &Arc<World>, mut running: Running, letter: Letter, headers: &HeaderMap) {
    let Mode::Async { callback_timeout } = world.scenario.variety.mode else {
        return;
    };
    let (process, n, function) = running.call;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(url) = text("x-callback-url").map(str::to_owned) else {
        world.violation(format!(
            "an asynchronous call with message {n} without X-Callback-Url"
        ));
        return;
    };
    let (id, call_id) = (text("x-correlation-id"), text("x-call-id"));
    let fate = fate(world);
    if world.is_chaos() && world.dice().one_in(3) {
        mischief(world, process, &url).await;
    }
    // Nobody knows of one that hangs; it is over when nobody waits for it any more.
    let hangs = callback_timeout.saturating_sub(Duration::from_millis(200));
    let worked = tokio::time::timeout(hangs, work(world, running.call, &letter)).await;
    let Ok((end, answer)) = worked else {
        running.ended = Some(End::Hung);
        return;
    };
    world.look();
    let told = answer.as_ref().map(|answer| answer.status().as_u16());
    let status = told.unwrap_or(502);
    world.enter(|ledger| match end {
        End::Failed => ledger.failed(running.call, letter.receive, end, told, 1),
        _ => ledger.outcome(running.call, letter.receive, end),
    });
    running.ended = Some(end);
    drop(running);
    let mut outcome = HeaderMap::new();
    let by_function = answer.is_some();
    for (name, value) in answer.iter().flat_map(Response::headers) {
        outcome.insert(name.clone(), value.clone());
    }
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            outcome.insert(HeaderName::from_static(name), value);
        }
    };
    put("x-function-status", &status.to_string());
    put("x-call-id", call_id.unwrap_or_default());
    if let Some(id) = id.filter(|_| by_function) {
        put("x-correlation-id", id);
    }
    if matches!(fate, Fate::Lost | Fate::Late) {
        // To its caller it hung.
        let call = (process, n, function);
        world.enter(|ledger| ledger.failed(call, letter.receive, End::Hung, None, 1));
    }
    match fate {
        Fate::Lost => return,
        Fate::Late => sleep(callback_timeout).await,
        Fate::Arrives | Fate::Twice => {}
    }
    sleep(world.flight()).await;
    let first = callback::post(world, process, &url, outcome.clone()).await;
    if first == Some(200) && fate != Fate::Late && end == End::Succeeded {
        world.enter(|ledger| ledger.heard((process, n, function)));
    }
    if fate == Fate::Twice {
        callback::post(world, process, &url, outcome).await;
    }
}

fn fate(world: &World) -> Fate {
    if !world.is_chaos() {
        return Fate::Arrives;
    }
    match world.dice().between(0, 15) {
        0 => Fate::Lost,
        1 => Fate::Twice,
        2 => Fate::Late,
        _ => Fate::Arrives,
    }
}

/// Somebody says that all went well, of a call that he was not told of, or of another one.
async fn mischief(world: &World, process: u32, url: &str) {
    let mut told = HeaderMap::new();
    told.insert("x-function-status", HeaderValue::from_static("200"));
    told.insert("x-call-id", HeaderValue::from_static("another-call"));
    let made_up = format!("{}0", &url[..url.len() - 1]);
    for url in [url, &made_up] {
        let status = callback::post(world, process, url, told.clone()).await;
        if status == Some(200) {
            world.violation(format!("a callback of another call was taken for {url}"));
        }
    }
}
