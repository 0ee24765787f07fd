//! Stands between the connector and SQS: notes what either says, and garbles it where a run wants that.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use serde_json::Value;
use tokio::time::Instant;

use crate::scenario::Profile;
use crate::world::{Ending, World};

/// A poll is given up no earlier than so long after its wait.
const MARGIN: Duration = Duration::from_secs(4);

/// How long settling may go on after the budget of a drain.
const FLUSH: Duration = Duration::from_secs(5);

pub(crate) async fn exchange(
    world: &Arc<World>,
    process: u32,
    action: &str,
    request: Request<Full<Bytes>>,
) -> Option<Response<Full<Bytes>>> {
    let asked = json(request.body()).await;
    let handles = handles(&asked);
    told_of(world, process, action, &asked);
    let mut poll = Poll {
        world,
        process,
        since: Instant::now(),
        answered: action != "ReceiveMessage",
    };
    let answer = world.sqs.exchange(request).await;
    poll.answered = true;
    let answer = answer?;
    let told = json(answer.body()).await;
    let failed = told["Failed"].as_array().cloned().unwrap_or_default();
    for entry in &failed {
        let handle = handles
            .iter()
            .find(|(id, _)| Some(&**id) == entry["Id"].as_str());
        if let (Some((_, handle)), "DeleteMessageBatch") = (handle, action) {
            world.enter(|ledger| ledger.handles.not_deleted(process, handle));
        }
        if entry["Message"]
            .as_str()
            .is_some_and(|text| text.contains("beyond the limit"))
        {
            world.violation(format!(
                "process {process} asks for more than the 12 hours of a message"
            ));
        }
    }
    received(world, process, &told);
    Some(garbled(world, answer, told))
}

/// The entries of a batch: their ids, and the handles they are about.
fn handles(asked: &Value) -> Vec<(String, String)> {
    let entries = asked["Entries"].as_array().into_iter().flatten();
    entries
        .filter_map(|entry| {
            let text = |name: &str| entry[name].as_str().map(str::to_owned);
            Some((text("Id")?, text("ReceiptHandle")?))
        })
        .collect()
}

/// A process says what is to become of messages.
fn told_of(world: &World, process: u32, action: &str, asked: &Value) {
    let ending = world.processes().clone();
    for entry in asked["Entries"].as_array().into_iter().flatten() {
        let Some(handle) = entry["ReceiptHandle"].as_str() else {
            continue;
        };
        world.enter(|ledger| {
            let n = ledger.handles.message(handle);
            if action == "DeleteMessageBatch" {
                ledger.handles.deletes(process, handle);
                if let Some(n) = n {
                    ledger.ahead(process).settled(n, true);
                }
                return;
            }
            ledger.handles.spoke(process, handle);
            if let (Some(n), Some(seconds)) = (n, entry["VisibilityTimeout"].as_u64()) {
                ledger.returned(process, n, seconds, &ending);
            }
        });
    }
}

fn received(world: &World, process: u32, told: &Value) {
    let (setup, ending) = (&world.scenario.setup, world.processes().clone());
    for message in told["Messages"].as_array().into_iter().flatten() {
        let text = |name: &str| message[name].as_str();
        let (Some(id), Some(handle)) = (text("MessageId"), text("ReceiptHandle")) else {
            continue;
        };
        let Some(n) = world.of_id(id) else { continue };
        let until = Instant::now() + setup.visibility;
        let count = message["Attributes"]["ApproximateReceiveCount"].as_str();
        let count = count.and_then(|count| count.parse().ok());
        world.enter(|ledger| {
            ledger.handed_out(process, n, count.unwrap_or(1), &ending);
            let held = ledger
                .handles
                .received((process, n), handle.to_owned(), until);
            // What waits for its group waits here. One more may be tried in place of a suspect.
            let most = setup.concurrency + 1;
            if setup.fifo && held > most && world.scenario.profile != Profile::Chaos {
                ledger.violation(format!(
                    "process {process} holds {held} messages of a FIFO queue, {} are configured",
                    setup.concurrency
                ));
            }
        });
    }
}

/// Once in a while the body of a message comes out as that of another.
fn garbled(world: &World, answer: Response<Full<Bytes>>, mut told: Value) -> Response<Full<Bytes>> {
    let first = told.pointer_mut("/Messages/0/Body");
    let Some(Value::String(body)) = first.filter(|_| world.scenario.variety.corrupts) else {
        return answer;
    };
    if !world.dice().one_in(8) {
        return answer;
    }
    let other = world.dice().count(0, world.scenario.messages.len() - 1);
    let garbled = world.scenario.body(other);
    if garbled == *body {
        return answer;
    }
    world
        .log
        .say(|| format!("the next body is that of message {other}"));
    *body = garbled;
    let (mut head, _) = answer.into_parts();
    head.headers.remove(http::header::CONTENT_LENGTH);
    Response::from_parts(head, Full::new(Bytes::from(told.to_string())))
}

async fn json(body: &Full<Bytes>) -> Value {
    let body = body.clone().collect().await;
    let body = body
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    serde_json::from_slice(&body).unwrap_or_default()
}

/// A poll that is open: it is not left before it is answered, or long overdue.
struct Poll<'a> {
    world: &'a World,
    process: u32,
    since: Instant,
    answered: bool,
}

impl Drop for Poll<'_> {
    fn drop(&mut self) {
        let ending = self.world.processes().get(&self.process).copied();
        let gone = match ending {
            Some(Ending::Killed | Ending::Over) => true,
            // The budget of the drain is used up, and what settles has had its time too.
            Some(Ending::Drains { deadline, .. }) => Instant::now() >= deadline + FLUSH,
            None => false,
        };
        let open = self.since.elapsed();
        // After a standstill it may be overdue in the moment in which it comes in.
        let asked = self
            .since
            .checked_sub(self.world.scenario.setup.wait + MARGIN * 3);
        let stood = asked.is_none_or(|asked| !self.world.stood_still(asked).is_zero());
        if !self.answered && !gone && !stood && open < self.world.scenario.setup.wait + MARGIN {
            let process = self.process;
            self.world.violation(format!(
                "process {process} left a poll that was open for {open:?}"
            ));
        }
    }
}
