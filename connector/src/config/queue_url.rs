//! The URL of a queue: its name, and the region and endpoint that it tells.

use std::fmt;

use url::Url;

/// A queue's URL, `https://sqs.eu-west-1.amazonaws.com/000000000000/orders` or a local server's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueueUrl(Url);

impl QueueUrl {
    /// Takes a URL whose path ends with a queue's name.
    ///
    /// # Errors
    /// In words, with what would be right.
    pub fn parse(value: &str) -> Result<Self, String> {
        const RIGHT: &str =
            "give the queue's URL, such as https://sqs.eu-west-1.amazonaws.com/000000000000/orders";
        if matches!(value, "https://" | "http://") {
            return Err(format!(
                "this is the placeholder of the values file; {RIGHT}"
            ));
        }
        let url = Url::parse(value).map_err(|error| format!("not a URL ({error}); {RIGHT}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(format!("not a web address; {RIGHT}"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(format!("credentials do not belong into the URL; {RIGHT}"));
        }
        let this = Self(url);
        let name = this.name();
        let plain = name.strip_suffix(".fifo").unwrap_or(name);
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if plain.is_empty() || name.len() > 80 || !plain.chars().all(fits) {
            return Err(format!(
                "its path does not end with a queue's name; {RIGHT}"
            ));
        }
        Ok(this)
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The queue's name.
    pub fn name(&self) -> &str {
        self.0
            .path()
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or_default()
    }

    /// The region that an address of AWS names.
    pub fn region(&self) -> Option<&str> {
        let host = self.0.host_str()?;
        if !self.is_aws() {
            return None;
        }
        if host == "queue.amazonaws.com" {
            return Some("us-east-1");
        }
        let mut labels = host.split('.');
        match labels.next()? {
            "sqs" | "sqs-fips" => labels.next(),
            // vpce-0a-1b.sqs.eu-west-1.vpce.amazonaws.com
            vpce if vpce.starts_with("vpce-") => labels.nth(1),
            // eu-west-1.queue.amazonaws.com
            region => (labels.next() == Some("queue")).then_some(region),
        }
    }

    /// The endpoint, where it is not the region's own.
    pub fn endpoint(&self) -> Option<Url> {
        let host = self.0.host_str()?;
        // An endpoint of the VPC and a dual-stack one are reached only by their own names.
        let by_name = host.starts_with("vpce-") || host.ends_with(".api.aws");
        if self.is_aws() && !by_name {
            return None;
        }
        Url::parse(&self.0.origin().ascii_serialization()).ok()
    }

    fn is_aws(&self) -> bool {
        self.0.host_str().is_some_and(is_aws_host)
    }
}

/// Whether a host is one of AWS, dual-stack ones included.
pub(super) fn is_aws_host(host: &str) -> bool {
    let under = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"];
    under.iter().any(|domain| host.ends_with(domain))
}

impl fmt::Display for QueueUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_aws_tells_the_region_and_needs_no_endpoint() {
        for (url, region) in [
            (
                "https://sqs.eu-west-1.amazonaws.com/000000000000/orders",
                "eu-west-1",
            ),
            (
                "https://sqs.cn-north-1.amazonaws.com.cn/000000000000/orders",
                "cn-north-1",
            ),
            (
                "https://us-east-2.queue.amazonaws.com/000000000000/orders",
                "us-east-2",
            ),
            (
                "https://queue.amazonaws.com/000000000000/orders",
                "us-east-1",
            ),
        ] {
            let url = QueueUrl::parse(url).unwrap();
            assert_eq!(
                (url.region(), url.endpoint(), url.name()),
                (Some(region), None, "orders")
            );
        }
    }

    #[test]
    fn other_addresses_are_their_own_endpoint() {
        let local = QueueUrl::parse("http://127.0.0.1:9324/000000000000/orders.fifo").unwrap();
        assert_eq!(local.endpoint().unwrap().as_str(), "http://127.0.0.1:9324/");
        assert_eq!((local.region(), local.name()), (None, "orders.fifo"));
        let vpce = "https://vpce-0a-1b.sqs.eu-west-1.vpce.amazonaws.com/000000000000/orders";
        let vpce = QueueUrl::parse(vpce).unwrap();
        assert_eq!(vpce.region(), Some("eu-west-1"));
        assert!(vpce.endpoint().is_some());
    }

    #[test]
    fn what_is_no_queue_url_is_refused_in_a_sentence() {
        for (url, reason) in [
            ("https://", "placeholder"),
            ("orders", "not a URL"),
            ("sqs:orders", "not a web address"),
            ("https://sqs.eu-west-1.amazonaws.com", "queue's name"),
            ("https://h/1/a b", "queue's name"),
            ("https://user:secret@h/1/orders", "credentials"),
        ] {
            let problem = QueueUrl::parse(url).unwrap_err();
            assert!(problem.contains(reason), "{url}: {problem}");
            assert!(!problem.contains("secret"));
        }
    }
}
