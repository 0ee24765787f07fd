//! The correlation id: what may be one, and how a new one is made.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The id of one business event, the same on every hop and every log line.
///
/// 1 to 128 characters of `A–Z a–z 0–9 - . _ ~ : / + = @`. That covers UUIDs, API Gateway's
/// `extendedRequestId`, ARNs and e-mail-like keys, and leaves out whatever could break a header,
/// a log line or a query. A value that does not fit is refused, never trimmed.
///
/// ```
/// use throughline::CorrelationId;
///
/// let id = CorrelationId::parse("kan-7:2025-03-04.1")?;
/// assert_eq!(id.as_str(), "kan-7:2025-03-04.1");
/// assert!(CorrelationId::parse("two words").is_err());
/// # Ok::<(), throughline::InvalidCorrelationId>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CorrelationId(Arc<str>);

/// Why a value is no [`CorrelationId`].
///
/// Its text never contains the refused value, so that it may be logged.
///
/// ```
/// use throughline::CorrelationId;
///
/// let error = CorrelationId::parse("two words").unwrap_err();
/// assert!(error.to_string().ends_with("the character at byte 3 is ' '"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCorrelationId {
    /// Nothing was given.
    #[error("a correlation id has at least one character")]
    Empty,
    /// More than [`CorrelationId::MAX_LEN`] characters were given.
    #[error("a correlation id has at most 128 characters, this one has {0} bytes")]
    TooLong(usize),
    /// A character outside the set was given.
    #[error(
        "a correlation id is made of A-Z a-z 0-9 - . _ ~ : / + = @; the character at byte {position} is {character:?}"
    )]
    Character {
        /// Where the character stands, in bytes from the start.
        position: usize,
        /// The character itself; `Debug` escapes it.
        character: char,
    },
}

impl CorrelationId {
    /// The most characters an id may have.
    pub const MAX_LEN: usize = 128;

    /// Takes a value as an id if it is one.
    ///
    /// ```
    /// use throughline::{CorrelationId, InvalidCorrelationId};
    ///
    /// assert!(CorrelationId::parse("kan-7").is_ok());
    /// assert_eq!(CorrelationId::parse(""), Err(InvalidCorrelationId::Empty));
    /// ```
    ///
    /// # Errors
    /// When the value is empty, too long, or has a character outside the set.
    pub fn parse(value: &str) -> Result<Self, InvalidCorrelationId> {
        if value.is_empty() {
            return Err(InvalidCorrelationId::Empty);
        }
        if value.len() > Self::MAX_LEN {
            return Err(InvalidCorrelationId::TooLong(value.len()));
        }
        match value.char_indices().find(|(_, c)| !Self::allows(*c)) {
            Some((position, character)) => Err(InvalidCorrelationId::Character {
                position,
                character,
            }),
            None => Ok(Self(value.into())),
        }
    }

    /// A new id: a UUID of version 7, so that ids sort by the time they were made.
    ///
    /// ```
    /// let id = throughline::CorrelationId::mint();
    /// assert_eq!(id.as_str().len(), 36);
    /// ```
    pub fn mint() -> Self {
        Self(crate::chance::uuid_v7().to_string().into())
    }

    /// The id as text.
    ///
    /// ```
    /// let id = throughline::CorrelationId::parse("kan-7")?;
    /// assert_eq!(id.as_str(), "kan-7");
    /// # Ok::<(), throughline::InvalidCorrelationId>(())
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn allows(c: char) -> bool {
        c.is_ascii_alphanumeric() || "-._~:/+=@".contains(c)
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CorrelationId({})", self.0)
    }
}

impl FromStr for CorrelationId {
    type Err = InvalidCorrelationId;

    fn from_str(value: &str) -> Result<Self, Self::Err> {
        Self::parse(value)
    }
}

impl TryFrom<String> for CorrelationId {
    type Error = InvalidCorrelationId;

    fn try_from(value: String) -> Result<Self, Self::Error> {
        Self::parse(&value)
    }
}

impl From<CorrelationId> for String {
    fn from(id: CorrelationId) -> Self {
        id.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_that_senders_really_use_are_taken() {
        for id in [
            "0192f3a4-7b1c-7def-8123-456789abcdef",
            "Fq2vXH4ZIAMEFtw=",
            "arn:aws:sqs:eu-west-1:000000000000/kanban",
            "order+7@shop.example",
            "a",
        ] {
            assert_eq!(CorrelationId::parse(id).unwrap().as_str(), id);
        }
        assert!(CorrelationId::parse(&"x".repeat(128)).is_ok());
    }

    #[test]
    fn what_could_break_a_header_or_a_line_is_refused_with_the_place() {
        assert_eq!(CorrelationId::parse(""), Err(InvalidCorrelationId::Empty));
        assert_eq!(
            CorrelationId::parse(&"x".repeat(129)),
            Err(InvalidCorrelationId::TooLong(129))
        );
        for (value, position, character) in [
            ("ab\r\nX-Evil: 1", 2, '\r'),
            ("a b", 1, ' '),
            ("a\"b", 1, '"'),
            ("ä", 0, 'ä'),
            ("a\0", 1, '\0'),
        ] {
            assert_eq!(
                CorrelationId::parse(value),
                Err(InvalidCorrelationId::Character {
                    position,
                    character
                })
            );
        }
    }

    #[test]
    fn minted_ids_are_ids_and_sort_by_time() {
        let ids: Vec<_> = (0..1000).map(|_| CorrelationId::mint()).collect();
        assert!(
            ids.iter()
                .all(|id| CorrelationId::parse(id.as_str()).is_ok())
        );
        assert!(ids.is_sorted());
        assert_eq!(
            ids.iter().collect::<std::collections::HashSet<_>>().len(),
            1000
        );
    }

    proptest! {
        #[test]
        fn parse_takes_exactly_the_set(value in any::<String>()) {
            let fits = !value.is_empty()
                && value.len() <= 128
                && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~:/+=@".contains(&b));
            prop_assert_eq!(CorrelationId::parse(&value).is_ok(), fits);
        }

        #[test]
        fn what_is_taken_comes_back_unchanged(value in "[A-Za-z0-9._~:/+=@-]{1,128}") {
            let id = CorrelationId::parse(&value).unwrap();
            let json = serde_json::to_string(&id).unwrap();
            prop_assert_eq!(serde_json::from_str::<CorrelationId>(&json).unwrap(), id.clone());
            prop_assert_eq!(id.to_string(), value);
        }
    }
}
