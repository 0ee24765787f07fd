//! Which queue a URL means: two URLs that mean one would make its messages run beside themselves.

use url::Url;

use super::QueueConfig;
use super::problems::Problems;
use super::queue_url::QueueUrl;

/// What tells two queues apart, whatever their URLs look like.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct QueueIdentity {
    /// The server; `aws` for AWS, which has several names for each of its own.
    server: String,
    region: String,
    /// Account and name, or what a server of its own has instead.
    path: String,
}

impl QueueIdentity {
    pub(super) fn of(url: &QueueUrl, endpoint: Option<&Url>, region: &str) -> Self {
        let own = Url::parse(url.as_str()).ok();
        let of_endpoint = endpoint.filter(|endpoint| !is_aws(endpoint));
        let server = match (of_endpoint, &own) {
            (Some(endpoint), _) => address(endpoint),
            (None, Some(own)) if !is_aws(own) => address(own),
            (None, _) => "aws".to_owned(),
        };
        let path = own.map_or_else(String::new, |own| own.path().trim_matches('/').to_owned());
        Self {
            server,
            region: region.to_owned(),
            path,
        }
    }
}

/// Each queue with the name by which it was given.
pub(super) fn check_distinct(problems: &mut Problems, queues: &[(String, QueueConfig)]) {
    let mut seen: Vec<(QueueIdentity, &QueueConfig)> = Vec::new();
    for (name, queue) in queues {
        let key = QueueIdentity::of(&queue.url, queue.endpoint_url.as_ref(), &queue.region);
        match seen.iter().find(|(known, _)| *known == key) {
            Some((_, first)) => {
                let more = if settings_differ(first, queue) {
                    ", and with one set of settings"
                } else {
                    ""
                };
                let reason = format!("the same queue as {}; name it once{more}", first.url);
                problems.push(name, queue.url.as_str(), reason);
            }
            None => seen.push((key, queue)),
        }
    }
}

fn settings_differ(one: &QueueConfig, other: &QueueConfig) -> bool {
    let other = QueueConfig {
        url: one.url.clone(),
        endpoint_url: one.endpoint_url.clone(),
        ..other.clone()
    };
    *one != other
}

fn is_aws(url: &Url) -> bool {
    url.host_str().is_some_and(super::queue_url::is_aws_host)
}

/// Host and port, with the names of this machine made one.
fn address(url: &Url) -> String {
    let host = match url.host_str().unwrap_or_default() {
        "localhost" | "[::1]" => "127.0.0.1",
        other => other,
    };
    format!("{host}:{}", url.port_or_known_default().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(url: &str, endpoint: Option<&str>) -> QueueIdentity {
        let url = QueueUrl::parse(url).unwrap();
        let endpoint = endpoint.map(|endpoint| Url::parse(endpoint).unwrap());
        let endpoint = endpoint.or_else(|| url.endpoint());
        let region = url.region().unwrap_or("eu-west-1").to_owned();
        QueueIdentity::of(&url, endpoint.as_ref(), &region)
    }

    #[test]
    fn all_the_names_that_aws_has_for_a_queue_are_one() {
        let first = identity(
            "https://sqs.eu-west-1.amazonaws.com/000000000000/orders",
            None,
        );
        for same in [
            "https://sqs.eu-west-1.amazonaws.com/000000000000/orders/",
            "https://SQS.EU-WEST-1.amazonaws.com:443/000000000000/orders",
            "http://sqs.eu-west-1.amazonaws.com/000000000000/orders",
            "https://eu-west-1.queue.amazonaws.com/000000000000/orders",
            "https://sqs-fips.eu-west-1.amazonaws.com/000000000000/orders",
            "https://sqs.eu-west-1.api.aws/000000000000/orders",
            "https://vpce-0a-1b.sqs.eu-west-1.vpce.amazonaws.com/000000000000/orders",
        ] {
            assert_eq!(identity(same, None), first, "{same}");
        }
        let us = identity("https://queue.amazonaws.com/000000000000/orders", None);
        let same = identity(
            "https://sqs.us-east-1.amazonaws.com/000000000000/orders",
            None,
        );
        assert_eq!(us, same);
    }

    #[test]
    fn another_region_account_name_or_case_of_the_name_is_another_queue() {
        let first = identity(
            "https://sqs.eu-west-1.amazonaws.com/000000000000/orders",
            None,
        );
        for other in [
            "https://sqs.eu-west-2.amazonaws.com/000000000000/orders",
            "https://sqs.eu-west-1.amazonaws.com/000000000001/orders",
            "https://sqs.eu-west-1.amazonaws.com/000000000000/orders2",
            "https://sqs.eu-west-1.amazonaws.com/000000000000/Orders",
            "http://127.0.0.1:9324/000000000000/orders",
        ] {
            assert_ne!(identity(other, None), first, "{other}");
        }
    }

    #[test]
    fn a_server_of_its_own_is_told_by_its_address() {
        let first = identity("http://127.0.0.1:9324/000000000000/orders", None);
        assert_eq!(
            identity("http://localhost:9324/000000000000/orders/", None),
            first
        );
        let port = identity("http://127.0.0.1:9325/000000000000/orders", None);
        assert_ne!(port, first);
        let through = Some("http://127.0.0.1:9324");
        let url = "https://sqs.eu-west-1.amazonaws.com/000000000000/orders";
        assert_eq!(identity(url, through), first);
    }
}
