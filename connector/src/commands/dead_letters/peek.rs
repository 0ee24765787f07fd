//! `sqs-connector peek`: shows what is in the dead-letter queue.

use std::io::Write;

use super::choice::is_one_of;
use super::walk::Walk;
use super::{Pair, Peek, show};
use crate::queue::Queue;

/// Shows messages of the dead-letter queue of `source`, and gives them back. Each is held for as
/// long as this takes, and its receive is counted, which matters to nobody in a dead-letter queue.
///
/// # Errors
/// When there is no dead-letter queue, when SQS does not answer, or nobody reads what is shown.
pub async fn peek(source: &Queue, asked: &Peek, out: &mut dyn Write) -> anyhow::Result<()> {
    let pair = Pair::of(source).await?;
    let mut walk = Walk::new(&pair.dlq);
    let mut found = Vec::new();
    let walked = loop {
        if found.len() >= asked.limit {
            break Ok(());
        }
        match walk.next().await {
            Ok(Some(messages)) => found.extend(
                (messages.into_iter())
                    .filter(|message| asked.ids.is_empty() || is_one_of(&asked.ids, message)),
            ),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    let seen = walk.seen();
    walk.finish().await;
    walked?;
    found.truncate(asked.limit);
    if asked.json {
        for message in &found {
            writeln!(out, "{}", show::object(message))?;
        }
        return Ok(());
    }
    write!(out, "{}", show::table(&found))?;
    let there = pair.dead.visible.max(seen as u64);
    let (shown, name) = (found.len(), pair.dlq.name());
    writeln!(out, "{shown} of about {there} messages in {name}")?;
    if pair.dlq.is_fifo() && (shown as u64) < there {
        writeln!(
            out,
            "a FIFO queue shows more of a message group only once its first messages are gone"
        )?;
    }
    Ok(())
}
