//! `sqs-connector redrive`: sends dead letters back to the queue they came from.

use std::io::Write;

use anyhow::Context as _;

use super::choice::{Wanted, Way, messages, missing, way};
use super::walk::Walk;
use super::{Pair, Redrive, copy, native, show};
use crate::message::Message;
use crate::queue::Queue;

/// Sends dead letters back to `source`, or says what it would send. `false` where something that
/// was asked for did not go back.
///
/// # Errors
/// When there is no dead-letter queue, when SQS does not answer or does not permit it, or nobody
/// reads what is said.
pub async fn redrive(source: &Queue, asked: &Redrive, out: &mut dyn Write) -> anyhow::Result<bool> {
    let pair = Pair::of(source).await?;
    let others = (pair.dlq.sources().await).with_context(|| {
        format!(
            "cannot ask which queues have {} as dead-letter queue",
            pair.dlq.name()
        )
    })?;
    let wanted = Wanted {
        ids: &asked.ids,
        queue: source.name(),
        arn: &pair.known.arn,
        shared: others.len() > 1,
    };
    let way = way(&wanted, asked.copy);
    if !asked.execute {
        return rehearse(&pair, &wanted, way, out).await;
    }
    if way == Way::Native {
        match native::move_all(&pair, asked.rate, out).await? {
            native::Moved::All => return Ok(true),
            native::Moved::Some => return Ok(false),
            native::Moved::Unsupported => {
                writeln!(
                    out,
                    "this server moves no messages by itself: they are sent and deleted one by one"
                )?;
            }
        }
    }
    copy::move_some(&pair, &wanted, asked.rate, out).await
}

/// Says what would be done.
async fn rehearse(
    pair: &Pair,
    wanted: &Wanted<'_>,
    way: Way,
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    let (from, to) = (pair.dlq.name(), pair.source.name());
    let found = match way {
        Way::Native => {
            let about = messages(pair.dead.visible);
            writeln!(out, "would have SQS move about {about} from {from} to {to}")?;
            true
        }
        Way::Copy(why) if wanted.ids.is_empty() => {
            let about = messages(pair.dead.visible);
            writeln!(
                out,
                "would send those of about {about} in {from} that came from {to} back to it one by one: {why}"
            )?;
            true
        }
        Way::Copy(why) => {
            let mut walk = Walk::new(&pair.dlq);
            let mut found = Vec::new();
            let walked = loop {
                match walk.next().await {
                    Ok(Some(messages)) => {
                        found.extend(
                            messages
                                .into_iter()
                                .filter(|message| wanted.judge(message).is_ok()),
                        );
                    }
                    Ok(None) => break Ok(()),
                    Err(error) => break Err(error),
                }
            };
            walk.finish().await;
            walked?;
            write!(out, "{}", show::table(&found))?;
            let count = messages(found.len() as u64);
            writeln!(
                out,
                "would send {count} from {from} back to {to} one by one: {why}"
            )?;
            say_missing(wanted, &found, from, out)?
        }
    };
    writeln!(out, "nothing was done; add --execute to do it")?;
    Ok(found)
}

/// Names the ids that were not found; `true` where all were.
pub(super) fn say_missing(
    wanted: &Wanted<'_>,
    found: &[Message],
    from: &str,
    out: &mut dyn Write,
) -> std::io::Result<bool> {
    let missing = missing(wanted.ids, found);
    if !missing.is_empty() {
        let ids = missing.join(", ");
        writeln!(
            out,
            "not found in {from}: {ids}; what another receiver holds at the moment is not seen"
        )?;
    }
    Ok(missing.is_empty())
}
