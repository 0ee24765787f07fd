//! What deliveries are verified with.

use std::collections::{BTreeMap, BTreeSet};

use throughline::Delivery;

use crate::rejection::Rejection;
use crate::senders::{self, Sender};
use throughline::Secret;

/// The secrets of the senders, and what else verifying needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keyring {
    /// Each configured sender's secret; Azure DevOps' is `user:password`.
    pub secrets: BTreeMap<Sender, Secret>,
    /// Senders whose deliveries are taken unsigned while they have no secret.
    pub allow_unsigned: BTreeSet<Sender>,
    /// The URL that Trello was told to call: it is part of what Trello signs.
    pub trello_callback_url: String,
    /// The header in which the generic form carries its HMAC.
    pub generic_signature_header: String,
}

/// How sure we are of a sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    /// Its proof fits.
    Signed,
    /// It was not asked for one.
    Unsigned,
}

impl Verified {
    /// As written to the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Signed => "verified",
            Self::Unsigned => "none asked for",
        }
    }
}

impl Keyring {
    /// Verifies a delivery over its raw bytes; nothing of its body has been believed before.
    ///
    /// # Errors
    /// When the proof is missing, malformed or wrong, or there is no secret to check it with.
    pub fn verify(&self, sender: Sender, delivery: &Delivery) -> Result<Verified, Rejection> {
        let Some(secret) = self.secrets.get(&sender) else {
            return self
                .is_open_to(sender)
                .then_some(Verified::Unsigned)
                .ok_or(Rejection::NoSecret { sender });
        };
        match sender {
            Sender::Jira => senders::jira::verify(delivery, secret),
            Sender::Trello => senders::trello::verify(delivery, secret, &self.trello_callback_url),
            Sender::Github => senders::github::verify(delivery, secret),
            Sender::Linear => senders::linear::verify(delivery, secret),
            Sender::AzureDevops => senders::azure_devops::verify(delivery, secret),
            Sender::Asana => senders::asana::verify(delivery, secret),
            Sender::Generic => {
                senders::generic::verify(delivery, secret, &self.generic_signature_header)
            }
        }
        .map(|()| Verified::Signed)
    }

    /// Whether a sender without a secret is believed. The generic form is, while nobody has one: as
    /// soon as one sender must prove itself, the unsigned form would be a way around its proof.
    fn is_open_to(&self, sender: Sender) -> bool {
        let nobody_signs = self.secrets.is_empty();
        self.allow_unsigned.contains(&sender) || (sender == Sender::Generic && nobody_signs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_secret_only_the_generic_form_is_taken() {
        let keyring = Keyring::default();
        for sender in Sender::ALL {
            let verified = keyring.verify(sender, &Delivery::default());
            match sender {
                Sender::Generic => assert_eq!(verified, Ok(Verified::Unsigned)),
                _ => assert_eq!(verified, Err(Rejection::NoSecret { sender })),
            }
        }
    }

    #[test]
    fn the_generic_form_is_no_way_around_another_senders_secret() {
        let mut keyring = Keyring {
            secrets: [(Sender::Jira, Secret::new("s"))].into(),
            ..Keyring::default()
        };
        let verify = |keyring: &Keyring| keyring.verify(Sender::Generic, &Delivery::default());
        let sender = Sender::Generic;
        assert_eq!(verify(&keyring), Err(Rejection::NoSecret { sender }));
        keyring.allow_unsigned.insert(sender);
        assert_eq!(verify(&keyring), Ok(Verified::Unsigned));
    }

    #[test]
    fn a_sender_that_is_allowed_to_is_taken_unsigned() {
        let keyring = Keyring {
            allow_unsigned: [Sender::Jira].into(),
            ..Keyring::default()
        };
        assert_eq!(
            keyring.verify(Sender::Jira, &Delivery::default()),
            Ok(Verified::Unsigned)
        );
        assert!(
            keyring
                .verify(Sender::Trello, &Delivery::default())
                .is_err()
        );
    }

    #[test]
    fn with_a_secret_every_sender_must_prove_itself() {
        for sender in Sender::ALL {
            let keyring = Keyring {
                secrets: [(sender, Secret::new("s"))].into(),
                allow_unsigned: Sender::ALL.into(),
                generic_signature_header: "X-Hub-Signature-256".into(),
                ..Keyring::default()
            };
            let rejection = keyring.verify(sender, &Delivery::default()).unwrap_err();
            assert_eq!(rejection.kind(), "missing_header", "{sender}");
        }
    }
}
