//! The actions: JSON in, the state machine's call, JSON out.

mod attribute;
mod batch;
mod moves;
mod queues;
mod receive;
mod send;
mod settle;

use std::borrow::Cow;

use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Sqs;
use super::action::Action;
use super::faults::Plan;
use super::model::account::Account;
use super::model::message::Millis;
use super::model::refusal::{Code, Refusal};

/// One request, and what the faults make of it.
pub(crate) struct Asked<'a> {
    pub(crate) sqs: &'a Sqs,
    pub(crate) action: Action,
    pub(crate) body: &'a [u8],
    /// Where the client reached the server; in every queue URL it is given.
    pub(crate) authority: &'a str,
    pub(crate) plan: Plan,
}

type Answer = Result<Vec<u8>, Refusal>;

/// Does what was asked, and writes the answer.
pub(crate) async fn carry_out(asked: &Asked<'_>) -> Answer {
    match asked.action {
        Action::CancelMessageMoveTask => moves::cancel(asked),
        Action::ChangeMessageVisibility => settle::change(asked),
        Action::ChangeMessageVisibilityBatch => settle::change_batch(asked),
        Action::CreateQueue => queues::create(asked),
        Action::DeleteMessage => settle::delete(asked),
        Action::DeleteMessageBatch => settle::delete_batch(asked),
        Action::DeleteQueue => queues::delete(asked),
        Action::GetQueueAttributes => queues::attributes(asked),
        Action::GetQueueUrl => queues::url(asked),
        Action::ListDeadLetterSourceQueues => queues::sources(asked),
        Action::ListMessageMoveTasks => moves::list(asked),
        Action::ListQueues => queues::list(asked),
        Action::PurgeQueue => queues::purge(asked),
        Action::ReceiveMessage => receive::receive(asked).await,
        Action::SendMessage => send::send(asked),
        Action::SendMessageBatch => send::send_batch(asked),
        Action::SetQueueAttributes => queues::set_attributes(asked),
        Action::StartMessageMoveTask => moves::start(asked),
    }
}

impl Asked<'_> {
    /// The queue that is meant, if the request says so.
    pub(crate) fn queue(&self) -> Option<String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Named<'a> {
            #[serde(borrow)]
            queue_url: Option<Cow<'a, str>>,
            #[serde(borrow)]
            queue_name: Option<Cow<'a, str>>,
        }
        let named: Named<'_> = serde_json::from_slice(self.body).ok()?;
        let url = named.queue_url.as_deref().map(last_part);
        url.or(named.queue_name.as_deref()).map(str::to_owned)
    }

    fn read<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        serde_json::from_slice(self.body)
            .map_err(|error| Refusal::new(Code::Serialization, format!("the body: {error}")))
    }

    /// Does something with the queue that the URL names, and counts the request there.
    fn on_queue<R>(
        &self,
        url: Option<&str>,
        act: impl FnOnce(&mut Account, &str, Millis) -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        let name = queue_name(url)?;
        self.sqs.with(|account, now| {
            account.queue(name, now)?.totals.count(self.action);
            act(account, name, now)
        })
    }
}

fn queue_name(url: Option<&str>) -> Result<&str, Refusal> {
    url.map(last_part)
        .filter(|name| !name.is_empty())
        .ok_or_else(|| Refusal::missing("QueueUrl"))
}

fn last_part(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

fn write<T: Serialize>(answer: &T) -> Answer {
    serde_json::to_vec(answer).map_err(|error| {
        Refusal::new(
            Code::Serialization,
            format!("the answer can't be written: {error}"),
        )
    })
}

/// The answer of actions that say nothing but that it is done.
fn done(_: ()) -> Vec<u8> {
    b"{}".to_vec()
}

/// A whole number in a range, if it was given.
fn within(
    name: &str,
    value: Option<i64>,
    range: std::ops::RangeInclusive<i64>,
    reason: &str,
) -> Result<Option<u64>, Refusal> {
    match value {
        Some(value) if !range.contains(&value) => Err(Refusal::parameter(name, value, reason)),
        Some(value) => Ok(u64::try_from(value).ok()),
        None => Ok(None),
    }
}
