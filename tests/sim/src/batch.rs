//! A function that takes messages several at once, in the form of Lambda's SQS event.

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::gateway::{Answer, Letter, respond};
use crate::ledger::{Call, End};
use crate::mood::{Ill, Mood};
use crate::scenario::Profile;
use crate::world::{World, number};

/// The messages of a batch; nothing where it is none.
pub(crate) fn letters(world: &World, body: &[u8]) -> Option<Vec<Letter>> {
    let document: Value = serde_json::from_slice(body).ok()?;
    let records = document["Records"].as_array()?;
    records
        .iter()
        .map(|record| {
            let body = record["body"].as_str()?;
            let id = record["messageId"].as_str()?;
            let count = record["attributes"]["ApproximateReceiveCount"].as_str()?;
            let n = number(body.as_bytes())?;
            world.compare(n, id, body.as_bytes());
            Some(Letter {
                n,
                id: id.to_owned(),
                receive: count.parse().ok()?,
            })
        })
        .collect()
}

/// What the function makes of a batch: how it ended for each message, and what is answered.
pub(crate) async fn work(
    world: &World,
    process: u32,
    function: usize,
    letters: &[Letter],
) -> (Vec<End>, Answer) {
    let takes: Vec<(&Mood, bool)> = (letters.iter())
        .map(|letter| {
            let attempt = world.ledger().attempt(letter.n, function);
            let mood = &world.scenario.messages[letter.n].moods[function];
            (mood, attempt < mood.fails)
        })
        .collect();
    let fails_by =
        |is: &dyn Fn(Ill) -> bool| (takes.iter()).any(|(mood, fails)| *fails && is(mood.how));
    let all = |end| vec![end; letters.len()];
    let took = ("x-duration-seconds", "0.1".to_owned());
    if fails_by(&|how| how == Ill::Hang) {
        for letter in letters {
            let call: Call = (process, letter.n, function);
            world.enter(|ledger| {
                ledger.failed(call, letter.receive, End::Hung, None, letters.len())
            });
        }
        std::future::pending::<()>().await;
    }
    let turned_away = takes.iter().find_map(|(mood, fails)| match mood.how {
        Ill::Overload {
            status,
            retry_after,
        } if *fails => Some((status, retry_after)),
        _ => None,
    });
    if let Some((status, seconds)) = turned_away {
        let mut headers = vec![took];
        headers.extend(seconds.map(|seconds| ("retry-after", seconds.to_string())));
        return (
            all(End::Unreached),
            respond(status, &headers, String::new()),
        );
    }
    let works = takes.iter().map(|(mood, _)| mood.works).max();
    sleep(works.unwrap_or_default()).await;
    if fails_by(&|how| how == Ill::Drop) {
        return (all(End::Failed), None);
    }
    if let ([letter], [(mood, fails)]) = (letters, &*takes)
        && (mood.rejects() || !letter.n.is_multiple_of(3))
    {
        let (end, status) = match mood.how {
            Ill::Status(status) if *fails => (End::Failed, status),
            _ if mood.rejects() => (End::Rejected, mood.then),
            _ => (End::Succeeded, 200),
        };
        return (vec![end], respond(status, &[took], String::new()));
    }
    let may_babble = matches!(world.scenario.profile, Profile::Failures | Profile::Chaos);
    if may_babble && world.dice().one_in(12) {
        return (all(End::Failed), respond(200, &[took], "OK".to_owned()));
    }
    let ends: Vec<End> = (takes.iter())
        .map(|(mood, fails)| match *fails || mood.rejects() {
            true => End::Failed,
            false => End::Succeeded,
        })
        .collect();
    let failed: Vec<Value> = (letters.iter().zip(&ends))
        .filter(|(_, end)| **end == End::Failed)
        .map(|(letter, _)| json!({ "itemIdentifier": letter.id }))
        .collect();
    let body = if failed.is_empty() && world.dice().one_in(2) {
        String::new()
    } else {
        json!({ "batchItemFailures": failed }).to_string()
    };
    (ends, respond(200, &[took], body))
}
