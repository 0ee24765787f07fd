//! Deleting messages and changing their visibility, one by one and in batches.

use serde::{Deserialize, Serialize};

use super::super::model::account::Account;
use super::super::model::message::Millis;
use super::super::model::refusal::Refusal;
use super::{Answer, Asked, batch, done, within};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    id: Option<String>,
    queue_url: Option<String>,
    receipt_handle: Option<String>,
    visibility_timeout: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Batch {
    queue_url: Option<String>,
    #[serde(default)]
    entries: Vec<Input>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Done {
    id: String,
}

type Settle = fn(&mut Account, &str, &Input, Millis) -> Result<(), Refusal>;

pub(super) fn delete(asked: &Asked<'_>) -> Answer {
    one(asked, delete_one)
}

pub(super) fn delete_batch(asked: &Asked<'_>) -> Answer {
    each(asked, delete_one)
}

pub(super) fn change(asked: &Asked<'_>) -> Answer {
    one(asked, change_one)
}

pub(super) fn change_batch(asked: &Asked<'_>) -> Answer {
    each(asked, change_one)
}

fn one(asked: &Asked<'_>, settle: Settle) -> Answer {
    let input: Input = asked.read()?;
    asked
        .on_queue(input.queue_url.as_deref(), |account, name, now| {
            settle(account, name, &input, now)
        })
        .map(done)
}

fn each(asked: &Asked<'_>, settle: Settle) -> Answer {
    let input: Batch = asked.read()?;
    asked.on_queue(input.queue_url.as_deref(), |account, name, now| {
        batch::check_ids(input.entries.iter().map(|entry| entry.id.as_deref()))?;
        let entries = input.entries.into_iter().map(|mut entry| {
            let id = entry.id.take().unwrap_or_default();
            (id, entry)
        });
        batch::each(asked, entries.collect(), |id, entry| {
            settle(account, name, &entry, now)?;
            Ok(Done { id: id.to_owned() })
        })
    })
}

impl Input {
    fn handle(&self) -> Result<&str, Refusal> {
        let handle = self.receipt_handle.as_deref();
        handle
            .filter(|handle| !handle.is_empty())
            .ok_or_else(|| Refusal::missing("ReceiptHandle"))
    }
}

fn delete_one(
    account: &mut Account,
    name: &str,
    input: &Input,
    now: Millis,
) -> Result<(), Refusal> {
    account.delete(name, input.handle()?, now)
}

fn change_one(
    account: &mut Account,
    name: &str,
    input: &Input,
    now: Millis,
) -> Result<(), Refusal> {
    let reason = "Must be >= 0 and <= 43200.";
    let timeout = within(
        "VisibilityTimeout",
        input.visibility_timeout,
        0..=43_200,
        reason,
    )?
    .ok_or_else(|| Refusal::missing("VisibilityTimeout"))?;
    account.change_visibility(name, input.handle()?, timeout * 1000, now)
}
