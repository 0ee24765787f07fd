//! Making, finding, listing, changing and deleting queues.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::super::model::refusal::Refusal;
use super::{Answer, Asked, done, within, write};

const MOST_LISTED: usize = 1000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    queue_name: Option<String>,
    queue_url: Option<String>,
    attributes: Option<BTreeMap<String, String>>,
    attribute_names: Option<Vec<String>>,
}

impl Input {
    fn name(&self) -> Result<&str, Refusal> {
        let name = self.queue_name.as_deref().filter(|name| !name.is_empty());
        name.ok_or_else(|| Refusal::missing("QueueName"))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Url {
    queue_url: String,
}

pub(super) fn create(asked: &Asked<'_>) -> Answer {
    let input: Input = asked.read()?;
    let name = input.name()?;
    let attributes = input.attributes.clone().unwrap_or_default();
    asked.sqs.with(|account, now| {
        account.create(name, &attributes, now)?;
        account.queue(name, now)?.totals.count(asked.action);
        Ok(())
    })?;
    write(&Url {
        queue_url: asked.sqs.queue_url(asked.authority, name),
    })
}

pub(super) fn url(asked: &Asked<'_>) -> Answer {
    let input: Input = asked.read()?;
    let name = input.name()?;
    asked.on_queue(Some(name), |_, _, _| Ok(()))?;
    write(&Url {
        queue_url: asked.sqs.queue_url(asked.authority, name),
    })
}

pub(super) fn delete(asked: &Asked<'_>) -> Answer {
    let input: Input = asked.read()?;
    asked
        .on_queue(input.queue_url.as_deref(), |account, name, now| {
            account.delete_queue(name, now)
        })
        .map(done)
}

pub(super) fn purge(asked: &Asked<'_>) -> Answer {
    let input: Input = asked.read()?;
    asked
        .on_queue(input.queue_url.as_deref(), |account, name, now| {
            account.purge(name, now)
        })
        .map(done)
}

pub(super) fn set_attributes(asked: &Asked<'_>) -> Answer {
    let input: Input = asked.read()?;
    let attributes = input
        .attributes
        .ok_or_else(|| Refusal::missing("Attributes"))?;
    asked
        .on_queue(input.queue_url.as_deref(), |account, name, now| {
            account.set_attributes(name, &attributes, now)
        })
        .map(done)
}

pub(super) fn attributes(asked: &Asked<'_>) -> Answer {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        attributes: BTreeMap<String, String>,
    }
    let input: Input = asked.read()?;
    let names = input.attribute_names.unwrap_or_default();
    let attributes = asked.on_queue(input.queue_url.as_deref(), |account, name, now| {
        account.attributes(name, &names, now)
    })?;
    write(&Output { attributes })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    queue_url: Option<String>,
    queue_name_prefix: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

impl Page {
    /// How many to list, and the name after which to go on.
    fn bounds(&self) -> Result<(Option<usize>, Option<String>), Refusal> {
        let reason = "Must be between 1 and 1000, if provided.";
        let most = within("MaxResults", self.max_results, 1..=1000, reason)?;
        let most = most.and_then(|most| usize::try_from(most).ok());
        let after = self.next_token.as_ref().map(|token| {
            let name = URL_SAFE_NO_PAD.decode(token).ok();
            name.and_then(|name| String::from_utf8(name).ok())
                .ok_or_else(|| Refusal::invalid_value("Invalid or expired next token."))
        });
        Ok((most, after.transpose()?))
    }
}

/// Cuts a list to a page; the token is there when pages were asked for and more is to come.
fn page(
    asked: &Asked<'_>,
    mut names: Vec<Arc<str>>,
    most: Option<usize>,
) -> (Vec<String>, Option<String>) {
    let more = names.len() > most.unwrap_or(MOST_LISTED);
    names.truncate(most.unwrap_or(MOST_LISTED));
    let token = names.last().filter(|_| more && most.is_some());
    let token = token.map(|last| URL_SAFE_NO_PAD.encode(last.as_bytes()));
    let urls = names
        .iter()
        .map(|name| asked.sqs.queue_url(asked.authority, name));
    (urls.collect(), token)
}

pub(super) fn list(asked: &Asked<'_>) -> Answer {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        #[serde(skip_serializing_if = "Vec::is_empty")]
        queue_urls: Vec<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }
    let input: Page = asked.read()?;
    let (most, after) = input.bounds()?;
    let prefix = input.queue_name_prefix.as_deref().unwrap_or_default();
    let names = asked.sqs.with(|account, _| {
        let names = account.names(prefix, after.as_deref());
        names.take(MOST_LISTED + 1).cloned().collect()
    });
    let (queue_urls, next_token) = page(asked, names, most);
    write(&Output {
        queue_urls,
        next_token,
    })
}

pub(super) fn sources(asked: &Asked<'_>) -> Answer {
    #[derive(Serialize)]
    struct Output {
        // In lower case, unlike every other member.
        #[serde(rename = "queueUrls")]
        queue_urls: Vec<String>,
        #[serde(rename = "NextToken", skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }
    let input: Page = asked.read()?;
    let (most, after) = input.bounds()?;
    let names = asked.on_queue(input.queue_url.as_deref(), |account, name, _| {
        account.sources(name, after.as_deref())
    })?;
    let (queue_urls, next_token) = page(asked, names, most);
    write(&Output {
        queue_urls,
        next_token,
    })
}
