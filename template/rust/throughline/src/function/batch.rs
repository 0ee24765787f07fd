//! A handler of one message, lifted to a batch of them.

use std::collections::BTreeMap;
use std::future::Future;
use std::marker::PhantomData;
use std::time::Duration;

use http::StatusCode;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::handler::Handler;
use super::metrics::count_refused_id;
use super::panic::catch_panic;
use super::record::{Document, Record};
use super::request::Request;
use super::response::{IntoResponse as _, Json, Response};
use crate::{Context, Error};

/// How long before its deadline a batch is answered with what is done by then.
const ANSWERING: Duration = Duration::from_millis(100);

/// Lifts a handler of one message to batches in the form of AWS Lambda's SQS events,
/// `{"Records":[…]}`: the connector's mode `batch`.
///
/// - Each record is handled by itself, inside a context of its own: the id from its message
///   attribute `correlation_id`, else from its body, else its message id; its own attempt and
///   idempotency key; the batch's deadline. A [`Request`] has the headers that a call of its own
///   would have had.
/// - The answer names those that failed, `{"batchItemFailures":[{"itemIdentifier":"…"}]}`, so that
///   only they are delivered again: an answer outside of the 200s, a panic, and what was not done
///   shortly before the deadline.
/// - A record that was answered with a status of the 400s, as by [`Error::rejected`], is named with
///   it: `{"itemIdentifier":"…","statusCode":422}`. The connector takes it for the answer to
///   that message alone: rejected for good, but for 408, 425, 429 and 431. Lambda knows no `statusCode`, and delivers it again.
/// - Messages of one group (`MessageGroupId`) are handled one after another, and what follows a
///   failed one fails with it, since order is what they are for. All others are handled at once.
/// - Any other body is one message, as without `batch`.
///
/// ```no_run
/// use throughline::Error;
///
/// #[derive(serde::Deserialize)]
/// struct Order { id: String }
///
/// async fn handle(order: Order) -> Result<(), Error> {
///     tracing::info!(order_id = order.id, "charged");
///     Ok(())
/// }
///
/// fn main() -> std::process::ExitCode {
///     throughline::run(throughline::batch(handle))
/// }
/// ```
pub fn batch<H: Handler<Via>, Via: 'static>(handler: H) -> Batch<H, Via> {
    Batch {
        handler,
        via: PhantomData,
    }
}

/// A handler of batches, made by [`batch`].
///
/// ```
/// use throughline::{Batch, Handler, Request, batch};
///
/// fn lifted<H: Handler<Via>, Via: 'static>(handler: H) -> Batch<H, Via> {
///     batch(handler)
/// }
///
/// let handler = lifted(|_: Request| async { "charged" });
/// # let _ = handler;
/// ```
pub struct Batch<H, Via> {
    handler: H,
    via: PhantomData<fn() -> Via>,
}

/// Told apart from handlers that are functions.
///
/// ```
/// use throughline::{Handler, Request, batch};
///
/// // The compiler finds it; a function that takes any handler leaves it open.
/// fn takes<H: Handler<Via>, Via>(_: H) {}
///
/// takes(batch(|_: Request| async { "charged" }));
/// ```
pub struct ViaBatch<Via>(PhantomData<Via>);

impl<H: Clone, Via> Clone for Batch<H, Via> {
    fn clone(&self) -> Self {
        Self {
            handler: self.handler.clone(),
            via: PhantomData,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    batch_item_failures: Vec<Failure>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<u16>,
}

impl<H: Handler<Via>, Via: 'static> Handler<ViaBatch<Via>> for Batch<H, Via> {
    async fn call(&self, request: Request) -> Response {
        let Some(document) = Document::read(&request.body) else {
            return self.handler.call(request).await;
        };
        let records = match document.records() {
            Ok(records) => records,
            Err(reason) => return Error::rejected(400, reason).into_response(),
        };
        let batch_item_failures = self.failures(&request, records).await;
        Json(Report {
            batch_item_failures,
        })
        .into_response()
    }
}

impl<H: Handler<Via>, Via: 'static> Batch<H, Via> {
    /// Handles the records, and gives those that failed in the order in which they came.
    async fn failures(&self, call: &Request, records: Vec<Record>) -> Vec<Failure> {
        let context = crate::context();
        // What each was answered with; nothing where it was not handled to its end.
        let mut answered: Vec<Option<StatusCode>> = vec![None; records.len()];
        let ids: Vec<_> = records
            .iter()
            .map(|record| record.message_id.clone())
            .collect();
        let mut work = JoinSet::new();
        for line in lines_of(records) {
            let (handler, call, batch) = (self.handler.clone(), call.clone(), context.clone());
            // Each record brings its own context.
            work.spawn(one_after_another(handler, call, batch, line));
        }
        let until = context
            .deadline()
            .and_then(|deadline| deadline.checked_sub(ANSWERING));
        while let Some(done) = before(until, work.join_next()).await.flatten() {
            // A line that panicked outside of a handler did nothing more: what it had fails.
            for (n, status) in done.unwrap_or_default() {
                answered[n] = Some(status);
            }
        }
        if !work.is_empty() {
            let lines = work.len();
            tracing::error!(
                error.r#type = "timeout",
                "the batch was answered shortly before its deadline, with {lines} of its messages or groups at work: they count as failed"
            );
        }
        let failures = ids.into_iter().zip(answered);
        let failures =
            failures.filter(|(_, status)| !status.is_some_and(|status| status.is_success()));
        let failure = |(item_identifier, status): (String, Option<StatusCode>)| Failure {
            item_identifier,
            status_code: (status.filter(StatusCode::is_client_error)).map(|status| status.as_u16()),
        };
        failures.map(failure).collect()
    }
}

/// What is handled one after another: the messages of a group, or one message.
fn lines_of(records: Vec<Record>) -> Vec<Vec<(usize, Record)>> {
    let mut groups: BTreeMap<String, Vec<(usize, Record)>> = BTreeMap::new();
    let mut lines = Vec::new();
    for (n, record) in records.into_iter().enumerate() {
        match record.group() {
            Some(group) => groups
                .entry(group.to_owned())
                .or_default()
                .push((n, record)),
            None => lines.push(vec![(n, record)]),
        }
    }
    lines.extend(groups.into_values());
    lines
}

/// Gives the places of the records that were handled, up to the first that failed, and what each was
/// answered with.
async fn one_after_another<H: Handler<Via>, Via: 'static>(
    handler: H,
    call: Request,
    batch: Context,
    line: Vec<(usize, Record)>,
) -> Vec<(usize, StatusCode)> {
    let mut done = Vec::new();
    let mut line = line.into_iter();
    for (n, record) in line.by_ref() {
        let (context, refused) = record.context(&batch);
        let request = record.request(&call);
        let work = context.scope(async {
            if refused {
                count_refused_id();
                tracing::warn!("the correlation id of a record was refused and replaced");
            }
            catch_panic(handler.call(request)).await
        });
        let status = work.await.status();
        done.push((n, status));
        if !status.is_success() {
            break;
        }
    }
    for (_, record) in line {
        record.context(&batch).0.sync_scope(|| {
            tracing::warn!("not handled: a message before it in its group failed");
        });
    }
    done
}

/// `None` once the time is over.
async fn before<T>(until: Option<Instant>, work: impl Future<Output = T>) -> Option<T> {
    match until {
        Some(until) => tokio::time::timeout_at(until, work).await.ok(),
        None => Some(work.await),
    }
}
