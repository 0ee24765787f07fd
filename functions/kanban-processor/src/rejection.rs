//! Why a delivery is rejected for good: each names what is wrong, and what to do about it.

use crate::senders::Sender;

/// Why a delivery is answered with 400. Delivering it again would change nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The body says that it is an envelope, and is not one.
    #[error("the envelope cannot be read: {0}")]
    Envelope(String),
    /// Neither the envelope's source, nor the headers, nor the body tell a sender we know.
    #[error("unknown sender {given}; known senders: {}", known())]
    UnknownSender {
        /// What was given instead of a known name.
        given: String,
    },
    /// The sender must sign, and there is nothing to check its signature with.
    #[error(
        "no secret configured for {sender}: put it into the secret {}, or list {sender} in allow_unsigned",
        .sender.secret_name()
    )]
    NoSecret {
        /// Who sent it.
        sender: Sender,
    },
    /// The header that proves the sender is not there.
    #[error("missing header {header}: a delivery from {sender} must carry it")]
    MissingHeader {
        /// Who is said to have sent it.
        sender: Sender,
        /// The header's name.
        header: String,
    },
    /// The header that proves the sender is there, in a form that is no proof.
    #[error("malformed header {header} from {sender}: it is not of the form {form}")]
    MalformedHeader {
        /// Who is said to have sent it.
        sender: Sender,
        /// The header's name.
        header: String,
        /// The form it should have.
        form: &'static str,
    },
    /// The proof does not fit what was delivered.
    #[error(
        "wrong signature in {header}: it does not fit this body and the secret {}",
        .sender.secret_name()
    )]
    WrongSignature {
        /// Who is said to have sent it.
        sender: Sender,
        /// The header's name.
        header: String,
    },
    /// User or password are not the configured ones.
    #[error("wrong user or password in {header}: they are not those of the secret {}", .sender.secret_name())]
    WrongCredentials {
        /// Who is said to have sent it.
        sender: Sender,
        /// The header's name.
        header: String,
    },
    /// A signed delivery that is too old or too new: perhaps a replay.
    #[error(
        "{field} is {apart_ms} ms away from the time of receipt, and at most {allowed_ms} ms are allowed: perhaps a replay"
    )]
    Stale {
        /// The signed field with the sender's time.
        field: &'static str,
        /// How far the two times are apart.
        apart_ms: u64,
        /// How far they may be.
        allowed_ms: u64,
    },
    /// The age of a signed delivery cannot be told.
    #[error("missing {what}: without it a replay of a delivery from {sender} cannot be told")]
    NoTime {
        /// Who sent it.
        sender: Sender,
        /// Which of the two times is missing.
        what: &'static str,
    },
    /// Nothing to read.
    #[error("the body from {sender} is empty{remedy}")]
    EmptyBody {
        /// Who sent it.
        sender: Sender,
        /// What to do about it, with its leading colon.
        remedy: &'static str,
    },
    /// The body is not JSON.
    #[error("malformed JSON from {sender} at line {line} column {column}: {reason}")]
    Malformed {
        /// Who sent it.
        sender: Sender,
        /// Counted from 1.
        line: usize,
        /// Counted from 1; 0 where a line has ended too early.
        column: usize,
        /// What the parser met.
        reason: String,
    },
    /// The form that GitHub sends JSON in lacks its one field.
    #[error("the form from {sender} has no field payload")]
    MissingPayload {
        /// Who sent it.
        sender: Sender,
    },
    /// A card moved, and the delivery does not say which.
    #[error("missing card: {sender} sent a move without {field}")]
    MissingCard {
        /// Who sent it.
        sender: Sender,
        /// Where it should be.
        field: &'static str,
    },
    /// A card moved, and the delivery does not say where to.
    #[error("missing status: {sender} sent a move without {field}")]
    MissingStatus {
        /// Who sent it.
        sender: Sender,
        /// Where it should be.
        field: &'static str,
    },
    /// Someone makes a webhook with a secret that is not the configured one.
    #[error(
        "second handshake: a secret is configured for {sender} already, and a handshake does not replace it; to change it, change the secret {}",
        .sender.secret_name()
    )]
    SecondHandshake {
        /// Who is said to have sent it.
        sender: Sender,
    },
}

impl Rejection {
    /// A short stable name, for log lines and metric labels.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Envelope(_) => "malformed_envelope",
            Self::UnknownSender { .. } => "unknown_sender",
            Self::NoSecret { .. } => "no_secret",
            Self::MissingHeader { .. } => "missing_header",
            Self::MalformedHeader { .. } => "malformed_header",
            Self::WrongSignature { .. } => "wrong_signature",
            Self::WrongCredentials { .. } => "wrong_credentials",
            Self::Stale { .. } => "stale",
            Self::NoTime { .. } => "no_time",
            Self::EmptyBody { .. } => "empty_body",
            Self::Malformed { .. } => "malformed_json",
            Self::MissingPayload { .. } => "missing_payload",
            Self::MissingCard { .. } => "missing_card",
            Self::MissingStatus { .. } => "missing_status",
            Self::SecondHandshake { .. } => "second_handshake",
        }
    }
}

/// The names of all senders, for a message.
fn known() -> String {
    Sender::ALL.map(Sender::name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_sender_is_told_the_known_ones() {
        let rejection = Rejection::UnknownSender {
            given: "\"gitlab\"".into(),
        };
        assert_eq!(
            rejection.to_string(),
            "unknown sender \"gitlab\"; known senders: jira, trello, github, linear, azure_devops, asana, generic"
        );
    }

    #[test]
    fn a_missing_secret_comes_with_its_remedy() {
        let rejection = Rejection::NoSecret {
            sender: Sender::Jira,
        };
        assert_eq!(
            rejection.to_string(),
            "no secret configured for jira: put it into the secret jira-webhook-secret, or list jira in allow_unsigned"
        );
    }
}
