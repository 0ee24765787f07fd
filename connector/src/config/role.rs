//! The IAM role that a queue is worked with, where it is not the process's own.

use url::Url;

use super::queues::web_address;
use super::raw::Settings;
use super::validate::Reader;

/// The session name where none is given; it is what CloudTrail shows.
const SESSION: &str = "sqs-connector";

const RIGHT: &str = "give a role's ARN, such as arn:aws:iam::000000000000:role/orders";

/// A role to assume. Queues with equal ones share one session.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleConfig {
    /// Its ARN.
    pub arn: String,
    /// What the other account asks for, so that nobody is made its confused deputy.
    pub external_id: Option<String>,
    /// What the session is called.
    pub session_name: String,
    /// Another STS than the region's.
    pub sts_endpoint_url: Option<Url>,
}

pub(super) fn role(reader: &mut Reader<'_>, entry: &Settings) -> Option<RoleConfig> {
    let arn = reader.read("role_arn", None, |value| match value {
        // So that an entry can do without the role of the whole.
        "" => Ok(None),
        _ => arn(value).map(Some),
    });
    let external_id = reader.read("external_id", None, |value| match value {
        "" => Ok(None),
        _ => (fits(value, 2, 1224, "=,.@:/-+_").then(|| Some(value.to_owned())))
            .ok_or_else(|| "STS takes 2 to 1224 letters, digits and =,.@:/-+_".into()),
    });
    let session_name = reader.read("role_session_name", SESSION.to_owned(), |value| {
        fits(value, 2, 64, "=,.@-+_")
            .then(|| value.to_owned())
            .ok_or_else(|| "STS takes 2 to 64 letters, digits and =,.@-+_".into())
    });
    let sts_endpoint_url = reader.read("sts_endpoint_url", None, |value| {
        web_address(value).map(Some)
    });
    let Some(arn) = arn else {
        // What is said of the whole may be meant for other queues.
        for key in ["external_id", "role_session_name"] {
            let alone = entry
                .get(key)
                .filter(|_| reader.given("role_arn").is_none());
            if let Some(given) = alone {
                let reason = "says something only of a role: give role_arn too";
                reader.problems.push(&given.name, &given.value, reason);
            }
        }
        return None;
    };
    Some(RoleConfig {
        arn,
        external_id,
        session_name,
        sts_endpoint_url,
    })
}

fn fits(value: &str, least: usize, most: usize, more: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || more.contains(c);
    (least..=most).contains(&value.len()) && value.chars().all(is_allowed)
}

/// `arn:{partition}:iam::{account}:role/{path and name}`.
fn arn(value: &str) -> Result<String, String> {
    let parts: Vec<&str> = value.splitn(6, ':').collect();
    let [scheme, partition, service, region, account, resource] = parts.as_slice() else {
        return Err(format!("not an ARN; {RIGHT}"));
    };
    if *scheme != "arn" || !(*partition == "aws" || partition.starts_with("aws-")) {
        return Err(format!("not an ARN of AWS; {RIGHT}"));
    }
    if *service == "sts" && resource.starts_with("assumed-role/") {
        return Err(format!("a session of a role, not the role; {RIGHT}"));
    }
    if *service != "iam" || !region.is_empty() {
        return Err(format!("not an ARN of IAM; {RIGHT}"));
    }
    if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!(
            "{account:?} is no account of twelve digits; {RIGHT}"
        ));
    }
    let Some(name) = resource.strip_prefix("role/") else {
        let kind = resource.split('/').next().unwrap_or_default();
        return Err(format!("{kind:?} is no role; {RIGHT}"));
    };
    if !fits(name, 1, 512 + 64, "=,.@-+_/") || name.ends_with('/') {
        return Err(format!("{name:?} is no name of a role; {RIGHT}"));
    }
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_arn_of_a_role_is_taken_in_every_partition_and_with_a_path() {
        for right in [
            "arn:aws:iam::000000000000:role/orders",
            "arn:aws-cn:iam::123456789012:role/team/orders",
            "arn:aws-us-gov:iam::123456789012:role/Orders+a=b,c.d@e_f-g",
        ] {
            assert_eq!(arn(right), Ok(right.to_owned()));
        }
    }

    #[test]
    fn what_is_no_role_is_refused_with_what_it_is_instead() {
        for (wrong, reason) in [
            ("orders", "not an ARN;"),
            ("arn:gcp:iam::000000000000:role/orders", "not an ARN of AWS"),
            (
                "arn:aws:sts::000000000000:assumed-role/orders/me",
                "a session of a role",
            ),
            (
                "arn:aws:sqs:eu-west-1:000000000000:orders",
                "not an ARN of IAM",
            ),
            ("arn:aws:iam::42:role/orders", "\"42\" is no account"),
            ("arn:aws:iam::000000000000:user/me", "\"user\" is no role"),
            ("arn:aws:iam::000000000000:role/", "is no name of a role"),
            ("arn:aws:iam::000000000000:role/a b", "is no name of a role"),
        ] {
            let problem = arn(wrong).unwrap_err();
            assert!(
                problem.starts_with(reason) || problem.contains(reason),
                "{problem}"
            );
            assert!(problem.ends_with(RIGHT), "{problem}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,60}", tail in ".{0,20}") {
            let _ = arn(&text);
            let _ = arn(&format!("arn:aws:iam::{text}:role/{tail}"));
        }
    }
}
