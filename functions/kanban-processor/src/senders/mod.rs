//! The senders of webhooks: who sent a delivery, and what it says. One file each.

use std::fmt;

use throughline::Delivery;

use crate::card_moved::Outcome;
use crate::document::Document;
use crate::keyring::{Keyring, Verified};
use crate::rejection::Rejection;
use crate::signature::header;

pub(crate) mod asana;
pub(crate) mod azure_devops;
pub(crate) mod generic;
pub(crate) mod github;
pub(crate) mod jira;
pub(crate) mod linear;
pub(crate) mod trello;

/// A system that tells us of cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sender {
    /// Jira Cloud.
    Jira,
    /// Trello.
    Trello,
    /// GitHub Projects.
    Github,
    /// Linear.
    Linear,
    /// Azure DevOps Boards.
    AzureDevops,
    /// Asana.
    Asana,
    /// This project's own form, for everything else.
    Generic,
}

impl Sender {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Jira,
        Self::Trello,
        Self::Github,
        Self::Linear,
        Self::AzureDevops,
        Self::Asana,
        Self::Generic,
    ];

    /// Its name: the last part of the ingress' path, and in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jira => "jira",
            Self::Trello => "trello",
            Self::Github => "github",
            Self::Linear => "linear",
            Self::AzureDevops => "azure_devops",
            Self::Asana => "asana",
            Self::Generic => "generic",
        }
    }

    /// The OpenFaaS secret that its deliveries are verified with.
    pub fn secret_name(self) -> &'static str {
        match self {
            Self::Jira => "jira-webhook-secret",
            Self::Trello => "trello-webhook-secret",
            Self::Github => "github-webhook-secret",
            Self::Linear => "linear-webhook-secret",
            Self::AzureDevops => "azure-devops-basic-auth",
            Self::Asana => "asana-webhook-secret",
            Self::Generic => "generic-webhook-secret",
        }
    }

    /// Finds it by its name, in any case and with `-` as good as `_`.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase().replace('-', "_");
        Self::ALL.into_iter().find(|sender| sender.name() == name)
    }

    /// Who sent a delivery: the envelope's source; without one, its headers; without telling
    /// headers, the shape of its body, which only the generic form is known by.
    ///
    /// # Errors
    /// When none of them tells a known sender.
    pub fn of(delivery: &Delivery) -> Result<Self, Rejection> {
        if let Some(source) = &delivery.source {
            return Self::named(source).ok_or_else(|| Rejection::UnknownSender {
                given: quoted(source),
            });
        }
        if let Some(sender) = by_headers(delivery) {
            return Ok(sender);
        }
        let document = Document::parse(Self::Generic, &delivery.body)?;
        if document.at("/card").is_some() || document.at("/new_status").is_some() {
            return Ok(Self::Generic);
        }
        Err(Rejection::UnknownSender {
            given: "(no source, no telling header, not the generic form)".to_owned(),
        })
    }

    /// What a delivery says, once it is verified.
    pub(crate) fn read(
        self,
        delivery: &Delivery,
        verified: Verified,
    ) -> Result<Outcome, Rejection> {
        match self {
            Self::Jira => jira::read(delivery),
            Self::Trello => trello::read(delivery),
            Self::Github => github::read(delivery),
            Self::Linear => linear::read(delivery, verified),
            Self::AzureDevops => azure_devops::read(delivery),
            Self::Asana => asana::read(delivery),
            Self::Generic => generic::read(delivery),
        }
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Verifies a delivery from a known sender.
///
/// # Errors
/// When the proof is missing, malformed or wrong.
pub fn verify(
    sender: Sender,
    delivery: &Delivery,
    keyring: &Keyring,
) -> Result<Verified, Rejection> {
    if sender == Sender::Asana && asana::handshake(delivery).is_some() {
        return asana::may_shake_hands(delivery, keyring.secrets.get(&sender));
    }
    keyring.verify(sender, delivery)
}

/// Reads what a verified delivery says.
///
/// # Errors
/// When it is not JSON, or says that a card moved without saying which or where to.
pub fn read(sender: Sender, delivery: &Delivery, verified: Verified) -> Result<Outcome, Rejection> {
    sender.read(delivery, verified)
}

/// GitHub sends Jira's header too, with a SHA-1, so it is asked first.
fn by_headers(delivery: &Delivery) -> Option<Sender> {
    let has = |name: &&str| header(delivery, name).is_some();
    let telling: [(Sender, &[&str]); 6] = [
        (Sender::Github, &["x-github-event", "x-github-delivery"]),
        (
            Sender::Jira,
            &[
                "x-atlassian-webhook-identifier",
                "x-atlassian-webhook-flow",
                "x-hub-signature",
            ],
        ),
        (Sender::Trello, &["x-trello-webhook"]),
        (
            Sender::Linear,
            &["linear-signature", "linear-event", "linear-delivery"],
        ),
        (
            Sender::AzureDevops,
            &["x-vss-activityid", "x-vss-subscriptionid"],
        ),
        (Sender::Asana, &["x-hook-signature", "x-hook-secret"]),
    ];
    telling
        .into_iter()
        .find(|(_, names)| names.iter().any(has))
        .map(|(sender, _)| sender)
}

/// A stranger's text, short and on one line.
fn quoted(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("{short:?}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(source: Option<&str>, header: &str, body: &str) -> Delivery {
        Delivery {
            source: source.map(str::to_owned),
            headers: [(header.to_owned(), "x".to_owned())].into(),
            body: body.to_owned().into(),
            ..Delivery::default()
        }
    }

    #[test]
    fn the_source_decides_even_against_the_headers() {
        let sender = Sender::of(&with(Some("Azure-DevOps"), "x-github-event", ""));
        assert_eq!(sender, Ok(Sender::AzureDevops));
        let rejection = Sender::of(&with(Some("gitlab"), "x-github-event", "")).unwrap_err();
        assert!(
            rejection
                .to_string()
                .starts_with("unknown sender \"gitlab\";")
        );
    }

    #[test]
    fn without_a_source_the_headers_decide() {
        for (name, sender) in [
            ("x-github-event", Sender::Github),
            ("x-hub-signature", Sender::Jira),
            ("x-atlassian-webhook-identifier", Sender::Jira),
            ("x-trello-webhook", Sender::Trello),
            ("linear-signature", Sender::Linear),
            ("x-vss-activityid", Sender::AzureDevops),
            ("x-hook-secret", Sender::Asana),
        ] {
            assert_eq!(Sender::of(&with(None, name, "")), Ok(sender), "{name}");
        }
        let mut github = with(None, "x-github-event", "");
        github
            .headers
            .insert("x-hub-signature".into(), "sha1=00".into());
        assert_eq!(Sender::of(&github), Ok(Sender::Github));
    }

    #[test]
    fn without_either_the_generic_form_is_known_by_its_body() {
        let of = |body| Sender::of(&with(None, "accept", body));
        assert_eq!(of(r#"{"card":{"id":"1"}}"#), Ok(Sender::Generic));
        assert_eq!(of(r#"{"new_status":"Done"}"#), Ok(Sender::Generic));
        assert_eq!(of("{}").unwrap_err().kind(), "unknown_sender");
        assert_eq!(of("{").unwrap_err().kind(), "malformed_json");
        assert_eq!(of("").unwrap_err().kind(), "empty_body");
    }

    #[test]
    fn a_hostile_source_is_shortened_and_quoted() {
        let rejection = Sender::of(&with(Some(&"é\n".repeat(5000)), "accept", "")).unwrap_err();
        let text = rejection.to_string();
        assert!(text.len() < 300 && !text.contains('\n'), "{text}");
    }
}
