//! The queues: each with its own settings before those of the whole.

use std::collections::BTreeMap;
use std::time::Duration;

use http::HeaderValue;
use url::Url;

use super::QueueConfig;
use super::problems::Problems;
use super::queue_url::QueueUrl;
use super::raw::{Given, Settings};
use super::validate::Reader;
use crate::backoff::Backoff;
use crate::governor::ProbeIntervals;
use crate::verdict::OnRejection;

/// Stands in for a queue whose URL is none, while the rest is checked.
const UNKNOWN: &str = "unknown-queue-";

/// Twelve hours, the most that SQS grants.
const MOST: u64 = 43_200;

pub(super) fn queues(
    problems: &mut Problems,
    settings: &Settings,
    entries: &[Settings],
) -> Vec<QueueConfig> {
    let mut queues = Vec::new();
    for (url, entry, most_default) in chosen(problems, settings, entries) {
        let parsed = match QueueUrl::parse(url.value.trim()) {
            Ok(parsed) => parsed,
            Err(reason) => {
                problems.push(url.name, url.value, reason);
                // Its other settings are checked all the same.
                QueueUrl::parse(&format!("http://localhost/0/{UNKNOWN}")).expect("a queue's URL")
            }
        };
        queues.push(queue(problems, settings, &entry, parsed, most_default));
    }
    check_distinct(problems, &queues);
    queues
}

/// What is to be consumed: `queue_url` where it is given, with the settings of an entry that has the
/// same URL; else all entries.
fn chosen(
    problems: &mut Problems,
    settings: &Settings,
    entries: &[Settings],
) -> Vec<(Given, Settings, usize)> {
    let mut chosen = Vec::new();
    if let Some(list) = settings.get("queue_url") {
        for url in list
            .value
            .split(',')
            .map(str::trim)
            .filter(|url| !url.is_empty())
        {
            let entry = entries
                .iter()
                .find(|entry| entry.get("url").is_some_and(|given| given.value == url));
            let given = Given {
                name: list.name.clone(),
                value: url.to_owned(),
            };
            chosen.push((
                given,
                entry.cloned().unwrap_or_default(),
                if entry.is_some() { 10 } else { 1 },
            ));
        }
    } else {
        for (n, entry) in entries.iter().enumerate() {
            match entry.get("url") {
                Some(url) => chosen.push((url.clone(), entry.clone(), 10)),
                None => problems.push(format!("queues[{n}].url"), "", "each entry names its queue"),
            }
        }
    }
    if chosen.is_empty() && entries.is_empty() {
        let given = settings.get("queue_url");
        let name = given.map_or("--queue-url".to_owned(), |given| given.name.clone());
        let value = given.map_or(String::new(), |given| given.value.clone());
        problems.push(
            name,
            value,
            "no queue: give --queue-url, the variable queue_url, or `queues:` in the file",
        );
    }
    chosen
}

fn queue(
    problems: &mut Problems,
    settings: &Settings,
    entry: &Settings,
    url: QueueUrl,
    most_default: usize,
) -> QueueConfig {
    let mut reader = Reader {
        problems,
        layers: [entry, settings],
    };
    let (backoff, probes) = (backoff(&mut reader), probes(&mut reader));
    let endpoint = reader.read("endpoint_url", None, |value| {
        let parsed = Url::parse(value)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some());
        parsed.map(Some).ok_or_else(|| {
            "not a web address; give the endpoint's, such as http://localhost:9324".into()
        })
    });
    let endpoint_url = endpoint.or_else(|| url.endpoint());
    QueueConfig {
        topic: reader.read("topic", url.name().to_owned(), |value| {
            let fits =
                !value.is_empty() && !value.contains(',') && HeaderValue::from_str(value).is_ok();
            fits.then(|| value.to_owned())
                .ok_or_else(|| "a topic is not empty and has no comma".into())
        }),
        visibility_timeout: reader.seconds("visibility_timeout", 30, 1, MOST),
        wait_time: reader.seconds("wait_time", 20, 0, 20),
        max_messages: reader.count("max_messages", most_default, 1, 10),
        concurrency: reader.count("concurrency", 32, 1, 10_000),
        region: region(&mut reader, entry, &url, endpoint_url.as_ref()),
        endpoint_url,
        content_type: reader.read("content_type", "text/plain".to_owned(), |value| {
            let fits = value.contains('/') && HeaderValue::from_str(value).is_ok();
            fits.then(|| value.to_owned())
                .ok_or_else(|| "not a content type; give one such as application/json".into())
        }),
        backoff,
        probes,
        on_rejection: reader.read("on_rejection", None, |value| match value {
            "dead-letter" => Ok(Some(OnRejection::DeadLetter)),
            "retry" => Ok(Some(OnRejection::Retry)),
            _ => Err("give dead-letter or retry".into()),
        }),
        url,
    }
}

fn backoff(reader: &mut Reader<'_>) -> Backoff {
    let (min, max) = bounds(reader, "backoff_min", 1, "backoff_max", 300);
    Backoff { min, max }
}

fn probes(reader: &mut Reader<'_>) -> ProbeIntervals {
    let (first, longest) = bounds(reader, "probe_min", 1, "probe_max", 30);
    ProbeIntervals { first, longest }
}

/// Two durations, the first of which does not exceed the second.
fn bounds(
    reader: &mut Reader<'_>,
    least: &str,
    least_default: u64,
    most: &str,
    most_default: u64,
) -> (Duration, Duration) {
    let (shortest, longest) = (Duration::from_millis(1), Duration::from_secs(MOST));
    let default = Duration::from_secs(least_default);
    let min = reader.duration(least, default, shortest, longest);
    let default = Duration::from_secs(most_default).max(min);
    let max = reader.duration(most, default, shortest, longest);
    if max < min {
        let given = reader.given(most).cloned();
        let (name, value) = given.map_or_else(Default::default, |given| (given.name, given.value));
        let reason = format!("less than the minimum, {min:?}");
        reader.problems.push(name, value, reason);
    }
    (min, max)
}

/// An entry's own region, else the one that the URL names (SQS knows the queue nowhere else), else
/// the one of the whole. A server with an endpoint of its own takes any.
fn region(
    reader: &mut Reader<'_>,
    entry: &Settings,
    url: &QueueUrl,
    endpoint: Option<&Url>,
) -> String {
    let of_url = url.region();
    if let (Some(own), Some(of_url)) = (entry.get("region"), of_url)
        && own.value.trim() != of_url
    {
        reader.problems.push(
            &own.name,
            &own.value,
            format!("the queue's URL is in {of_url}"),
        );
    }
    let own = entry
        .get("region")
        .map(|given| given.value.trim().to_owned());
    let general = reader
        .given("region")
        .map(|given| given.value.trim().to_owned());
    match own.or_else(|| of_url.map(str::to_owned)).or(general) {
        Some(region) => region,
        None if endpoint.is_some() => "us-east-1".to_owned(),
        None => {
            reader.problems.push(
                "AWS_DEFAULT_REGION",
                "",
                format!("the URL {url} names no region; give one"),
            );
            String::new()
        }
    }
}

/// Two queues that are one would run messages beside themselves.
fn check_distinct(problems: &mut Problems, queues: &[QueueConfig]) {
    let mut seen: BTreeMap<(Option<String>, String, String), &QueueConfig> = BTreeMap::new();
    for queue in queues.iter().filter(|queue| queue.url.name() != UNKNOWN) {
        let path = queue
            .url
            .as_str()
            .split_once("//")
            .and_then(|(_, rest)| rest.split_once('/'));
        let path = path
            .map_or("", |(_, path)| path)
            .trim_end_matches('/')
            .to_owned();
        let key = (
            queue.endpoint_url.as_ref().map(Url::to_string),
            queue.region.clone(),
            path,
        );
        if let Some(first) = seen.insert(key, queue) {
            let reason = format!("the same queue as {}; name it once", first.url);
            problems.push("queue_url", queue.url.as_str(), reason);
        }
    }
}
