//! Many faults at once: whatever happens, the counts are exact.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::fakes::gateway::Answer;
use crate::fakes::sqs::Storm;
use crate::process::Running;
use crate::world::{QUEUE, World, eventually, until};

const MESSAGES: usize = 300;
const ENDS: [&str; 3] = [
    "MESSAGE_DELETED",
    "MESSAGE_RETRIED",
    "MESSAGE_DEAD_LETTERED",
];

fn functions(world: &World) {
    world.gateway.function("f", QUEUE, |_, before| {
        let status = if before % 9 == 4 { 500 } else { 200 };
        let slow = if before % 23 == 5 { 1500 } else { 5 };
        Answer::of_function(status).after(Duration::from_millis(slow))
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_that_arrives_has_one_last_line_and_every_deleted_one_says_so() {
    let world = World::with_max_receive_count(0).await;
    functions(&world);
    world.sqs.state().storm = Some(Storm(11));
    for _ in 0..MESSAGES {
        world.sqs.send(QUEUE, "{}");
    }
    let running = Running::start(&world.flags(&["--visibility-timeout=2s", "--short-visibility"]));
    until("all are deleted", || {
        world.sqs.state().deleted.len() == MESSAGES
    })
    .await;
    let (code, lines) = tokio::task::block_in_place(|| running.terminate());
    assert_eq!(code, Some(0));
    // Of each message: how often it was received, ended, and deleted.
    let mut counts: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    for line in &lines {
        let line: Value = serde_json::from_str(line).unwrap();
        let milestone = line["milestone"].as_str().unwrap_or_default();
        let Some(id) = line["fields"]["message_id"].as_str() else {
            continue;
        };
        let count = counts.entry(id.to_owned()).or_default();
        count[0] += usize::from(milestone == "MESSAGE_RECEIVED");
        count[1] += usize::from(ENDS.contains(&milestone));
        count[2] += usize::from(milestone == "MESSAGE_DELETED");
    }
    assert_eq!(counts.len(), MESSAGES);
    for (id, [received, ended, deleted]) in &counts {
        assert_eq!(received, ended, "{id}: each arrival has one last line");
        assert!(*deleted >= 1, "{id} is deleted and no line says so");
    }
    let received: usize = counts.values().map(|count| count[0]).sum();
    assert!(received > MESSAGES, "there were faults at all");
}

#[tokio::test(start_paused = true)]
async fn whatever_the_faults_what_is_received_is_settled_or_counted_as_a_duplicate() {
    for seed in 1..=8 {
        let world = World::in_memory(0);
        functions(&world);
        world.sqs.state().storm = Some(Storm(seed));
        for _ in 0..MESSAGES {
            world.sqs.send(QUEUE, "{}");
        }
        let connector = world
            .start(&["--visibility-timeout=4s", "--short-visibility"])
            .await;
        eventually("all are deleted", || {
            world.sqs.state().deleted.len() == MESSAGES
        })
        .await;
        eventually("all is settled", || connector.held(QUEUE) == 0).await;
        let metrics = connector.metrics();
        let total = |name: &str| -> usize {
            (metrics.lines())
                .filter(|line| line.starts_with(name))
                .filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok())
                .sum()
        };
        let received = total("sqs_connector_messages_received_total");
        let settled = total("sqs_connector_messages_settled_total");
        let twice = total("sqs_connector_messages_duplicate_total");
        assert!(
            settled <= received && received <= settled + twice,
            "seed {seed}: {received} received, {settled} settled, {twice} duplicates"
        );
        let deleted =
            total(r#"sqs_connector_messages_settled_total{queue="orders",verdict="delete"}"#);
        assert!(
            deleted >= MESSAGES,
            "seed {seed}: {deleted} deletes are counted"
        );
        assert_eq!(connector.stop().await.0, 0);
    }
}
