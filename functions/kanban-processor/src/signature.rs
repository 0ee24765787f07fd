//! Proofs of who sent a delivery, checked over its raw bytes and in constant time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac};
use sha1::Sha1;
use sha2::Sha256;
use throughline::Delivery;

use crate::rejection::Rejection;
use crate::senders::Sender;
use throughline::Secret;

/// How a sender writes its HMAC-SHA256 into a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hex {
    /// `sha256=<hex>`.
    Prefixed,
    /// `<hex>`.
    Bare,
    /// Either.
    Any,
}

impl Hex {
    fn form(self) -> &'static str {
        match self {
            Self::Prefixed => "sha256=<64 hex digits>",
            Self::Bare => "<64 hex digits>",
            Self::Any => "<64 hex digits>, with or without a leading sha256=",
        }
    }

    fn digits(self, value: &str) -> Option<&str> {
        match (self, value.strip_prefix("sha256=")) {
            (Self::Prefixed, digits) => digits,
            (Self::Bare, None) => Some(value),
            (Self::Bare, Some(_)) => None,
            (Self::Any, digits) => digits.or(Some(value)),
        }
    }
}

/// One header of one delivery that should prove its sender.
pub(crate) struct Proof<'a> {
    sender: Sender,
    name: &'a str,
    value: &'a str,
}

impl<'a> Proof<'a> {
    /// Finds the header; `name` as people write it. A blank one is missing: an ingress' template
    /// writes a header that was not sent as an empty text.
    pub(crate) fn find(
        sender: Sender,
        delivery: &'a Delivery,
        name: &'a str,
    ) -> Result<Self, Rejection> {
        match header(delivery, &name.to_ascii_lowercase()) {
            Some(value) => Ok(Self {
                sender,
                name,
                value,
            }),
            None => Err(Rejection::MissingHeader {
                sender,
                header: name.to_owned(),
            }),
        }
    }

    /// Checks an HMAC-SHA256 in hex.
    pub(crate) fn is_sha256(
        &self,
        hex: Hex,
        secret: &Secret,
        body: &[u8],
    ) -> Result<(), Rejection> {
        let claimed = hex
            .digits(self.value)
            .and_then(from_hex)
            .ok_or_else(|| self.malformed(hex.form()))?;
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
            .expect("an HMAC key may have any length");
        mac.update(body);
        mac.verify_slice(&claimed).map_err(|_| self.wrong())
    }

    /// Checks an HMAC-SHA1 in base64 over several parts in a row.
    pub(crate) fn is_sha1_base64(&self, secret: &Secret, parts: &[&[u8]]) -> Result<(), Rejection> {
        let claimed = STANDARD
            .decode(self.value)
            .map_err(|_| self.malformed("<base64>"))?;
        let mut mac = Hmac::<Sha1>::new_from_slice(secret.expose().as_bytes())
            .expect("an HMAC key may have any length");
        for part in parts {
            mac.update(part);
        }
        mac.verify_slice(&claimed).map_err(|_| self.wrong())
    }

    /// Checks `Basic <base64 of user:password>`.
    pub(crate) fn is_basic(&self, credentials: &Secret) -> Result<(), Rejection> {
        let claimed = self
            .value
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
            .and_then(|(_, encoded)| STANDARD.decode(encoded.trim()).ok())
            .ok_or_else(|| self.malformed("Basic <base64 of user:password>"))?;
        if same(&claimed, credentials) {
            Ok(())
        } else {
            Err(Rejection::WrongCredentials {
                sender: self.sender,
                header: self.name.to_owned(),
            })
        }
    }

    fn malformed(&self, form: &'static str) -> Rejection {
        Rejection::MalformedHeader {
            sender: self.sender,
            header: self.name.to_owned(),
            form,
        }
    }

    fn wrong(&self) -> Rejection {
        Rejection::WrongSignature {
            sender: self.sender,
            header: self.name.to_owned(),
        }
    }
}

/// A header's value, by its name in lower case; `None` where it is blank.
pub(crate) fn header<'a>(delivery: &'a Delivery, name: &str) -> Option<&'a str> {
    delivery
        .headers
        .get(name)
        .map(|value| value.trim())
        .filter(|value| !value.is_empty())
}

/// Compares in constant time whatever the lengths: not the values, but their MACs.
pub(crate) fn same(given: &[u8], secret: &Secret) -> bool {
    let mac = |message: &[u8]| {
        Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
            .expect("an HMAC key may have any length")
            .chain_update(message)
    };
    let expected = mac(secret.expose().as_bytes()).finalize().into_bytes();
    mac(given).verify_slice(&expected).is_ok()
}

/// Bytes from hex digits of either case.
fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = digits
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect::<Option<_>>()?;
    (digits.len() == 64).then(|| {
        digits
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof<'a>(name: &'a str, value: &'a str) -> Proof<'a> {
        Proof {
            sender: Sender::Github,
            name,
            value,
        }
    }

    /// The vectors that GitHub and Atlassian publish for their senders to be tested with.
    #[test]
    fn the_published_test_vectors_fit() {
        let secret = Secret::new("It's a Secret to Everybody");
        for (body, digits) in [
            (
                "Hello, World!",
                "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
            ),
            (
                "Hello World!",
                "a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9",
            ),
        ] {
            let value = format!("sha256={digits}");
            let check = |value: &str| {
                proof("X-Hub-Signature-256", value).is_sha256(
                    Hex::Prefixed,
                    &secret,
                    body.as_bytes(),
                )
            };
            assert_eq!(check(&value), Ok(()), "{body}");
            assert_eq!(check(&format!("sha256={}", digits.to_uppercase())), Ok(()));
            assert_eq!(check(digits).unwrap_err().kind(), "malformed_header");
            assert_eq!(
                check(&value.replace('7', "8")).unwrap_err().kind(),
                "wrong_signature"
            );
        }
    }

    #[test]
    fn what_is_no_hmac_is_a_malformed_header() {
        let secret = Secret::new("s");
        for value in [
            "sha256=",
            "sha256=zz",
            "sha256=+f",
            "sha256=é",
            "sha1=00",
            "sha256=00",
        ] {
            let check = proof("X-Hub-Signature", value).is_sha256(Hex::Prefixed, &secret, b"");
            assert_eq!(check.unwrap_err().kind(), "malformed_header", "{value}");
        }
    }

    #[test]
    fn basic_credentials_are_compared_whole() {
        let credentials = Secret::new("user:pass word");
        let check = |given: &str| {
            let value = format!("basic {}", STANDARD.encode(given));
            proof("Authorization", &value)
                .is_basic(&credentials)
                .is_ok()
        };
        assert!(check("user:pass word"));
        for wrong in ["", "user", "user:pass", "user:pass word ", "user:pass worD"] {
            assert!(!check(wrong), "{wrong}");
        }
        assert!(
            proof("Authorization", "Bearer dXNlcg==")
                .is_basic(&credentials)
                .is_err()
        );
    }

    #[test]
    fn a_blank_header_is_missing() {
        let delivery = Delivery {
            headers: [("x-hub-signature".into(), " ".into())].into(),
            ..Delivery::default()
        };
        let missing = Proof::find(Sender::Jira, &delivery, "X-Hub-Signature");
        assert_eq!(
            missing
                .err()
                .map(|rejection| rejection.to_string())
                .as_deref(),
            Some("missing header X-Hub-Signature: a delivery from jira must carry it")
        );
    }
}
