//! What a delivery comes to: cards that moved, or the reason why there is none.

use crate::senders::Sender;

/// One card that moved from one status of its board to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardMoved {
    /// The card, as people write it where the sender says so (`KAN-7`), else its id.
    pub card_id: String,
    /// The status it left: its name, else its id; `None` where the sender does not say.
    pub from: Option<String>,
    /// The status it has now: its name, else its id.
    pub to: String,
    /// Who told us.
    pub source: Sender,
    /// The id of the status it left.
    pub from_id: Option<String>,
    /// The id of the status it has now.
    pub to_id: Option<String>,
    /// The board's column, where the sender names one beside the status (Azure DevOps).
    pub column: Option<String>,
}

impl CardMoved {
    /// All names that the card's new place goes by.
    pub fn places(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.to.as_str())
            .chain(self.to_id.as_deref())
            .chain(self.column.as_deref())
    }
}

/// What a verified delivery says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// At least one card moved; in the order of the delivery.
    Moves(Vec<CardMoved>),
    /// Something else happened, which is fine.
    NotAMove {
        /// The card it happened to, where the delivery names one.
        card_id: Option<String>,
        /// What happened instead: the end of a sentence that begins with "not a move:".
        why: String,
    },
    /// Asana makes a webhook and wants this value back as `X-Hook-Secret`.
    Handshake {
        /// The secret that Asana will sign with from now on. Not to be logged.
        secret: crate::Secret,
    },
}

impl Outcome {
    pub(crate) fn not_a_move(card_id: Option<String>, why: impl Into<String>) -> Self {
        Self::NotAMove {
            card_id,
            why: why.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_known_by_its_name_its_id_and_its_column() {
        let moved = CardMoved {
            card_id: "42".into(),
            from: None,
            to: "Active".into(),
            source: Sender::AzureDevops,
            from_id: None,
            to_id: Some("10001".into()),
            column: Some("Deploying".into()),
        };
        assert_eq!(
            moved.places().collect::<Vec<_>>(),
            ["Active", "10001", "Deploying"]
        );
    }
}
