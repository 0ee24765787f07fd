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
use crate::{batch, ghost, worker};

pub(crate) type Answer = Option<Response<Full<Bytes>>>;

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
    if let Some(function) = path.strip_prefix("/async-function/") {
        return match &read(world, process, function, &head.headers, &body) {
            Some((function, letters)) => {
                let letter = letters[0].clone();
                worker::enqueue(world, process, *function, letter, &head.headers).await
            }
            None => respond(400, &[], String::new()),
        };
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
    let rules = &world.scenario.variety.rules;
    let functions = rules.iter().enumerate().map(|(n, rules)| {
        let mut annotations = json!({ "topic": format!("{topic},{}", ghost::NAME) });
        let mut say = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                annotations[format!("com.openfaas.retry.{name}")] = value.into();
            }
        };
        let seconds = |seconds: Option<u64>| seconds.map(|seconds| format!("{seconds}s"));
        say("attempts", rules.attempts.map(|n| n.to_string()));
        say("min_wait", seconds(rules.min_wait));
        say("max_wait", seconds(rules.max_wait));
        let list = |codes: &[u16]| {
            codes
                .iter()
                .map(u16::to_string)
                .collect::<Vec<_>>()
                .join(",")
        };
        say("codes", rules.codes.map(list));
        json!({"name": format!("f{n}"), "namespace": "openfaas-fn", "annotations": annotations})
    });
    functions.collect::<serde_json::Value>().to_string()
}

/// A message in a call.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) n: usize,
    /// The id that SQS gave it.
    pub(crate) id: String,
    pub(crate) receive: u32,
}

/// A call that is running; where it is dropped without an end, the caller went away.
pub(crate) struct Running {
    world: Arc<World>,
    pub(crate) call: Call,
    pub(crate) ended: Option<End>,
}

impl Running {
    pub(crate) fn start(world: &Arc<World>, call: Call) -> Self {
        let processes = world.processes().clone();
        world.enter(|ledger| ledger.call(call, Instant::now(), &processes));
        Self {
            world: world.clone(),
            call,
            ended: None,
        }
    }
}

impl Drop for Running {
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

/// What a call is made of: its function and its messages. What is none is told.
fn read(
    world: &World,
    process: u32,
    path: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Option<(usize, Vec<Letter>)> {
    let name = path.split('.').next().unwrap_or_default();
    let known = name.strip_prefix('f').and_then(|n| n.parse::<usize>().ok());
    let letters = if world.scenario.variety.is_batch() {
        batch::letters(world, body)
    } else {
        letter(world, headers, body).map(|letter| vec![letter])
    };
    let (Some(function), Some(letters)) = (known, letters) else {
        world.violation(format!("a call to {path} with a body of no message"));
        return None;
    };
    for Letter { n, receive, .. } in &letters {
        world
            .log
            .say(|| format!("gateway {process} > f{function} message {n}, receive {receive}"));
    }
    Some((function, letters))
}

fn letter(world: &World, headers: &HeaderMap, body: &[u8]) -> Option<Letter> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let (n, id) = (number(body)?, text("x-sqs-message-id")?);
    world.compare(n, id, body);
    Some(Letter {
        n,
        id: id.to_owned(),
        receive: text("x-sqs-receive-count")?.parse().ok()?,
    })
}

async fn call(
    world: &Arc<World>,
    process: u32,
    path: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Answer {
    let Some((function, letters)) = read(world, process, path, headers, body) else {
        return respond(400, &[], String::new());
    };
    world.look();
    let start = |letter: &Letter| {
        let call = (process, letter.n, function);
        world.enter(|ledger| ledger.tries(call));
        Running::start(world, call)
    };
    let mut running: Vec<Running> = letters.iter().map(start).collect();
    sleep(world.flight()).await;
    let weather = *world.weather.borrow();
    let (ends, answer) = match in_between(weather).await {
        Some(answer) => {
            for letter in &letters {
                world.turned_away((process, letter.n, function), weather);
            }
            (vec![End::Unreached; letters.len()], answer)
        }
        None if world.scenario.variety.is_batch() => {
            batch::work(world, process, function, &letters).await
        }
        None => {
            let (end, answer) = work(world, (process, letters[0].n, function), &letters[0]).await;
            (vec![end], answer)
        }
    };
    world.look();
    let status = answer.as_ref().map(|answer| answer.status().as_u16());
    for (letter, end) in letters.iter().zip(&ends) {
        let call = (process, letter.n, function);
        world.enter(|ledger| match end {
            End::Failed => ledger.failed(call, letter.receive, *end, status, letters.len()),
            _ => ledger.outcome(call, letter.receive, *end),
        });
    }
    sleep(world.flight()).await;
    for (running, end) in running.iter_mut().zip(ends) {
        running.ended = Some(end);
        if end == End::Succeeded {
            world.enter(|ledger| ledger.heard(running.call));
        }
    }
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
pub(crate) async fn in_between(weather: Weather) -> Option<Answer> {
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
pub(crate) async fn work(world: &World, call: Call, letter: &Letter) -> (End, Answer) {
    let (_, n, function) = call;
    let attempt = world.ledger().attempt(n, function);
    let planned = &world.scenario.messages[n];
    let mood = &planned.moods[function];
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
            world.enter(|ledger| ledger.failed(call, letter.receive, End::Hung, None, 1));
            std::future::pending().await
        }
        Ill::Drop => {
            sleep(mood.works).await;
            // The function says that it is well meanwhile, so that the message may be to blame.
            (End::Failed, None)
        }
        Ill::Status(status) => {
            sleep(mood.works).await;
            let mut headers = vec![took];
            headers.extend(
                planned
                    .retry_after
                    .map(|seconds| ("retry-after", seconds.to_string())),
            );
            (End::Failed, respond(status, &headers, "oh".to_owned()))
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

pub(crate) fn respond(status: u16, headers: &[(&str, String)], body: String) -> Answer {
    let mut response = Response::builder()
        .status(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    for (name, value) in headers {
        response = response.header(*name, value);
    }
    response.body(Full::new(Bytes::from(body))).ok()
}
