//! The queues: each with its own settings before those of the whole.

use std::time::Duration;

use http::HeaderValue;
use url::Url;

use super::QueueConfig;
use super::filters::filtering;
use super::identity::{QueueIdentity, check_distinct};
use super::mode::mode;
use super::problems::Problems;
use super::queue_url::QueueUrl;
use super::raw::{Given, Settings};
use super::role::role;
use super::validate::{Reader, upstream_timeout};
use crate::backoff::Backoff;
use crate::bulk::LARGEST;
use crate::content_type;
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
    let mut named = Vec::new();
    for (n, (url, entry, most_default)) in
        (chosen(problems, settings, entries).into_iter()).enumerate()
    {
        let parsed = match QueueUrl::parse(url.value.trim()) {
            Ok(parsed) => parsed,
            Err(reason) => {
                problems.push(&url.name, url.value, reason);
                // Its other settings are checked all the same.
                QueueUrl::parse(&format!("http://localhost/{n}/{UNKNOWN}")).expect("a queue's URL")
            }
        };
        let queue = queue(problems, settings, &entry, parsed, most_default);
        named.push((url.name, queue));
    }
    check_distinct(problems, &named);
    named.into_iter().map(|(_, queue)| queue).collect()
}

/// What is to be consumed: `queue_url` where it is given, with the settings of an entry that has the
/// same URL; else all entries.
fn chosen(
    problems: &mut Problems,
    settings: &Settings,
    entries: &[Settings],
) -> Vec<(Given, Settings, usize)> {
    let mut chosen = Vec::new();
    let list = settings.get("queue_url");
    // A list without a URL names nothing, and is no choice.
    if let Some(list) = list.filter(|list| urls(&list.value).next().is_some()) {
        for url in urls(&list.value) {
            let entry = entries.iter().find(|entry| {
                entry
                    .get("url")
                    .is_some_and(|given| is_same(url, &given.value))
            });
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

fn urls(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|url| !url.is_empty())
}

/// The entries that are not consumed, since `queue_url` names others, in sentences.
pub(super) fn left_out(settings: &Settings, entries: &[Settings]) -> Vec<String> {
    let Some(list) = settings.get("queue_url") else {
        return Vec::new();
    };
    if urls(&list.value).next().is_none() {
        return Vec::new();
    }
    let is_chosen = |given: &Given| urls(&list.value).any(|url| is_same(url, &given.value));
    let entries = entries.iter().filter_map(|entry| entry.get("url"));
    entries
        .filter(|given| !is_chosen(given))
        .map(|given| {
            format!(
                "{} = {:?} is not consumed: {} names the queues, and not this one",
                given.name, given.value, list.name
            )
        })
        .collect()
}

/// Whether two URLs name one queue, as far as that can be told before the rest is known.
fn is_same(one: &str, other: &str) -> bool {
    let identity = |url: &str| {
        let url = QueueUrl::parse(url.trim()).ok()?;
        let region = url.region().unwrap_or_default().to_owned();
        Some(QueueIdentity::of(&url, url.endpoint().as_ref(), &region))
    };
    one == other || identity(one).is_some_and(|one| identity(other) == Some(one))
}

/// The address of a server.
pub(super) fn web_address(value: &str) -> Result<Url, String> {
    let parsed = Url::parse(value)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some());
    let url =
        parsed.ok_or("not a web address; give the endpoint's, such as http://localhost:9324")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("credentials do not belong into the URL".into());
    }
    Ok(url)
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
    let (concurrency_min, concurrency) = concurrency(&mut reader);
    let endpoint = reader.read("endpoint_url", None, |value| web_address(value).map(Some));
    let endpoint_url = endpoint.or_else(|| url.endpoint());
    QueueConfig {
        topic: reader.read("topic", url.name().to_owned(), |value| {
            let fits =
                !value.is_empty() && !value.contains(',') && HeaderValue::from_str(value).is_ok();
            fits.then(|| value.to_owned())
                .ok_or_else(|| "a topic is not empty and has no comma".into())
        }),
        visibility_timeout: visibility(&mut reader),
        wait_time: reader.seconds("wait_time", 20, 0, 20),
        short_visibility: reader.flag("short_visibility", false),
        max_messages: reader.count("max_messages", most_default, 1, 10),
        concurrency,
        concurrency_min,
        max_bytes_in_flight: reader.read("max_bytes_in_flight", 64 << 20, bytes),
        mode: mode(&mut reader, entry, concurrency),
        region: region(&mut reader, entry, &url, endpoint_url.as_ref()),
        role: role(&mut reader, entry),
        endpoint_url,
        content_type: reader.read("content_type", "text/plain".to_owned(), |value| {
            content_type::parse(value).map(|_| value.to_owned())
        }),
        price_per_million_requests: price(&mut reader, &url),
        attribute_header_bytes: reader.count("attribute_header_bytes", 8192, 0, 512 * 1024),
        backoff,
        probes,
        on_rejection: reader.read("on_rejection", None, |value| match value {
            "dead-letter" => Ok(Some(OnRejection::DeadLetter)),
            "retry" => Ok(Some(OnRejection::Retry)),
            _ => Err("give dead-letter or retry".into()),
        }),
        filtering: filtering(&mut reader, entry, &url),
        url,
    }
}

/// By default 30 s, or as long as a call to a function may take. Less than that is refused, unless
/// it is said that the extensions are to be relied on: a message whose extension comes too late is
/// handed to somebody else while its function is at work.
fn visibility(reader: &mut Reader<'_>) -> Duration {
    let call = upstream_timeout(reader);
    let default = call.as_secs() + u64::from(call.subsec_nanos() > 0);
    let visibility = reader.seconds("visibility_timeout", default.clamp(30, MOST), 1, MOST);
    if visibility < call
        && !reader.flag("short_visibility", false)
        && let Some(given) = reader.given("visibility_timeout").cloned()
    {
        let reason = format!(
            "shorter than upstream_timeout, {call:?}, which a call to a function may take; give at least that, or short_visibility=true to rely on its being extended in time"
        );
        reader.problems.push(given.name, given.value, reason);
    }
    visibility
}

/// In US dollars; AWS's own prices differ by a few cents between regions.
fn price(reader: &mut Reader<'_>, url: &QueueUrl) -> f64 {
    let default = if url.name().ends_with(".fifo") {
        0.50
    } else {
        0.40
    };
    reader.read("price_per_million_requests", default, |value| {
        let price = value.trim_start_matches('$').parse::<f64>().ok();
        (price.filter(|price| (0.0..=1000.0).contains(price)))
            .ok_or_else(|| "give US dollars from 0 to 1000, such as 0.40".into())
    })
}

/// The bounds between which the number of calls at once adapts.
fn concurrency(reader: &mut Reader<'_>) -> (usize, usize) {
    let most = reader.count("concurrency", 32, 1, 10_000);
    let least = reader.count("concurrency_min", 1, 1, 10_000);
    if least > most {
        let given = reader.given("concurrency_min").cloned();
        let (name, value) = given.map_or_else(Default::default, |given| (given.name, given.value));
        let reason = format!("more than concurrency, {most}; give at most as many");
        reader.problems.push(name, value, reason);
    }
    (least.min(most), most)
}

/// A number of bytes, in which one message of any size has room.
fn bytes(value: &str) -> Result<usize, String> {
    let digits = value.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match value[digits.len()..].trim() {
        "" => Some(1),
        "Ki" | "KiB" => Some(1 << 10),
        "Mi" | "MiB" => Some(1 << 20),
        "Gi" | "GiB" => Some(1 << 30),
        _ => None,
    };
    let number = digits.parse::<usize>().ok();
    let given = number
        .zip(unit)
        .and_then(|(number, unit)| number.checked_mul(unit));
    match given {
        Some(given) if given >= LARGEST => Ok(given),
        Some(_) => Err("at least 1MiB, the largest message that SQS takes".into()),
        None => Err("give a number of bytes, such as 67108864 or 64MiB".into()),
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

/// A region's name; servers of their own take any.
pub(super) fn named(value: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (!value.is_empty() && value.chars().all(fits))
        .then(|| value.to_owned())
        .ok_or_else(|| "not a region; give one such as eu-west-1".into())
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
    let own = (entry.contains_key("region")).then(|| reader.read("region", String::new(), named));
    let general =
        (reader.given("region").is_some()).then(|| reader.read("region", String::new(), named));
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
