//! Dead letters go back one by one: received, sent, deleted.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::Duration;

use indicatif::ProgressBar;
use tokio::time::{MissedTickBehavior, interval};

use super::Pair;
use super::choice::{Stays, Wanted, messages, restored};
use super::redrive::say_missing;
use super::walk::Walk;
use crate::message::Message;
use crate::queue::Entry;

/// Messages a second, where nothing else is asked for: gentle to a queue that works meanwhile.
const RATE: u32 = 50;

/// Sends back what is wanted; `false` where not all of that went back. A message is deleted only
/// after it was sent: killed in between, it is in both queues.
pub(super) async fn move_some(
    pair: &Pair,
    wanted: &Wanted<'_>,
    rate: Option<u32>,
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    // What fails again meanwhile comes in anew, and is for the next time: else this never ends.
    let most = pair.dead.visible + pair.dead.in_flight;
    let bar = ProgressBar::new(most);
    let mut pace = interval(Duration::from_secs(1) / rate.unwrap_or(RATE).max(1));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut walk = Walk::new(&pair.dlq);
    let (mut back, mut not_ours, mut failures) = (0, 0, Vec::new());
    let (mut found, mut stuck_groups) = (Vec::new(), BTreeSet::new());
    let walked = 'walk: loop {
        let messages = match walk.next().await {
            Ok(Some(messages)) => messages,
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        };
        for message in messages {
            match wanted.judge(&message) {
                Err(Stays::NotAsked) => continue,
                Err(Stays::NotOurs) => {
                    not_ours += 1;
                    continue;
                }
                Ok(()) => {}
            }
            if wanted.ids.is_empty() && back + failures.len() as u64 >= most {
                break 'walk Ok(());
            }
            if (message.group.as_ref()).is_some_and(|group| stuck_groups.contains(group)) {
                failures.push(format!(
                    "{}: an earlier one of its group did not go",
                    message.id
                ));
                continue;
            }
            pace.tick().await;
            if !wanted.ids.is_empty() {
                found.push(message.clone());
            }
            match send_back(pair, &message).await {
                Ok(()) => {
                    walk.taken(&message);
                    back += 1;
                    bar.set_position(back);
                }
                Err(reason) => {
                    failures.push(format!("{}: {reason}", message.id));
                    stuck_groups.extend(message.group);
                }
            }
        }
    };
    walk.finish().await;
    bar.finish_and_clear();
    let (from, to) = (pair.dlq.name(), pair.source.name());
    let went = messages(back);
    writeln!(out, "{went} went from {from} back to {to}")?;
    if not_ours > 0 {
        writeln!(
            out,
            "{not_ours} stayed: they came from another queue, or it is not known from which"
        )?;
    }
    for failure in &failures {
        writeln!(out, "not sent back: {failure}")?;
    }
    walked?;
    let all_found = say_missing(wanted, &found, from, out)?;
    Ok(failures.is_empty() && all_found)
}

async fn send_back(pair: &Pair, message: &Message) -> Result<(), String> {
    (pair.source.send(&restored(message)).await).map_err(|error| error.to_string())?;
    let deleted = pair.dlq.delete(std::slice::from_ref(&message.handle)).await;
    match deleted {
        Ok(entries) if entries.first() == Some(&Entry::Done) => Ok(()),
        Ok(entries) => Err(format!(
            "it was sent, and is still in the dead-letter queue too: {entries:?}"
        )),
        Err(error) => Err(format!(
            "it was sent, and is still in the dead-letter queue too: {error}"
        )),
    }
}
