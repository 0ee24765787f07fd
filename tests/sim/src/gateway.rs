//! The gateway, faulty on purpose, and the functions behind it.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::ledger::{Call, End};
use crate::mood::Ill;
use crate::trouble::queue_names;
use crate::weather::Weather;
use crate::world::{World, number};

type Answer = Option<Response<Full<Bytes>>>;

pub(crate) async fn answer(world: &Arc<World>, process: u32, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let body = body.collect().await.ok()?.to_bytes();
    let path = head.uri.path();
    if path.ends_with("/_/health") {
        return health(world).await;
    }
    if let Some(function) = path.strip_prefix("/function/") {
        return call(world, process, function, &head.headers, &body).await;
    }
    sleep(world.flight()).await;
    let weather = *world.weather.borrow();
    if weather == Weather::Hang {
        return std::future::pending().await;
    }
    let (status, text) = match path {
        "/healthz" => (200, "OK".to_owned()),
        _ if weather == Weather::NoList => (500, "no".to_owned()),
        "/system/namespaces" => (200, json!(["openfaas-fn"]).to_string()),
        "/system/functions" if weather == Weather::GarbledList => (200, "[{]".to_owned()),
        "/system/functions" => (200, list(world)),
        _ => (404, "no such page".to_owned()),
    };
    sleep(world.flight()).await;
    respond(status, &[], text)
}

fn list(world: &World) -> String {
    let (topic, _) = queue_names(world.scenario.setup.fifo);
    let functions = (0..world.scenario.setup.functions).map(|n| {
        json!({"name": format!("f{n}"), "namespace": "openfaas-fn", "annotations": {"topic": topic}})
    });
    functions.collect::<serde_json::Value>().to_string()
}

/// A call that is running; where it is dropped without an end, the caller went away.
struct Running<'a> {
    world: &'a World,
    call: Call,
    ended: Option<End>,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let ran = self.world.ledger().over(self.call, Instant::now());
        let (process, n, function) = self.call;
        let how = self
            .ended
            .map_or("caller went away".to_owned(), |end| format!("{end:?}"));
        self.world
            .log
            .say(|| format!("gateway {process} < f{function} message {n}: {how} after {ran:?}"));
        if self.ended.is_none() {
            self.world.cancelled(self.call, ran);
        }
    }
}

async fn call(
    world: &Arc<World>,
    process: u32,
    function: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Answer {
    let name = function.split('.').next().unwrap_or_default();
    let known = name.strip_prefix('f').and_then(|n| n.parse::<usize>().ok());
    let (Some(function), Some(n)) = (known, number(body)) else {
        world.violation(format!("a call to {function} with a body of no message"));
        return respond(400, &[], String::new());
    };
    let number = |name: &str| headers.get(name)?.to_str().ok()?.parse::<u32>().ok();
    let receive = number("x-sqs-receive-count").unwrap_or(0);
    let call = (process, n, function);
    world
        .log
        .say(|| format!("gateway {process} > f{function} message {n}, receive {receive}"));
    world.look();
    world.enter(|ledger| ledger.call(call, Instant::now()));
    let mut running = Running {
        world,
        call,
        ended: None,
    };
    sleep(world.flight()).await;
    let weather = *world.weather.borrow();
    let (end, answer) = match in_between(weather).await {
        Some(answer) => (End::Unreached, answer),
        None => work(world, call, receive).await,
    };
    world.look();
    world.enter(|ledger| ledger.outcome(call, receive, end));
    sleep(world.flight()).await;
    running.ended = Some(end);
    answer
}

/// A function says that it is well, whatever it makes of messages, where it is reached.
async fn health(world: &World) -> Answer {
    sleep(world.flight()).await;
    let weather = *world.weather.borrow();
    let answer = match in_between(weather).await {
        Some(answer) => answer,
        None => respond(200, &[], "OK".to_owned()),
    };
    sleep(world.flight()).await;
    answer
}

/// What answers in place of the function, if anything does.
async fn in_between(weather: Weather) -> Option<Answer> {
    Some(match weather {
        Weather::Fair | Weather::GarbledList | Weather::NoList => return None,
        Weather::Refused => None,
        Weather::Hang => std::future::pending().await,
        Weather::Missing => respond(404, &[], "error finding function".to_owned()),
        Weather::TooMany(seconds) => {
            let seconds = seconds.map(|seconds| ("retry-after", seconds.to_string()));
            respond(429, seconds.as_slice(), String::new())
        }
        Weather::Unavailable => respond(503, &[], String::new()),
        Weather::Unreachable => {
            let internal = ("x-openfaas-internal", "proxy".to_owned());
            respond(500, &[internal], "can't reach service".to_owned())
        }
        Weather::BadGateway => respond(502, &[], String::new()),
    })
}

/// The function works on the message, in the mood it is in.
async fn work(world: &World, call: Call, receive: u32) -> (End, Answer) {
    let (_, n, function) = call;
    let attempt = world.ledger().attempt(n, function);
    let mood = &world.scenario.messages[n].moods[function];
    let took = ("x-duration-seconds", "0.1".to_owned());
    if attempt >= mood.fails {
        sleep(mood.works).await;
        let end = if mood.rejects() {
            End::Rejected
        } else {
            End::Succeeded
        };
        return (end, respond(mood.then, &[took], "done".to_owned()));
    }
    match mood.how {
        Ill::Hang => {
            world.enter(|ledger| ledger.outcome(call, receive, End::Hung));
            std::future::pending().await
        }
        Ill::Drop => {
            sleep(mood.works).await;
            // The function says that it is well meanwhile, so that the message may be to blame.
            (End::Failed, None)
        }
        Ill::Status(status) => {
            sleep(mood.works).await;
            (End::Failed, respond(status, &[took], "oh".to_owned()))
        }
        Ill::Overload {
            status,
            retry_after,
        } => {
            let mut headers = vec![took];
            headers.extend(retry_after.map(|seconds| ("retry-after", seconds.to_string())));
            (End::Unreached, respond(status, &headers, String::new()))
        }
    }
}

fn respond(status: u16, headers: &[(&str, String)], body: String) -> Answer {
    let mut response = Response::builder()
        .status(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    for (name, value) in headers {
        response = response.header(*name, value);
    }
    response.body(Full::new(Bytes::from(body))).ok()
}
