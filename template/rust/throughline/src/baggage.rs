//! W3C baggage: what else goes along with a request, as names and values.

use std::fmt;
use std::sync::Arc;

use crate::CorrelationId;

/// The most that the recommendation lets anyone rely on.
const MAX_BYTES: usize = 8192;
const MAX_MEMBERS: usize = 64;
/// The member that the correlation id travels as.
const OWN: &str = "correlation_id";

/// The header `baggage` as it came, checked: members `name=value`, handed on with every call.
///
/// ```
/// use throughline::Baggage;
///
/// let baggage = Baggage::parse("tenant=acme, plan=a%20b;ttl=9").unwrap();
/// assert_eq!(baggage.get("tenant").as_deref(), Some("acme"));
/// assert_eq!(baggage.get("plan").as_deref(), Some("a b"));
/// assert_eq!(Baggage::parse("no member at all"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baggage(Arc<str>);

impl Baggage {
    /// Reads a header's value. `None` where it has more than 8,192 bytes or 64 members, or is not
    /// made of members.
    ///
    /// ```
    /// use throughline::Baggage;
    ///
    /// assert_eq!(Baggage::parse("tenant=acme").unwrap().to_string(), "tenant=acme");
    /// assert_eq!(Baggage::parse("a name without a value"), None);
    /// ```
    pub fn parse(value: &str) -> Option<Self> {
        if value.len() > MAX_BYTES || value.split(',').count() > MAX_MEMBERS {
            return None;
        }
        let fits = value.split(',').all(|member| {
            let pair = member.split(';').next().unwrap_or_default();
            let Some((name, value)) = pair.split_once('=') else {
                return false;
            };
            let (name, value) = (name.trim(), value.trim());
            !name.is_empty() && name.bytes().all(is_token) && value.bytes().all(is_value)
        }) && value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        fits.then(|| Self(value.trim().into()))
    }

    /// The value of a member, its percent signs read.
    ///
    /// ```
    /// let baggage = throughline::Baggage::parse("tenant=acme").unwrap();
    /// assert_eq!(baggage.get("plan"), None);
    /// ```
    pub fn get(&self, name: &str) -> Option<String> {
        self.members()
            .find(|(known, _)| *known == name)
            .map(|(_, member)| decode(value_of(member)))
    }

    /// Names, each with its whole member.
    fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.split(',').filter_map(|member| {
            let (name, _) = member.split_once('=')?;
            Some((name.trim(), member.trim()))
        })
    }

    /// What an outgoing call carries: the id, and what came, as far as there is room for it.
    pub(crate) fn outgoing(id: &CorrelationId, came: Option<&Self>) -> String {
        let mut text = format!("{OWN}={}", encode(id.as_str()));
        let members = came.into_iter().flat_map(Self::members);
        for (_, member) in members
            .filter(|(name, _)| *name != OWN)
            .take(MAX_MEMBERS - 1)
        {
            if text.len() + 1 + member.len() <= MAX_BYTES {
                text.push(',');
                text.push_str(member);
            }
        }
        text
    }
}

impl fmt::Display for Baggage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn value_of(member: &str) -> &str {
    let pair = member.split(';').next().unwrap_or_default();
    pair.split_once('=').map_or("", |(_, value)| value.trim())
}

/// A character of an HTTP token.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// `baggage-octet` of the recommendation.
fn is_value(byte: u8) -> bool {
    (b'!'..=b'~').contains(&byte) && !b"\",;\\".contains(&byte)
}

fn encode(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if is_value(byte) && byte != b'%' {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

fn decode(value: &str) -> String {
    let bytes = value.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = bytes.get(at + 1..at + 3);
        let read = pair
            .filter(|pair| bytes[at] == b'%' && pair.iter().all(u8::is_ascii_hexdigit))
            .and_then(|pair| std::str::from_utf8(pair).ok())
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        decoded.push(read.unwrap_or(bytes[at]));
        at += if read.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_baggage_is_refused() {
        let long = format!("a={}", "x".repeat(MAX_BYTES));
        let many = vec!["a=1"; MAX_MEMBERS + 1].join(",");
        for value in [
            "", "a", "=1", "a=1,", "a b=1", "a=\u{1}", "a=ü", "a=\"1\"", &long, &many,
        ] {
            assert_eq!(Baggage::parse(value), None, "{value:.40}");
        }
    }

    #[test]
    fn a_call_carries_the_id_and_what_came_but_not_an_id_that_came() {
        let id = CorrelationId::parse("kan-7").unwrap();
        let came = Baggage::parse("tenant=acme;p=1 , correlation_id=forged").unwrap();
        let outgoing = Baggage::outgoing(&id, Some(&came));
        assert_eq!(outgoing, "correlation_id=kan-7,tenant=acme;p=1");
        assert_eq!(Baggage::outgoing(&id, None), "correlation_id=kan-7");
    }

    #[test]
    fn a_call_never_carries_more_than_may_be_sent() {
        let id = CorrelationId::parse(&"x".repeat(128)).unwrap();
        let full = format!("a=1,b={}", "x".repeat(MAX_BYTES - 6));
        let outgoing = Baggage::outgoing(&id, Baggage::parse(&full).as_ref());
        assert!(outgoing.ends_with(",a=1"), "{}", outgoing.len());
    }

    proptest! {
        #[test]
        fn any_header_is_read_without_a_panic(value in any::<String>()) {
            if let Some(baggage) = Baggage::parse(&value) {
                let _ = baggage.get("a");
            }
        }

        #[test]
        fn what_is_sent_is_read_again(id in "[A-Za-z0-9._~:/+=@-]{1,128}") {
            let id = CorrelationId::parse(&id).unwrap();
            let sent = Baggage::parse(&Baggage::outgoing(&id, None)).unwrap();
            prop_assert_eq!(sent.get("correlation_id").unwrap(), id.as_str());
        }
    }
}
