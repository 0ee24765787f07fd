//! An SQS that keeps its promises and can be told to break them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use md5::{Digest as _, Md5};
use serde_json::{Value, json};
use throughline::Body;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{read, reply};

#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) id: String,
    pub(crate) body: String,
    pub(crate) attributes: Value,
    pub(crate) group: Option<String>,
    pub(crate) receives: u32,
    visible: Instant,
    handle: String,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) queues: BTreeMap<String, Vec<Stored>>,
    /// So many of the next delete entries fail, one by one.
    pub(crate) fail_deletes: usize,
    /// So many of the next extensions fail.
    pub(crate) fail_changes: usize,
    /// So many of the next calls that change visibility are never answered.
    pub(crate) hang_changes: usize,
    /// Long polls come back at once where there is nothing.
    pub(crate) never_waits: bool,
    /// The next calls of this action are answered with 500.
    pub(crate) broken: BTreeMap<String, usize>,
    /// Calls of these actions are answered with 403.
    pub(crate) denied: BTreeSet<String>,
    /// The next calls of this action are answered as too many.
    pub(crate) throttled: BTreeMap<String, usize>,
    /// The next calls of this action are obeyed and answered with 500 all the same.
    pub(crate) obeyed_and_broken: BTreeMap<String, usize>,
    /// The next calls of this action are never answered.
    pub(crate) hanging: BTreeMap<String, usize>,
    /// Faults drawn from this seed, in every call.
    pub(crate) storm: Option<Storm>,
    /// There is no dead-letter queue, whatever the policy says.
    pub(crate) dead_letter_queue_is_gone: bool,
    /// Receives are refused with `OverLimit`.
    pub(crate) over_limit: bool,
    /// Other attributes of the queue.
    pub(crate) attributes: BTreeMap<String, String>,
    /// Every action with its count.
    pub(crate) calls: BTreeMap<String, usize>,
    /// The ids of deleted messages, in order.
    pub(crate) deleted: Vec<String>,
    /// Each change of visibility: message id and seconds.
    pub(crate) changes: Vec<(String, u64)>,
    /// Corrupts the bodies of the next messages handed out.
    pub(crate) corrupt: usize,
    pub(crate) max_receive_count: u32,
    /// Every call to these queues is answered with this status and code.
    pub(crate) refused: BTreeMap<String, (u16, &'static str)>,
    /// Who signed for which queue: pairs of the queue and the access key's id.
    pub(crate) signed: BTreeSet<(String, String)>,
    /// Calls signed with these access keys are answered as expired.
    pub(crate) expired: BTreeSet<String>,
    /// How often a call was answered so.
    pub(crate) expiries: usize,
    /// Signatures of more than five minutes ago, or to come, are refused.
    pub(crate) checks_time: bool,
    counter: usize,
}

/// Draws faults, the same ones for the same seed and calls.
#[derive(Debug)]
pub(crate) struct Storm(pub(crate) u64);

impl Storm {
    /// True in so many of a hundred cases.
    fn strikes(&mut self, percent: u64) -> bool {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % 100 < percent
    }
}

impl State {
    fn strikes(&mut self, percent: u64) -> bool {
        self.storm
            .as_mut()
            .is_some_and(|storm| storm.strikes(percent))
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Sqs {
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
}

impl Sqs {
    pub(crate) async fn start(max_receive_count: u32) -> (Self, String) {
        let sqs = Self::default();
        sqs.state().max_receive_count = max_receive_count;
        let url = sqs
            .listen(TcpListener::bind("127.0.0.1:0").await.unwrap())
            .await;
        (sqs, url)
    }

    pub(crate) async fn listen(&self, listener: TcpListener) -> String {
        let this = self.clone();
        let address = super::serve(listener, move |request| this.clone().answer(request)).await;
        format!("http://{address}")
    }

    /// A connection in memory.
    pub(crate) fn connect(&self) -> super::Wire {
        let this = self.clone();
        super::serve_stream(move |request| this.clone().answer(request))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn send(&self, queue: &str, body: &str) -> String {
        self.send_with(queue, body, json!({}), None)
    }

    pub(crate) fn send_with(
        &self,
        queue: &str,
        body: &str,
        attributes: Value,
        group: Option<&str>,
    ) -> String {
        let mut state = self.state();
        state.counter += 1;
        let id = format!("00000000-0000-4000-8000-{:012}", state.counter);
        let stored = Stored {
            id: id.clone(),
            body: body.into(),
            attributes,
            group: group.map(str::to_owned),
            receives: 0,
            visible: Instant::now(),
            handle: String::new(),
        };
        state.queues.entry(queue.into()).or_default().push(stored);
        drop(state);
        self.changed.notify_waiters();
        id
    }

    pub(crate) fn in_queue(&self, queue: &str) -> Vec<Stored> {
        self.state().queues.get(queue).cloned().unwrap_or_default()
    }

    /// How many messages can be received now.
    pub(crate) fn visible(&self, queue: &str) -> usize {
        self.in_queue(queue)
            .iter()
            .filter(|m| m.visible <= Instant::now())
            .count()
    }

    async fn answer(self, request: Request<Incoming>) -> Response<Body> {
        let target = request
            .headers()
            .get("x-amz-target")
            .map(|v| v.to_str().unwrap().to_owned());
        let action = target.unwrap_or_default().replace("AmazonSQS.", "");
        assert!(
            request.headers().contains_key("authorization"),
            "{action} is not signed"
        );
        let (head, body) = request.into_parts();
        let input: Value = serde_json::from_slice(&read(body).await).unwrap();
        if let Some((status, code)) = self.refusal(&head.headers, &input) {
            let message = match code {
                "SignatureDoesNotMatch" => "Signature expired: it is too old, or to come",
                _ => "as the test has it",
            };
            let refusal = json!({"__type": code, "message": message});
            return reply(status, refusal.to_string());
        }
        {
            let mut state = self.state();
            *state.calls.entry(action.clone()).or_default() += 1;
            if count_down(&mut state.broken, &action) || state.strikes(5) {
                return reply(500, r#"{"__type":"InternalError","message":"broken"}"#);
            }
            if state.denied.contains(&action) {
                return reply(403, r#"{"__type":"AccessDenied","message":"denied"}"#);
            }
            if count_down(&mut state.throttled, &action) {
                return reply(400, r#"{"__type":"RequestThrottled","message":"slower"}"#);
            }
        }
        let hangs = count_down(&mut self.state().hanging, &action);
        if hangs || action == "ChangeMessageVisibilityBatch" && self.hangs() {
            std::future::pending::<()>().await;
        }
        if action == "ReceiveMessage" && self.state().over_limit {
            let kind = "com.amazonaws.sqs#OverLimit";
            return reply(
                403,
                json!({"__type": kind, "message": "too many"}).to_string(),
            );
        }
        let queue = input["QueueUrl"]
            .as_str()
            .unwrap_or_default()
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned();
        let output = match action.as_str() {
            "ReceiveMessage" => self.receive(&queue, &input).await,
            "DeleteMessageBatch" => self.batch(&queue, &input, true),
            "ChangeMessageVisibilityBatch" => self.batch(&queue, &input, false),
            "GetQueueAttributes" => {
                let count = self.state().max_receive_count;
                let mut attributes = json!(self.state().attributes);
                let policy = json!({"deadLetterTargetArn": format!("arn:aws:sqs:us-east-1:000000000000:{queue}-dlq"), "maxReceiveCount": count});
                if count > 0 && attributes["RedrivePolicy"].is_null() {
                    attributes["RedrivePolicy"] = policy.to_string().into();
                }
                json!({"Attributes": attributes})
            }
            "GetQueueUrl" | "SendMessage" if self.state().dead_letter_queue_is_gone => {
                let kind = "com.amazonaws.sqs#QueueDoesNotExist";
                return reply(400, json!({"__type": kind, "message": "gone"}).to_string());
            }
            "GetQueueUrl" => {
                json!({"QueueUrl": format!("http://sqs.test/000000000000/{}", input["QueueName"].as_str().unwrap())})
            }
            "SendMessage" => {
                let attributes = input.get("MessageAttributes").cloned().unwrap_or(json!({}));
                let id = self.send_with(
                    &queue,
                    input["MessageBody"].as_str().unwrap(),
                    attributes,
                    None,
                );
                json!({"MessageId": id, "MD5OfMessageBody": "x"})
            }
            other => panic!("the fake has no {other}"),
        };
        if count_down(&mut self.state().obeyed_and_broken, &action) || self.state().strikes(5) {
            return reply(500, r#"{"__type":"InternalError","message":"obeyed"}"#);
        }
        reply(200, output.to_string())
    }

    fn refusal(&self, headers: &http::HeaderMap, input: &Value) -> Option<(u16, &'static str)> {
        let text = |name: &str| headers[name].to_str().unwrap().to_owned();
        let authorization = text("authorization");
        let key = authorization.split("Credential=").nth(1).unwrap();
        let key = key.split('/').next().unwrap().to_owned();
        let url = input["QueueUrl"].as_str().unwrap_or_default();
        let queue = url.rsplit('/').next().unwrap().to_owned();
        let mut state = self.state();
        state.signed.insert((queue.clone(), key.clone()));
        if state.expired.contains(&key) {
            state.expiries += 1;
            return Some((403, "ExpiredToken"));
        }
        if state.checks_time && !is_recent(&text("x-amz-date")) {
            return Some((403, "SignatureDoesNotMatch"));
        }
        state.refused.get(&queue).copied()
    }

    fn hangs(&self) -> bool {
        let mut state = self.state();
        let hangs = state.hang_changes > 0;
        state.hang_changes = state.hang_changes.saturating_sub(1);
        hangs
    }

    async fn receive(&self, queue: &str, input: &Value) -> Value {
        let end =
            Instant::now() + Duration::from_secs(input["WaitTimeSeconds"].as_u64().unwrap_or(0));
        let most = input["MaxNumberOfMessages"].as_u64().unwrap_or(1) as usize;
        let visibility = Duration::from_secs(input["VisibilityTimeout"].as_u64().unwrap_or(30));
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            let taken = self.take(queue, most, visibility);
            if !taken.is_empty() || Instant::now() >= end || self.state().never_waits {
                return json!({"Messages": taken});
            }
            // The next that may be handed out again, at the latest.
            let later = (self.in_queue(queue).iter())
                .map(|message| message.visible)
                .filter(|visible| *visible > Instant::now())
                .min();
            let wake = later.map_or(end, |later| later.min(end));
            let _ = tokio::time::timeout_at(wake, changed).await;
        }
    }

    fn take(&self, queue: &str, most: usize, visibility: Duration) -> Vec<Value> {
        let mut state = self.state();
        let (limit, now) = (state.max_receive_count, Instant::now());
        let mut dead = Vec::new();
        let mut messages = state.queues.remove(queue).unwrap_or_default();
        let mut locked: Vec<String> = (messages.iter())
            .filter(|m| m.visible > now)
            .filter_map(|m| m.group.clone())
            .collect();
        let mut taken = Vec::new();
        let mut kept = Vec::new();
        for mut message in messages.drain(..) {
            let blocked = message
                .group
                .as_ref()
                .is_some_and(|group| locked.contains(group));
            if message.visible > now || blocked || taken.len() == most {
                // What comes later in a group waits for what comes earlier.
                if taken.len() == most {
                    locked.extend(message.group.clone());
                }
                kept.push(message);
                continue;
            }
            if limit > 0 && message.receives >= limit && !queue.ends_with("-dlq") {
                dead.push(message);
                continue;
            }
            message.receives += 1;
            message.visible = now + visibility;
            if state.strikes(5) {
                // Handed out, and to be handed out once more.
                message.visible = now;
            }
            state.counter += 1;
            message.handle = format!("h{}", state.counter);
            let corrupt = state.corrupt > 0;
            state.corrupt = state.corrupt.saturating_sub(1);
            let mut system = json!({"ApproximateReceiveCount": message.receives.to_string(), "SentTimestamp": "1700000000000"});
            if let Some(group) = &message.group {
                system["MessageGroupId"] = group.clone().into();
            }
            taken.push(json!({
                "MessageId": message.id, "ReceiptHandle": message.handle,
                "Body": if corrupt { "corrupted".to_owned() } else { message.body.clone() },
                "MD5OfBody": Md5::digest(&message.body).iter().map(|b| format!("{b:02x}")).collect::<String>(),
                "Attributes": system, "MessageAttributes": message.attributes,
            }));
            kept.push(message);
        }
        state.queues.insert(queue.to_owned(), kept);
        state
            .queues
            .entry(format!("{queue}-dlq"))
            .or_default()
            .extend(dead);
        taken
    }

    fn batch(&self, queue: &str, input: &Value, delete: bool) -> Value {
        let mut state = self.state();
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for entry in input["Entries"].as_array().unwrap() {
            let id = entry["Id"].clone();
            let failing = if delete {
                &mut state.fail_deletes
            } else {
                &mut state.fail_changes
            };
            let fails = *failing > 0;
            *failing = failing.saturating_sub(1);
            if fails || state.strikes(10) {
                bad.push(json!({"Id": id, "SenderFault": false, "Code": "InternalError", "Message": "try again"}));
                continue;
            }
            let messages = state.queues.entry(queue.to_owned()).or_default();
            let found = messages
                .iter()
                .position(|m| m.handle == entry["ReceiptHandle"] && m.visible > Instant::now());
            let Some(at) = found else {
                bad.push(json!({"Id": id, "SenderFault": true, "Code": "ReceiptHandleIsInvalid", "Message": "stale"}));
                continue;
            };
            if delete {
                let gone = messages.remove(at);
                state.deleted.push(gone.id);
            } else {
                let seconds = entry["VisibilityTimeout"].as_u64().unwrap();
                messages[at].visible = Instant::now() + Duration::from_secs(seconds);
                let changed = messages[at].id.clone();
                state.changes.push((changed, seconds));
            }
            good.push(json!({"Id": id}));
        }
        drop(state);
        self.changed.notify_waiters();
        json!({"Successful": good, "Failed": bad})
    }
}

fn count_down(left: &mut BTreeMap<String, usize>, action: &str) -> bool {
    let left = left.get_mut(action).filter(|left| **left > 0);
    left.map(|left| *left -= 1).is_some()
}

/// Whether `20260102T030405Z` is within five minutes of now.
fn is_recent(date: &str) -> bool {
    let format = aws_smithy_types::date_time::Format::DateTime;
    let (day, time) = date.split_once('T').unwrap();
    let long = format!(
        "{}-{}-{}T{}:{}:{}",
        &day[..4],
        &day[4..6],
        &day[6..],
        &time[..2],
        &time[2..4],
        &time[4..]
    );
    let signed = aws_smithy_types::DateTime::from_str(&long, format).unwrap();
    let now = aws_smithy_types::DateTime::from(std::time::SystemTime::now());
    (signed.secs() - now.secs()).abs() < 300
}
